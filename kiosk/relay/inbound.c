#include "kiosk/relay/inbound.h"

#include "config/secret.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void id_bytes(const char *hex, uint8_t out[ENVELOPE_ID])
{
    sodium_hex2bin(out, ENVELOPE_ID, hex, strlen(hex), NULL, NULL, NULL);
}

int inbound_init(struct inbound *e, const struct relay_conf *c, const char *prefix)
{
    config_complain *say = config_complain_stderr;

    *e = (struct inbound){.count = c->kiosks_count};
    memcpy(e->venue, c->venue.id, sizeof e->venue);
    id_bytes(e->venue, e->venue_bytes);
    memcpy(e->account, c->relay.account, sizeof e->account);
    e->keys = keyring_new(c, prefix);
    if (!e->keys ||
        secret_read_key(prefix, "root.pub", false, e->root, sizeof e->root, say, NULL) < 0)
        return -1;
    for (size_t i = 0; i < e->count; i++) {
        char file[40];

        snprintf(file, sizeof file, "kiosk-%s.pub", c->kiosks[i].id);
        memcpy(e->kiosks[i].id, c->kiosks[i].id, sizeof e->kiosks[i].id);
        id_bytes(e->kiosks[i].id, e->kiosks[i].bytes);
        if (secret_read_key(prefix, file, false, e->kiosks[i].public, ENVELOPE_PUBLIC, say, NULL) <
            0)
            return -1;
    }
    return 0;
}

void inbound_finish(struct inbound *e)
{
    keyring_free(e->keys);
    e->keys = NULL;
}

static struct envelope_place inbound_place_of(const struct inbound *e, size_t i, const char *topic)
{
    struct envelope_place at = {.topic = topic};

    memcpy(at.venue, e->venue_bytes, sizeof at.venue);
    memcpy(at.kiosk, e->kiosks[i].bytes, sizeof at.kiosk);
    return at;
}

static bool retired(const struct inbound *e, size_t i, const uint8_t *payload, size_t len)
{
    struct cert_kiosk c;

    memcpy(c.venue, e->venue_bytes, sizeof c.venue);
    memcpy(c.kiosk, e->kiosks[i].bytes, sizeof c.kiosk);
    memcpy(c.public, e->kiosks[i].public, sizeof c.public);
    return cert_is_retired(&c, e->root, payload, len);
}

/* ns from a message's `at` to now; -1 where either clock is not set. */
static int64_t inbound_wall_age(const struct message *m, int64_t wall)
{
    struct tm tm = {0};

    if (wall < 0 || !m->at[0] || !strptime(m->at, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return -1;
    int64_t age = wall - (int64_t)timegm(&tm);
    return age < 0 ? 0 : age * NS_PER_S;
}

/* Whose it is. False for another venue's or an unknown kiosk's. */
static bool inbound_find(const struct inbound *e, const char *topic, size_t *i, enum topic *t)
{
    char account[TOPIC_ID_LEN + 1];
    for (*i = 0; *i < e->count; ++*i)
        if (topic_parse(topic, e->venue, e->kiosks[*i].id, t, account) == 0)
            return true;
    return false;
}

/* A relay that cannot read a kiosk logs it, and does not beat for it. */
static void note_unreadable(struct inbound *e, size_t i, bool unreadable)
{
    bool was = e->kiosks[i].unreadable;
    e->kiosks[i].unreadable = unreadable;
    if (unreadable && !was)
        log_warning("kiosk %s: what it sends does not open with the venue key that this relay has. "
                    "Was the key changed (porchlight rotate)? A relay that porchlight relay made "
                    "receives the new one; for another, copy the kiosk's venue.key into the "
                    "credentials here and restart",
                    e->kiosks[i].id);
    else if (!unreadable && was)
        log_info("kiosk %s: can be read again", e->kiosks[i].id);
}

static enum envelope_result open_with_any(struct inbound *e, size_t i, struct envelope_place *at,
                                          const struct mqtt_event *got,
                                          char text[ENVELOPE_TEXT_MAX + 1], size_t *text_len)
{
    enum envelope_result r = ENVELOPE_NOT_OURS;
    const uint8_t *key;
    for (size_t n = 0; r == ENVELOPE_NOT_OURS && (key = keyring_key(e->keys, i, n)); n++)
        r = envelope_open(at, key, e->kiosks[i].public, got->payload, got->len, text, text_len);
    if (r == ENVELOPE_NOT_OURS || r == ENVELOPE_OK)
        note_unreadable(e, i, r == ENVELOPE_NOT_OURS);
    return r;
}

static void word_prove(const struct inbound *e, size_t i, struct view_message *word)
{
    struct cert_clear clear;
    const struct message *m = word->message;
    if (m->proof_len == 0 || !cert_proof_read(&clear, e->venue_bytes, e->kiosks[i].bytes, e->root,
                                              m->proof, m->proof_len))
        return;
    word->proved = true;
    word->proved_id = clear.id;
    word->proved_epoch = clear.epoch;
    word->proved_seq = clear.seq;
}

enum inbound_kind inbound_read(struct inbound *e, const struct mqtt_event *got, int64_t wall,
                               size_t *i, struct message *m, struct view_message *word)
{
    char text[ENVELOPE_CLEAR_MAX + 1];
    const char *why;
    size_t text_len;
    enum topic t;
    if (!inbound_find(e, got->topic, i, &t))
        return INBOUND_NOTHING;
    if (t == TOPIC_STATE && retired(e, *i, got->payload, got->len))
        return INBOUND_RETIRED;
    struct envelope_place at = inbound_place_of(e, *i, got->topic);
    if (t == TOPIC_ENROL)
        return keyring_take(e->keys, *i, &at, e->kiosks[*i].public, got->payload, got->len)
                   ? INBOUND_REKEYED
                   : INBOUND_NOTHING;
    enum envelope_result r = t == TOPIC_PRESENCE || t == TOPIC_BEAT
                                 ? envelope_clear_open(&at, e->kiosks[*i].public, got->payload,
                                                       got->len, text, &text_len)
                                 : open_with_any(e, *i, &at, got, text, &text_len);
    if (r != ENVELOPE_OK || message_read(m, text, text_len, &why) < 0 || m->epoch != at.epoch ||
        m->seq != at.seq)
        return INBOUND_NOTHING;
    *word = (struct view_message){.message = m,
                                  .retained = got->retained,
                                  .wall_age = got->retained ? inbound_wall_age(m, wall) : -1};
    word_prove(e, *i, word);
    return INBOUND_WORD;
}

int inbound_beat(const struct inbound *e, size_t i, const char *account,
                 const uint8_t nonce[FRESHNESS_NONCE], char *topic, uint8_t wire[ENVELOPE_SIZE])
{
    struct message m = {.kind = MSG_PING, .echo_count = 1};
    char text[ENVELOPE_LETTER_MAX + 1];

    if (topic_name(TOPIC_RELAY, e->venue, e->kiosks[i].id, account, topic) < 0)
        return -1;
    memcpy(m.echo[0], nonce, FRESHNESS_NONCE);
    int len = message_write(&m, text, sizeof text);
    struct envelope_place at = inbound_place_of(e, i, topic);
    if (len < 0)
        return -1;
    return envelope_letter_seal(&at, e->kiosks[i].public, NULL, text, (size_t)len, wire) ==
                   ENVELOPE_OK
               ? 0
               : -1;
}
