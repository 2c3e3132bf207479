#ifndef PORCHLIGHT_HW_BATTERY_H
#define PORCHLIGHT_HW_BATTERY_H

#include <stdint.h>

/* The battery of an input device, from /sys. To read it may make the kernel ask the device, and
 * wait seconds for the answer: so a thread of its own reads it, every BATTERY_EVERY at most. */
struct battery;

#define BATTERY_EVERY (10 * 60 * INT64_C(1000000000)) /* ns */

/* Of the device with the node "event3" below `root`. NULL without memory. */
struct battery *battery_new(const char *root, const char *node);
void battery_free(struct battery *b); /* never waits for the thread; NULL is safe */

/* In percent, as it was last read; -1: not known. `now`: ns of CLOCK_MONOTONIC. */
int battery_percent(struct battery *b, int64_t now);

#endif
