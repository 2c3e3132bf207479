#ifndef PORCHLIGHT_ALERTD_SENSORS_H
#define PORCHLIGHT_ALERTD_SENSORS_H

#include "config/config.h"
#include "hw/line.h"
#include "kiosk/common/loop.h"
#include "kiosk/core/trouble.h"
#include "kiosk/core/ups.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What watches the kiosk itself: [input NAME] of the config, lines and UPSes. */
struct sensors;

struct sensor_view {
    const char *name;
    enum config_input_kind kind;
    bool hidden;           /* nothing on site may show what it says: `active` is false */
    bool active;           /* there is trouble */
    bool missing;          /* its line cannot be opened, or its UPS does not answer */
    const char *why;       /* a missing line: input_line_why(); else NULL */
    const struct ups *ups; /* NULL: a line, or no answer yet */
};

/* Opens the lines; one that cannot be opened is missing, and is tried again every few seconds. NULL
 * with errno: no memory. */
struct sensors *sensors_new(const struct config *config, struct sim_bus *bus, struct loop *loop);
void sensors_free(struct sensors *s); /* NULL is safe */

/* Does what is due, edges included. */
void sensors_time(struct sensors *s, int64_t now);
int64_t sensors_deadline(const struct sensors *s);

/* What they judge, and in *found what of it is there. What is missing judges nothing. */
trouble_set sensors_look(const struct sensors *s, int64_t now, trouble_set *found);

bool sensors_at_fault(const struct sensors *s); /* a line is missing */
size_t sensors_view(const struct sensors *s, int64_t now,
                    struct sensor_view out[CONFIG_INPUTS_MAX]);

#endif
