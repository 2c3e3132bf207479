#include "kiosk/core/enrol.h"

#include "kiosk/core/hex.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <string.h>

/* --- invitations ----------------------------------------------------------------------------- */

bool enrol_is_account(const char *text)
{
    return hex_is(text, ENROL_ACCOUNT);
}

bool enrol_is_password(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(text);
    return len >= ENROL_PASSWORD_MIN && len <= ENROL_PASSWORD_MAX && strspn(text, plain) == len;
}

const struct enrol_open *enrol_recall(const struct enrol_list *l, const char *account)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (l->open[i].standing != ENROL_FREE && strcmp(l->open[i].account, account) == 0)
            return &l->open[i];
    return NULL;
}

const struct enrol_open *enrol_find(const struct enrol_list *l, const char *account)
{
    const struct enrol_open *o = enrol_recall(l, account);
    return o && o->standing == ENROL_OPEN ? o : NULL;
}

static struct enrol_open *enrol_slot(struct enrol_list *l, const char *account)
{
    const struct enrol_open *o = enrol_recall(l, account);
    return o ? &l->open[o - l->open] : NULL;
}

static struct enrol_open *slot_that_is(struct enrol_list *l, enum enrol_standing standing)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (l->open[i].standing == standing)
            return &l->open[i];
    return NULL;
}

/* A free one; else one that is only remembered. */
static struct enrol_open *slot_for_another(struct enrol_list *l)
{
    struct enrol_open *o = slot_that_is(l, ENROL_FREE);
    if (!o)
        o = slot_that_is(l, ENROL_JOINED);
    return o ? o : slot_that_is(l, ENROL_VOID);
}

void enrol_begin(struct enrol_list *l, const uint8_t venue[ENVELOPE_ID],
                 const uint8_t kiosk[ENVELOPE_ID])
{
    sodium_memzero(l, sizeof *l);
    memcpy(l->venue, venue, sizeof l->venue);
    memcpy(l->kiosk, kiosk, sizeof l->kiosk);
}

int enrol_invite(struct enrol_list *l, const char *account, bool staff,
                 const uint8_t secret[INVITATION_SECRET], int64_t now)
{
    struct enrol_open *o = slot_for_another(l);
    if (!o || !enrol_is_account(account) || enrol_recall(l, account))
        return -1;
    sodium_memzero(o, sizeof *o);
    o->standing = ENROL_OPEN;
    memcpy(o->account, account, ENROL_ACCOUNT + 1);
    memcpy(o->secret, secret, sizeof o->secret);
    o->staff = staff;
    o->tries = ENROL_TRIES;
    o->until = now + ENROL_VALID_FOR;
    return 0;
}

void enrol_deaden(struct enrol_list *l)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        struct enrol_open *one = &l->open[i];
        if (one->standing == ENROL_OPEN && !one->staff && !one->claimed)
            one->dead = true;
    }
}

bool enrol_is_dead(const struct enrol_list *l, const char *account)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (l->open[i].standing == ENROL_OPEN && strcmp(l->open[i].account, account) == 0)
            return l->open[i].dead;
    return false;
}

const uint8_t *enrol_key(const struct enrol_list *l, const char *account)
{
    const struct enrol_open *o = enrol_recall(l, account);
    return o && o->claimed ? o->public : NULL;
}

static bool has_secret(const struct enrol_list *l, const struct enrol_open *o,
                       const struct enrol_letter *e)
{
    struct invitation_parties p = invitation_between(l->venue, l->kiosk, e->account, e->public);
    uint8_t mac[INVITATION_MAC];
    invitation_letter_mac(o->secret, &p, e->staff, e->password, mac);
    return sodium_memcmp(mac, e->mac, sizeof mac) == 0;
}

static bool is_claimed_by(const struct enrol_open *o, const struct enrol_letter *e)
{
    return o->claimed && sodium_memcmp(o->public, e->public, sizeof o->public) == 0;
}

static void claim(struct enrol_open *o, const struct enrol_arrival *a)
{
    o->claimed = true;
    memcpy(o->public, a->letter->public, sizeof o->public);
    memcpy(o->password, a->letter->password, sizeof o->password);
    if (o->staff)
        memcpy(o->nonce, a->nonce, sizeof o->nonce);
}

static enum enrol_verdict next_step(const struct enrol_open *o)
{
    if (!o->staff || o->certified)
        return ENROL_WELCOME;
    return o->confirmed ? ENROL_CERTIFY : ENROL_CONFIRM;
}

static struct enrol_judgement because(enum enrol_reason reason)
{
    return (struct enrol_judgement){.verdict = ENROL_REFUSED, .reason = reason};
}

/* Two phones know the secret. Which of them was invited, nobody can say. */
static struct enrol_judgement copied(struct enrol_open *o)
{
    bool was_known = o->copied;
    o->copied = true;
    if (o->standing == ENROL_OPEN) {
        o->standing = ENROL_VOID;
        sodium_memzero(o->password, sizeof o->password);
    }
    return was_known ? because(ENROL_REASON_COPIED)
                     : (struct enrol_judgement){
                           .verdict = ENROL_COPIED, .reason = ENROL_REASON_COPIED, .one = o};
}

static struct enrol_judgement enrol_asked(struct enrol_list *l, struct enrol_open *o,
                                          const struct enrol_arrival *a)
{
    const struct enrol_letter *e = a->letter;
    if (!o)
        return because(ENROL_REASON_CLOSED);
    if (a->now >= o->until)
        return because(ENROL_REASON_EXPIRED);
    if (!has_secret(l, o, e))
        return because(ENROL_REASON_SECRET);
    if (e->staff != o->staff)
        return because(ENROL_REASON_ROLE);
    if (o->standing == ENROL_VOID)
        return because(ENROL_REASON_COPIED);
    if (o->claimed && !is_claimed_by(o, e))
        return copied(o);
    if (o->standing == ENROL_JOINED)
        return because(ENROL_REASON_CLOSED);
    if (!o->claimed)
        claim(o, a);
    else if (strcmp(o->password, e->password) != 0)
        return because(ENROL_REASON_SECRET); /* it has chosen another password already */
    return (struct enrol_judgement){.verdict = next_step(o), .one = o};
}

static struct enrol_judgement enrol_done(const struct enrol_open *o, int64_t now)
{
    if (!o || !o->claimed || now >= o->until)
        return because(ENROL_REASON_NONE);
    if (o->standing == ENROL_JOINED)
        return (struct enrol_judgement){.verdict = ENROL_NOTHING};
    if (o->standing != ENROL_OPEN || next_step(o) != ENROL_WELCOME)
        return because(ENROL_REASON_NONE);
    return (struct enrol_judgement){.verdict = ENROL_PROMOTED, .one = o};
}

struct enrol_judgement enrol_receive(struct enrol_list *l, const struct enrol_arrival *a)
{
    struct enrol_open *o = enrol_slot(l, a->letter->account);
    if (strcmp(a->letter->account, a->topic_account) != 0)
        return because(ENROL_REASON_NONE);
    if (a->letter->other_version) /* whose signature covers other bytes */
        return because(ENROL_REASON_VERSION);
    if (!a->signed_by_key)
        return because(ENROL_REASON_NONE);
    return a->letter->done ? enrol_done(o, a->now) : enrol_asked(l, o, a);
}

struct enrol_judgement enrol_confirm(struct enrol_list *l, const char *account, const char *digits,
                                     int64_t now)
{
    struct enrol_open *o = enrol_slot(l, account);
    char right[INVITATION_DIGITS + 1];
    if (!o || o->standing != ENROL_OPEN || !o->staff || !o->claimed || o->confirmed ||
        now >= o->until)
        return because(ENROL_REASON_CLOSED);
    invitation_digits(o->secret, o->public, o->nonce, right);
    o->confirmed =
        strlen(digits) == INVITATION_DIGITS && sodium_memcmp(right, digits, INVITATION_DIGITS) == 0;
    sodium_memzero(right, sizeof right);
    if (o->confirmed)
        return (struct enrol_judgement){.verdict = ENROL_CERTIFY, .one = o};
    o->tries--;
    return (struct enrol_judgement){.verdict = o->tries > 0 ? ENROL_REFUSED : ENROL_WITHDRAWN,
                                    .reason = ENROL_REASON_DIGITS,
                                    .one = o};
}

struct enrol_judgement enrol_certify(struct enrol_list *l,
                                     const uint8_t root_public[ENVELOPE_PUBLIC],
                                     const char *account, const uint8_t certificate[CERT_SIGNATURE],
                                     int64_t now)
{
    struct enrol_open *o = enrol_slot(l, account);
    struct cert_staff staff;
    if (!o || o->standing != ENROL_OPEN || !o->confirmed || now >= o->until)
        return because(ENROL_REASON_CLOSED);
    memcpy(staff.venue, l->venue, sizeof staff.venue);
    memcpy(staff.public, o->public, sizeof staff.public);
    sodium_hex2bin(staff.account, sizeof staff.account, account, ENROL_ACCOUNT, NULL, NULL, NULL);
    if (!cert_staff_check(&staff, root_public, certificate))
        return because(ENROL_REASON_NONE);
    memcpy(o->certificate, certificate, CERT_SIGNATURE);
    o->certified = true;
    return (struct enrol_judgement){.verdict = ENROL_WELCOME, .one = o};
}

void enrol_joined(struct enrol_list *l, const char *account)
{
    struct enrol_open *o = enrol_slot(l, account);
    if (!o || o->standing != ENROL_OPEN)
        return;
    o->standing = ENROL_JOINED;
    sodium_memzero(o->password, sizeof o->password);
    sodium_memzero(o->certificate, sizeof o->certificate);
}

void enrol_close(struct enrol_list *l, const char *account)
{
    struct enrol_open *o = enrol_slot(l, account);
    if (o)
        sodium_memzero(o, sizeof *o);
}

struct enrol_judgement enrol_tick(struct enrol_list *l, int64_t now)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        struct enrol_open *o = &l->open[i];
        if (o->standing == ENROL_FREE || now < o->until)
            continue;
        if (o->standing == ENROL_OPEN)
            return (struct enrol_judgement){
                .verdict = ENROL_WITHDRAWN, .reason = ENROL_REASON_EXPIRED, .one = o};
        sodium_memzero(o, sizeof *o);
    }
    return (struct enrol_judgement){.verdict = ENROL_NOTHING};
}

int64_t enrol_deadline(const struct enrol_list *l)
{
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (l->open[i].standing != ENROL_FREE && l->open[i].until < first)
            first = l->open[i].until;
    return first;
}

const char *enrol_reason_name(enum enrol_reason r)
{
    static const char *const names[] = {
        [ENROL_REASON_NONE] = "",
        [ENROL_REASON_VERSION] = "version",
        [ENROL_REASON_CLOSED] = "closed",
        [ENROL_REASON_EXPIRED] = "expired",
        [ENROL_REASON_COPIED] = "copied",
        [ENROL_REASON_SECRET] = "secret",
        [ENROL_REASON_ROLE] = "role",
        [ENROL_REASON_DIGITS] = "digits",
        [ENROL_REASON_WITHDRAWN] = "withdrawn",
    };
    return names[r];
}
