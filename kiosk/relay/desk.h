#ifndef PORCHLIGHT_RELAY_DESK_H
#define PORCHLIGHT_RELAY_DESK_H

#include "kiosk/relay/ears.h"
#include "kiosk/relay/link.h"
#include "kiosk/relay/ringer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where phones ask to be rung (core/offer.h): the venue's push key, the offer made with it, and
 * the letters that are sealed to it. */
struct desk {
    uint8_t *secret; /* ENVELOPE_SECRET, locked memory */
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t signature[CERT_SIGNATURE]; /* the root's */
};

/* Reads push.key and push.cert below the prefix; `seed` (32 bytes) is for ringer_new, and the
 * caller's to wipe. 0, or -1 after a complaint. */
int desk_init(struct desk *d, const struct ears *e, const char *prefix, uint8_t seed[32]);
void desk_finish(struct desk *d);

/* Publishes the offer, retained, for every kiosk. */
void desk_offer(const struct desk *d, const struct ears *e, const struct ringer *r,
                struct link *link);

/* Takes a packet on a topic wake/. False: it is no letter (but may be the kiosk's word). */
bool desk_heard(const struct desk *d, const struct ears *e, struct ringer *r, const char *topic,
                const uint8_t *payload, size_t len, bool retained);

#endif
