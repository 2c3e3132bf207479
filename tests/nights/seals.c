#include "tests/nights/seals.h"

#include "tests/nights/world.h"

#include <sodium.h>
#include <string.h>

static bool real_seals;
static struct chance bytes_of_chance;
static bool by_moment;
static int64_t moment;

void seals_choose(bool real)
{
    real_seals = real;
}

/* --- randomness ------------------------------------------------------------------------------ */

static const char *chance_name(void)
{
    return "a night's own chance";
}

static void moment_begins(void)
{
    if (!by_moment || moment == world_now())
        return;
    moment = world_now();
    bytes_of_chance = chance_of(world_seed(), 5 + (uint64_t)moment);
}

static uint32_t chance_random(void)
{
    moment_begins();
    return (uint32_t)chance_next(&bytes_of_chance);
}

static void chance_buf(void *const buf, const size_t size)
{
    moment_begins();
    uint8_t *out = buf;
    for (size_t i = 0; i < size;) {
        uint64_t more = chance_next(&bytes_of_chance);
        size_t n = size - i < sizeof more ? size - i : sizeof more;
        memcpy(out + i, &more, n);
        i += n;
    }
}

static randombytes_implementation chance_implementation = {
    .implementation_name = chance_name, .random = chance_random, .buf = chance_buf};

void seals_seed(void)
{
    bytes_of_chance = chance_of(world_seed(), 5);
    by_moment = false;
    randombytes_set_implementation(&chance_implementation);
}

void seals_by_moment(void)
{
    by_moment = true;
    moment = -1;
}

/* --- tags ------------------------------------------------------------------------------------ */

struct tag {
    uint64_t h;
};

static void tag_add(struct tag *t, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t word, h = t->h ^ (len * UINT64_C(0x9e3779b97f4a7c15));
    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, p, len);
    h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
    t->h = h ^ (h >> 29);
}

static void tag_write(const struct tag *t, uint8_t *out, size_t len)
{
    uint64_t h = t->h;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(h >> (i % 8 * 8));
        if (i % 8 == 7)
            h = (h ^ i) * UINT64_C(0x2545f4914f6cdd1d);
    }
}

static bool tag_matches(const struct tag *t, const uint8_t *found, size_t len)
{
    uint8_t wanted[64];
    tag_write(t, wanted, len);
    return memcmp(wanted, found, len) == 0;
}

/* --- libsodium's, wrapped -------------------------------------------------------------------- */

#define REAL(name) __real_crypto_##name
#define WRAP(name) __wrap_crypto_##name

typedef unsigned char byte;
typedef unsigned long long length;

int REAL(sign_detached)(byte *sig, length *sig_len, const byte *m, length len, const byte *sk);
int WRAP(sign_detached)(byte *sig, length *sig_len, const byte *m, length len, const byte *sk);
int REAL(sign_verify_detached)(const byte *sig, const byte *m, length len, const byte *pk);
int WRAP(sign_verify_detached)(const byte *sig, const byte *m, length len, const byte *pk);

static struct tag signed_tag(const byte *m, length len, const byte *public)
{
    struct tag t = {1};
    tag_add(&t, public, 32);
    tag_add(&t, m, (size_t)len);
    return t;
}

int WRAP(sign_detached)(byte *sig, length *sig_len, const byte *m, length len, const byte *sk)
{
    if (real_seals)
        return REAL(sign_detached)(sig, sig_len, m, len, sk);
    struct tag t = signed_tag(m, len, sk + 32);
    tag_write(&t, sig, 64);
    return 0;
}

int WRAP(sign_verify_detached)(const byte *sig, const byte *m, length len, const byte *pk)
{
    if (real_seals)
        return REAL(sign_verify_detached)(sig, m, len, pk);
    struct tag t = signed_tag(m, len, pk);
    return tag_matches(&t, sig, 64) ? 0 : -1;
}

int REAL(aead_xchacha20poly1305_ietf_encrypt)(byte *c, length *clen, const byte *m, length len,
                                              const byte *ad, length ad_len,
                                              const byte *secret_nonce, const byte *nonce,
                                              const byte *key);
int WRAP(aead_xchacha20poly1305_ietf_encrypt)(byte *c, length *clen, const byte *m, length len,
                                              const byte *ad, length ad_len,
                                              const byte *secret_nonce, const byte *nonce,
                                              const byte *key);
int REAL(aead_xchacha20poly1305_ietf_decrypt)(byte *m, length *mlen, byte *secret_nonce,
                                              const byte *c, length clen, const byte *ad,
                                              length ad_len, const byte *nonce, const byte *key);
int WRAP(aead_xchacha20poly1305_ietf_decrypt)(byte *m, length *mlen, byte *secret_nonce,
                                              const byte *c, length clen, const byte *ad,
                                              length ad_len, const byte *nonce, const byte *key);

static struct tag sealed_tag(const byte *m, length len, const byte *ad, length ad_len,
                             const byte *nonce, const byte *key)
{
    struct tag t = {2};
    tag_add(&t, key, 32);
    tag_add(&t, nonce, 24);
    tag_add(&t, ad, (size_t)ad_len);
    tag_add(&t, m, (size_t)len);
    return t;
}

int WRAP(aead_xchacha20poly1305_ietf_encrypt)(byte *c, length *clen, const byte *m, length len,
                                              const byte *ad, length ad_len,
                                              const byte *secret_nonce, const byte *nonce,
                                              const byte *key)
{
    if (real_seals)
        return REAL(aead_xchacha20poly1305_ietf_encrypt)(c, clen, m, len, ad, ad_len, secret_nonce,
                                                         nonce, key);
    struct tag t = sealed_tag(m, len, ad, ad_len, nonce, key);
    memmove(c, m, (size_t)len);
    tag_write(&t, c + len, 16);
    if (clen)
        *clen = len + 16;
    return 0;
}

int WRAP(aead_xchacha20poly1305_ietf_decrypt)(byte *m, length *mlen, byte *secret_nonce,
                                              const byte *c, length clen, const byte *ad,
                                              length ad_len, const byte *nonce, const byte *key)
{
    if (real_seals)
        return REAL(aead_xchacha20poly1305_ietf_decrypt)(m, mlen, secret_nonce, c, clen, ad, ad_len,
                                                         nonce, key);
    if (clen < 16)
        return -1;
    struct tag t = sealed_tag(c, clen - 16, ad, ad_len, nonce, key);
    if (!tag_matches(&t, c + clen - 16, 16))
        return -1;
    memmove(m, c, (size_t)clen - 16);
    if (mlen)
        *mlen = clen - 16;
    return 0;
}

int REAL(box_seal)(byte *c, const byte *m, length len, const byte *pk);
int WRAP(box_seal)(byte *c, const byte *m, length len, const byte *pk);
int REAL(box_seal_open)(byte *m, const byte *c, length clen, const byte *pk, const byte *sk);
int WRAP(box_seal_open)(byte *m, const byte *c, length clen, const byte *pk, const byte *sk);
int REAL(sign_ed25519_pk_to_curve25519)(byte *out, const byte *pk);
int WRAP(sign_ed25519_pk_to_curve25519)(byte *out, const byte *pk);
int REAL(sign_ed25519_sk_to_curve25519)(byte *out, const byte *sk);
int WRAP(sign_ed25519_sk_to_curve25519)(byte *out, const byte *sk);

int WRAP(box_seal)(byte *c, const byte *m, length len, const byte *pk)
{
    if (real_seals)
        return REAL(box_seal)(c, m, len, pk);
    struct tag t = {3};
    tag_add(&t, pk, 32);
    tag_add(&t, m, (size_t)len);
    memmove(c + 48, m, (size_t)len);
    tag_write(&t, c, 48);
    return 0;
}

/* Both halves of a modelled box key are the signing key's public half. */
int WRAP(box_seal_open)(byte *m, const byte *c, length clen, const byte *pk, const byte *sk)
{
    if (real_seals)
        return REAL(box_seal_open)(m, c, clen, pk, sk);
    struct tag t = {3};
    tag_add(&t, pk, 32);
    if (clen < 48)
        return -1;
    tag_add(&t, c + 48, (size_t)clen - 48);
    if (!tag_matches(&t, c, 48) || memcmp(pk, sk, 32) != 0)
        return -1;
    memmove(m, c + 48, (size_t)clen - 48);
    return 0;
}

int REAL(scalarmult)(byte *q, const byte *n, const byte *p);
int WRAP(scalarmult)(byte *q, const byte *n, const byte *p);
int REAL(scalarmult_base)(byte *q, const byte *n);
int WRAP(scalarmult_base)(byte *q, const byte *n);

/* A modelled X25519 key's halves are equal, so that both sides share the same. */
int WRAP(scalarmult_base)(byte *q, const byte *n)
{
    if (real_seals)
        return REAL(scalarmult_base)(q, n);
    memmove(q, n, 32);
    return 0;
}

int WRAP(scalarmult)(byte *q, const byte *n, const byte *p)
{
    if (real_seals)
        return REAL(scalarmult)(q, n, p);
    for (size_t i = 0; i < 32; i++)
        q[i] = n[i] ^ p[i];
    return 0;
}

int WRAP(sign_ed25519_pk_to_curve25519)(byte *out, const byte *pk)
{
    if (real_seals)
        return REAL(sign_ed25519_pk_to_curve25519)(out, pk);
    memcpy(out, pk, 32);
    return 0;
}

int WRAP(sign_ed25519_sk_to_curve25519)(byte *out, const byte *sk)
{
    if (real_seals)
        return REAL(sign_ed25519_sk_to_curve25519)(out, sk);
    memcpy(out, sk + 32, 32);
    return 0;
}
