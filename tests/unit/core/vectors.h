#ifndef PORCHLIGHT_TESTS_UNIT_CORE_VECTORS_H
#define PORCHLIGHT_TESTS_UNIT_CORE_VECTORS_H

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Helpers over the shared vectors. A missing or broken file fails the test that asks for it.
 * Include after cmocka.h. Tests run from the top of the source tree. */

static inline cJSON *vectors_load(const char *path)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        fail_msg("%s: cannot be opened; run the tests from the top of the source tree", path);
    char *text = NULL;
    size_t len = 0;
    if (getdelim(&text, &len, '\0', f) < 0)
        fail_msg("%s: cannot be read", path);
    fclose(f);
    cJSON *json = cJSON_Parse(text);
    free(text);
    if (json == NULL)
        fail_msg("%s: is not JSON", path);
    return json;
}

static inline const char *vectors_text(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    if (text == NULL)
        fail_msg("the vectors lack the text \"%s\"", key);
    return text;
}

static inline double vectors_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item))
        fail_msg("the vectors lack the number \"%s\"", key);
    return item->valuedouble;
}

static inline void vectors_hex(const char *hex, uint8_t *out, size_t len)
{
    size_t got;
    if (sodium_hex2bin(out, len, hex, strlen(hex), NULL, &got, NULL) != 0 || got != len)
        fail_msg("\"%s\" is not %zu bytes of hex", hex, len);
}

static inline size_t vectors_base64(const char *text, uint8_t *out, size_t size)
{
    size_t got;
    if (sodium_base642bin(out, size, text, strlen(text), NULL, &got, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        fail_msg("\"%.40s\" is not base64 of at most %zu bytes", text, size);
    return got;
}

/* The Ed25519 pair whose seed is one byte, of `seeds`, repeated. */
static inline void vectors_pair(const cJSON *json, const char *who, uint8_t public[32],
                                uint8_t secret[64])
{
    uint8_t byte, seed[crypto_sign_SEEDBYTES];
    vectors_hex(vectors_text(cJSON_GetObjectItem(json, "seeds"), who), &byte, 1);
    memset(seed, byte, sizeof seed);
    crypto_sign_seed_keypair(public, secret, seed);
}

/* The good message of `len` bytes changed as a row of `refused` says, or another one; its length
 * then. `bytes` has room for `size`, zeros behind the message. */
static inline size_t vectors_twist(const cJSON *row, uint8_t *bytes, size_t size, size_t len)
{
    const cJSON * xor = cJSON_GetObjectItem(row, "xor");
    if (cJSON_GetObjectItem(row, "wire"))
        len = vectors_base64(vectors_text(row, "wire"), bytes, size);
    if (xor)
        bytes[cJSON_GetArrayItem(xor, 0)->valueint] ^=
            (uint8_t)cJSON_GetArrayItem(xor, 1)->valueint;
    if (cJSON_GetObjectItem(row, "cut"))
        len = (size_t)vectors_number(row, "cut");
    if (cJSON_GetObjectItem(row, "add"))
        len += (size_t)vectors_number(row, "add");
    return len;
}

/* Changes an id or a key where the row names another one. */
static inline void vectors_elsewhere(const cJSON *row, const char *key, uint8_t *out, size_t len)
{
    const cJSON *at = cJSON_GetObjectItem(row, "at");
    if (cJSON_GetObjectItem(at, key))
        vectors_hex(vectors_text(at, key), out, len);
}

#endif
