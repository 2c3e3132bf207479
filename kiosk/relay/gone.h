#ifndef PORCHLIGHT_RELAY_GONE_H
#define PORCHLIGHT_RELAY_GONE_H

#include "kiosk/core/push_offer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Addresses that their push service no longer takes, so that the phone can be told and makes
 * another subscription. Hashes alone, in memory alone: after a restart the service says it again.
 * Pure. */

enum { GONE_MAX = 256 }; /* the oldest is forgotten first */

struct gone {
    uint8_t hash[GONE_MAX][PUSH_OFFER_GONE_HASH];
    bool due[GONE_MAX]; /* it is still to be said */
    size_t count, next;
};

/* The service has said so of this address. */
void gone_note(struct gone *g, const char *endpoint);

/* Whether it is one of them; then it is said again. */
bool gone_again(struct gone *g, const char *endpoint);

/* The next one to be said. False: there is none. */
bool gone_take(struct gone *g, uint8_t hash[PUSH_OFFER_GONE_HASH]);

#endif
