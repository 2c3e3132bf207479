#ifndef PORCHLIGHT_HW_LINE_KEYS_H
#define PORCHLIGHT_HW_LINE_KEYS_H

#include "hw/line.h"

#include <linux/input.h>

/* From the events of an input device to a button's edges: the half of line_evdev.c that needs no
 * device. A button is pressed while any of its keys is. */
struct line_keys {
    unsigned codes[LINE_KEYS_MAX]; /* KEY_F5, BTN_0 */
    size_t count;
    unsigned down; /* bit i: codes[i] is pressed */
    uint32_t seq;
};

/* One event as read, with its time by CLOCK_MONOTONIC (`now` where it is ahead of that). True if it
 * is an edge of this button: no repeat, no other key, no second press while one is held. */
bool line_keys_event(struct line_keys *k, const struct input_event *e, int64_t now,
                     struct line_edge *edge);

/* Events were lost, and `down` is what the device says now: the edge that replaces them, at `now`
 * and marked lost. */
struct line_edge line_keys_reread(struct line_keys *k, unsigned down, int64_t now);

#endif
