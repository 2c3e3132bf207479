#ifndef PORCHLIGHT_WIPE_PENDING_H
#define PORCHLIGHT_WIPE_PENDING_H

#include "kiosk/wipe/progress.h"
#include "kiosk/wipe/run.h"

/* Whether a wipe has to be started or finished. Two records show it: the wipe's own, which a power
 * cut may have left in the middle, and porchlightd's (core/record.h), which notes a wipe before
 * porchlight-wipe is asked for it, and until its end was reported. */

enum pending {
    PENDING_NOTHING,
    PENDING_BEGIN,   /* porchlightd asked; porchlight-wipe has not begun, or only its end was not
                        reported */
    PENDING_RESUME,  /* it was begun */
    PENDING_FINISH,  /* the same, and the credentials may go too */
    PENDING_UNKNOWN, /* a record cannot be read: it may be pending. Nothing may open then, and
                        nothing is begun either: what cannot be undone needs a record that can be
                        read */
};

/* What porchlightd's record says. */
enum pending_alarm { ALARM_SILENT, ALARM_ASKS, ALARM_UNKNOWN };

/* Pure. */
enum pending pending_decide(enum progress_state own, enum pending_alarm alarm);

/* Reads both. The alarm's record is looked for where porchlight.conf says; for a clock's memory
 * whose driver is not there yet it waits a few seconds. [wipe] enabled = no takes back what the
 * alarm's record asks for, as it does for porchlightd. What cannot be read goes to the log. */
enum pending pending_look(const struct run *r);

#endif
