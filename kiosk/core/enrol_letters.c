#include "kiosk/core/enrol.h"

#include "kiosk/core/hex.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- what phones send
 * ---------------------------------------------------------------------------------- */

/* The text of a key, "" where it is missing or not text. */
static const char *enrol_text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool hex_of(const cJSON *json, const char *key, uint8_t *out, size_t len)
{
    const char *text = enrol_text_of(json, key);
    return hex_is(text, 2 * len) && sodium_hex2bin(out, len, text, 2 * len, NULL, NULL, NULL) == 0;
}

static bool is_version(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valueint == ENVELOPE_VERSION;
}

static bool read_enrol(const cJSON *json, struct enrol_letter *e)
{
    const cJSON *staff = cJSON_GetObjectItemCaseSensitive(json, "staff");
    const char *password = enrol_text_of(json, "password");
    if (!hex_of(json, "public", e->public, sizeof e->public) || !enrol_is_password(password) ||
        !hex_of(json, "mac", e->mac, sizeof e->mac) || !cJSON_IsBool(staff))
        return false;
    memcpy(e->password, password, strlen(password) + 1);
    e->staff = cJSON_IsTrue(staff);
    return true;
}

int enrol_read(const char *text, size_t len, struct enrol_letter *e)
{
    memset(e, 0, sizeof *e);
    cJSON *json = cJSON_ParseWithLength(text, len);
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "v");
    const char *kind = enrol_text_of(json, "kind"), *account = enrol_text_of(json, "account");
    bool good = cJSON_IsNumber(v) && enrol_is_account(account);
    e->other_version = !is_version(v);
    e->done = strcmp(kind, "enrolled") == 0;
    if (good && strcmp(kind, "enrol") == 0)
        good = e->other_version ? hex_of(json, "public", e->public, sizeof e->public)
                                : read_enrol(json, e);
    else
        good = good && e->done && !e->other_version;
    if (good)
        memcpy(e->account, account, ENROL_ACCOUNT + 1);
    cJSON_Delete(json);
    return good ? 0 : -1;
}

int enrol_again_read(const char *text, size_t len, struct enrol_again *a)
{
    cJSON *json = cJSON_ParseWithLength(text, len);
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "v");
    const char *account = enrol_text_of(json, "account"),
               *password = enrol_text_of(json, "password"), *broker = enrol_text_of(json, "broker");
    bool good = is_version(v) && strcmp(enrol_text_of(json, "kind"), "again") == 0 &&
                enrol_is_account(account) && enrol_is_password(password) && broker[0] != '\0' &&
                strlen(broker) < sizeof a->broker;
    if (good) {
        memcpy(a->account, account, ENROL_ACCOUNT + 1);
        memcpy(a->password, password, strlen(password) + 1);
        memcpy(a->broker, broker, strlen(broker) + 1);
    }
    cJSON_Delete(json);
    return good ? 0 : -1;
}

/* --- what the kiosk sends -------------------------------------------------------------------- */

/* Seals the text, and erases it. */
static enum envelope_result seal_and_erase(char *text, const struct envelope_place *at,
                                           const uint8_t phone_public[ENVELOPE_PUBLIC],
                                           const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                           uint8_t out[ENVELOPE_SIZE])
{
    enum envelope_result r =
        envelope_welcome_seal(at, phone_public, kiosk_secret, text, strlen(text), out);
    sodium_memzero(text, strlen(text));
    return r;
}

enum envelope_result enrol_welcome(const struct enrol_open *one, const struct envelope_place *at,
                                   const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                   const uint8_t root_public[ENVELOPE_PUBLIC],
                                   const uint8_t venue_key[ENVELOPE_KEY],
                                   uint8_t out[ENVELOPE_SIZE])
{
    struct invitation_parties p =
        invitation_between(at->venue, at->kiosk, one->account, one->public);
    uint8_t mac[INVITATION_MAC], kiosk_public[ENVELOPE_PUBLIC];
    char key[ENVELOPE_KEY * 2 + 1], certificate[CERT_SIGNATURE * 2 + 1],
        mac_hex[INVITATION_MAC * 2 + 1], text[ENVELOPE_LETTER_MAX + 1];
    crypto_sign_ed25519_sk_to_pk(kiosk_public, kiosk_secret);
    invitation_welcome_mac(one->secret, &p, venue_key, kiosk_public, root_public, mac);
    sodium_bin2hex(key, sizeof key, venue_key, ENVELOPE_KEY);
    sodium_bin2hex(certificate, sizeof certificate, one->certificate, CERT_SIGNATURE);
    sodium_bin2hex(mac_hex, sizeof mac_hex, mac, sizeof mac);
    snprintf(text, sizeof text,
             "{\"v\":%d,\"kind\":\"welcome\",\"account\":\"%s\",\"venue_key\":\"%s\"%s%s%s,"
             "\"mac\":\"%s\"}",
             ENVELOPE_VERSION, one->account, key, one->staff ? ",\"certificate\":\"" : "",
             one->staff ? certificate : "", one->staff ? "\"" : "", mac_hex);
    sodium_memzero(key, sizeof key);
    return seal_and_erase(text, at, one->public, kiosk_secret, out);
}

enum envelope_result enrol_ask_digits(const struct enrol_open *one, const struct envelope_place *at,
                                      const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                      uint8_t out[ENVELOPE_SIZE])
{
    char nonce[INVITATION_NONCE * 2 + 1], text[160];
    sodium_bin2hex(nonce, sizeof nonce, one->nonce, sizeof one->nonce);
    snprintf(text, sizeof text,
             "{\"v\":%d,\"kind\":\"confirm\",\"account\":\"%s\",\"nonce\":\"%s\"}",
             ENVELOPE_VERSION, one->account, nonce);
    return seal_and_erase(text, at, one->public, kiosk_secret, out);
}

enum envelope_result enrol_refuse(const char *account, enum enrol_reason reason,
                                  const uint8_t phone_public[ENVELOPE_PUBLIC],
                                  const struct envelope_place *at,
                                  const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                  uint8_t out[ENVELOPE_SIZE])
{
    char speaks[24] = "", text[160];
    if (reason == ENROL_REASON_VERSION)
        snprintf(speaks, sizeof speaks, ",\"speaks\":[%d]", ENVELOPE_VERSION);
    snprintf(text, sizeof text,
             "{\"v\":%d,\"kind\":\"refused\",\"account\":\"%s\",\"reason\":\"%s\"%s}",
             ENVELOPE_VERSION, account, enrol_reason_name(reason), speaks);
    return seal_and_erase(text, at, phone_public, kiosk_secret, out);
}

enum envelope_result enrol_rotate(const uint8_t phone_public[ENVELOPE_PUBLIC],
                                  const struct envelope_place *at,
                                  const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                  const uint8_t venue_key[ENVELOPE_KEY], uint8_t out[ENVELOPE_SIZE])
{
    char key[ENVELOPE_KEY * 2 + 1], text[160];
    sodium_bin2hex(key, sizeof key, venue_key, ENVELOPE_KEY);
    snprintf(text, sizeof text, "{\"v\":%d,\"kind\":\"rotate\",\"venue_key\":\"%s\"}",
             ENVELOPE_VERSION, key);
    sodium_memzero(key, sizeof key);
    return seal_and_erase(text, at, phone_public, kiosk_secret, out);
}
