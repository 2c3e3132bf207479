#include "kiosk/core/big_endian.h"
#include "kiosk/core/enrol.h"
#include "kiosk/core/hex.h"
#include "kiosk/core/registration.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    VERSION = 2,
    FORM_HELLO = 9,
    FORM_ANNOUNCEMENT = 10,
    AT_PUBLIC = 2,
    AT_SIGNATURE = 34,
    AT_LAST = 98,
    AT_STANDING = 106,
    HELLO_END = 98,
    ANNOUNCEMENT_END = 107,
    VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
    BASE64_MAX = 160,
};

/* cJSON keeps 15 digits of a number. */
static const uint64_t registration_number_end = UINT64_C(1) << 48;

/* --- texts ----------------------------------------------------------------------------------- */

static const char *registration_text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool registration_number_of(const cJSON *json, const char *key, uint64_t *number)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 ||
        item->valuedouble >= (double)registration_number_end ||
        item->valuedouble != (double)(uint64_t)item->valuedouble)
        return false;
    *number = (uint64_t)item->valuedouble;
    return true;
}

static void add_bytes(cJSON *o, const char *key, const uint8_t *bytes, size_t len)
{
    char text[BASE64_MAX];
    sodium_bin2base64(text, sizeof text, bytes, len, VARIANT);
    cJSON_AddStringToObject(o, key, text);
}

/* Exactly `len` bytes. *has: whether the key is there at all; false where it is and is wrong. */
static bool bytes_of(const cJSON *json, const char *key, uint8_t *out, size_t len, bool *has)
{
    const char *text = registration_text_of(json, key);
    size_t got;
    *has = cJSON_HasObjectItem(json, key);
    return !*has ||
           (sodium_base642bin(out, len, text, strlen(text), NULL, &got, NULL, VARIANT) == 0 &&
            got == len);
}

static int print_text(cJSON *o, char out[ENVELOPE_LETTER_MAX + 1], size_t *len)
{
    bool fits = cJSON_PrintPreallocated(o, out, ENVELOPE_LETTER_MAX + 1, 0);
    *len = fits ? strlen(out) : 0;
    return fits ? 0 : -1;
}

/* Whether this kind of request names a role, and has a password. */
static bool has_role(enum registration_kind kind)
{
    return kind == REGISTRATION_CREATE || kind == REGISTRATION_PROMOTE;
}

static bool has_password(enum registration_kind kind)
{
    return has_role(kind) || kind == REGISTRATION_PASSWORD;
}

static bool request_is_whole(const struct registration_request *r)
{
    return r->number < registration_number_end && hex_is(r->account, REGISTRATION_ACCOUNT) &&
           (r->role != REGISTRATION_NOBODY) == has_role(r->kind) &&
           (has_password(r->kind) ? enrol_is_password(r->password) : r->password[0] == '\0') &&
           (r->kind == REGISTRATION_DISOWN ? hex_is(r->kiosk, REGISTRATION_ACCOUNT)
                                           : r->kiosk[0] == '\0');
}

int registration_write(const struct registration_request *r, char out[ENVELOPE_LETTER_MAX + 1],
                       size_t *len)
{
    const char *kind = registration_kind_name(r->kind);
    if (!kind || !request_is_whole(r))
        return -1;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "v", VERSION);
    cJSON_AddStringToObject(o, "kind", kind);
    cJSON_AddNumberToObject(o, "n", (double)r->number);
    cJSON_AddStringToObject(o, "account", r->account);
    if (r->role)
        cJSON_AddStringToObject(o, "role", registration_role_name(r->role));
    if (r->kiosk[0])
        cJSON_AddStringToObject(o, "kiosk", r->kiosk);
    if (r->password[0])
        cJSON_AddStringToObject(o, "password", r->password);
    add_bytes(o, "public", r->public, sizeof r->public);
    if (!sodium_is_zero(r->certificate, sizeof r->certificate))
        add_bytes(o, "cert", r->certificate, sizeof r->certificate);
    if (r->has_staff)
        add_bytes(o, "staff", r->staff, sizeof r->staff);
    if (r->has_grant)
        add_bytes(o, "grant", r->grant, sizeof r->grant);
    int rc = print_text(o, out, len);
    cJSON *password = cJSON_GetObjectItemCaseSensitive(o, "password");
    if (password)
        sodium_memzero(password->valuestring, strlen(password->valuestring));
    cJSON_Delete(o);
    return rc;
}

static bool kind_read(const char *name, enum registration_kind *kind)
{
    for (*kind = 0; *kind < REGISTRATION_KINDS; (*kind)++)
        if (strcmp(name, registration_kind_name(*kind)) == 0)
            return true;
    return false;
}

static void id_copy(char out[REGISTRATION_ACCOUNT + 1], const char *text)
{
    snprintf(out, REGISTRATION_ACCOUNT + 1, "%s", hex_is(text, REGISTRATION_ACCOUNT) ? text : "");
}

static bool request_read(const cJSON *json, struct registration_request *r)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "v");
    const char *password = registration_text_of(json, "password");
    bool has_public, has_certificate;
    if (!cJSON_IsNumber(v) || v->valuedouble != VERSION || strlen(password) >= sizeof r->password ||
        !kind_read(registration_text_of(json, "kind"), &r->kind) ||
        !registration_number_of(json, "n", &r->number))
        return false;
    id_copy(r->account, registration_text_of(json, "account"));
    id_copy(r->kiosk, registration_text_of(json, "kiosk"));
    snprintf(r->password, sizeof r->password, "%s", password);
    r->role = registration_role_of(registration_text_of(json, "role"));
    return bytes_of(json, "public", r->public, sizeof r->public, &has_public) && has_public &&
           bytes_of(json, "cert", r->certificate, sizeof r->certificate, &has_certificate) &&
           bytes_of(json, "staff", r->staff, sizeof r->staff, &r->has_staff) &&
           bytes_of(json, "grant", r->grant, sizeof r->grant, &r->has_grant) && request_is_whole(r);
}

int registration_read(const char *text, size_t len, struct registration_request *r)
{
    *r = (struct registration_request){.number = 0};
    cJSON *json = cJSON_ParseWithLength(text, len);
    bool good = json && request_read(json, r);
    cJSON *password = cJSON_GetObjectItemCaseSensitive(json, "password");
    if (cJSON_IsString(password))
        sodium_memzero(password->valuestring, strlen(password->valuestring));
    cJSON_Delete(json);
    return good ? 0 : -1;
}

/* --- hello and announcement ------------------------------------------------------------------ */

static bool wire_is(const uint8_t *wire, size_t len, uint8_t form, size_t end)
{
    return len == ENVELOPE_SIZE && wire[0] == VERSION && wire[1] == form &&
           sodium_is_zero(wire + end, ENVELOPE_SIZE - end);
}

void registration_hello_write(const struct registration_hello *h, uint8_t wire[ENVELOPE_SIZE])
{
    memset(wire, 0, ENVELOPE_SIZE);
    wire[0] = VERSION;
    wire[1] = FORM_HELLO;
    memcpy(wire + AT_PUBLIC, h->public, sizeof h->public);
    memcpy(wire + AT_SIGNATURE, h->certificate, sizeof h->certificate);
}

int registration_hello_read(const uint8_t *wire, size_t len, struct registration_hello *h)
{
    if (!wire_is(wire, len, FORM_HELLO, HELLO_END))
        return -1;
    memcpy(h->public, wire + AT_PUBLIC, sizeof h->public);
    memcpy(h->certificate, wire + AT_SIGNATURE, sizeof h->certificate);
    return 0;
}

enum { SIGNED_TITLE = sizeof "porchlight-registrar", SIGNED_TAIL = ANNOUNCEMENT_END - AT_LAST };
enum { SIGNED = SIGNED_TITLE + 2 * ENVELOPE_ID + SIGNED_TAIL };

static void announcement_signed(const struct envelope_place *at, const uint8_t *wire,
                                uint8_t out[SIGNED])
{
    memcpy(out, "porchlight-registrar", SIGNED_TITLE);
    memcpy(out + SIGNED_TITLE, at->venue, ENVELOPE_ID);
    memcpy(out + SIGNED_TITLE + ENVELOPE_ID, at->kiosk, ENVELOPE_ID);
    memcpy(out + SIGNED_TITLE + 2 * ENVELOPE_ID, wire + AT_LAST, SIGNED_TAIL);
}

void registration_announce(const struct registration_announcement *a,
                           const struct envelope_place *at, const uint8_t secret[ENVELOPE_SECRET],
                           uint8_t wire[ENVELOPE_SIZE])
{
    uint8_t text[SIGNED];
    memset(wire, 0, ENVELOPE_SIZE);
    wire[0] = VERSION;
    wire[1] = FORM_ANNOUNCEMENT;
    memcpy(wire + AT_PUBLIC, a->public, sizeof a->public);
    big_endian_put(wire + AT_LAST, 8, a->last);
    wire[AT_STANDING] = (uint8_t)a->standing;
    announcement_signed(at, wire, text);
    crypto_sign_detached(wire + AT_SIGNATURE, NULL, text, sizeof text, secret);
}

int registration_announcement_read(const uint8_t *wire, size_t len, const struct envelope_place *at,
                                   struct registration_announcement *a)
{
    uint8_t text[SIGNED];
    if (!wire_is(wire, len, FORM_ANNOUNCEMENT, ANNOUNCEMENT_END) ||
        wire[AT_STANDING] > REGISTRATION_DISOWNED)
        return -1;
    announcement_signed(at, wire, text);
    if (crypto_sign_verify_detached(wire + AT_SIGNATURE, text, sizeof text, wire + AT_PUBLIC) != 0)
        return -1;
    memcpy(a->public, wire + AT_PUBLIC, sizeof a->public);
    a->last = big_endian_get(wire + AT_LAST, 8);
    a->standing = wire[AT_STANDING];
    return a->last < registration_number_end ? 0 : -1;
}

const char *registration_standing_sentence(enum registration_standing s)
{
    switch (s) {
    case REGISTRATION_UNKNOWN_VENUE:
        return "its registrar does not know this venue: give the broker's operator the file that "
               "sudo porchlight registrar makes";
    case REGISTRATION_UNCERTIFIED:
        return "its registrar knows this venue by another root key: give the broker's operator the "
               "file that sudo porchlight registrar makes";
    case REGISTRATION_DISOWNED:
        return "its registrar was ordered by the root key to shut this kiosk out (porchlight "
               "retire)";
    case REGISTRATION_WELCOME:
        break;
    }
    return NULL;
}

/* --- answers --------------------------------------------------------------------------------- */

static const char *const outcomes[] = {
    [REGISTRATION_DONE] = "done",
    [REGISTRATION_REFUSED] = "refused",
    [REGISTRATION_LATER] = "later",
    [REGISTRATION_OLD] = "old",
};

int registration_answer_write(const struct registration_answer *a,
                              char out[ENVELOPE_LETTER_MAX + 1], size_t *len)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "v", VERSION);
    cJSON_AddStringToObject(o, "kind", outcomes[a->outcome]);
    cJSON_AddNumberToObject(o, "n", (double)a->number);
    cJSON_AddNumberToObject(o, "last", (double)a->last);
    cJSON_AddNumberToObject(o, "after", (double)a->after_s);
    cJSON_AddStringToObject(o, "why", a->why);
    if (a->dropped > 0)
        cJSON_AddNumberToObject(o, "dropped", (double)a->dropped);
    int rc = print_text(o, out, len);
    cJSON_Delete(o);
    return rc;
}

static bool answer_read(const cJSON *json, struct registration_answer *a)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "v");
    const char *kind = registration_text_of(json, "kind");
    enum registration_outcome o = REGISTRATION_DONE;
    uint64_t after;
    while (o <= REGISTRATION_OLD && strcmp(kind, outcomes[o]) != 0)
        o++;
    if (o > REGISTRATION_OLD || !cJSON_IsNumber(v) || v->valuedouble != VERSION ||
        !registration_number_of(json, "n", &a->number) ||
        !registration_number_of(json, "last", &a->last) ||
        !registration_number_of(json, "after", &after) || after > REGISTRATION_WAIT_MAX_S ||
        (cJSON_HasObjectItem(json, "dropped") &&
         !registration_number_of(json, "dropped", &a->dropped)))
        return false;
    a->outcome = o;
    a->after_s = (long)after;
    snprintf(a->why, sizeof a->why, "%s", registration_text_of(json, "why"));
    return true;
}

int registration_answer_read(const char *text, size_t len, struct registration_answer *a)
{
    *a = (struct registration_answer){.number = 0};
    cJSON *json = cJSON_ParseWithLength(text, len);
    bool good = json && answer_read(json, a);
    cJSON_Delete(json);
    return good ? 0 : -1;
}
