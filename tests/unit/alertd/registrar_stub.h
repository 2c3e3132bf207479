#ifndef PORCHLIGHT_TESTS_UNIT_ALERTD_REGISTRAR_STUB_H
#define PORCHLIGHT_TESTS_UNIT_ALERTD_REGISTRAR_STUB_H

#include "kiosk/alertd/members/account_requests.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* A registrar in a test's own hands: it opens what a kiosk sends, and answers as it is told. */
struct registrar_stub {
    const char *venue, *kiosk;
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
    struct account_requests_signer kiosk_keys;
    uint64_t last;
};

static inline void registrar_stub_init(struct registrar_stub *s, const char *venue,
                                       const char *kiosk)
{
    uint8_t seed[32] = {1};
    *s = (struct registrar_stub){.venue = venue, .kiosk = kiosk};
    crypto_sign_seed_keypair(s->public, s->secret, seed);
    seed[0] = 2;
    crypto_sign_seed_keypair(s->kiosk_keys.public, s->kiosk_keys.secret, seed);
    memset(s->kiosk_keys.certificate, 3, sizeof s->kiosk_keys.certificate);
}

static inline struct envelope_place registrar_stub_at(const struct registrar_stub *s, enum topic t,
                                                      char name[TOPIC_NAME_MAX])
{
    struct envelope_place at = {.topic = name};
    topic_name(t, s->venue, s->kiosk, NULL, name);
    sodium_hex2bin(at.venue, sizeof at.venue, s->venue, 16, NULL, NULL, NULL);
    sodium_hex2bin(at.kiosk, sizeof at.kiosk, s->kiosk, 16, NULL, NULL, NULL);
    return at;
}

static inline bool registrar_stub_is_hello(const struct registrar_stub *s, const uint8_t *wire)
{
    struct registration_hello h;
    return registration_hello_read(wire, ENVELOPE_SIZE, &h) == 0 &&
           memcmp(h.public, s->kiosk_keys.public, sizeof h.public) == 0 &&
           memcmp(h.certificate, s->kiosk_keys.certificate, sizeof h.certificate) == 0;
}

static inline void registrar_stub_announce(const struct registrar_stub *s,
                                           enum registration_standing standing,
                                           uint8_t wire[ENVELOPE_SIZE])
{
    char name[TOPIC_NAME_MAX];
    struct envelope_place at = registrar_stub_at(s, TOPIC_REGISTERED, name);
    struct registration_announcement a = {.last = s->last, .standing = standing};
    memcpy(a.public, s->public, sizeof a.public);
    registration_announce(&a, &at, s->secret, wire);
}

/* 0, or -1 if it is no request of the kiosk's, signed by it. */
static inline int registrar_stub_open(struct registrar_stub *s, const uint8_t *wire,
                                      struct registration_request *q)
{
    char name[TOPIC_NAME_MAX], text[ENVELOPE_LETTER_MAX + 1];
    struct envelope_place at = registrar_stub_at(s, TOPIC_REGISTRAR, name);
    uint8_t signature[64];
    size_t len;
    if (envelope_letter_open(s->public, s->secret, wire, ENVELOPE_SIZE, text, &len, signature) !=
            ENVELOPE_OK ||
        envelope_letter_signed(&at, s->kiosk_keys.public, signature, text, len) != ENVELOPE_OK ||
        registration_read(text, len, q) != 0)
        return -1;
    s->last = q->number > s->last ? q->number : s->last;
    return 0;
}

static inline void registrar_stub_answer(const struct registrar_stub *s,
                                         const struct registration_answer *a,
                                         uint8_t wire[ENVELOPE_SIZE])
{
    char name[TOPIC_NAME_MAX], text[ENVELOPE_LETTER_MAX + 1];
    struct envelope_place at = registrar_stub_at(s, TOPIC_REGISTERED, name);
    size_t len = 0;
    registration_answer_write(a, text, &len);
    envelope_welcome_seal(&at, s->kiosk_keys.public, s->secret, text, len, wire);
}

#endif
