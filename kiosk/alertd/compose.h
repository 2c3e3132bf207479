#ifndef PORCHLIGHT_ALERTD_COMPOSE_H
#define PORCHLIGHT_ALERTD_COMPOSE_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kiosk's own keys; in locked memory (sodium_malloc). */
struct compose_keys {
    uint8_t venue[ENVELOPE_KEY];
    uint8_t secret[ENVELOPE_SECRET]; /* Ed25519 */
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t root[ENVELOPE_PUBLIC]; /* the venue's root key, public half */
};

/* Makes messages into what goes over the wire: sealed, or bare JSON in a plain venue. */
struct compose {
    char venue_id[TOPIC_ID_LEN + 1], kiosk_id[TOPIC_ID_LEN + 1];
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    bool plain;
    uint64_t epoch, seq;
    struct compose_keys *keys; /* NULL in a plain venue */
};

/* Reads the keys that a sealed venue needs. 0, or -1 after complaints. */
int compose_init(struct compose *c, const char *prefix, const struct config *config, uint64_t epoch,
                 config_complain *complain, void *context);
void compose_finish(struct compose *c);

/* From now on all is sealed under another venue key. The old keys are in *old, for sodium_free once
 * no broker's thread can be writing a will with them. 0, or -1 with errno. */
int compose_rekey(struct compose *c, const uint8_t venue[ENVELOPE_KEY], struct compose_keys **old);

/* Fills in epoch, the next seq and the wall time, and seals for `topic`. `payload` has
 * BROKER_PAYLOAD_MAX bytes. The length, or 0 with errno for a message that cannot be written. */
size_t compose_payload(struct compose *c, const char *topic, struct message *m, uint8_t *payload);

/* The will of one connection: kind lost, seq 0. Any thread may call it: of what it reads the keys
 * alone ever change, as a whole. */
size_t compose_will(const void *compose, uint64_t connection, uint8_t *payload);

#endif
