#include "kiosk/relay/inbound.h"

#include "config/secret.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/root_word.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void id_bytes(const char *hex, uint8_t out[ENVELOPE_ID])
{
    sodium_hex2bin(out, ENVELOPE_ID, hex, strlen(hex), NULL, NULL, NULL);
}

static bool credential_exists(const char *prefix, const char *name)
{
    char path[PATH_LEN];
    return path_credential(prefix, name, path) == 0 && access(path, F_OK) == 0;
}

/* Until version 2 a relay held the venue's key. */
static void old_keys_forget(const struct relay_conf *c, const char *prefix)
{
    char folder[PATH_LEN], path[PATH_LEN + 32];
    for (size_t i = 0; i < c->kiosks_count && path_under(prefix, PATH_RELAY_DIR, folder) == 0;
         i++) {
        snprintf(path, sizeof path, "%s/venue-%s.key", folder, c->kiosks[i].id);
        unlink(path);
    }
    if (credential_exists(prefix, "venue.key"))
        log_warning("The credential venue.key is not used any more: a relay needs no key that "
                    "opens messages. Delete it: sudo rm " PATH_CREDENTIALS "/venue.key");
}

/* A relay that was set up by hand has none, and signs nothing. */
static int inbound_key_read(struct inbound *e, const char *prefix)
{
    uint8_t seed[crypto_sign_SEEDBYTES], public[ENVELOPE_PUBLIC];
    if (!credential_exists(prefix, "relay.key"))
        return 0;
    e->secret = sodium_malloc(ENVELOPE_SECRET);
    sodium_mlock(seed, sizeof seed);
    int bad = !e->secret || secret_read_key(prefix, "relay.key", true, seed, sizeof seed,
                                            config_complain_stderr, NULL) < 0;
    if (!bad)
        crypto_sign_seed_keypair(public, e->secret, seed);
    sodium_munlock(seed, sizeof seed);
    return bad ? -1 : 0;
}

int inbound_init(struct inbound *e, const struct relay_conf *c, const char *prefix)
{
    config_complain *say = config_complain_stderr;

    *e = (struct inbound){.count = c->kiosks_count};
    memcpy(e->venue, c->venue.id, sizeof e->venue);
    id_bytes(e->venue, e->venue_bytes);
    memcpy(e->account, c->relay.account, sizeof e->account);
    old_keys_forget(c, prefix);
    if (inbound_key_read(e, prefix) < 0 ||
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
    sodium_free(e->secret);
    e->secret = NULL;
}

static struct envelope_place inbound_place_of(const struct inbound *e, size_t i, const char *topic)
{
    struct envelope_place at = {.topic = topic};

    memcpy(at.venue, e->venue_bytes, sizeof at.venue);
    memcpy(at.kiosk, e->kiosks[i].bytes, sizeof at.kiosk);
    return at;
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

/* Kinds count on their own topic alone. */
static bool inbound_belongs(enum topic t, enum message_kind k)
{
    switch (t) {
    case TOPIC_BEAT:
        return k == MSG_BEAT;
    case TOPIC_PRESENCE:
        return k == MSG_ONLINE || k == MSG_LOST;
    case TOPIC_RING:
        return k == MSG_RING;
    case TOPIC_WAKE:
        return k == MSG_REVOKED || k == MSG_VOUCHED;
    default:
        return false;
    }
}

enum inbound_kind inbound_read(const struct inbound *e, const struct mqtt_event *got, size_t *i,
                               struct inbound_message *came)
{
    struct message *m = &came->kiosk;
    char text[ENVELOPE_CLEAR_MAX + 1];
    const char *why;
    size_t text_len;
    enum topic t;
    if (!inbound_find(e, got->topic, i, &t))
        return INBOUND_NOTHING;
    if (t == TOPIC_ROOT)
        return root_word_read(&came->root, e->venue_bytes, e->kiosks[*i].bytes, e->root,
                              got->payload, got->len)
                   ? INBOUND_ROOT
                   : INBOUND_NOTHING;
    struct envelope_place at = inbound_place_of(e, *i, got->topic);
    bool good = envelope_clear_open(&at, e->kiosks[*i].public, got->payload, got->len, text,
                                    &text_len) == ENVELOPE_OK &&
                message_read(m, text, text_len, &why) == 0 && m->epoch == at.epoch &&
                m->seq == at.seq && inbound_belongs(t, m->kind);
    return good ? INBOUND_WORD : INBOUND_NOTHING;
}

int inbound_ping(const struct inbound *e, size_t i, const struct message *ping, char *topic,
                 uint8_t wire[ENVELOPE_SIZE])
{
    char text[ENVELOPE_LETTER_MAX + 1];

    if (topic_name(TOPIC_RELAY, e->venue, e->kiosks[i].id, e->account, topic) < 0)
        return -1;
    int len = message_write(ping, text, sizeof text);
    struct envelope_place at = inbound_place_of(e, i, topic);
    if (len < 0)
        return -1;
    return envelope_letter_seal(&at, e->kiosks[i].public, e->secret, text, (size_t)len, wire) ==
                   ENVELOPE_OK
               ? 0
               : -1;
}
