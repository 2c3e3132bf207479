#include "kiosk/alertd/members/admin_requests.h"

#include "kiosk/alertd/members/enrolment.h"
#include "kiosk/alertd/members/key_rotation.h"
#include "kiosk/alertd/status.h"
#include "kiosk/core/ns.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* One request taken apart: its words, the first of which says what is asked. */
enum { WORDS_MAX = 4 };

struct asked {
    char text[CONTROL_REQUEST_MAX + 1];
    const char *words[WORDS_MAX];
    size_t count;
};

/* A word's answer: fields added to *o; or a sentence why not. */
typedef const char *answer(struct kiosk *k, const struct asked *a, cJSON *o);

/* --- words ----------------------------------------------------------------------------------- */

static bool take_apart(const char *request, struct asked *a)
{
    char *rest = NULL;
    snprintf(a->text, sizeof a->text, "%s", request);
    a->count = 0;
    for (char *w = strtok_r(a->text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        if (a->count == WORDS_MAX)
            return false;
        a->words[a->count++] = w;
    }
    return a->count > 0;
}

static bool hex_read(const char *text, uint8_t *out, size_t len)
{
    size_t got;
    return strlen(text) == 2 * len &&
           sodium_hex2bin(out, len, text, 2 * len, NULL, &got, NULL) == 0 && got == len;
}

/* --- answers --------------------------------------------------------------------------------- */

static void admin_requests_add_brokers(const struct kiosk *k, const char *account, cJSON *o)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(k->delivery, paths);
    cJSON *all = cJSON_AddArrayToObject(o, "brokers");
    for (size_t i = 0; i < n; i++) {
        if (k->config.brokers[i].phones[0] == '\0')
            continue;
        cJSON *b = cJSON_CreateObject();
        size_t left = account_requests_left(k->registry->errands, i, account);
        const char *fault = account_requests_fault(k->registry->errands, i);
        cJSON_AddItemToArray(all, b);
        cJSON_AddStringToObject(b, "name", paths[i].name);
        cJSON_AddBoolToObject(b, "connected", paths[i].up);
        cJSON_AddNumberToObject(b, "left", (double)left);
        if (!paths[i].up)
            cJSON_AddStringToObject(b, "fault", "it is not connected; look at porchlight status");
        else if (fault[0] != '\0')
            cJSON_AddStringToObject(b, "fault", fault);
        else
            cJSON_AddNullToObject(b, "fault");
    }
}

static const char *on_invite(struct kiosk *k, const struct asked *a, cJSON *o)
{
    struct enrolment_invitation i = {.screens = 0};
    bool staff = strcmp(a->words[1], "staff") == 0;
    bool screen = a->count == 3 && strcmp(a->words[2], "screen") == 0;
    if ((!staff && strcmp(a->words[1], "member") != 0) || (a->count == 3 && !screen))
        return "an invitation is for a member or for staff, and may be shown on the screen";
    const char *why = enrolment_invite(k, staff, screen, &i);
    if (!why) {
        cJSON_AddStringToObject(o, "account", i.account);
        cJSON_AddStringToObject(o, "link", i.link);
        cJSON_AddNumberToObject(o, "seconds", (double)(ENROL_VALID_FOR / NS_PER_S));
        cJSON_AddNumberToObject(o, "screens", i.screens);
        admin_requests_add_brokers(k, i.account, o);
    }
    sodium_memzero(&i, sizeof i);
    return why;
}

static const char *stage_of(const struct kiosk *k, const char *account)
{
    const struct enrol_open *one = registry_find(k->registry, account);
    const struct phone *p = roster_find(k->registry->phones, account);
    if (one)
        return !one->claimed ? "open" : one->staff && !one->certified ? "claimed" : "welcomed";
    if (!p || p->standing != PHONE_IN)
        return "gone";
    return account_requests_done(k->registry->errands, account) ? "in" : "joined";
}

static const char *on_joining(struct kiosk *k, const struct asked *a, cJSON *o)
{
    char hex[2 * ENVELOPE_PUBLIC + 1];
    const uint8_t *key = enrol_key(k->registry->open, a->words[1]);
    cJSON_AddStringToObject(o, "stage", stage_of(k, a->words[1]));
    if (key)
        cJSON_AddStringToObject(o, "public", sodium_bin2hex(hex, sizeof hex, key, ENVELOPE_PUBLIC));
    else
        cJSON_AddNullToObject(o, "public");
    admin_requests_add_brokers(k, a->words[1], o);
    return NULL;
}

static const char *on_certify(struct kiosk *k, const struct asked *a, cJSON *o)
{
    uint8_t signature[CERT_SIGNATURE];
    (void)o;
    if (!hex_read(a->words[2], signature, sizeof signature))
        return "a signature is 128 hex digits";
    return enrolment_certify(k, a->words[1], signature);
}

static const char *on_withdraw(struct kiosk *k, const struct asked *a, cJSON *o)
{
    (void)o;
    return registry_withdraw(k, a->words[1]);
}

static const char *on_revoke(struct kiosk *k, const struct asked *a, cJSON *o)
{
    const char *why = registry_revoke(k, a->words[1]);
    if (!why)
        admin_requests_add_brokers(k, a->words[1], o);
    return why;
}

static const char *on_relay(struct kiosk *k, const struct asked *a, cJSON *o)
{
    uint8_t public[ENVELOPE_PUBLIC];
    size_t len = strlen(a->words[2]);
    if (strlen(a->words[1]) != TOPIC_ID_LEN || len < DYNSEC_PASSWORD_MIN ||
        len > DYNSEC_PASSWORD_MAX || !hex_read(a->words[3], public, sizeof public))
        return "a relay is an account, a password and a key of 64 hex digits";
    const char *why = registry_relay(k, a->words[1], a->words[2], public);
    if (!why)
        admin_requests_add_brokers(k, a->words[1], o);
    return why;
}

static bool admin_requests_any_up(const struct kiosk *k)
{
    for (size_t i = 0; i < k->config.brokers_count; i++)
        if (registry_is_for_phones(k, i) && delivery_is_up(k->delivery, i))
            return true;
    return false;
}

static const char *on_rotate(struct kiosk *k, const struct asked *a, cJSON *o)
{
    uint8_t key[ENVELOPE_KEY];
    const char *why = "a key is 64 hex digits";
    (void)o;
    if (!admin_requests_any_up(k))
        why = "no broker that phones use is connected, so none could be told; try again later";
    else if (hex_read(a->words[1], key, sizeof key))
        why = key_rotation_begin(k, key) == 0
                  ? NULL
                  : "the book of phones cannot be written; look at the disk";
    sodium_memzero(key, sizeof key);
    return why;
}

static const char *on_rotating(struct kiosk *k, const struct asked *a, cJSON *o)
{
    (void)a;
    cJSON_AddNumberToObject(o, "left", (double)key_rotation_left(k));
    admin_requests_add_brokers(k, NULL, o);
    return NULL;
}

static const char *on_rotated(struct kiosk *k, const struct asked *a, cJSON *o)
{
    uint8_t key[ENVELOPE_KEY];
    bool good = hex_read(a->words[1], key, sizeof key) && key_rotation_finish(k, key) == 0;
    (void)o;
    sodium_memzero(key, sizeof key);
    return good ? NULL : "this key was not told to the phones; begin porchlight rotate anew";
}

static void admin_requests_add_drill(const struct kiosk *k, cJSON *o)
{
    if (k->last_drill.at[0] == '\0') {
        cJSON_AddNullToObject(o, "drill");
        return;
    }
    cJSON *d = cJSON_AddObjectToObject(o, "drill");
    cJSON_AddStringToObject(d, "at", k->last_drill.at);
    cJSON_AddNumberToObject(d, "seen", k->last_drill.seen);
    cJSON_AddNumberToObject(d, "safe", k->last_drill.safe);
    cJSON_AddNumberToObject(d, "rang", k->last_drill.rang);
}

/* As many as one packet takes; the rest are counted. */
enum { LISTED_MAX = 350 };

static void add_accounts(const struct roster *p, cJSON *o)
{
    cJSON *all = cJSON_AddArrayToObject(o, "accounts");
    size_t n = 0;
    for (const struct phone *one = roster_after(p, ""); one && n < LISTED_MAX;
         one = roster_after(p, one->account)) {
        if (one->standing != PHONE_IN)
            continue;
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddItemToArray(all, entry);
        cJSON_AddStringToObject(entry, "account", one->account);
        cJSON_AddBoolToObject(entry, "staff", one->staff);
        if (one->relay)
            cJSON_AddTrueToObject(entry, "relay");
        n++;
    }
}

static const char *on_phones(struct kiosk *k, const struct asked *a, cJSON *o)
{
    const struct roster *p = k->registry->phones;
    if (a->count == 2 && strcmp(a->words[1], "list") != 0)
        return "known is: phones list";
    cJSON_AddNumberToObject(o, "members", (double)roster_count(p, PHONE_IN, false));
    cJSON_AddNumberToObject(o, "staff", (double)roster_count(p, PHONE_IN, true));
    cJSON_AddNumberToObject(o, "relays", (double)roster_relays(p));
    cJSON_AddNumberToObject(
        o, "invited",
        (double)(roster_count(p, PHONE_INVITED, false) + roster_count(p, PHONE_INVITED, true)));
    cJSON_AddNumberToObject(
        o, "going",
        (double)(roster_count(p, PHONE_GONE, false) + roster_count(p, PHONE_GONE, true)));
    admin_requests_add_drill(k, o);
    if (a->count == 2)
        add_accounts(p, o);
    admin_requests_add_brokers(k, NULL, o);
    return NULL;
}

/* --- all of them ----------------------------------------------------------------------------- */

static const struct {
    const char *word;
    size_t least, most; /* words */
    answer *answer;
} known[] = {
    {"invite", 2, 3, on_invite},     {"joining", 2, 2, on_joining}, {"certify", 3, 3, on_certify},
    {"withdraw", 2, 2, on_withdraw}, {"revoke", 2, 2, on_revoke},   {"rotate", 2, 2, on_rotate},
    {"rotating", 1, 1, on_rotating}, {"rotated", 2, 2, on_rotated}, {"phones", 1, 2, on_phones},
    {"relay", 4, 4, on_relay},
};

static const char *dispatch(struct kiosk *k, const struct asked *a, cJSON *o)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(a->words[0], known[i].word) == 0 && a->count >= known[i].least &&
            a->count <= known[i].most)
            return known[i].answer(k, a, o);
    return "unknown request; are porchlight and porchlightd of one version?";
}

size_t admin_requests_answer(void *kiosk, const char *request, char reply[CONTROL_REPLY_MAX])
{
    struct kiosk *k = kiosk;
    struct asked a = {.count = 0};
    size_t len;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    const char *why = "unknown request; it has too many words";
    if (k->sealer.plain)
        why = "a plain venue has no keys to give; its phones are accounts that you make at the "
              "broker";
    else if (!k->registry)
        why = "the book of phones could not be opened; see journalctl -u porchlightd";
    else if (take_apart(request, &a))
        why = dispatch(k, &a, o);
    if (why) {
        len = status_refuse(why, reply, CONTROL_REPLY_MAX);
    } else if (cJSON_PrintPreallocated(o, reply, CONTROL_REPLY_MAX, 0)) {
        len = strlen(reply);
    } else {
        len = status_refuse("the answer does not fit; ask for less", reply, CONTROL_REPLY_MAX);
    }
    sodium_memzero(&a, sizeof a);
    cJSON_Delete(o);
    return len;
}
