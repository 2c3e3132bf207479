#ifndef PORCHLIGHT_ALERTD_STATUS_H
#define PORCHLIGHT_ALERTD_STATUS_H

#include "kiosk/alertd/buttons.h"
#include "kiosk/alertd/control.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/faults.h"
#include "kiosk/alertd/indicators.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/kiosk_state.h"
#include "kiosk/alertd/members/members.h"
#include "kiosk/alertd/sensors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The answer to `porchlight status`. Like the screen it can be read by whoever is on site: after
 * the code was pressed it reads quiet, and duress reads like the code. */
struct status {
    const struct kiosk_state *state;
    const struct faults *faults;
    const struct inputs *inputs;
    const struct indicators *indicators;
    const struct delivery *delivery;
    const struct buttons *buttons; /* NULL: none is used */
    const struct members *who;
    const struct sensors *sensors;
    const struct troubles *troubles;
    bool screen;           /* this kiosk has one, says the config */
    size_t members, staff; /* phones that have joined: how many, never which */
    int64_t now;
};

/* JSON for control.sock, terminated. Its length. */
size_t status_write(const struct status *s, char reply[CONTROL_REPLY_MAX]);

#endif
