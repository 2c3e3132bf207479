#include "kiosk/core/registration.h"

#include <sodium.h>
#include <string.h>

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
};

/* --- words ----------------------------------------------------------------------------------- */

const char *registration_kind_name(enum registration_kind kind)
{
    static const char *const names[REGISTRATION_KINDS] = {
        [REGISTRATION_CREATE] = "create",     [REGISTRATION_PROMOTE] = "promote",
        [REGISTRATION_SUSPEND] = "suspend",   [REGISTRATION_RESTORE] = "restore",
        [REGISTRATION_PASSWORD] = "password", [REGISTRATION_REMOVE] = "remove",
        [REGISTRATION_DISOWN] = "disown",
    };
    return (unsigned)kind < REGISTRATION_KINDS ? names[kind] : NULL;
}

const char *registration_role_name(enum registration_role role)
{
    static const char *const names[REGISTRATION_ROLES] = {
        [REGISTRATION_NOBODY] = "",       [REGISTRATION_NEWCOMER] = "newcomer",
        [REGISTRATION_MEMBER] = "member", [REGISTRATION_STAFF] = "staff",
        [REGISTRATION_RELAY] = "relay",   [REGISTRATION_KIOSK] = "kiosk",
        [REGISTRATION_ROOT] = "root",
    };
    return (unsigned)role < REGISTRATION_ROLES ? names[role] : NULL;
}

enum registration_role registration_role_of(const char *name)
{
    enum registration_role role = REGISTRATION_ROLES;
    while (--role > REGISTRATION_NOBODY && strcmp(name, registration_role_name(role)) != 0)
        ;
    return role;
}

/* --- who asks -------------------------------------------------------------------------------- */

bool registration_is_certified(const struct registration_hello *h, const uint8_t venue[ENVELOPE_ID],
                               const uint8_t kiosk[ENVELOPE_ID],
                               const uint8_t root[ENVELOPE_PUBLIC])
{
    struct cert_kiosk c;
    if (memcmp(h->public, root, ENVELOPE_PUBLIC) == 0)
        return true;
    memcpy(c.venue, venue, sizeof c.venue);
    memcpy(c.kiosk, kiosk, sizeof c.kiosk);
    memcpy(c.public, h->public, sizeof c.public);
    return cert_kiosk_check(&c, root, h->certificate);
}

enum {
    GRANT_TITLE = sizeof "porchlight-grant",
    GRANT_HASH = 32,
    GRANT_LEN = GRANT_TITLE + ENVELOPE_ID + 2 + 2 * ENVELOPE_ID + GRANT_HASH,
};

static void registration_id_bytes(const char *id, uint8_t out[ENVELOPE_ID])
{
    memset(out, 0, ENVELOPE_ID);
    sodium_hex2bin(out, ENVELOPE_ID, id, strlen(id), NULL, NULL, NULL);
}

static void grant_text(const struct registration_request *r, const uint8_t venue[ENVELOPE_ID],
                       uint8_t out[GRANT_LEN])
{
    memcpy(out, "porchlight-grant", GRANT_TITLE);
    out += GRANT_TITLE;
    memcpy(out, venue, ENVELOPE_ID);
    out += ENVELOPE_ID;
    *out++ = (uint8_t)r->kind;
    *out++ = (uint8_t)r->role;
    registration_id_bytes(r->account, out);
    out += ENVELOPE_ID;
    registration_id_bytes(r->kiosk, out);
    out += ENVELOPE_ID;
    crypto_generichash(out, GRANT_HASH, (const uint8_t *)r->password, strlen(r->password), NULL, 0);
}

void registration_grant(const struct registration_request *r, const uint8_t venue[ENVELOPE_ID],
                        const uint8_t root_secret[ENVELOPE_SECRET], uint8_t grant[CERT_SIGNATURE])
{
    uint8_t text[GRANT_LEN];
    grant_text(r, venue, text);
    crypto_sign_detached(grant, NULL, text, sizeof text, root_secret);
}

static bool may_be_granted(enum registration_kind kind)
{
    return kind == REGISTRATION_CREATE || kind == REGISTRATION_SUSPEND ||
           kind == REGISTRATION_REMOVE;
}

/* The root certified a staff phone under exactly this account. */
static bool is_certified_staff(const struct registration_request *r,
                               const uint8_t venue[ENVELOPE_ID],
                               const uint8_t root[ENVELOPE_PUBLIC])
{
    struct cert_staff c;
    if (!r->has_staff || r->kind != REGISTRATION_PROMOTE || r->role != REGISTRATION_STAFF)
        return false;
    memcpy(c.venue, venue, sizeof c.venue);
    registration_id_bytes(r->account, c.account);
    memcpy(c.public, r->staff, sizeof c.public);
    return cert_staff_check(&c, root, r->staff + sizeof c.public);
}

bool registration_is_granted(const struct registration_request *r, const uint8_t venue[ENVELOPE_ID],
                             const uint8_t root[ENVELOPE_PUBLIC])
{
    uint8_t text[GRANT_LEN];
    if (memcmp(r->public, root, ENVELOPE_PUBLIC) == 0 || is_certified_staff(r, venue, root))
        return true;
    grant_text(r, venue, text);
    return r->has_grant && may_be_granted(r->kind) &&
           crypto_sign_verify_detached(r->grant, text, sizeof text, root) == 0;
}

/* --- once each ------------------------------------------------------------------------------- */

void registration_digest(const char *text, size_t len, uint8_t digest[REGISTRATION_DIGEST])
{
    crypto_generichash(digest, REGISTRATION_DIGEST, (const uint8_t *)text, len, NULL, 0);
}

enum registration_admission registration_admit(const struct registration_slot *s,
                                               const struct registration_request *r,
                                               const uint8_t digest[REGISTRATION_DIGEST])
{
    if (s->disowned)
        return REGISTRATION_BARRED;
    if (r->number > s->last)
        return REGISTRATION_TAKE;
    if (r->number < s->last || memcmp(digest, s->digest, REGISTRATION_DIGEST) != 0)
        return REGISTRATION_STALE;
    return s->pending ? REGISTRATION_AGAIN : REGISTRATION_REPEAT;
}

/* The counts of an hour or day that is over count no more. A clock that went back opens no new
 * budget. */
static void counts_age(struct registration_slot *s, int64_t wall_s)
{
    if (wall_s / HOUR_S > s->hour) {
        s->hour = wall_s / HOUR_S;
        s->created_hour = 0;
    }
    if (wall_s / DAY_S > s->day) {
        s->day = wall_s / DAY_S;
        s->created_day = s->suspended_day = 0;
    }
}

static bool uses_creation(const struct registration_request *r, enum registration_act act)
{
    return r->kind == REGISTRATION_CREATE && act == REGISTRATION_ACT;
}

static bool uses_suspension(const struct registration_request *r, enum registration_act act)
{
    return r->kind == REGISTRATION_SUSPEND && act == REGISTRATION_ACT;
}

long registration_wait(const struct registration_slot *s, const struct registration_request *r,
                       enum registration_act act, bool granted, int64_t wall_s, const char **why)
{
    struct registration_slot now = *s;
    long hour = HOUR_S - (long)(wall_s % HOUR_S), day = DAY_S - (long)(wall_s % DAY_S);
    counts_age(&now, wall_s);
    if (granted)
        return 0;
    if (uses_suspension(r, act) && now.suspended_day >= REGISTRATION_SUSPENSIONS) {
        *why = "this kiosk has suspended five accounts today, and may suspend no more before "
               "tomorrow; the root key may: sudo porchlight revoke ACCOUNT --root FILE";
        return day;
    }
    long wait = !uses_creation(r, act)                            ? 0
                : now.created_day >= REGISTRATION_CREATIONS_DAY   ? day
                : now.created_hour >= REGISTRATION_CREATIONS_HOUR ? hour
                                                                  : 0;
    if (wait > 0)
        *why = "this kiosk has made as many accounts as one may for now; the rest is made later";
    return wait;
}

void registration_begin(struct registration_slot *s, const struct registration_request *r,
                        const uint8_t digest[REGISTRATION_DIGEST], enum registration_act act,
                        bool granted, int64_t wall_s)
{
    s->last = r->number;
    memcpy(s->digest, digest, REGISTRATION_DIGEST);
    s->pending = true;
    if (granted)
        return;
    counts_age(s, wall_s);
    s->created_hour += uses_creation(r, act);
    s->created_day += uses_creation(r, act);
    s->suspended_day += uses_suspension(r, act);
}

void registration_end(struct registration_slot *s, enum registration_outcome outcome)
{
    s->pending = false;
    s->outcome = outcome;
}

/* --- verdicts -------------------------------------------------------------------------------- */

#define NOT_YOURS "nothing was changed: the broker has such an account, and it is not this venue's"
#define OTHER_KIOSKS                                                                               \
    "nothing was changed: another kiosk of the venue made that account; ask there, or use the "    \
    "root key (--root FILE)"
#define ROOT_ONLY                                                                                  \
    "nothing was changed: only the venue's root key may do that to this kind of account; repeat "  \
    "the command with --root FILE"

static enum registration_act registration_refuse(const char **why, const char *sentence)
{
    *why = sentence;
    return REGISTRATION_ACT_REFUSE;
}

static enum registration_act judge_create(const struct registration_request *r,
                                          const struct registration_account *found, bool own,
                                          bool granted, const char **why)
{
    if (!granted && r->role != REGISTRATION_NEWCOMER)
        return registration_refuse(why, ROOT_ONLY);
    if (!found->there)
        return REGISTRATION_ACT;
    bool phone = found->role == REGISTRATION_NEWCOMER || found->role == REGISTRATION_MEMBER ||
                 found->role == REGISTRATION_STAFF;
    if ((own && phone && r->role == REGISTRATION_NEWCOMER) || (granted && r->role == found->role))
        return REGISTRATION_ACT_NOT;
    return registration_refuse(why, ROOT_ONLY);
}

static enum registration_act judge_promote(const struct registration_request *r,
                                           const struct registration_account *found, bool own,
                                           bool granted, const char **why)
{
    if (r->role != REGISTRATION_MEMBER && r->role != REGISTRATION_STAFF)
        return registration_refuse(
            why, "nothing was changed: a newcomer becomes a member or staff phone");
    if (!found->there)
        return registration_refuse(
            why, "no phone was let in: the broker has no such account; invite it again");
    if (!own)
        return registration_refuse(why, OTHER_KIOSKS);
    if (found->suspended)
        return registration_refuse(why, "no phone was let in: that account is suspended");
    if (found->role == r->role)
        return REGISTRATION_ACT_NOT;
    if (found->role != REGISTRATION_NEWCOMER || (r->role == REGISTRATION_STAFF && !granted))
        return registration_refuse(why, ROOT_ONLY);
    return REGISTRATION_ACT;
}

static enum registration_act judge_suspend(const struct registration_account *found, bool own,
                                           bool granted, const char **why)
{
    bool phones = found->role == REGISTRATION_NEWCOMER || found->role == REGISTRATION_MEMBER;
    if (!found->there)
        return REGISTRATION_ACT_NOT;
    if (!granted && !phones)
        return registration_refuse(why, ROOT_ONLY);
    if (!granted && !own)
        return registration_refuse(why, OTHER_KIOSKS);
    if (found->role == REGISTRATION_NEWCOMER)
        return REGISTRATION_ACT_REMOVE;
    return found->suspended ? REGISTRATION_ACT_NOT : REGISTRATION_ACT;
}

static enum registration_act judge_root(const struct registration_request *r,
                                        const struct registration_account *found, const char **why)
{
    if (r->kind == REGISTRATION_DISOWN && found->there &&
        (found->role != REGISTRATION_KIOSK || strcmp(found->kiosk, r->kiosk) != 0))
        return registration_refuse(why, "no kiosk was disowned: that account is not this kiosk's");
    if (r->kind == REGISTRATION_DISOWN || found->there)
        return REGISTRATION_ACT;
    return r->kind == REGISTRATION_REMOVE
               ? REGISTRATION_ACT_NOT
               : registration_refuse(why, "nothing was changed: the broker has no such account");
}

enum registration_act registration_judge(const struct registration_request *r,
                                         const struct registration_account *found,
                                         const char *venue, const char *kiosk, bool granted,
                                         const char **why)
{
    bool own = found->there && strcmp(found->kiosk, kiosk) == 0;
    if (found->there && strcmp(found->venue, venue) != 0)
        return registration_refuse(why, NOT_YOURS);
    switch (r->kind) {
    case REGISTRATION_CREATE:
        return judge_create(r, found, own, granted, why);
    case REGISTRATION_PROMOTE:
        return judge_promote(r, found, own, granted, why);
    case REGISTRATION_SUSPEND:
        return judge_suspend(found, own, granted, why);
    default:
        return granted ? judge_root(r, found, why) : registration_refuse(why, ROOT_ONLY);
    }
}
