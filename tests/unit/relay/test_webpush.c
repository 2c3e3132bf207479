#include "kiosk/relay/webpush.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core/vectors.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <sodium.h>

static size_t bytes(const char *text, uint8_t *out, size_t size)
{
    size_t len = 0;
    assert_int_equal(sodium_base642bin(out, size, text, strlen(text), NULL, &len, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    return len;
}

/* RFC 8291, Appendix A. */
static const char browser_point[] =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
static const char sender_point[] =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
static const char sender_scalar[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
static const char browser_auth[] = "BTBZMqHH6r4Tts7J_aSIgg";
static const char message_salt[] = "DGv6ra1nlYgDCS1FRnbzlw";
static const char sealed[] =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
    "lcy4a-fN";

static void the_rfcs_message_is_made_to_the_byte(void **state)
{
    static const char text[] = "When I grow up, I want to be a watermelon";
    uint8_t browser[WEBPUSH_POINT], auth[WEBPUSH_AUTH], scalar[WEBPUSH_SCALAR],
        point[WEBPUSH_POINT], salt[WEBPUSH_SALT], wanted[256], made[256], own[WEBPUSH_POINT];
    const size_t len = sizeof text - 1;

    (void)state;
    assert_int_equal(bytes(browser_point, browser, sizeof browser), sizeof browser);
    assert_int_equal(bytes(browser_auth, auth, sizeof auth), sizeof auth);
    assert_int_equal(bytes(sender_scalar, scalar, sizeof scalar), sizeof scalar);
    assert_int_equal(bytes(sender_point, point, sizeof point), sizeof point);
    assert_int_equal(bytes(message_salt, salt, sizeof salt), sizeof salt);
    size_t n = bytes(sealed, wanted, sizeof wanted);
    assert_int_equal(webpush_public(scalar, own), 0);
    assert_memory_equal(own, point, sizeof own);
    assert_int_equal(n, WEBPUSH_HEAD + len + 1 + WEBPUSH_TAG);
    assert_int_equal(webpush_seal(browser, auth, scalar, salt, text, len, len + 1, made), 0);
    assert_memory_equal(made, wanted, n);
}

/* tests/vectors/signed.json: what a browser gets, whatever happened. */
static void every_wake_up_is_the_vectors(void **state)
{
    cJSON *json = vectors_load("tests/vectors/signed.json"), *row;
    const cJSON *scalars = cJSON_GetObjectItem(json, "scalars");
    uint8_t browser[WEBPUSH_SCALAR], sender[WEBPUSH_SCALAR], auth[WEBPUSH_AUTH], salt[WEBPUSH_SALT],
        point[WEBPUSH_POINT], wanted[WEBPUSH_BODY + 1], made[WEBPUSH_BODY];

    (void)state;
    vectors_hex(vectors_text(scalars, "browser"), browser, sizeof browser);
    vectors_hex(vectors_text(scalars, "sender"), sender, sizeof sender);
    vectors_hex(vectors_text(json, "auth"), auth, sizeof auth);
    vectors_hex(vectors_text(json, "salt"), salt, sizeof salt);
    assert_int_equal(webpush_public(browser, point), 0);
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "wake_ups"))
    {
        const char *text = vectors_text(row, "text");
        assert_int_equal(vectors_base64(vectors_text(row, "body"), wanted, sizeof wanted),
                         WEBPUSH_BODY);
        assert_int_equal(
            webpush_seal(point, auth, sender, salt, text, strlen(text), WEBPUSH_PADDED, made), 0);
        assert_memory_equal(made, wanted, sizeof made);
    }
    cJSON_Delete(json);
}

static EVP_PKEY *public_of(const uint8_t point[WEBPUSH_POINT])
{
    EVP_PKEY *key = NULL;
    uint8_t copy[WEBPUSH_POINT];
    char group[] = "prime256v1";
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_END};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_true(EVP_PKEY_fromdata_init(ctx) > 0 &&
                EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) > 0);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* Whether the service that gets this header believes it (RFC 8292, 3). */
static int believed(const char *header)
{
    char signed_text[WEBPUSH_TOKEN_MAX], part[200];
    uint8_t raw[64], point[WEBPUSH_POINT], *der = NULL;
    const char *token = header + strlen("vapid t="), *k = strstr(header, ", k="),
               *dot = strrchr(header, '.');

    assert_memory_equal(header, "vapid t=", 8);
    assert_non_null(k);
    assert_int_equal(bytes(k + 4, point, sizeof point), sizeof point);
    memcpy(part, dot + 1, (size_t)(k - dot - 1));
    part[k - dot - 1] = '\0';
    assert_int_equal(bytes(part, raw, sizeof raw), sizeof raw);
    memcpy(signed_text, token, (size_t)(dot - token));
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(sig, &der);
    EVP_PKEY *key = public_of(point);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_true(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) > 0);
    int good = EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)signed_text,
                                (size_t)(dot - token));
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return good == 1;
}

/* RFC 8292, 2.4. */
static const char rfc_token[] =
    "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJl"
    "eHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HL"
    "GkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m"
    "164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

static void a_token_is_the_rfcs_and_believed(void **state)
{
    uint8_t seed[32] = {7}, scalar[WEBPUSH_SCALAR], again[WEBPUSH_SCALAR];
    char made[WEBPUSH_TOKEN_MAX], other[WEBPUSH_TOKEN_MAX];
    size_t claims = (size_t)(strrchr(rfc_token, '.') - rfc_token);

    (void)state;
    assert_true(believed(rfc_token));
    assert_int_equal(webpush_scalar(seed, scalar), 0);
    assert_int_equal(webpush_scalar(seed, again), 0);
    assert_memory_equal(scalar, again, sizeof scalar);
    assert_int_equal(webpush_token(scalar, "https://push.example.net", 1453523768,
                                   "mailto:push@example.com", made),
                     0);
    assert_memory_equal(made, rfc_token, claims + 1);
    assert_true(believed(made));
    assert_int_equal(webpush_token(scalar, "https://push.example.com", 1453523768,
                                   "mailto:push@example.com", other),
                     0);
    memcpy(other, made, claims); /* another service's signature */
    assert_false(believed(other));
}

static void what_is_no_key_is_refused(void **state)
{
    uint8_t zero[WEBPUSH_PADDED] = {0}, all[WEBPUSH_SCALAR], point[WEBPUSH_POINT],
            auth[WEBPUSH_AUTH] = {0}, salt[WEBPUSH_SALT] = {0}, out[WEBPUSH_BODY];
    char token[WEBPUSH_TOKEN_MAX];

    (void)state;
    memset(all, 0xff, sizeof all);
    assert_int_equal(webpush_public(zero, point), -1);
    assert_int_equal(webpush_public(all, point), -1);
    uint8_t seed[32] = {7}, scalar[WEBPUSH_SCALAR];
    assert_int_equal(webpush_scalar(seed, scalar), 0);
    assert_int_equal(bytes(browser_point, point, sizeof point), sizeof point);
    assert_true(webpush_is_point(point));
    assert_int_equal(webpush_seal(point, auth, zero, salt, "", 0, WEBPUSH_PADDED, out), -1);
    assert_int_equal(webpush_seal(point, auth, scalar, salt, zero, 64, WEBPUSH_PADDED, out), -1);
    point[40] ^= 1;
    assert_false(webpush_is_point(point));
    assert_int_equal(webpush_seal(point, auth, scalar, salt, "", 0, WEBPUSH_PADDED, out), -1);
    point[40] ^= 1;
    point[0] = 2;
    assert_false(webpush_is_point(point));
    assert_int_equal(webpush_token(zero, "https://a", 0, "mailto:b", token), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfcs_message_is_made_to_the_byte),
        cmocka_unit_test(every_wake_up_is_the_vectors),
        cmocka_unit_test(a_token_is_the_rfcs_and_believed),
        cmocka_unit_test(what_is_no_key_is_refused),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
