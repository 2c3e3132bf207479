#ifndef PORCHLIGHT_ALERTD_INPUTS_H
#define PORCHLIGHT_ALERTD_INPUTS_H

#include "config/config.h"
#include "hw/line.h"
#include "kiosk/common/loop.h"
#include "kiosk/core/button.h"
#include "kiosk/core/door.h"
#include "kiosk/core/switch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lines of one config that are read: switches and doors. Edges are read in the loop; the
 * listener is given what they mean. */
struct inputs;

struct inputs_listener {
    void *context;
    void (*gesture)(void *context, const char *name, enum gesture g, int64_t now);
    void (*wires)(void *context, const char *name, enum changeover_event_kind fault, int64_t now);
    void (*door)(void *context, const char *name, enum door_notice n, int64_t now);
    /* a button without wires: a fault of its began, or the last one is over (0) */
    void (*button)(void *context, const char *name, enum button_fault f, int64_t now);
    bool (*lockdown)(void *context); /* whether one is active, for the door */
};

struct inputs_view {
    const char *name;
    bool door; /* a door, else a switch */
    bool active;
    bool fault;
    const char *why; /* a line of it cannot be opened: input_line_why(); else NULL */
    unsigned button; /* a button without wires: bits of enum button_fault */
    int battery;     /* of one of the kernel's input devices, in percent; -1: not known, or none */
    bool said;       /* a door: it was reported as open, and not yet as closed */
    bool silent;     /* a door: what it does now is not reported (its hours, its mask, no clock) */
};

enum { INPUTS_MAX = CONFIG_SWITCHES_MAX + CONFIG_DOORS_MAX };

/* Opens every line; log_error says of each that cannot be opened why, and how to fix it. With
 * `whole` any such line is an error. Without, the line counts as a fault and is tried again every 5
 * s, a button also when a device comes, so that no wire can take the rest of the alarm down. NULL
 * on error. `prefix` is where /dev/input and /sys are, and outlives the inputs. */
struct inputs *inputs_new(const struct config *config, const char *prefix, bool whole,
                          struct sim_bus *bus, struct loop *loop,
                          const struct inputs_listener *listener);
void inputs_free(struct inputs *in); /* NULL is safe */

/* Begins with the levels that inputs_new found, and reports the faults among them: an edge since
 * then counts. Call it once, when the listener is ready, and before inputs_time. */
void inputs_begin(struct inputs *in, int64_t now);

/* Reads every waiting edge, and then does what is due. */
void inputs_time(struct inputs *in, int64_t now);
int64_t inputs_deadline(const struct inputs *in);

/* What came of the button by radio that is switch number `i`; and whether its broker gives what it
 * says. A switch on a wire ignores both. */
void inputs_button(struct inputs *in, size_t i, const struct button_report *report, int64_t now);
void inputs_button_link(struct inputs *in, size_t i, bool up, int64_t now);

/* True while any switch is at fault, any line is missing, or there is no switch. */
bool inputs_at_fault(const struct inputs *in);
size_t inputs_view(const struct inputs *in, struct inputs_view out[INPUTS_MAX]);

#endif
