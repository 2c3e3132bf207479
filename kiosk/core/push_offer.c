#include "kiosk/core/push_offer.h"

#include "kiosk/core/hex.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <string.h>

enum {
    FORM_OFFER = 5,
    FORM_GONE = 11,
    FORM_ARRIVED = 12,
    AT_MAC = 2,
    AT_PUBLIC = 2,
    AT_HASH = 2,
    AT_HASH_SIGNATURE = 34,
    AT_ROOT = 34,
    AT_VAPID = 98,
    AT_SIGNATURE = 163,
    COVERED_MAX = 17 + ENVELOPE_ID + PUSH_OFFER_POINT,
    VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

static size_t push_offer_cover(const char *word, const uint8_t venue[ENVELOPE_ID],
                               const uint8_t *key, size_t len, uint8_t out[COVERED_MAX])
{
    size_t n = strlen(word) + 1;
    memcpy(out, word, n);
    memcpy(out + n, venue, ENVELOPE_ID);
    memcpy(out + n + ENVELOPE_ID, key, len);
    return n + ENVELOPE_ID + len;
}

void push_offer_root_sign(const uint8_t venue[ENVELOPE_ID],
                          const uint8_t push_public[ENVELOPE_PUBLIC],
                          const uint8_t root_secret[ENVELOPE_SECRET],
                          uint8_t signature[CERT_SIGNATURE])
{
    uint8_t s[COVERED_MAX];
    size_t n = push_offer_cover("porchlight-push", venue, push_public, ENVELOPE_PUBLIC, s);
    crypto_sign_detached(signature, NULL, s, n, root_secret);
}

bool push_offer_root_check(const uint8_t venue[ENVELOPE_ID],
                           const uint8_t push_public[ENVELOPE_PUBLIC],
                           const uint8_t root_public[ENVELOPE_PUBLIC],
                           const uint8_t signature[CERT_SIGNATURE])
{
    uint8_t s[COVERED_MAX];
    size_t n = push_offer_cover("porchlight-push", venue, push_public, ENVELOPE_PUBLIC, s);
    return crypto_sign_verify_detached(signature, s, n, root_public) == 0;
}

void push_offer_write(const uint8_t venue[ENVELOPE_ID], const uint8_t push_secret[ENVELOPE_SECRET],
                      const uint8_t root_signature[CERT_SIGNATURE],
                      const uint8_t vapid[PUSH_OFFER_POINT], uint8_t wire[ENVELOPE_SIZE])
{
    uint8_t s[COVERED_MAX];
    size_t n = push_offer_cover("porchlight-offer", venue, vapid, PUSH_OFFER_POINT, s);
    memset(wire, 0, ENVELOPE_SIZE);
    wire[0] = ENVELOPE_VERSION;
    wire[1] = FORM_OFFER;
    crypto_sign_ed25519_sk_to_pk(wire + AT_PUBLIC, push_secret);
    memcpy(wire + AT_ROOT, root_signature, CERT_SIGNATURE);
    memcpy(wire + AT_VAPID, vapid, PUSH_OFFER_POINT);
    crypto_sign_detached(wire + AT_SIGNATURE, NULL, s, n, push_secret);
}

void push_offer_auth_hash(const uint8_t auth[PUSH_OFFER_AUTH], uint8_t hash[MESSAGE_HASH])
{
    crypto_generichash(hash, MESSAGE_HASH, auth, PUSH_OFFER_AUTH, NULL, 0);
}

void push_offer_gone_hash(const char *endpoint, uint8_t hash[PUSH_OFFER_GONE_HASH])
{
    crypto_generichash(hash, PUSH_OFFER_GONE_HASH, (const uint8_t *)endpoint, strlen(endpoint),
                       NULL, 0);
}

void push_offer_gone_write(const uint8_t venue[ENVELOPE_ID],
                           const uint8_t push_secret[ENVELOPE_SECRET],
                           const uint8_t hash[PUSH_OFFER_GONE_HASH], uint8_t wire[ENVELOPE_SIZE])
{
    uint8_t s[COVERED_MAX];
    size_t n = push_offer_cover("porchlight-gone", venue, hash, PUSH_OFFER_GONE_HASH, s);
    memset(wire, 0, ENVELOPE_SIZE);
    wire[0] = ENVELOPE_VERSION;
    wire[1] = FORM_GONE;
    memcpy(wire + AT_HASH, hash, PUSH_OFFER_GONE_HASH);
    crypto_sign_detached(wire + AT_HASH_SIGNATURE, NULL, s, n, push_secret);
}

void push_offer_arrived_write(const uint8_t venue[ENVELOPE_ID], const uint8_t account[ENVELOPE_ID],
                              const uint8_t auth[PUSH_OFFER_AUTH],
                              const uint8_t nonce[PUSH_OFFER_NONCE], uint8_t wire[ENVELOPE_SIZE])
{
    static const char word[] = "porchlight-arrived";
    crypto_auth_hmacsha256_state s;
    memset(wire, 0, ENVELOPE_SIZE);
    wire[0] = ENVELOPE_VERSION;
    wire[1] = FORM_ARRIVED;
    crypto_auth_hmacsha256_init(&s, auth, PUSH_OFFER_AUTH);
    crypto_auth_hmacsha256_update(&s, (const uint8_t *)word, sizeof word);
    crypto_auth_hmacsha256_update(&s, venue, ENVELOPE_ID);
    crypto_auth_hmacsha256_update(&s, account, ENVELOPE_ID);
    crypto_auth_hmacsha256_update(&s, nonce, PUSH_OFFER_NONCE);
    crypto_auth_hmacsha256_final(&s, wire + AT_MAC);
    sodium_memzero(&s, sizeof s);
}

bool push_offer_is_arrived(const uint8_t *wire, size_t len)
{
    return len == ENVELOPE_SIZE && wire[0] == ENVELOPE_VERSION && wire[1] == FORM_ARRIVED &&
           sodium_is_zero(wire + AT_MAC + PUSH_OFFER_MAC, ENVELOPE_SIZE - AT_MAC - PUSH_OFFER_MAC);
}

/* --- letters --------------------------------------------------------------------------------- */

static const char *push_offer_text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool take_bytes(const cJSON *json, const char *key, uint8_t *out, size_t len)
{
    const char *text = push_offer_text_of(json, key);
    size_t got = 0;
    return sodium_base642bin(out, len, text, strlen(text), NULL, &got, NULL, VARIANT) == 0 &&
           got == len;
}

static bool take_endpoint(const cJSON *json, char out[PUSH_OFFER_ENDPOINT_MAX])
{
    const char *text = push_offer_text_of(json, "endpoint");
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
            return false;
    if (len >= PUSH_OFFER_ENDPOINT_MAX || strncmp(text, "https://", 8) != 0)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

static int push_offer_take(const cJSON *json, struct push_offer_letter *l)
{
    static const char *const kinds[] = {"subscribe", "unsubscribe", "test", "awake", "staff"};
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "v");
    const char *kind = push_offer_text_of(json, "kind"),
               *account = push_offer_text_of(json, "account");
    size_t i = 0;
    while (i < sizeof kinds / sizeof kinds[0] && strcmp(kinds[i], kind) != 0)
        i++;
    if (!cJSON_IsNumber(v) || v->valuedouble != ENVELOPE_VERSION ||
        i == sizeof kinds / sizeof kinds[0] || !hex_is(account, sizeof l->account - 1))
        return -1;
    l->ask = (enum push_offer_ask)i;
    memcpy(l->account, account, 17);
    if (l->ask == PUSH_OFFER_STAFF)
        return take_bytes(json, "public", l->public, sizeof l->public) &&
                       take_bytes(json, "certificate", l->certificate, sizeof l->certificate)
                   ? 0
                   : -1;
    if (!take_bytes(json, "auth", l->auth, sizeof l->auth))
        return -1;
    if (l->ask == PUSH_OFFER_AWAKE)
        return message_id_read(&l->id, push_offer_text_of(json, "id"));
    if (l->ask != PUSH_OFFER_SUBSCRIBE)
        return 0;
    return take_endpoint(json, l->endpoint) &&
                   take_bytes(json, "p256dh", l->p256dh, sizeof l->p256dh)
               ? 0
               : -1;
}

int push_offer_read(const char *text, size_t len, struct push_offer_letter *l)
{
    memset(l, 0, sizeof *l);
    cJSON *json = !memchr(text, 0, len) ? cJSON_ParseWithLength(text, len) : NULL;
    int result = cJSON_IsObject(json) ? push_offer_take(json, l) : -1;
    cJSON_Delete(json);
    return result;
}
