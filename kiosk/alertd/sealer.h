#ifndef PORCHLIGHT_ALERTD_SEALER_H
#define PORCHLIGHT_ALERTD_SEALER_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"
#include "kiosk/core/staff_box.h"
#include "kiosk/core/words_piece.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kiosk's own keys; in locked memory (sodium_malloc). */
struct sealer_keys {
    uint8_t venue[ENVELOPE_KEY];
    uint8_t secret[ENVELOPE_SECRET]; /* Ed25519 */
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t root[ENVELOPE_PUBLIC]; /* the venue's root key, public half */
};

/* Makes messages ready for the wire: sealed or signed in clear, as their kind wants it; bare JSON
 * in a plain venue. */
struct sealer {
    char venue_id[TOPIC_ID_LEN + 1], kiosk_id[TOPIC_ID_LEN + 1];
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    bool plain;
    int64_t started_at; /* uptime counts from here */
    uint64_t epoch, seq;
    struct sealer_keys *keys; /* NULL in a plain venue, and where they cannot be read */
    uint8_t staff[STAFF_BOX_SLOTS][ENVELOPE_PUBLIC]; /* who can open a box */
    size_t staff_count;
};

/* Reads the keys that a sealed venue needs. 0, or -1 after complaints: then nothing can be sealed,
 * so no broker may be used; sealer_finish it all the same. */
int sealer_init(struct sealer *c, const char *prefix, const struct config *config, uint64_t epoch,
                config_complain *complain, void *context);
void sealer_finish(struct sealer *c);

/* From now on all is sealed under another venue key. The old keys are in *old, for sodium_free once
 * no broker's thread can be writing a will with them. 0, or -1 with errno. */
int sealer_rekey(struct sealer *c, const uint8_t venue[ENVELOPE_KEY], struct sealer_keys **old);

/* From now on messages have this epoch. Wills that brokers hold keep the one that they were made
 * with. */
void sealer_set_epoch(struct sealer *c, uint64_t epoch);

/* The name of topic `t` at this kiosk; `account` as topic_name takes it. */
void sealer_topic(const struct sealer *c, enum topic t, const char *account,
                  char out[TOPIC_NAME_MAX]);

/* The place of a message on `topic` at this kiosk, epoch and seq 0. Keeps `topic` by address. */
struct envelope_place sealer_place(const struct sealer *c, const char *topic);

/* Fills in epoch, the next seq, uptime and wall time, and seals for `topic`. `payload` has
 * MQTT_PAYLOAD_MAX bytes. The length, or 0 with errno for a message that cannot be written. */
size_t sealer_payload(struct sealer *c, const char *topic, struct message *m, uint8_t *payload);

/* Seals what `m` says (message_write_boxed) for the staff phones of now. 0, or -1 with errno for a
 * message that cannot be written. Not in a plain venue. */
int sealer_box(const struct sealer *c, const struct message *m, uint8_t box[STAFF_BOX_SIZE]);

/* Signs a box for `topic`, with the next seq. Returns ENVELOPE_SIZE, or 0. */
size_t sealer_staff(struct sealer *c, const char *topic, const uint8_t box[STAFF_BOX_SIZE],
                    uint8_t *payload);

/* Seals one piece of the host's own lines to members, with the next seq. ENVELOPE_SIZE, or 0 with
 * errno. Not in a plain venue. */
size_t sealer_words(struct sealer *c, const char *topic, const struct words_set *set, size_t piece,
                    uint8_t *payload);

/* The will of one connection: kind lost, seq 0. Any thread may call it: of what it reads, only the
 * keys and the epoch ever change, each as a whole. */
size_t sealer_will(const void *sealer, uint64_t connection, uint8_t *payload);

#endif
