#include "kiosk/alertd/desk.h"

#include "kiosk/alertd/rekey.h"
#include "kiosk/alertd/staff.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- opened and closed --------------------------------------------------------------------------
 */

struct desk *desk_new(const struct kiosk *k)
{
    char path[PATH_LEN];
    size_t line = 0;
    struct desk *d = k->compose.plain ? NULL : calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->errands = errands_new(k->compose.venue_id, k->compose.kiosk_id);
    d->open = sodium_malloc(sizeof *d->open);
    d->rekey = rekey_new();
    if (path_under(k->prefix, PATH_PHONES, path) == 0)
        d->phones = phones_open(path, &line);
    if (d->phones == NULL)
        log_error("%s: line %zu: %s; alerts go out all the same, but no phone can be invited or "
                  "revoked until the file is mended or put back from a backup",
                  path, line, strerror(errno));
    if (d->errands == NULL || d->open == NULL || d->rekey == NULL || d->phones == NULL) {
        desk_free(d);
        return NULL;
    }
    sodium_memzero(d->open, sizeof *d->open);
    return d;
}

void desk_free(struct desk *d)
{
    if (d == NULL)
        return;
    rekey_free(d->rekey);
    errands_free(d->errands);
    sodium_free(d->open);
    phones_free(d->phones);
    free(d);
}

bool desk_is_for_phones(const struct kiosk *k, size_t broker)
{
    return k->config.brokers[broker].phones[0] != '\0';
}

/* The account goes at every broker, whichever of its two roles it held. */
static void see_off(struct desk *d, const struct phone *p)
{
    struct errand e = {.kind = ERRAND_REMOVE,
                       .who = p->relay   ? ROLE_RELAY
                              : p->staff ? ROLE_STAFF
                                         : ROLE_MEMBER};
    memcpy(e.account, p->account, sizeof e.account);
    if (errands_add(d->errands, &e) != 0)
        d->crowded = true;
    e.who = ROLE_NEWCOMER;
    if (errands_add(d->errands, &e) != 0)
        d->crowded = true;
    d->sweep = true;
}

/* Whoever was invited before a restart, or was to go and may not be gone everywhere. */
static void see_off_all(struct kiosk *k)
{
    struct desk *d = k->desk;
    d->crowded = false;
    for (const struct phone *p = phones_after(d->phones, ""); p != NULL;
         p = phones_after(d->phones, p->account))
        if (p->standing == PHONE_GONE ||
            (p->standing == PHONE_INVITED && desk_find(d, p->account) == NULL))
            see_off(d, p);
}

void desk_brokers(struct kiosk *k)
{
    bool theirs[CONFIG_BROKERS_MAX] = {false};
    if (k->desk == NULL)
        return;
    for (size_t i = 0; i < k->config.brokers_count; i++)
        theirs[i] = desk_is_for_phones(k, i);
    errands_brokers(k->desk->errands, theirs);
    see_off_all(k);
}

void desk_up(struct kiosk *k, size_t broker)
{
    if (k->desk == NULL || !desk_is_for_phones(k, broker))
        return;
    errands_again(k->desk->errands, broker);
    rekey_up(k, broker);
}

void desk_answered(struct kiosk *k, size_t broker, const struct broker_event *e)
{
    if (k->desk != NULL && !e->retained &&
        errands_answer(k->desk->errands, broker, e->payload, e->len))
        k->desk->sweep = true;
}

const struct enrol_open *desk_find(const struct desk *d, const char *account)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (account[0] != '\0' && strcmp(d->open->open[i].account, account) == 0)
            return &d->open->open[i];
    return NULL;
}

/* Its code leaves the screen as soon as it is of no more use. */
void desk_unshow(struct kiosk *k, const char *account)
{
    if (strcmp(k->desk->shown, account) != 0)
        return;
    k->desk->shown[0] = '\0';
    screens_qr(k->screens, "", 0);
}

/* --- going --------------------------------------------------------------------------------------
 */

static void staff_strike(struct kiosk *k, const char *account)
{
    char folder[PATH_LEN], path[2 * PATH_LEN];
    if (path_under(k->prefix, PATH_STAFF, folder) != 0)
        return;
    snprintf(path, sizeof path, "%s/%s.cert", folder, account);
    if (remove(path) != 0 && errno != ENOENT)
        log_warning("%s: %s; delete it, or that phone may still command", path, strerror(errno));
    staff_read(k);
}

static const char *send_away(struct kiosk *k, const struct phone *p)
{
    struct phone gone = *p;
    gone.standing = PHONE_GONE;
    if (phones_put(k->desk->phones, &gone) != 0)
        return "the book of phones cannot be written; look at the disk (porchlight doctor)";
    errands_drop(k->desk->errands, gone.account);
    see_off(k->desk, &gone);
    return NULL;
}

const char *desk_withdraw(struct kiosk *k, const char *account)
{
    const struct phone *p = phones_find(k->desk->phones, account);
    if (desk_find(k->desk, account) == NULL || p == NULL)
        return "no such invitation is open";
    desk_unshow(k, account);
    enrol_close(k->desk->open, account);
    return send_away(k, p);
}

const char *desk_relay(struct kiosk *k, const char *account, const char *password,
                       const uint8_t public[ENVELOPE_PUBLIC])
{
    struct phone entry = {.relay = true, .standing = PHONE_IN};
    struct errand e = {.kind = ERRAND_ACCOUNT, .who = ROLE_RELAY};
    const struct phone *known = phones_find(k->desk->phones, account);
    if (known != NULL && (!known->relay || known->standing != PHONE_IN))
        return "that account is a phone's";
    memcpy(entry.account, account, sizeof entry.account);
    memcpy(entry.public, public, sizeof entry.public);
    if (phones_put(k->desk->phones, &entry) != 0)
        return "the book of phones cannot be written; look at the disk (porchlight doctor)";
    memcpy(e.account, account, sizeof e.account);
    snprintf(e.password, sizeof e.password, "%s", password);
    int rc = errands_add(k->desk->errands, &e);
    sodium_memzero(&e, sizeof e);
    return rc == 0 ? NULL : "too much waits to be done at a broker; look at porchlight phones";
}

/* Relays forget what they keep to ring that phone by. */
static void tell_relays(struct kiosk *k, const char *account)
{
    struct message m = {.kind = MSG_REVOKED, .age_ms = -1};
    struct broker_publication p = {.qos = topic_table[TOPIC_WAKE].qos,
                                   .expiry_s = topic_table[TOPIC_WAKE].expiry_s};
    topic_name(TOPIC_WAKE, k->compose.venue_id, k->compose.kiosk_id, account, p.topic);
    p.len = compose_payload(&k->compose, p.topic, &m, p.payload);
    for (size_t i = 0; i < k->config.brokers_count && p.len > 0; i++)
        delivery_say(k->delivery, i, &p);
}

const char *desk_revoke(struct kiosk *k, const char *account)
{
    const struct phone *p = phones_find(k->desk->phones, account);
    if (desk_find(k->desk, account) != NULL)
        return desk_withdraw(k, account);
    if (p == NULL)
        return "no phone of this kiosk has that account; porchlight phones --ids lists them";
    bool staff = p->staff;
    rekey_forget(k, account);
    tell_relays(k, account);
    const char *why = send_away(k, p);
    if (why == NULL && staff)
        staff_strike(k, account);
    return why;
}

void desk_close(struct kiosk *k)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        char account[TOPIC_ID_LEN + 1];
        memcpy(account, k->desk->open->open[i].account, sizeof account);
        if (account[0] != '\0')
            desk_withdraw(k, account);
    }
}

/* --- time ---------------------------------------------------------------------------------------
 */

static void errands_run(struct kiosk *k, int64_t now)
{
    struct broker_publication p = {.topic = DYNSEC_REQUEST, .qos = 1};
    for (size_t i = 0; i < k->config.brokers_count; i++) {
        if (!desk_is_for_phones(k, i) || !delivery_is_up(k->delivery, i))
            continue;
        while ((p.len = errands_next(k->desk->errands, i, now, (char *)p.payload)) > 0)
            delivery_say(k->delivery, i, &p);
    }
    sodium_memzero(p.payload, sizeof p.payload);
}

/* Strikes those that are gone at every broker; finds an errand for those that had none. */
static void sweep(struct kiosk *k)
{
    struct desk *d = k->desk;
    char account[TOPIC_ID_LEN + 1] = "";
    d->sweep = false;
    if (d->crowded && errands_done(d->errands, NULL))
        see_off_all(k);
    if (d->crowded)
        return;
    for (const struct phone *p; (p = phones_after(d->phones, account)) != NULL;) {
        memcpy(account, p->account, sizeof account);
        bool leaves = p->standing == PHONE_GONE ||
                      (p->standing == PHONE_INVITED && desk_find(d, account) == NULL);
        if (leaves && errands_done(d->errands, account))
            phones_strike(d->phones, account);
    }
}

/* Expired ones go; and all of them once it is serious, lest a raider joins by a code on the screen.
 */
static void invitations_age(struct kiosk *k, int64_t now)
{
    const struct enrol_open *one;
    if (k->alert.now.state == ALERT_LOCKDOWN && !k->alert.now.drill)
        desk_close(k);
    while (enrol_tick(k->desk->open, now, &one) == ENROL_WITHDRAWN) {
        char account[TOPIC_ID_LEN + 1];
        memcpy(account, one->account, sizeof account);
        desk_withdraw(k, account);
        enrol_close(k->desk->open, account);
    }
}

void desk_time(struct kiosk *k, int64_t now)
{
    if (k->desk == NULL)
        return;
    invitations_age(k, now);
    errands_run(k, now);
    rekey_time(k, now);
    if (k->desk->sweep)
        sweep(k);
}

int64_t desk_deadline(const struct kiosk *k)
{
    int64_t due = k->desk == NULL ? NS_NEVER : rekey_deadline(k->desk->rekey);
    for (size_t i = 0; k->desk != NULL && i < ENROL_OPEN_MAX; i++) {
        const struct enrol_open *o = &k->desk->open->open[i];
        if (o->account[0] != '\0' && o->until < due)
            due = o->until;
    }
    return due;
}
