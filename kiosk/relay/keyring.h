#ifndef PORCHLIGHT_RELAY_KEYRING_H
#define PORCHLIGHT_RELAY_KEYRING_H

#include "kiosk/core/envelope.h"
#include "kiosk/relay/relay_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The venue's key, for each kiosk, and how a relay comes by a new one. `porchlight rotate` seals it
 * to each phone, and to the relays that `porchlight relay` made: relay.key is such a relay's own. A
 * kiosk starts to use a new key a little after it has sent it, and what a broker kept may be older:
 * the key before is tried too. New ones are in
 *
 *   <prefix>/var/lib/porchlight-relay/venue-KIOSK.key     0600, 64 hex digits
 *
 * and count before the credential venue.key. */

enum { KEYRING_KEYS = 2 }; /* the newest, and the one before */

struct keyring;

/* Reads the credentials venue.key and relay.key (which may be missing), and what came since. NULL
 * after a complaint. */
struct keyring *keyring_new(const struct relay_conf *c, const char *prefix);
void keyring_free(struct keyring *k); /* NULL is safe */

/* The n-th key to try for kiosk `i`, the newest first; NULL: there are no more. */
const uint8_t *keyring_key(const struct keyring *k, size_t i, size_t n);

/* Whether there is a relay.key, so that something may be left for us. */
bool keyring_is_known(const struct keyring *k);

/* What kiosk `i`, whose key is `kiosk_public`, left for us at `at`. True: a key that is new here;
 * it is durable, or was complained about. */
bool keyring_take(struct keyring *k, size_t i, const struct envelope_place *at,
                  const uint8_t kiosk_public[ENVELOPE_PUBLIC], const uint8_t *payload, size_t len);

#endif
