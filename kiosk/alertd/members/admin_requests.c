#include "kiosk/alertd/members/admin_requests.h"

#include "kiosk/alertd/members/enrolment.h"
#include "kiosk/alertd/members/revocation.h"
#include "kiosk/alertd/root_orders.h"
#include "kiosk/common/dynsec.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/ns.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* A request's words, the first of which names it. */
enum { WORDS_MAX = 6 };

struct request {
    char text[CONTROL_REQUEST_MAX + 1];
    const char *words[WORDS_MAX];
    size_t count;
};

/* Answers one request: adds fields to *o and returns NULL, or returns a sentence that says why not.
 */
typedef const char *answer(struct members *m, const struct request *a, cJSON *o);

/* --- words ----------------------------------------------------------------------------------- */

static bool request_split(const char *request, struct request *a)
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

static void add_brokers(const struct members *m, const char *account, cJSON *o)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(m->needs.delivery, paths);
    cJSON *all = cJSON_AddArrayToObject(o, "brokers");
    for (size_t i = 0; i < n; i++) {
        if (!phone_brokers_has(&m->brokers, i))
            continue;
        cJSON *b = cJSON_CreateObject();
        size_t left = account_requests_left(m->registry.requests, i, account);
        const char *fault = account_requests_fault(m->registry.requests, i);
        cJSON_AddItemToArray(all, b);
        cJSON_AddStringToObject(b, "name", paths[i].name);
        cJSON_AddBoolToObject(b, "connected", paths[i].up);
        cJSON_AddNumberToObject(b, "left", (double)left);
        cJSON_AddBoolToObject(b, "registrar", m->needs.config->brokers[i].registrar);
        if (!paths[i].up)
            cJSON_AddStringToObject(b, "fault", "it is not connected; see porchlight status");
        else if (fault[0] != '\0')
            cJSON_AddStringToObject(b, "fault", fault);
        else
            cJSON_AddNullToObject(b, "fault");
    }
}

/* The password comes in hex. */
static bool request_spare(const char *account, const char *hex,
                          char password[DYNSEC_PASSWORD_MAX + 1])
{
    size_t len = 0;
    memset(password, 0, DYNSEC_PASSWORD_MAX + 1);
    return topic_is_id(account) &&
           sodium_hex2bin((uint8_t *)password, DYNSEC_PASSWORD_MAX, hex, strlen(hex), NULL, &len,
                          NULL) == 0 &&
           strlen(hex) == 2 * len && strlen(password) == len && len >= DYNSEC_PASSWORD_MIN;
}

/* invite member|staff [screen] [spare ACCOUNT PASSWORD-IN-HEX] */
static const char *on_invite(struct members *m, const struct request *a, cJSON *o)
{
    struct enrolment_invitation i = {.screens = 0};
    bool staff = strcmp(a->words[1], "staff") == 0;
    bool screen = a->count > 2 && strcmp(a->words[2], "screen") == 0;
    size_t rest = screen ? 3 : 2;
    bool spare = a->count == rest + 3 && strcmp(a->words[rest], "spare") == 0;
    char password[DYNSEC_PASSWORD_MAX + 1];
    const struct enrolment_spare given = {spare ? a->words[rest + 1] : NULL, password};
    if ((!staff && strcmp(a->words[1], "member") != 0) || (!spare && a->count != rest))
        return "no invitation was made: expected invite member or invite staff, then screen to "
               "show it there, and spare with an account and its password";
    if (spare && !request_spare(given.account, a->words[rest + 2], password))
        return "no invitation was made: a spare account has 16 hex digits, and a password of 16 to "
               "64 out of A-Z a-z 0-9 - _";
    const char *why = enrolment_invite(m, staff, screen, spare ? &given : NULL, &i);
    sodium_memzero(password, sizeof password);
    if (!why) {
        cJSON_AddStringToObject(o, "account", i.account);
        cJSON_AddStringToObject(o, "link", i.link);
        cJSON_AddNumberToObject(o, "seconds", (double)(ENROL_VALID_FOR / NS_PER_S));
        cJSON_AddNumberToObject(o, "screens", i.screens);
        add_brokers(m, i.account, o);
    }
    sodium_memzero(&i, sizeof i);
    return why;
}

static const char *stage_of(const struct members *m, const char *account)
{
    const struct enrol_open *one = enrol_recall(m->invitations, account);
    const struct phone *p = roster_find(m->registry.phones, account);
    if (one && one->standing == ENROL_VOID)
        return "copied";
    if (one && one->standing == ENROL_OPEN) {
        if (!one->claimed)
            return "open";
        if (!one->staff || one->certified)
            return "welcomed";
        return one->confirmed ? "claimed" : "confirming";
    }
    if (!p || p->standing != PHONE_IN)
        return "gone";
    return account_requests_done(m->registry.requests, account) ? "in" : "joined";
}

static const char *on_joining(struct members *m, const struct request *a, cJSON *o)
{
    char hex[2 * ENVELOPE_PUBLIC + 1];
    const struct enrol_open *one = enrol_recall(m->invitations, a->words[1]);
    const uint8_t *key = enrol_key(m->invitations, a->words[1]);
    cJSON_AddStringToObject(o, "stage", stage_of(m, a->words[1]));
    cJSON_AddBoolToObject(o, "copied", one && one->copied);
    if (key)
        cJSON_AddStringToObject(o, "public", sodium_bin2hex(hex, sizeof hex, key, ENVELOPE_PUBLIC));
    else
        cJSON_AddNullToObject(o, "public");
    add_brokers(m, a->words[1], o);
    return NULL;
}

static const char *on_confirm(struct members *m, const struct request *a, cJSON *o)
{
    (void)o;
    return enrolment_confirm(m, a->words[1], a->words[2]);
}

static const char *on_certify(struct members *m, const struct request *a, cJSON *o)
{
    uint8_t signature[CERT_SIGNATURE];
    (void)o;
    if (!hex_read(a->words[2], signature, sizeof signature))
        return "the staff phone was not let in: a signature is 128 hex digits";
    return enrolment_certify(m, a->words[1], signature);
}

static const char *on_withdraw(struct members *m, const struct request *a, cJSON *o)
{
    (void)o;
    return enrolment_withdraw(m, a->words[1]);
}

static const char *on_revoke(struct members *m, const struct request *a, cJSON *o)
{
    uint8_t grant[CERT_SIGNATURE];
    if (a->count == 3 && !hex_read(a->words[2], grant, sizeof grant))
        return "nothing was revoked: the root key's grant is 128 hex digits";
    const char *why = revocation_of(m, a->words[1], a->count == 3 ? grant : NULL);
    if (!why)
        add_brokers(m, a->words[1], o);
    return why;
}

static const char *on_relay(struct members *m, const struct request *a, cJSON *o)
{
    uint8_t public[ENVELOPE_PUBLIC], grant[CERT_SIGNATURE];
    size_t len = strlen(a->words[2]);
    if (strlen(a->words[1]) != TOPIC_ID_LEN || len < DYNSEC_PASSWORD_MIN ||
        len > DYNSEC_PASSWORD_MAX || !hex_read(a->words[3], public, sizeof public) ||
        !hex_read(a->words[4], grant, sizeof grant))
        return "the relay was not added: expected an account, a password, a key of 64 hex digits "
               "and the root key's grant of 128";
    const char *why = registry_add_relay(&m->registry, a->words[1], a->words[2], public, grant);
    if (!why)
        add_brokers(m, a->words[1], o);
    return why;
}

static const char *on_rotate(struct members *m, const struct request *a, cJSON *o)
{
    uint8_t key[ENVELOPE_KEY];
    const char *why = NULL;
    (void)o;
    if (!phone_brokers_any_up(&m->brokers))
        why = "the key was not changed: no broker that phones use is connected, so no phone "
              "would get the new one; see porchlight status";
    else if (!hex_read(a->words[1], key, sizeof key))
        why = "the key was not changed: a key is 64 hex digits";
    else if (key_rotation_begin(m->rotation, m->registry.phones, &m->brokers, key) != 0)
        why = "the key was not changed: the list of phones cannot be written; check the disk "
              "(porchlight doctor)";
    else
        enrolment_withdraw_all(m);
    sodium_memzero(key, sizeof key);
    return why;
}

static const char *on_rotating(struct members *m, const struct request *a, cJSON *o)
{
    (void)a;
    size_t left = key_rotation_left(m->rotation, m->registry.phones, &m->brokers);
    cJSON_AddNumberToObject(o, "left", (double)left);
    add_brokers(m, NULL, o);
    return NULL;
}

static const char *on_rotated(struct members *m, const struct request *a, cJSON *o)
{
    uint8_t key[ENVELOPE_KEY];
    bool good = hex_read(a->words[1], key, sizeof key) && key_rotation_is_of(m->rotation, key) &&
                m->needs.change_key(m->needs.context, key) == 0;
    (void)o;
    sodium_memzero(key, sizeof key);
    if (!good)
        return "the kiosk still uses the old key: this new one was not sent to the phones; "
               "run "
               "porchlight rotate again";
    /* Else the root key has revoked a phone after this key was sent to it: the others want another.
     */
    if (!key_rotation_is_known(m->rotation))
        root_orders_rotated(m->needs.prefix);
    key_rotation_end(m->rotation);
    return NULL;
}

static void add_drill(const struct drill_result *drill, cJSON *o)
{
    if (drill->at[0] == '\0') {
        cJSON_AddNullToObject(o, "drill");
        return;
    }
    cJSON *d = cJSON_AddObjectToObject(o, "drill");
    cJSON_AddStringToObject(d, "at", drill->at);
    cJSON_AddNumberToObject(d, "seen", drill->seen);
    cJSON_AddNumberToObject(d, "safe", drill->safe);
    cJSON_AddNumberToObject(d, "rang", drill->rang);
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

static const char *on_phones(struct members *m, const struct request *a, cJSON *o)
{
    const struct roster *p = m->registry.phones;
    if (a->count == 2 && strcmp(a->words[1], "list") != 0)
        return "unknown request; known are: phones, phones list";
    cJSON_AddNumberToObject(o, "members", (double)roster_count(p, PHONE_IN, false));
    cJSON_AddNumberToObject(o, "staff", (double)roster_count(p, PHONE_IN, true));
    cJSON_AddNumberToObject(o, "relays", (double)roster_relays(p));
    cJSON_AddNumberToObject(
        o, "invited",
        (double)(roster_count(p, PHONE_INVITED, false) + roster_count(p, PHONE_INVITED, true)));
    cJSON_AddNumberToObject(
        o, "going",
        (double)(roster_count(p, PHONE_GONE, false) + roster_count(p, PHONE_GONE, true)));
    add_drill(m->needs.last_drill, o);
    if (a->count == 2)
        add_accounts(p, o);
    add_brokers(m, NULL, o);
    return NULL;
}

/* --- all of them ----------------------------------------------------------------------------- */

static const struct {
    const char *word;
    size_t least, most; /* words */
    answer *answer;
} known[] = {
    {"invite", 2, 6, on_invite},     {"joining", 2, 2, on_joining}, {"certify", 3, 3, on_certify},
    {"withdraw", 2, 2, on_withdraw}, {"revoke", 2, 3, on_revoke},   {"rotate", 2, 2, on_rotate},
    {"rotating", 1, 1, on_rotating}, {"rotated", 2, 2, on_rotated}, {"phones", 1, 2, on_phones},
    {"relay", 5, 5, on_relay},       {"confirm", 3, 3, on_confirm},
};

static const char *dispatch(struct members *m, const struct request *a, cJSON *o)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(a->words[0], known[i].word) == 0 && a->count >= known[i].least &&
            a->count <= known[i].most)
            return known[i].answer(m, a, o);
    return "unknown request; are porchlight and porchlightd of the same version?";
}

/* Why nobody can join or leave here; NULL: they can. */
static const char *why_closed(const struct members *m)
{
    if (m->needs.sealer->plain)
        return "a plain venue has no keys, so no phone is invited or revoked here; its phones are "
               "accounts that you make at the broker";
    return m->ready ? NULL
                    : "no phone can be invited or revoked: the list of phones could not be opened; "
                      "see journalctl -u porchlightd";
}

size_t admin_requests_answer(void *members, const char *request, char reply[CONTROL_REPLY_MAX])
{
    struct members *m = members;
    struct request a = {.count = 0};
    size_t len;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    const char *why = why_closed(m);
    if (!why)
        why = request_split(request, &a) ? dispatch(m, &a, o)
                                         : "unknown request; it is empty, or has too many words";
    if (why)
        len = control_refuse(why, reply);
    else if (cJSON_PrintPreallocated(o, reply, CONTROL_REPLY_MAX, 0))
        len = strlen(reply);
    else
        len = control_refuse("the answer is too long for one packet; ask for less", reply);
    sodium_memzero(&a, sizeof a);
    cJSON_Delete(o);
    return len;
}
