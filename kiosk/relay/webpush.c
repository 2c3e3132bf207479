#include "kiosk/relay/webpush.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    HASH = 32,
    KEY = 16,
    NONCE = 12,
    RECORD = 4096,
    INFO_MAX = 160,
    VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

/* --- keys of P-256 --------------------------------------------------------------------------- */

/* point = scalar * generator. 0, or -1 for a scalar out of range. */
static int multiply(const uint8_t scalar[WEBPUSH_SCALAR], uint8_t point[WEBPUSH_POINT])
{
    int result = -1;
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *n = BN_secure_new();
    EC_POINT *p = group ? EC_POINT_new(group) : NULL;

    if (p && n && BN_bin2bn(scalar, WEBPUSH_SCALAR, n) && !BN_is_zero(n) &&
        BN_cmp(n, EC_GROUP_get0_order(group)) < 0 && EC_POINT_mul(group, p, n, NULL, NULL, NULL) &&
        EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, point, WEBPUSH_POINT, NULL) ==
            WEBPUSH_POINT)
        result = 0;
    EC_POINT_free(p);
    BN_clear_free(n);
    EC_GROUP_free(group);
    return result;
}

int webpush_public(const uint8_t scalar[WEBPUSH_SCALAR], uint8_t point[WEBPUSH_POINT])
{
    return multiply(scalar, point);
}

int webpush_scalar(const uint8_t seed[32], uint8_t scalar[WEBPUSH_SCALAR])
{
    static const char word[] = "porchlight-vapid";
    uint8_t point[WEBPUSH_POINT], last[32];
    memcpy(last, seed, sizeof last);
    for (int i = 0; i < 8; i++) { /* one in 2^32 is not below the order */
        crypto_generichash(scalar, WEBPUSH_SCALAR, last, sizeof last, (const uint8_t *)word,
                           sizeof word);
        if (multiply(scalar, point) == 0)
            break;
        memcpy(last, scalar, sizeof last);
    }
    sodium_memzero(last, sizeof last);
    return multiply(scalar, point);
}

/* A key for OpenSSL; `scalar` may be NULL: the public half alone. NULL for none. */
static EVP_PKEY *key_make(const uint8_t point[WEBPUSH_POINT], const uint8_t *scalar)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = scalar ? BN_secure_new() : NULL;

    if (!ctx || !build || (scalar && (!n || !BN_bin2bn(scalar, WEBPUSH_SCALAR, n))) ||
        !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, WEBPUSH_POINT) ||
        (n && !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, n)))
        goto build_free;
    params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
        EVP_PKEY_fromdata(ctx, &key, n ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    OSSL_PARAM_free(params);
build_free:
    BN_clear_free(n);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

bool webpush_is_point(const uint8_t point[WEBPUSH_POINT])
{
    EVP_PKEY *key = point[0] == 4 ? key_make(point, NULL) : NULL;
    bool good = key;

    EVP_PKEY_free(key);
    return good;
}

static int agree(EVP_PKEY *own, EVP_PKEY *other, uint8_t shared[HASH])
{
    size_t len = HASH;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    int result = ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, other) > 0 &&
                         EVP_PKEY_derive(ctx, shared, &len) > 0 && len == HASH
                     ? 0
                     : -1;

    EVP_PKEY_CTX_free(ctx);
    return result;
}

/* --- RFC 8291 -------------------------------------------------------------------------------- */

static void hmac(const uint8_t *key, size_t key_len, const void *data, size_t len,
                 uint8_t out[HASH])
{
    HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL);
}

/* HKDF's second half for one block: `info` is `len` bytes, its terminating zero among them. */
static void expand(const uint8_t key[HASH], const void *info, size_t len, uint8_t out[HASH])
{
    uint8_t data[INFO_MAX];
    memcpy(data, info, len);
    data[len] = 1;
    hmac(key, HASH, data, len + 1, out);
}

static void webpush_derive(const uint8_t shared[HASH], const uint8_t browser[WEBPUSH_POINT],
                           const uint8_t auth[WEBPUSH_AUTH], const uint8_t own[WEBPUSH_POINT],
                           const uint8_t salt[WEBPUSH_SALT], uint8_t key[HASH], uint8_t nonce[HASH])
{
    static const char word[] = "WebPush: info", for_key[] = "Content-Encoding: aes128gcm",
                      for_nonce[] = "Content-Encoding: nonce";
    uint8_t info[sizeof word + 2 * WEBPUSH_POINT], one[HASH], two[HASH];
    memcpy(info, word, sizeof word);
    memcpy(info + sizeof word, browser, WEBPUSH_POINT);
    memcpy(info + sizeof word + WEBPUSH_POINT, own, WEBPUSH_POINT);
    hmac(auth, WEBPUSH_AUTH, shared, HASH, one);
    expand(one, info, sizeof info, two);
    hmac(salt, WEBPUSH_SALT, two, HASH, one);
    expand(one, for_key, sizeof for_key, key);
    expand(one, for_nonce, sizeof for_nonce, nonce);
    sodium_memzero(one, sizeof one);
    sodium_memzero(two, sizeof two);
}

static int encrypt(const uint8_t *key, const uint8_t *nonce, const uint8_t *plain, size_t len,
                   uint8_t *out)
{
    int n = 0, last = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int result = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce) > 0 &&
                         EVP_EncryptUpdate(ctx, out, &n, plain, (int)len) > 0 && (size_t)n == len &&
                         EVP_EncryptFinal_ex(ctx, out + n, &last) > 0 &&
                         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, WEBPUSH_TAG, out + len) > 0
                     ? 0
                     : -1;

    EVP_CIPHER_CTX_free(ctx);
    return result;
}

int webpush_seal(const uint8_t browser[WEBPUSH_POINT], const uint8_t auth[WEBPUSH_AUTH],
                 const uint8_t sender[WEBPUSH_SCALAR], const uint8_t salt[WEBPUSH_SALT],
                 const void *text, size_t len, size_t padded, uint8_t *out)
{
    static const uint8_t record[4] = {0, 0, RECORD >> 8, RECORD & 0xff};
    uint8_t plain[WEBPUSH_TEXT_MAX + 1] = {0}, own[WEBPUSH_POINT], shared[HASH], key[HASH],
                                     nonce[HASH];
    int result = -1;
    if (padded > sizeof plain || len >= padded || multiply(sender, own) < 0)
        return -1;
    EVP_PKEY *mine = key_make(own, sender), *theirs = key_make(browser, NULL);
    if (!mine || !theirs || agree(mine, theirs, shared) < 0)
        goto keys_free;
    webpush_derive(shared, browser, auth, own, salt, key, nonce);
    memcpy(plain, text, len);
    plain[len] = 2; /* the last record */
    memcpy(out, salt, WEBPUSH_SALT);
    memcpy(out + WEBPUSH_SALT, record, sizeof record);
    out[WEBPUSH_SALT + sizeof record] = WEBPUSH_POINT;
    memcpy(out + WEBPUSH_HEAD - WEBPUSH_POINT, own, WEBPUSH_POINT);
    result = encrypt(key, nonce, plain, padded, out + WEBPUSH_HEAD);
keys_free:
    EVP_PKEY_free(mine);
    EVP_PKEY_free(theirs);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(key, sizeof key);
    sodium_memzero(plain, sizeof plain);
    return result;
}

/* --- RFC 8292 -------------------------------------------------------------------------------- */

/* ES256 as a JWT wants it: r and s, 32 bytes each. */
static int webpush_sign(EVP_PKEY *key, const char *text, uint8_t out[2 * HASH])
{
    uint8_t der[80];
    size_t len = sizeof der;
    const uint8_t *p = der;
    ECDSA_SIG *sig = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int result = -1;

    if (ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0 &&
        EVP_DigestSign(ctx, der, &len, (const uint8_t *)text, strlen(text)) > 0)
        sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HASH) == HASH &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HASH, HASH) == HASH)
        result = 0;
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    return result;
}

static void append(char out[WEBPUSH_TOKEN_MAX], const void *bytes, size_t len)
{
    size_t at = strlen(out);
    sodium_bin2base64(out + at, WEBPUSH_TOKEN_MAX - at, bytes, len, VARIANT);
}

int webpush_token(const uint8_t scalar[WEBPUSH_SCALAR], const char *origin, int64_t expires,
                  const char *contact, char out[WEBPUSH_TOKEN_MAX])
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}", before[] = "vapid t=";
    char claims[560];
    uint8_t point[WEBPUSH_POINT], signature[2 * HASH];
    int len = snprintf(claims, sizeof claims, "{\"aud\":\"%s\",\"exp\":%" PRId64 ",\"sub\":\"%s\"}",
                       origin, expires, contact);
    if (len < 0 || (size_t)len >= sizeof claims || multiply(scalar, point) < 0)
        return -1;
    EVP_PKEY *key = key_make(point, scalar);
    snprintf(out, WEBPUSH_TOKEN_MAX, "%s", before);
    append(out, head, sizeof head - 1);
    strcat(out, ".");
    append(out, claims, (size_t)len);
    int result = key ? webpush_sign(key, out + sizeof before - 1, signature) : -1;
    EVP_PKEY_free(key);
    if (result < 0)
        return -1;
    strcat(out, ".");
    append(out, signature, sizeof signature);
    strcat(out, ", k=");
    append(out, point, sizeof point);
    return 0;
}
