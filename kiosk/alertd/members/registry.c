#include "kiosk/alertd/members/registry.h"

#include "kiosk/alertd/members/key_rotation.h"
#include "kiosk/alertd/members/staff.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- opened and closed ----------------------------------------------------------------------- */

struct registry *registry_new(const struct kiosk *k)
{
    char path[PATH_LEN];
    size_t line = 0;
    struct registry *d = k->sealer.plain ? NULL : calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->errands = account_requests_new(k->sealer.venue_id, k->sealer.kiosk_id);
    d->open = sodium_malloc(sizeof *d->open);
    d->rekey = key_rotation_new();
    if (path_under(k->prefix, PATH_PHONES, path) == 0)
        d->phones = roster_open(path, &line);
    if (!d->phones)
        log_error("%s: line %zu: %s; alerts go out all the same, but no phone can be invited or "
                  "revoked until the file is mended or put back from a backup",
                  path, line, strerror(errno));
    if (!d->errands || !d->open || !d->rekey || !d->phones) {
        registry_free(d);
        return NULL;
    }
    sodium_memzero(d->open, sizeof *d->open);
    return d;
}

void registry_free(struct registry *d)
{
    if (!d)
        return;
    key_rotation_free(d->rekey);
    account_requests_free(d->errands);
    sodium_free(d->open);
    roster_free(d->phones);
    free(d);
}

bool registry_is_for_phones(const struct kiosk *k, size_t broker)
{
    return k->config.brokers[broker].phones[0] != '\0';
}

/* The account goes at every broker, whichever of its two roles it held. */
static void see_off(struct registry *d, const struct phone *p)
{
    struct account_request e = {.kind = ACCOUNT_REQUEST_REMOVE,
                                .who = p->relay   ? ROLE_RELAY
                                       : p->staff ? ROLE_STAFF
                                                  : ROLE_MEMBER};
    memcpy(e.account, p->account, sizeof e.account);
    if (account_requests_add(d->errands, &e) != 0)
        d->crowded = true;
    e.who = ROLE_NEWCOMER;
    if (account_requests_add(d->errands, &e) != 0)
        d->crowded = true;
    d->sweep = true;
}

/* Whoever was invited before a restart, or was to go and may not be gone everywhere. */
static void see_off_all(struct kiosk *k)
{
    struct registry *d = k->registry;
    d->crowded = false;
    for (const struct phone *p = roster_after(d->phones, ""); p;
         p = roster_after(d->phones, p->account))
        if (p->standing == PHONE_GONE ||
            (p->standing == PHONE_INVITED && !registry_find(d, p->account)))
            see_off(d, p);
}

void registry_brokers(struct kiosk *k)
{
    bool theirs[CONFIG_BROKERS_MAX] = {false};
    if (!k->registry)
        return;
    for (size_t i = 0; i < k->config.brokers_count; i++)
        theirs[i] = registry_is_for_phones(k, i);
    account_requests_brokers(k->registry->errands, theirs);
    see_off_all(k);
}

void registry_up(struct kiosk *k, size_t broker)
{
    if (!k->registry || !registry_is_for_phones(k, broker))
        return;
    account_requests_again(k->registry->errands, broker);
    key_rotation_up(k, broker);
}

void registry_answered(struct kiosk *k, size_t broker, const struct mqtt_event *e)
{
    if (k->registry && !e->retained &&
        account_requests_answer(k->registry->errands, broker, e->payload, e->len))
        k->registry->sweep = true;
}

const struct enrol_open *registry_find(const struct registry *d, const char *account)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++)
        if (account[0] != '\0' && strcmp(d->open->open[i].account, account) == 0)
            return &d->open->open[i];
    return NULL;
}

/* Its code leaves the screen as soon as it is of no more use. */
void registry_unshow(struct kiosk *k, const char *account)
{
    if (strcmp(k->registry->shown, account) != 0)
        return;
    k->registry->shown[0] = '\0';
    screens_qr(k->screens, "", 0);
}

/* --- going ----------------------------------------------------------------------------------- */

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
    if (roster_put(k->registry->phones, &gone) != 0)
        return "the book of phones cannot be written; look at the disk (porchlight doctor)";
    account_requests_drop(k->registry->errands, gone.account);
    see_off(k->registry, &gone);
    return NULL;
}

const char *registry_withdraw(struct kiosk *k, const char *account)
{
    const struct phone *p = roster_find(k->registry->phones, account);
    if (!registry_find(k->registry, account) || !p)
        return "no such invitation is open";
    registry_unshow(k, account);
    enrol_close(k->registry->open, account);
    return send_away(k, p);
}

const char *registry_relay(struct kiosk *k, const char *account, const char *password,
                           const uint8_t public[ENVELOPE_PUBLIC])
{
    struct phone entry = {.relay = true, .standing = PHONE_IN};
    struct account_request e = {.kind = ACCOUNT_REQUEST_ACCOUNT, .who = ROLE_RELAY};
    const struct phone *known = roster_find(k->registry->phones, account);
    if (known && (!known->relay || known->standing != PHONE_IN))
        return "that account is a phone's";
    memcpy(entry.account, account, sizeof entry.account);
    memcpy(entry.public, public, sizeof entry.public);
    if (roster_put(k->registry->phones, &entry) != 0)
        return "the book of phones cannot be written; look at the disk (porchlight doctor)";
    memcpy(e.account, account, sizeof e.account);
    snprintf(e.password, sizeof e.password, "%s", password);
    int rc = account_requests_add(k->registry->errands, &e);
    sodium_memzero(&e, sizeof e);
    return rc == 0 ? NULL : "too much waits to be done at a broker; look at porchlight phones";
}

/* Relays forget what they keep to ring that phone by. */
static void tell_relays(struct kiosk *k, const char *account)
{
    struct message m = {.kind = MSG_REVOKED, .age_ms = -1};
    struct mqtt_publication p = {.qos = topic_table[TOPIC_WAKE].qos,
                                 .expiry_s = topic_table[TOPIC_WAKE].expiry_s};
    topic_name(TOPIC_WAKE, k->sealer.venue_id, k->sealer.kiosk_id, account, p.topic);
    p.len = sealer_payload(&k->sealer, p.topic, &m, p.payload);
    for (size_t i = 0; i < k->config.brokers_count && p.len > 0; i++)
        delivery_say(k->delivery, i, &p);
}

const char *registry_revoke(struct kiosk *k, const char *account)
{
    const struct phone *p = roster_find(k->registry->phones, account);
    if (registry_find(k->registry, account))
        return registry_withdraw(k, account);
    if (!p)
        return "no phone of this kiosk has that account; porchlight phones --ids lists them";
    bool staff = p->staff;
    key_rotation_forget(k, account);
    tell_relays(k, account);
    const char *why = send_away(k, p);
    if (!why && staff)
        staff_strike(k, account);
    return why;
}

void registry_close(struct kiosk *k)
{
    for (size_t i = 0; i < ENROL_OPEN_MAX; i++) {
        char account[TOPIC_ID_LEN + 1];
        memcpy(account, k->registry->open->open[i].account, sizeof account);
        if (account[0] != '\0')
            registry_withdraw(k, account);
    }
}

/* --- time ------------------------------------------------------------------------------------ */

static void account_requests_run(struct kiosk *k, int64_t now)
{
    struct mqtt_publication p = {.topic = DYNSEC_REQUEST, .qos = 1};
    for (size_t i = 0; i < k->config.brokers_count; i++) {
        if (!registry_is_for_phones(k, i) || !delivery_is_up(k->delivery, i))
            continue;
        while ((p.len = account_requests_next(k->registry->errands, i, now, (char *)p.payload)) > 0)
            delivery_say(k->delivery, i, &p);
    }
    sodium_memzero(p.payload, sizeof p.payload);
}

/* Strikes those that are gone at every broker; finds an errand for those that had none. */
static void sweep(struct kiosk *k)
{
    struct registry *d = k->registry;
    char account[TOPIC_ID_LEN + 1] = "";
    d->sweep = false;
    if (d->crowded && account_requests_done(d->errands, NULL))
        see_off_all(k);
    if (d->crowded)
        return;
    for (const struct phone *p; (p = roster_after(d->phones, account));) {
        memcpy(account, p->account, sizeof account);
        bool leaves = p->standing == PHONE_GONE ||
                      (p->standing == PHONE_INVITED && !registry_find(d, account));
        if (leaves && account_requests_done(d->errands, account))
            roster_strike(d->phones, account);
    }
}

/* Expired ones go; and all of them once it is serious, lest a raider joins by a code on the screen.
 */
static void invitations_age(struct kiosk *k, int64_t now)
{
    const struct enrol_open *one;
    if (k->alert.now.state == ALERT_LOCKDOWN && !k->alert.now.drill)
        registry_close(k);
    while (enrol_tick(k->registry->open, now, &one) == ENROL_WITHDRAWN) {
        char account[TOPIC_ID_LEN + 1];
        memcpy(account, one->account, sizeof account);
        registry_withdraw(k, account);
        enrol_close(k->registry->open, account);
    }
}

void registry_time(struct kiosk *k, int64_t now)
{
    if (!k->registry)
        return;
    invitations_age(k, now);
    account_requests_run(k, now);
    key_rotation_time(k, now);
    if (k->registry->sweep)
        sweep(k);
}

int64_t registry_deadline(const struct kiosk *k)
{
    int64_t due = !k->registry ? NS_NEVER : key_rotation_deadline(k->registry->rekey);
    for (size_t i = 0; k->registry && i < ENROL_OPEN_MAX; i++) {
        const struct enrol_open *o = &k->registry->open->open[i];
        if (o->account[0] != '\0' && o->until < due)
            due = o->until;
    }
    return due;
}
