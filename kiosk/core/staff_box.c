#include "kiosk/core/staff_box.h"

#include "kiosk/core/big_endian.h"

#include <sodium.h>
#include <string.h>

enum {
    KEY = 32, /* X25519 keys, shared secrets, slot and content keys */
    SLOT = KEY + crypto_aead_chacha20poly1305_ietf_ABYTES,
    AT_SLOTS = KEY,
    AT_BOX_NONCE = AT_SLOTS + STAFF_BOX_SLOTS * SLOT,
    AT_TEXT = AT_BOX_NONCE + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    INNER = 2 + STAFF_BOX_TEXT_MAX,
    NAME = 15, /* "porchlight-box" and its zero */
    BOUND = NAME + 2 * ENVELOPE_ID + KEY,
};

_Static_assert(AT_TEXT + INNER + crypto_aead_xchacha20poly1305_ietf_ABYTES == STAFF_BOX_SIZE,
               "the text fills its box");
_Static_assert(STAFF_BOX_SEED == randombytes_SEEDBYTES, "seed");

/* All that is random in a box. */
struct chance {
    uint8_t ephemeral[KEY], content[KEY], order[STAFF_BOX_SLOTS];
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    uint8_t fill[STAFF_BOX_SLOTS * SLOT];
};

static void bound_write(const struct envelope_place *at, const uint8_t ephemeral[KEY],
                        uint8_t bound[BOUND])
{
    memcpy(bound, "porchlight-box", NAME);
    memcpy(bound + NAME, at->venue, ENVELOPE_ID);
    memcpy(bound + NAME + ENVELOPE_ID, at->kiosk, ENVELOPE_ID);
    memcpy(bound + NAME + 2 * ENVELOPE_ID, ephemeral, KEY);
}

/* The key of one phone's slot. `own` is the secret of whoever asks, `other` the public half of the
 * other side. 0, or -1 where `other` is no usable point. */
static int slot_key(const uint8_t own[KEY], const uint8_t other[KEY], const uint8_t ephemeral[KEY],
                    const uint8_t phone[KEY], uint8_t key[KEY])
{
    static const char name[] = "porchlight-slot";
    uint8_t shared[KEY];
    crypto_generichash_state hash;
    if (crypto_scalarmult(shared, own, other) != 0)
        return -1;
    crypto_generichash_init(&hash, NULL, 0, KEY);
    crypto_generichash_update(&hash, (const uint8_t *)name, sizeof name);
    crypto_generichash_update(&hash, shared, KEY);
    crypto_generichash_update(&hash, ephemeral, KEY);
    crypto_generichash_update(&hash, phone, KEY);
    crypto_generichash_final(&hash, key, KEY);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&hash, sizeof hash);
    return 0;
}

static const uint8_t slot_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void slot_seal(const struct chance *c, const uint8_t public[ENVELOPE_PUBLIC],
                      const uint8_t ephemeral[KEY], const uint8_t bound[BOUND], uint8_t slot[SLOT])
{
    uint8_t phone[KEY], key[KEY];
    if (crypto_sign_ed25519_pk_to_curve25519(phone, public) != 0 ||
        slot_key(c->ephemeral, phone, ephemeral, phone, key) != 0)
        return;
    crypto_aead_chacha20poly1305_ietf_encrypt(slot, NULL, c->content, KEY, bound, BOUND, NULL,
                                              slot_nonce, key);
    sodium_memzero(key, sizeof key);
}

/* Fisher and Yates; the bias of a byte modulo 8 or less is below one in 250. */
static void places_shuffle(const uint8_t order[STAFF_BOX_SLOTS], uint8_t places[STAFF_BOX_SLOTS])
{
    for (size_t i = 0; i < STAFF_BOX_SLOTS; i++)
        places[i] = (uint8_t)i;
    for (size_t i = STAFF_BOX_SLOTS - 1; i > 0; i--) {
        size_t k = order[i] % (i + 1);
        uint8_t other = places[k];
        places[k] = places[i];
        places[i] = other;
    }
}

enum envelope_result staff_box_seal(const struct envelope_place *at,
                                    const uint8_t (*phones)[ENVELOPE_PUBLIC], size_t count,
                                    const uint8_t seed[STAFF_BOX_SEED], const char *text,
                                    size_t len, uint8_t box[STAFF_BOX_SIZE])
{
    struct chance c;
    uint8_t bound[BOUND], inner[INNER] = {0}, places[STAFF_BOX_SLOTS];
    if (len > STAFF_BOX_TEXT_MAX || count > STAFF_BOX_SLOTS)
        return ENVELOPE_TOO_LONG;
    randombytes_buf_deterministic(&c, sizeof c, seed);
    crypto_scalarmult_base(box, c.ephemeral);
    bound_write(at, box, bound);
    memcpy(box + AT_SLOTS, c.fill, sizeof c.fill);
    places_shuffle(c.order, places);
    for (size_t i = 0; i < count; i++)
        slot_seal(&c, phones[i], box, bound, box + AT_SLOTS + places[i] * SLOT);
    memcpy(box + AT_BOX_NONCE, c.nonce, sizeof c.nonce);
    big_endian_put(inner, 2, len);
    memcpy(inner + 2, text, len);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + AT_TEXT, NULL, inner, sizeof inner, bound,
                                               sizeof bound, NULL, c.nonce, c.content);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(&c, sizeof c);
    return ENVELOPE_OK;
}

/* Finds this phone's slot: the content key is then in `content`. 0, or -1. */
static int slot_find(const uint8_t own[KEY], const uint8_t phone[KEY], const uint8_t bound[BOUND],
                     const uint8_t box[STAFF_BOX_SIZE], uint8_t content[KEY])
{
    uint8_t key[KEY];
    int found = -1;
    if (slot_key(own, box, box, phone, key) != 0)
        return -1;
    for (size_t i = 0; i < STAFF_BOX_SLOTS && found != 0; i++)
        found = crypto_aead_chacha20poly1305_ietf_decrypt(
            content, NULL, NULL, box + AT_SLOTS + i * SLOT, SLOT, bound, BOUND, slot_nonce, key);
    sodium_memzero(key, sizeof key);
    return found;
}

static enum envelope_result text_read(const uint8_t inner[INNER], char *text, size_t *len)
{
    size_t n = (size_t)big_endian_get(inner, 2);
    if (n > STAFF_BOX_TEXT_MAX || !sodium_is_zero(inner + 2 + n, STAFF_BOX_TEXT_MAX - n))
        return ENVELOPE_MALFORMED;
    memcpy(text, inner + 2, n);
    text[n] = '\0';
    *len = n;
    return ENVELOPE_OK;
}

enum envelope_result staff_box_open(const struct envelope_place *at,
                                    const uint8_t public[ENVELOPE_PUBLIC],
                                    const uint8_t secret[ENVELOPE_SECRET],
                                    const uint8_t box[STAFF_BOX_SIZE],
                                    char text[STAFF_BOX_TEXT_MAX + 1], size_t *len)
{
    uint8_t own[KEY], phone[KEY], content[KEY], bound[BOUND], inner[INNER];
    if (crypto_sign_ed25519_pk_to_curve25519(phone, public) != 0)
        return ENVELOPE_NOT_OURS;
    crypto_sign_ed25519_sk_to_curve25519(own, secret);
    bound_write(at, box, bound);
    int failed = slot_find(own, phone, bound, box, content);
    sodium_memzero(own, sizeof own);
    if (failed == 0)
        failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
            inner, NULL, NULL, box + AT_TEXT, STAFF_BOX_SIZE - AT_TEXT, bound, sizeof bound,
            box + AT_BOX_NONCE, content);
    sodium_memzero(content, sizeof content);
    if (failed)
        return ENVELOPE_NOT_OURS;
    enum envelope_result r = text_read(inner, text, len);
    sodium_memzero(inner, sizeof inner);
    return r;
}
