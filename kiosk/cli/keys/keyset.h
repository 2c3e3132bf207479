#ifndef PORCHLIGHT_CLI_KEYS_KEYSET_H
#define PORCHLIGHT_CLI_KEYS_KEYSET_H

#include "kiosk/core/cert.h"

#include <stddef.h>
#include <stdint.h>

/* A venue's keys while they are made: `porchlight keys` and `porchlight setup` make the same ones.
 * It is all in locked memory, and wiped when it is freed. */

enum { KEYSET_SEED = 32, KEYSET_ID_TEXT = 2 * ENVELOPE_ID + 1, KEYSET_PASSWORD = 33 };

struct keyset {
    uint8_t root_seed[KEYSET_SEED], root_secret[ENVELOPE_SECRET];
    uint8_t kiosk_seed[KEYSET_SEED], kiosk_secret[ENVELOPE_SECRET];
    uint8_t venue_key[ENVELOPE_KEY];
    uint8_t root_public[ENVELOPE_PUBLIC], kiosk_public[ENVELOPE_PUBLIC];
    uint8_t certificate[CERT_SIGNATURE]; /* the root's, over the kiosk's key */
};

/* NULL after a complaint (no locked memory). */
struct keyset *keyset_new(void);
void keyset_free(struct keyset *k); /* NULL is safe */

/* A fresh root seed and venue key. */
void keyset_make(struct keyset *k);

/* root_secret and root_public, from root_seed. */
void keyset_root(struct keyset *k);

/* A fresh kiosk key, signed by the root for these ids (16 hex digits each). */
void keyset_kiosk(struct keyset *k, const char *venue, const char *kiosk);

/* 16 hex digits: random, or derived from the root's seed, so that whoever has the root key can work
 * out the venue's ids and accounts again. `word` names the purpose, `number` which of them. */
void keyset_id_random(char out[KEYSET_ID_TEXT]);
void keyset_id(const struct keyset *k, const char *word, int number, char out[KEYSET_ID_TEXT]);

/* A broker password of 32 characters out of A-Z a-z 0-9 - _, derived in the same way. */
void keyset_password(const struct keyset *k, const char *word, int number,
                     char out[KEYSET_PASSWORD]);

/* The root key's own account at a broker, and its password there: a different one at each, so that
 * no broker's operator can use it at another. `broker` is the section's name in porchlight.conf;
 * the first kiosk's own broker is "here" to it and "first" to the venue's other kiosks. */
void keyset_root_account(const uint8_t seed[KEYSET_SEED], const char *broker,
                         char account[KEYSET_ID_TEXT], char password[KEYSET_PASSWORD]);

void keyset_id_bytes(const char *id, uint8_t out[ENVELOPE_ID]);

#endif
