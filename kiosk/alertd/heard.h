#ifndef PORCHLIGHT_ALERTD_HEARD_H
#define PORCHLIGHT_ALERTD_HEARD_H

#include "kiosk/alertd/act.h"

/* What phones and relays send: answers are counted, commands judged and done, the rest is counted
 * as refused. Nothing of it is logged but how often. */
void heard(struct kiosk *k, enum topic t, const char *account, const struct broker_event *e);

/* Reads the staff phones' certificates below the prefix; what the root did not sign is left out
 * with a warning. */
void heard_staff_read(struct kiosk *k);

/* The proof of the last all-clear, kept over a restart for phones that slept. */
void heard_proof_read(struct kiosk *k);

#endif
