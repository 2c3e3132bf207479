#include "kiosk/core/envelope.h"

#include "kiosk/core/big_endian.h"

#include <sodium.h>
#include <string.h>

enum {
    VERSION = ENVELOPE_VERSION,
    FORM_BROADCAST = 1,
    FORM_LETTER = 2,
    FORM_WELCOME = ENVELOPE_FORM_WELCOME, /* 3 is the root's notice, cert.c; 5 push_offer.c */
    FORM_CLEAR = 6,
    FORM_STAFF = 7,
    SIGNATURE = crypto_sign_BYTES,
    AT_EPOCH = 2,
    AT_SEQ = 10,
    AT_NONCE = 18,
    AT_SEALED = 42,
    AT_LETTER = 2,
    AT_CLEAR = 18, /* signature, length, text */
    AT_SIGNATURE = 18,
    AT_TIME = AT_SIGNATURE + SIGNATURE,
    AT_BOX = AT_TIME + 8,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BROADCAST_INNER = ENVELOPE_SIZE - AT_SEALED - TAG,
    LETTER_INNER = ENVELOPE_SIZE - AT_LETTER - crypto_box_SEALBYTES,
    IN_LENGTH = SIGNATURE,
    IN_TEXT = SIGNATURE + 2,
    TAGLINE = 11, /* "porchlight" and its zero */
    BOUND_HEAD = TAGLINE + 2 + 2 * ENVELOPE_ID + 16 + 2,
    BOUND_MAX = BOUND_HEAD + ENVELOPE_TOPIC_MAX + ENVELOPE_SIZE, /* more than any form signs */
};

_Static_assert(ENVELOPE_SIZE - AT_BOX == ENVELOPE_BOX, "the box fills its envelope");

static const uint64_t integer_end = UINT64_C(1) << 53;

_Static_assert(BROADCAST_INNER == IN_TEXT + ENVELOPE_TEXT_MAX, "the broadcast fills its envelope");
_Static_assert(LETTER_INNER == IN_TEXT + ENVELOPE_LETTER_MAX, "the letter fills its envelope");
_Static_assert(ENVELOPE_SIZE == AT_CLEAR + IN_TEXT + ENVELOPE_CLEAR_MAX, "so does a clear message");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == ENVELOPE_KEY, "venue key");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == ENVELOPE_NONCE, "nonce");
_Static_assert(crypto_sign_SECRETKEYBYTES == ENVELOPE_SECRET, "secret key");
_Static_assert(crypto_sign_PUBLICKEYBYTES == ENVELOPE_PUBLIC, "public key");

/* What signature and associated data cover: `bytes`, of which the first `place` are the
 * associated data and all `len` are signed. */
struct bound {
    uint8_t bytes[BOUND_MAX];
    size_t place, len;
};

static int bound_place(struct bound *b, uint8_t form, const struct envelope_place *at)
{
    size_t topic = strnlen(at->topic, ENVELOPE_TOPIC_MAX + 1);
    if (topic > ENVELOPE_TOPIC_MAX || at->epoch >= integer_end || at->seq >= integer_end)
        return -1;
    uint8_t *p = b->bytes;
    memcpy(p, "porchlight", TAGLINE);
    p += TAGLINE;
    *p++ = VERSION;
    *p++ = form;
    memcpy(p, at->venue, ENVELOPE_ID);
    p += ENVELOPE_ID;
    memcpy(p, at->kiosk, ENVELOPE_ID);
    p += ENVELOPE_ID;
    big_endian_put(p, 8, at->epoch);
    p += 8;
    big_endian_put(p, 8, at->seq);
    p += 8;
    big_endian_put(p, 2, topic);
    p += 2;
    memcpy(p, at->topic, topic);
    b->place = b->len = BOUND_HEAD + topic;
    return 0;
}

static void bound_text(struct bound *b, const char *text, size_t len)
{
    memcpy(b->bytes + b->place, text, len);
    b->len = b->place + len;
}

/* Signs where there is a signer, and lays signature, length, text and zeros into inner. */
static void inner_write(uint8_t *inner, size_t size, const struct bound *b, const uint8_t *signer,
                        const char *text, size_t len)
{
    memset(inner, 0, size);
    if (signer)
        crypto_sign_detached(inner, NULL, b->bytes, b->len, signer);
    big_endian_put(inner + IN_LENGTH, 2, len);
    memcpy(inner + IN_TEXT, text, len);
}

static enum envelope_result inner_read(const uint8_t *inner, size_t size, char *text, size_t *len)
{
    size_t n = (size_t)big_endian_get(inner + IN_LENGTH, 2);
    if (n > size - IN_TEXT || !sodium_is_zero(inner + IN_TEXT + n, size - IN_TEXT - n))
        return ENVELOPE_MALFORMED;
    memcpy(text, inner + IN_TEXT, n);
    text[n] = '\0';
    *len = n;
    return ENVELOPE_OK;
}

enum envelope_result envelope_seal(const struct envelope_place *at,
                                   const uint8_t venue_key[ENVELOPE_KEY],
                                   const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                   const uint8_t nonce[ENVELOPE_NONCE], const char *text,
                                   size_t len, uint8_t out[ENVELOPE_SIZE])
{
    struct bound b;
    uint8_t inner[BROADCAST_INNER];
    if (len > ENVELOPE_TEXT_MAX)
        return ENVELOPE_TOO_LONG;
    if (bound_place(&b, FORM_BROADCAST, at) < 0)
        return ENVELOPE_MALFORMED;
    bound_text(&b, text, len);
    inner_write(inner, sizeof inner, &b, kiosk_secret, text, len);
    out[0] = VERSION;
    out[1] = FORM_BROADCAST;
    big_endian_put(out + AT_EPOCH, 8, at->epoch);
    big_endian_put(out + AT_SEQ, 8, at->seq);
    memcpy(out + AT_NONCE, nonce, ENVELOPE_NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + AT_SEALED, NULL, inner, sizeof inner, b.bytes,
                                               b.place, NULL, nonce, venue_key);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(&b, sizeof b);
    return ENVELOPE_OK;
}

enum envelope_result envelope_open(struct envelope_place *at, const uint8_t venue_key[ENVELOPE_KEY],
                                   const uint8_t kiosk_public[ENVELOPE_PUBLIC], const uint8_t *wire,
                                   size_t wire_len, char text[ENVELOPE_TEXT_MAX + 1], size_t *len)
{
    if (wire_len != ENVELOPE_SIZE || wire[0] != VERSION || wire[1] != FORM_BROADCAST)
        return ENVELOPE_MALFORMED;
    struct envelope_place found = *at;
    struct bound b;
    uint8_t inner[BROADCAST_INNER];
    found.epoch = big_endian_get(wire + AT_EPOCH, 8);
    found.seq = big_endian_get(wire + AT_SEQ, 8);
    if (bound_place(&b, FORM_BROADCAST, &found) < 0)
        return ENVELOPE_MALFORMED;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(inner, NULL, NULL, wire + AT_SEALED,
                                                   ENVELOPE_SIZE - AT_SEALED, b.bytes, b.place,
                                                   wire + AT_NONCE, venue_key) != 0)
        return ENVELOPE_NOT_OURS;
    char copy[ENVELOPE_TEXT_MAX + 1];
    size_t n;
    enum envelope_result r = inner_read(inner, sizeof inner, copy, &n);
    if (r == ENVELOPE_OK) {
        bound_text(&b, copy, n);
        if (crypto_sign_verify_detached(inner, b.bytes, b.len, kiosk_public) != 0)
            r = ENVELOPE_FORGED;
    }
    if (r == ENVELOPE_OK) {
        *at = found;
        memcpy(text, copy, n + 1);
        *len = n;
    }
    sodium_memzero(copy, sizeof copy);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(&b, sizeof b);
    return r;
}

enum envelope_result envelope_clear_sign(const struct envelope_place *at,
                                         const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                         const char *text, size_t len, uint8_t out[ENVELOPE_SIZE])
{
    struct bound b;
    if (len > ENVELOPE_CLEAR_MAX)
        return ENVELOPE_TOO_LONG;
    if (bound_place(&b, FORM_CLEAR, at) < 0)
        return ENVELOPE_MALFORMED;
    bound_text(&b, text, len);
    out[0] = VERSION;
    out[1] = FORM_CLEAR;
    big_endian_put(out + AT_EPOCH, 8, at->epoch);
    big_endian_put(out + AT_SEQ, 8, at->seq);
    inner_write(out + AT_CLEAR, ENVELOPE_SIZE - AT_CLEAR, &b, kiosk_secret, text, len);
    return ENVELOPE_OK;
}

enum envelope_result envelope_clear_open(struct envelope_place *at,
                                         const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                         const uint8_t *wire, size_t wire_len,
                                         char text[ENVELOPE_CLEAR_MAX + 1], size_t *len)
{
    if (wire_len != ENVELOPE_SIZE || wire[0] != VERSION || wire[1] != FORM_CLEAR)
        return ENVELOPE_MALFORMED;
    struct envelope_place found = *at;
    struct bound b;
    char copy[ENVELOPE_CLEAR_MAX + 1];
    size_t n;
    found.epoch = big_endian_get(wire + AT_EPOCH, 8);
    found.seq = big_endian_get(wire + AT_SEQ, 8);
    if (bound_place(&b, FORM_CLEAR, &found) < 0 ||
        inner_read(wire + AT_CLEAR, ENVELOPE_SIZE - AT_CLEAR, copy, &n) != ENVELOPE_OK)
        return ENVELOPE_MALFORMED;
    bound_text(&b, copy, n);
    if (crypto_sign_verify_detached(wire + AT_CLEAR, b.bytes, b.len, kiosk_public) != 0)
        return ENVELOPE_FORGED;
    *at = found;
    memcpy(text, copy, n + 1);
    *len = n;
    return ENVELOPE_OK;
}

/* A letter binds no epoch and no seq: freshness is the kiosk's nonce, inside the text. */
static int bound_letter(struct bound *b, uint8_t form, const struct envelope_place *at,
                        const char *text, size_t len)
{
    struct envelope_place timeless = *at;
    timeless.epoch = timeless.seq = 0;
    if (bound_place(b, form, &timeless) < 0)
        return -1;
    bound_text(b, text, len);
    return 0;
}

static enum envelope_result seal_to(uint8_t form, const struct envelope_place *at,
                                    const uint8_t to[ENVELOPE_PUBLIC], const uint8_t *signer,
                                    const char *text, size_t len, uint8_t out[ENVELOPE_SIZE])
{
    struct bound b;
    uint8_t inner[LETTER_INNER], box[crypto_box_PUBLICKEYBYTES];
    if (len > ENVELOPE_LETTER_MAX)
        return ENVELOPE_TOO_LONG;
    if (bound_letter(&b, form, at, text, len) < 0)
        return ENVELOPE_MALFORMED;
    if (crypto_sign_ed25519_pk_to_curve25519(box, to) != 0)
        return ENVELOPE_NOT_OURS;
    inner_write(inner, sizeof inner, &b, signer, text, len);
    out[0] = VERSION;
    out[1] = form;
    int failed = crypto_box_seal(out + AT_LETTER, inner, sizeof inner, box);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(&b, sizeof b);
    return failed ? ENVELOPE_NOT_OURS : ENVELOPE_OK;
}

enum envelope_result envelope_letter_seal(const struct envelope_place *at,
                                          const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                          const uint8_t *signer, const char *text, size_t len,
                                          uint8_t out[ENVELOPE_SIZE])
{
    return seal_to(FORM_LETTER, at, kiosk_public, signer, text, len, out);
}

enum envelope_result envelope_welcome_seal(const struct envelope_place *at,
                                           const uint8_t phone_public[ENVELOPE_PUBLIC],
                                           const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                           const char *text, size_t len, uint8_t out[ENVELOPE_SIZE])
{
    return seal_to(FORM_WELCOME, at, phone_public, kiosk_secret, text, len, out);
}

static enum envelope_result open_from(uint8_t form, const uint8_t public[ENVELOPE_PUBLIC],
                                      const uint8_t secret[ENVELOPE_SECRET], const uint8_t *wire,
                                      size_t wire_len, char text[ENVELOPE_LETTER_MAX + 1],
                                      size_t *len, uint8_t signature[64])
{
    if (wire_len != ENVELOPE_SIZE || wire[0] != VERSION || wire[1] != form)
        return ENVELOPE_MALFORMED;
    uint8_t inner[LETTER_INNER];
    uint8_t box_public[crypto_box_PUBLICKEYBYTES], box_secret[crypto_box_SECRETKEYBYTES];
    if (crypto_sign_ed25519_pk_to_curve25519(box_public, public) != 0)
        return ENVELOPE_NOT_OURS;
    crypto_sign_ed25519_sk_to_curve25519(box_secret, secret);
    int failed = crypto_box_seal_open(inner, wire + AT_LETTER, ENVELOPE_SIZE - AT_LETTER,
                                      box_public, box_secret);
    sodium_memzero(box_secret, sizeof box_secret);
    if (failed)
        return ENVELOPE_NOT_OURS;
    enum envelope_result r = inner_read(inner, sizeof inner, text, len);
    memcpy(signature, inner, SIGNATURE);
    sodium_memzero(inner, sizeof inner);
    return r;
}

enum envelope_result envelope_letter_open(const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                          const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                          const uint8_t *wire, size_t wire_len,
                                          char text[ENVELOPE_LETTER_MAX + 1], size_t *len,
                                          uint8_t signature[64])
{
    return open_from(FORM_LETTER, kiosk_public, kiosk_secret, wire, wire_len, text, len, signature);
}

static enum envelope_result signed_by(uint8_t form, const struct envelope_place *at,
                                      const uint8_t signer[ENVELOPE_PUBLIC],
                                      const uint8_t signature[64], const char *text, size_t len)
{
    struct bound b;
    if (len > ENVELOPE_LETTER_MAX || bound_letter(&b, form, at, text, len) < 0)
        return ENVELOPE_MALFORMED;
    int failed = crypto_sign_verify_detached(signature, b.bytes, b.len, signer);
    sodium_memzero(&b, sizeof b);
    return failed ? ENVELOPE_FORGED : ENVELOPE_OK;
}

enum envelope_result envelope_letter_signed(const struct envelope_place *at,
                                            const uint8_t signer[ENVELOPE_PUBLIC],
                                            const uint8_t signature[64], const char *text,
                                            size_t len)
{
    return signed_by(FORM_LETTER, at, signer, signature, text, len);
}

enum envelope_result envelope_welcome_open(const struct envelope_place *at,
                                           const uint8_t public[ENVELOPE_PUBLIC],
                                           const uint8_t secret[ENVELOPE_SECRET],
                                           const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                           const uint8_t *wire, size_t wire_len,
                                           char text[ENVELOPE_LETTER_MAX + 1], size_t *len)
{
    char copy[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[SIGNATURE];
    size_t n;
    enum envelope_result r =
        open_from(FORM_WELCOME, public, secret, wire, wire_len, copy, &n, signature);
    if (r == ENVELOPE_OK)
        r = signed_by(FORM_WELCOME, at, kiosk_public, signature, copy, n);
    if (r == ENVELOPE_OK) {
        memcpy(text, copy, n + 1);
        *len = n;
    }
    sodium_memzero(copy, sizeof copy);
    return r;
}

/* --- for staff ------------------------------------------------------------------------------- */

static void bound_staff(struct bound *b, const uint8_t wire[ENVELOPE_SIZE])
{
    memcpy(b->bytes + b->place, wire + AT_TIME, ENVELOPE_SIZE - AT_TIME);
    b->len = b->place + ENVELOPE_SIZE - AT_TIME;
}

enum envelope_result envelope_staff_sign(const struct envelope_place *at,
                                         const uint8_t kiosk_secret[ENVELOPE_SECRET], uint64_t time,
                                         const uint8_t box[ENVELOPE_BOX],
                                         uint8_t out[ENVELOPE_SIZE])
{
    struct bound b;
    if (bound_place(&b, FORM_STAFF, at) < 0)
        return ENVELOPE_MALFORMED;
    out[0] = VERSION;
    out[1] = FORM_STAFF;
    big_endian_put(out + AT_EPOCH, 8, at->epoch);
    big_endian_put(out + AT_SEQ, 8, at->seq);
    big_endian_put(out + AT_TIME, 8, time);
    memcpy(out + AT_BOX, box, ENVELOPE_BOX);
    bound_staff(&b, out);
    crypto_sign_detached(out + AT_SIGNATURE, NULL, b.bytes, b.len, kiosk_secret);
    return ENVELOPE_OK;
}

enum envelope_result envelope_staff_check(struct envelope_place *at,
                                          const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                          const uint8_t *wire, size_t wire_len, uint64_t *time,
                                          const uint8_t **box)
{
    if (wire_len != ENVELOPE_SIZE || wire[0] != VERSION || wire[1] != FORM_STAFF)
        return ENVELOPE_MALFORMED;
    struct envelope_place found = *at;
    struct bound b;
    found.epoch = big_endian_get(wire + AT_EPOCH, 8);
    found.seq = big_endian_get(wire + AT_SEQ, 8);
    if (bound_place(&b, FORM_STAFF, &found) < 0)
        return ENVELOPE_MALFORMED;
    bound_staff(&b, wire);
    if (crypto_sign_verify_detached(wire + AT_SIGNATURE, b.bytes, b.len, kiosk_public) != 0)
        return ENVELOPE_FORGED;
    *at = found;
    *time = big_endian_get(wire + AT_TIME, 8);
    *box = wire + AT_BOX;
    return ENVELOPE_OK;
}
