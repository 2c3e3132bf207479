#include "kiosk/relay/push_registration.h"

#include "config/secret.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"

#include <sodium.h>
#include <string.h>

enum { FORM_AT = 1, FORM_LETTER = 2 };

int push_registration_init(struct push_registration *d, const struct inbound *e, const char *prefix,
                           uint8_t seed[32])
{
    config_complain *say = config_complain_stderr;

    d->secret = sodium_malloc(ENVELOPE_SECRET);
    if (!d->secret || secret_read_key(prefix, "push.key", true, seed, 32, say, NULL) < 0 ||
        secret_read_key(prefix, "push.cert", false, d->signature, sizeof d->signature, say, NULL) <
            0)
        return -1;
    crypto_sign_seed_keypair(d->public, d->secret, seed);
    if (push_offer_root_check(e->venue_bytes, d->public, e->root, d->signature))
        return 0;
    log_error("push.cert does not certify push.key for this venue. Copy the pair that porchlight "
              "keys push made into the credentials");
    return -1;
}

void push_registration_finish(struct push_registration *d)
{
    sodium_free(d->secret);
    d->secret = NULL;
}

static void publish_all(const struct inbound *e, struct mqtt_thread *mqtt,
                        struct mqtt_publication *p)
{
    for (size_t i = 0; i < e->count; i++)
        if (topic_name(TOPIC_PUSH, e->venue, e->kiosks[i].id, NULL, p->topic) == 0)
            mqtt_thread_publish(mqtt, p);
}

void push_registration_offer(const struct push_registration *d, const struct inbound *e,
                             const struct webpush_sender *w, struct mqtt_thread *mqtt)
{
    struct mqtt_publication p = {.qos = 1, .retain = true, .len = ENVELOPE_SIZE};
    uint8_t point[PUSH_OFFER_POINT];
    webpush_sender_point(w, point);
    push_offer_write(e->venue_bytes, d->secret, d->signature, point, p.payload);
    publish_all(e, mqtt, &p);
}

void push_registration_gone(const struct push_registration *d, const struct inbound *e,
                            struct webpush_sender *w, struct mqtt_thread *mqtt)
{
    struct mqtt_publication p = {.qos = 1, .len = ENVELOPE_SIZE};
    uint8_t hash[PUSH_OFFER_GONE_HASH];
    while (webpush_sender_gone(w, hash)) {
        push_offer_gone_write(e->venue_bytes, d->secret, hash, p.payload);
        publish_all(e, mqtt, &p);
    }
}

/* The root certified that key for that account, and it signed the letter. */
static bool is_staff(const struct inbound *e, size_t kiosk, const char *topic,
                     const struct push_offer_letter *l, const uint8_t signature[64],
                     const char *text, size_t len)
{
    struct envelope_place at = {.topic = topic};
    struct cert_staff c;
    memcpy(at.venue, e->venue_bytes, sizeof at.venue);
    memcpy(at.kiosk, e->kiosks[kiosk].bytes, sizeof at.kiosk);
    memcpy(c.venue, e->venue_bytes, sizeof c.venue);
    memcpy(c.public, l->public, sizeof c.public);
    sodium_hex2bin(c.account, sizeof c.account, l->account, strlen(l->account), NULL, NULL, NULL);
    return cert_staff_check(&c, e->root, l->certificate) &&
           envelope_letter_signed(&at, l->public, signature, text, len) == ENVELOPE_OK;
}

static bool account_is_revoked(const struct ring_policy *known, size_t kiosk, const char *account)
{
    uint8_t id[ENVELOPE_ID];
    return sodium_hex2bin(id, sizeof id, account, strlen(account), NULL, NULL, NULL) == 0 &&
           root_word_revokes(&known->kiosks[kiosk].root, id);
}

/* Opens a phone's letter about its subscription: whether all that it says is allowed to `account`
 * of kiosk i. `text` is to be cleared. */
static bool letter_is_allowed(const struct push_registration *d, const struct inbound *e, size_t i,
                              const char *account, const struct mqtt_event *got,
                              struct push_offer_letter *l, char text[ENVELOPE_LETTER_MAX + 1])
{
    uint8_t signature[64];
    size_t len;
    return envelope_letter_open(d->public, d->secret, got->payload, got->len, text, &len,
                                signature) == ENVELOPE_OK &&
           push_offer_read(text, len, l) == 0 && strcmp(l->account, account) == 0 &&
           (l->ask != PUSH_OFFER_STAFF || is_staff(e, i, got->topic, l, signature, text, len));
}

bool push_registration_receive(const struct push_registration *d, const struct inbound *e,
                               const struct ring_policy *known, struct webpush_sender *w,
                               const struct mqtt_event *got)
{
    char account[TOPIC_ID_LEN + 1], text[ENVELOPE_LETTER_MAX + 1];
    struct push_offer_letter l;
    enum topic t;
    bool arrived = push_offer_is_arrived(got->payload, got->len);
    if (got->len != ENVELOPE_SIZE || (got->payload[FORM_AT] != FORM_LETTER && !arrived))
        return false;
    for (size_t i = 0; i < e->count; i++) {
        if (topic_parse(got->topic, e->venue, e->kiosks[i].id, &t, account) < 0 || t != TOPIC_WAKE)
            continue;
        if (arrived) {
            if (got->retained || !webpush_sender_arrived(w, e->venue_bytes, account, got->payload))
                log_debug("a report of a test that arrived was refused");
        } else if (!got->retained && !account_is_revoked(known, i, account) &&
                   letter_is_allowed(d, e, i, account, got, &l, text))
            webpush_sender_letter(w, &l);
        else
            log_debug("a phone's letter was refused");
        break;
    }
    sodium_memzero(text, sizeof text);
    return true;
}
