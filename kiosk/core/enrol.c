#include "kiosk/core/enrol.h"

#include "kiosk/core/ns.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- letters ---------------------------------------------------------------------------------- */

static bool enrol_is_hex(const char *text, size_t len)
{
    return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool is_password(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(text);
    return len >= 16 && len <= ENROL_PASSWORD_MAX && strspn(text, plain) == len;
}

/* The text of a key, "" where it is missing or not text. */
static const char *enrol_text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool read_enrol(const cJSON *json, struct enrol_letter *e)
{
    const cJSON *staff = cJSON_GetObjectItemCaseSensitive(json, "staff");
    const char *public = enrol_text_of(json, "public"), *password = enrol_text_of(json, "password");
    if (!enrol_is_hex(public, sizeof e->public * 2) || !is_password(password) ||
        !cJSON_IsBool(staff))
        return false;
    sodium_hex2bin(e->public, sizeof e->public, public, strlen(public), NULL, NULL, NULL);
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
    bool good = cJSON_IsNumber(v) && v->valueint == ENVELOPE_VERSION &&
                enrol_is_hex(account, ENROL_ACCOUNT);
    e->done = strcmp(kind, "enrolled") == 0;
    if (good && strcmp(kind, "enrol") == 0)
        good = read_enrol(json, e);
    else
        good = good && e->done;
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
    bool good = cJSON_IsNumber(v) && v->valueint == ENVELOPE_VERSION &&
                strcmp(enrol_text_of(json, "kind"), "again") == 0 &&
                enrol_is_hex(account, ENROL_ACCOUNT) && is_password(password) &&
                broker[0] != '\0' && strlen(broker) < sizeof a->broker;
    if (good) {
        memcpy(a->account, account, ENROL_ACCOUNT + 1);
        memcpy(a->password, password, strlen(password) + 1);
        memcpy(a->broker, broker, strlen(broker) + 1);
    }
    cJSON_Delete(json);
    return good ? 0 : -1;
}

/* --- open invitations ------------------------------------------------------------------------ */

const struct enrol_open *enrol_find(const struct enrol_list *l, const char *account)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (account[0] != '\0' && strcmp(l->open[i].account, account) == 0)
            return &l->open[i];
    return NULL;
}

static struct enrol_open *enrol_slot(struct enrol_list *l, const char *account)
{
    const struct enrol_open *o = enrol_find(l, account);
    return o ? &l->open[o - l->open] : NULL;
}

int enrol_invite(struct enrol_list *l, const char *account, bool staff, int64_t now)
{
    if (!enrol_is_hex(account, ENROL_ACCOUNT) || enrol_find(l, account))
        return -1;
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        struct enrol_open *o = &l->open[i];
        if (o->account[0] != '\0')
            continue;
        sodium_memzero(o, sizeof *o);
        memcpy(o->account, account, ENROL_ACCOUNT + 1);
        o->staff = staff;
        o->until = now + ENROL_VALID_FOR;
        return 0;
    }
    return -1;
}

const uint8_t *enrol_key(const struct enrol_list *l, const char *account)
{
    const struct enrol_open *o = enrol_find(l, account);
    return o && o->claimed ? o->public : NULL;
}

/* The invitation belongs to the first key that answers; that key may ask again. */
static bool enrol_claim(struct enrol_open *o, const struct enrol_letter *e)
{
    if (e->staff != o->staff)
        return false;
    if (o->claimed)
        return sodium_memcmp(o->public, e->public, sizeof o->public) == 0 &&
               strcmp(o->password, e->password) == 0;
    o->claimed = true;
    memcpy(o->public, e->public, sizeof o->public);
    memcpy(o->password, e->password, sizeof o->password);
    return true;
}

enum enrol_verdict enrol_receive(struct enrol_list *l, const struct enrol_letter *e,
                                 const char *topic_account, bool signed_by_key, int64_t now,
                                 const struct enrol_open **one)
{
    struct enrol_open *o = enrol_slot(l, e->account);
    bool ours = o && strcmp(e->account, topic_account) == 0 && signed_by_key;
    *one = NULL;
    if (!ours || now >= o->until)
        return ENROL_REFUSED;
    if (!e->done) {
        if (!enrol_claim(o, e))
            return ENROL_REFUSED;
        *one = o;
        return o->staff && !o->certified ? ENROL_CERTIFY : ENROL_WELCOME;
    }
    if (!o->claimed || (o->staff && !o->certified))
        return ENROL_REFUSED;
    *one = o;
    return ENROL_PROMOTED;
}

enum enrol_verdict enrol_certify(struct enrol_list *l, const uint8_t venue[ENVELOPE_ID],
                                 const uint8_t root_public[ENVELOPE_PUBLIC], const char *account,
                                 const uint8_t certificate[CERT_SIGNATURE], int64_t now,
                                 const struct enrol_open **one)
{
    struct enrol_open *o = enrol_slot(l, account);
    struct cert_staff staff;
    *one = NULL;
    if (!o || !o->staff || !o->claimed || now >= o->until)
        return ENROL_REFUSED;
    memcpy(staff.venue, venue, sizeof staff.venue);
    memcpy(staff.public, o->public, sizeof staff.public);
    sodium_hex2bin(staff.account, sizeof staff.account, account, ENROL_ACCOUNT, NULL, NULL, NULL);
    if (!cert_staff_check(&staff, root_public, certificate))
        return ENROL_REFUSED;
    memcpy(o->certificate, certificate, CERT_SIGNATURE);
    o->certified = true;
    *one = o;
    return ENROL_WELCOME;
}

void enrol_close(struct enrol_list *l, const char *account)
{
    struct enrol_open *o = enrol_slot(l, account);
    if (o)
        sodium_memzero(o, sizeof *o);
}

enum enrol_verdict enrol_tick(struct enrol_list *l, int64_t now, const struct enrol_open **one)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        *one = &l->open[i];
        if ((*one)->account[0] != '\0' && now >= (*one)->until)
            return ENROL_WITHDRAWN;
    }
    *one = NULL;
    return ENROL_NOTHING;
}

int64_t enrol_deadline(const struct enrol_list *l)
{
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (l->open[i].account[0] != '\0' && l->open[i].until < first)
            first = l->open[i].until;
    return first;
}

/* --- what the kiosk sends -------------------------------------------------------------------- */

enum envelope_result enrol_welcome(const struct enrol_open *one, const struct envelope_place *at,
                                   const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                   const uint8_t venue_key[ENVELOPE_KEY],
                                   uint8_t out[ENVELOPE_SIZE])
{
    char key[ENVELOPE_KEY * 2 + 1], certificate[CERT_SIGNATURE * 2 + 1], text[400];
    sodium_bin2hex(key, sizeof key, venue_key, ENVELOPE_KEY);
    sodium_bin2hex(certificate, sizeof certificate, one->certificate, CERT_SIGNATURE);
    int len =
        snprintf(text, sizeof text,
                 "{\"v\":2,\"kind\":\"welcome\",\"account\":\"%s\",\"venue_key\":\"%s\"%s%s%s}",
                 one->account, key, one->staff ? ",\"certificate\":\"" : "",
                 one->staff ? certificate : "", one->staff ? "\"" : "");
    enum envelope_result r =
        envelope_welcome_seal(at, one->public, kiosk_secret, text, (size_t)len, out);
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return r;
}

enum envelope_result enrol_rotate(const uint8_t phone_public[ENVELOPE_PUBLIC],
                                  const struct envelope_place *at,
                                  const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                  const uint8_t venue_key[ENVELOPE_KEY], uint8_t out[ENVELOPE_SIZE])
{
    char key[ENVELOPE_KEY * 2 + 1], text[160];
    sodium_bin2hex(key, sizeof key, venue_key, ENVELOPE_KEY);
    int len =
        snprintf(text, sizeof text, "{\"v\":2,\"kind\":\"rotate\",\"venue_key\":\"%s\"}", key);
    enum envelope_result r =
        envelope_welcome_seal(at, phone_public, kiosk_secret, text, (size_t)len, out);
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return r;
}

enum envelope_result enrol_rotate_open(const struct envelope_place *at,
                                       const uint8_t public[ENVELOPE_PUBLIC],
                                       const uint8_t secret[ENVELOPE_SECRET],
                                       const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                       const uint8_t *wire, size_t wire_len,
                                       uint8_t venue_key[ENVELOPE_KEY])
{
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t len;
    enum envelope_result r =
        envelope_welcome_open(at, public, secret, kiosk_public, wire, wire_len, text, &len);
    if (r != ENVELOPE_OK)
        return r;
    cJSON *json = cJSON_ParseWithLength(text, len);
    const char *key = enrol_text_of(json, "venue_key");
    if (strcmp(enrol_text_of(json, "kind"), "rotate") == 0 && enrol_is_hex(key, 2 * ENVELOPE_KEY))
        sodium_hex2bin(venue_key, ENVELOPE_KEY, key, strlen(key), NULL, NULL, NULL);
    else
        r = ENVELOPE_MALFORMED;
    cJSON_Delete(json);
    sodium_memzero(text, sizeof text);
    return r;
}

/* --- the link -------------------------------------------------------------------------------- */

static void enrol_add_key(cJSON *json, const char *name, const uint8_t key[ENVELOPE_PUBLIC])
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    char text[sodium_base64_ENCODED_LEN(ENVELOPE_PUBLIC, VARIANT)];
    sodium_bin2base64(text, sizeof text, key, ENVELOPE_PUBLIC, VARIANT);
    cJSON_AddStringToObject(json, name, text);
}

static cJSON *link_json(const struct enrol_invitation *i)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "v", ENVELOPE_VERSION);
    cJSON *brokers = cJSON_AddArrayToObject(json, "b");
    for (size_t n = 0; n < i->brokers_count; n++)
        cJSON_AddItemToArray(brokers, cJSON_CreateString(i->brokers[n]));
    cJSON_AddStringToObject(json, "a", i->account);
    cJSON_AddStringToObject(json, "p", i->password);
    cJSON_AddNumberToObject(json, "x", (double)i->expires);
    cJSON_AddStringToObject(json, "V", i->venue);
    cJSON_AddStringToObject(json, "k", i->kiosk);
    enrol_add_key(json, "q", i->kiosk_public);
    enrol_add_key(json, "r", i->root_public);
    if (i->staff)
        cJSON_AddNumberToObject(json, "s", 1);
    if (i->push)
        cJSON_AddStringToObject(json, "u", i->push);
    return json;
}

int enrol_link(const struct enrol_invitation *i, char out[ENROL_LINK_MAX])
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    char text[ENROL_LINK_MAX];
    int len = -1;
    cJSON *json = link_json(i);
    if (!cJSON_PrintPreallocated(json, text, sizeof text, 0))
        goto json_delete;
    size_t start = strlen(i->page) + 3, bytes = strlen(text);
    if (start + sodium_base64_encoded_len(bytes, VARIANT) > ENROL_LINK_MAX)
        goto json_delete;
    snprintf(out, ENROL_LINK_MAX, "%s#i=", i->page);
    sodium_bin2base64(out + start, ENROL_LINK_MAX - start, (const uint8_t *)text, bytes, VARIANT);
    len = (int)strlen(out);
json_delete:
    sodium_memzero(text, sizeof text);
    cJSON_Delete(json);
    return len;
}
