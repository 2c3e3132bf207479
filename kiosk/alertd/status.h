#ifndef PORCHLIGHT_ALERTD_STATUS_H
#define PORCHLIGHT_ALERTD_STATUS_H

#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/core/alert.h"
#include "kiosk/core/cue.h"

#include <stddef.h>
#include <stdint.h>

/* What the control socket says. It is a surface on site like the screen: once the code was pressed
 * it reads quiet, and duress reads like the code. */
struct status {
    const struct alert *alert;
    const struct cue_facts *facts;
    const struct inputs *inputs;
    const struct delivery *delivery;
    bool record_fault;
    bool wipe_fault;
    const uint64_t *refused; /* letters of phones that were not taken: COMMAND_RESULTS of them */
    struct {
        const char *at; /* when it ended; empty: none since the start */
        uint32_t seen, safe;
    } last_drill;
    size_t members, staff; /* phones that belong to the venue; how many, never which */
    int64_t now;
};

/* JSON into out, terminated. Its length. */
size_t status_write(const struct status *s, char *out, size_t size);
size_t status_accept(char *out, size_t size);
size_t status_refuse(const char *why, char *out, size_t size);

#endif
