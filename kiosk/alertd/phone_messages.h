#ifndef PORCHLIGHT_ALERTD_PHONE_MESSAGES_H
#define PORCHLIGHT_ALERTD_PHONE_MESSAGES_H

#include "kiosk/alertd/actions.h"

/* What phones and relays send: answers are counted, commands judged and done, the rest is counted
 * as refused. Nothing of it is logged but how often. */
void heard(struct kiosk *k, enum topic t, const char *account, const struct mqtt_event *e);

#endif
