#ifndef PORCHLIGHT_ALERTD_MEMBERS_STAFF_H
#define PORCHLIGHT_ALERTD_MEMBERS_STAFF_H

#include "kiosk/alertd/actions.h"

/* What the kiosk keeps of its staff phones: who may command, and the word by which one of them
 * ended the last lockdown. */

/* Reads the certificates below the prefix; what the root did not sign is left out with a
 * warning. */
void staff_read(struct kiosk *k);

/* From now on every all-clear and state bears this proof (CERT_PROOF bytes). It is kept over a
 * restart, for phones that slept. */
void staff_prove(struct kiosk *k, const uint8_t *proof, size_t len);

/* The proof as it was last kept; none is no fault. */
void staff_proof_read(struct kiosk *k);

#endif
