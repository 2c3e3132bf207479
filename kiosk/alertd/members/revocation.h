#ifndef PORCHLIGHT_ALERTD_MEMBERS_REVOCATION_H
#define PORCHLIGHT_ALERTD_MEMBERS_REVOCATION_H

#include "kiosk/alertd/members/members_state.h"

/* Removes a phone or relay, or takes its open invitation back: its accounts at the brokers, what is
 * kept there for it, what relays keep to ring it, and a staff phone's certificate. `grant`: the
 * root key's (CERT_SIGNATURE bytes), for an account that no kiosk may shut out by itself; NULL:
 * none. Needs m->ready. NULL: done, as far as brokers are up; else a sentence that says why not,
 * static storage. */
const char *revocation_of(struct members *m, const char *account, const uint8_t *grant);

/* The root key has revoked that account, and has it shut out itself (porchlight root): the kiosk
 * forgets it. */
void revocation_by_root(struct members *m, const char *account);

#endif
