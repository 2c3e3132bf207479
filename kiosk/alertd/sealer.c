#include "kiosk/alertd/sealer.h"

#include "config/secret.h"
#include "kiosk/common/clock.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <string.h>

static int sealer_keys_read(struct sealer *c, const char *prefix, config_complain *complain,
                            void *context)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    c->keys = sodium_malloc(sizeof *c->keys);
    if (!c->keys) {
        complain(context, "no locked memory for the kiosk's keys; raise LimitMEMLOCK");
        return -1;
    }
    sodium_mlock(seed, sizeof seed);
    int bad = secret_read_key(prefix, "venue.key", true, c->keys->venue, sizeof c->keys->venue,
                              complain, context);
    bad |= secret_read_key(prefix, "root.pub", false, c->keys->root, sizeof c->keys->root, complain,
                           context);
    bad |= secret_read_key(prefix, "kiosk.key", true, seed, sizeof seed, complain, context);
    if (bad == 0)
        crypto_sign_seed_keypair(c->keys->public, c->keys->secret, seed);
    sodium_munlock(seed, sizeof seed);
    return bad;
}

void sealer_finish(struct sealer *c)
{
    sodium_free(c->keys);
    c->keys = NULL;
}

int sealer_init(struct sealer *c, const char *prefix, const struct config *config, uint64_t epoch,
                config_complain *complain, void *context)
{
    *c = (struct sealer){.plain = config->kiosk.plain, .started_at = clock_now(), .epoch = epoch};
    memcpy(c->venue_id, config->venue.id, sizeof c->venue_id);
    memcpy(c->kiosk_id, config->kiosk.id, sizeof c->kiosk_id);
    sodium_hex2bin(c->venue, sizeof c->venue, c->venue_id, TOPIC_ID_LEN, NULL, NULL, NULL);
    sodium_hex2bin(c->kiosk, sizeof c->kiosk, c->kiosk_id, TOPIC_ID_LEN, NULL, NULL, NULL);
    int rc = c->plain ? 0 : sealer_keys_read(c, prefix, complain, context);
    if (rc != 0)
        sealer_finish(c);
    return rc;
}

int sealer_rekey(struct sealer *c, const uint8_t venue[ENVELOPE_KEY], struct sealer_keys **old)
{
    struct sealer_keys *fresh = sodium_malloc(sizeof *fresh);
    if (!fresh)
        return -1;
    *fresh = *c->keys;
    memcpy(fresh->venue, venue, sizeof fresh->venue);
    *old = c->keys;
    __atomic_store_n(&c->keys, fresh, __ATOMIC_RELEASE);
    return 0;
}

void sealer_set_epoch(struct sealer *c, uint64_t epoch)
{
    __atomic_store_n(&c->epoch, epoch, __ATOMIC_RELEASE);
}

void sealer_topic(const struct sealer *c, enum topic t, const char *account,
                  char out[TOPIC_NAME_MAX])
{
    topic_name(t, c->venue_id, c->kiosk_id, account, out);
}

struct envelope_place sealer_place(const struct sealer *c, const char *topic)
{
    struct envelope_place at = {.topic = topic};
    memcpy(at.venue, c->venue, sizeof at.venue);
    memcpy(at.kiosk, c->kiosk, sizeof at.kiosk);
    return at;
}

/* To members. ENVELOPE_SIZE, or 0. */
static size_t sealer_seal_text(const struct sealer_keys *keys, const struct envelope_place *at,
                               const char *text, size_t len, uint8_t *payload)
{
    uint8_t nonce[ENVELOPE_NONCE];
    randombytes_buf(nonce, sizeof nonce);
    return envelope_seal(at, keys->venue, keys->secret, nonce, text, len, payload) == ENVELOPE_OK
               ? ENVELOPE_SIZE
               : 0;
}

static size_t sealer_seal(const struct sealer *c, const char *topic, const struct message *m,
                          uint8_t *payload)
{
    char text[ENVELOPE_CLEAR_MAX + 1];
    bool clear = message_is_clear(m->kind);
    int len = message_write(m, text, clear ? sizeof text : ENVELOPE_TEXT_MAX + 1);
    if (len < 0)
        return 0;
    if (c->plain) {
        memcpy(payload, text, (size_t)len);
        return (size_t)len;
    }
    const struct sealer_keys *keys = __atomic_load_n(&c->keys, __ATOMIC_ACQUIRE);
    struct envelope_place at = sealer_place(c, topic);
    at.epoch = m->epoch;
    at.seq = m->seq;
    if (clear)
        return envelope_clear_sign(&at, keys->secret, text, (size_t)len, payload) == ENVELOPE_OK
                   ? ENVELOPE_SIZE
                   : 0;
    return sealer_seal_text(keys, &at, text, (size_t)len, payload);
}

size_t sealer_payload(struct sealer *c, const char *topic, struct message *m, uint8_t *payload)
{
    m->epoch = c->epoch;
    m->seq = ++c->seq;
    m->up_ms = (uint64_t)(clock_now() - c->started_at) / NS_PER_MS;
    m->synced = clock_is_synced();
    clock_wall(m->at);
    return sealer_seal(c, topic, m, payload);
}

int sealer_box(const struct sealer *c, const struct message *m, uint8_t box[STAFF_BOX_SIZE])
{
    char text[STAFF_BOX_TEXT_MAX + 1];
    uint8_t seed[STAFF_BOX_SEED];
    struct envelope_place at = sealer_place(c, "");
    int len = message_write_boxed(m, text, sizeof text);
    if (len < 0)
        return -1;
    randombytes_buf(seed, sizeof seed);
    staff_box_seal(&at, c->staff, c->staff_count, seed, text, (size_t)len, box);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(text, sizeof text);
    return 0;
}

size_t sealer_staff(struct sealer *c, const char *topic, const uint8_t box[STAFF_BOX_SIZE],
                    uint8_t *payload)
{
    struct envelope_place at = sealer_place(c, topic);
    at.epoch = c->epoch;
    at.seq = ++c->seq;
    uint64_t time = clock_is_set() ? (uint64_t)clock_wall_seconds() : 0;
    return envelope_staff_sign(&at, c->keys->secret, time, box, payload) == ENVELOPE_OK
               ? ENVELOPE_SIZE
               : 0;
}

size_t sealer_words(struct sealer *c, const char *topic, const struct words_set *set, size_t piece,
                    uint8_t *payload)
{
    char text[ENVELOPE_TEXT_MAX + 1];
    struct envelope_place at = sealer_place(c, topic);
    at.epoch = c->epoch;
    at.seq = ++c->seq;
    int len = words_piece_write(set, piece, at.epoch, at.seq, text, sizeof text);
    return len < 0 ? 0 : sealer_seal_text(c->keys, &at, text, (size_t)len, payload);
}

size_t sealer_will(const void *sealer, uint64_t connection, uint8_t *payload)
{
    const struct sealer *c = sealer;
    char topic[TOPIC_NAME_MAX];
    struct message m = {.kind = MSG_LOST,
                        .epoch = __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE),
                        .age_ms = -1,
                        .connection = connection};
    sealer_topic(c, TOPIC_PRESENCE, NULL, topic);
    return sealer_seal(c, topic, &m, payload);
}
