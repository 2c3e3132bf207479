#ifndef PORCHLIGHT_ALERTD_ALERT_MESSAGE_H
#define PORCHLIGHT_ALERTD_ALERT_MESSAGE_H

#include "kiosk/alertd/outbox.h"
#include "kiosk/core/message.h"

#include <stdint.h>

/* An entry of the outbox as the message that is sent for it, made at `now` so that its age is true
 * then. `wall` is the wall clock now, seconds since 1970; 0: not known. Pure. */
void alert_message_make(const struct outbox_entry *e, int64_t now, int64_t wall, struct message *m);

#endif
