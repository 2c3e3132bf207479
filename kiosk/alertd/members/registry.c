#include "kiosk/alertd/members/registry.h"

#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char unwritable[] =
    "nothing was changed: the list of phones cannot be written; check the disk (porchlight doctor)";
static const char crowded[] =
    "too many changes wait for a broker; see porchlight phones, and try again when fewer are left";

int registry_open(struct registry *r, const char *path, const char *venue, const char *kiosk)
{
    size_t line = 0;
    *r = (struct registry){.phones = roster_open(path, &line)};
    if (!r->phones) {
        log_error("%s: line %zu: %s. Alerts are sent all the same, but no phone can be invited or "
                  "revoked until you fix the file or restore it from a backup",
                  path, line, strerror(errno));
        return -1;
    }
    r->requests = account_requests_new(venue, kiosk);
    if (r->requests)
        return 0;
    log_error("no locked memory for the requests to brokers; raise LimitMEMLOCK");
    registry_close(r);
    return -1;
}

void registry_close(struct registry *r)
{
    account_requests_free(r->requests);
    roster_free(r->phones);
    *r = (struct registry){0};
}

/* --- requests -------------------------------------------------------------------------------- */

enum { EVERY_BROKER = CONFIG_BROKERS_MAX };

static int registry_request(struct registry *r, enum account_request_kind kind, enum topic_role who,
                            const char *account, const char *password, size_t broker)
{
    struct account_request one = {.kind = kind, .who = who};
    snprintf(one.account, sizeof one.account, "%s", account);
    snprintf(one.password, sizeof one.password, "%s", password);
    int rc = broker == EVERY_BROKER ? account_requests_add(r->requests, &one)
                                    : account_requests_add_at(r->requests, &one, broker);
    sodium_memzero(&one, sizeof one);
    return rc;
}

static enum topic_role role_of_phone(const struct phone *p)
{
    return p->relay ? ROLE_RELAY : p->staff ? ROLE_STAFF : ROLE_MEMBER;
}

static bool is_unasked(const struct registry *r, const char *account)
{
    return r->unasked[0] != '\0' && strcmp(account, r->unasked) >= 0;
}

/* The account is removed at every broker, whichever of its two roles it had. */
static void request_removal(struct registry *r, const struct phone *p)
{
    const enum topic_role roles[] = {role_of_phone(p), ROLE_NEWCOMER};
    r->removing = true;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (registry_request(r, ACCOUNT_REQUEST_REMOVE, roles[i], p->account, "", EVERY_BROKER) !=
                0 &&
            !is_unasked(r, p->account))
            memcpy(r->unasked, p->account, sizeof r->unasked);
}

/* Revoked; or its invitation is no longer open, as after a restart. */
static bool is_leaving(const struct phone *p, const struct enrol_list *open)
{
    return p->standing == PHONE_GONE ||
           (p->standing == PHONE_INVITED && !enrol_find(open, p->account));
}

/* For the account `from` ("": the first of all) and those after it. */
static void request_removals(struct registry *r, const struct enrol_list *open, const char *from)
{
    for (const struct phone *p = roster_after(r->phones, ""); p;
         p = roster_after(r->phones, p->account))
        if (strcmp(p->account, from) >= 0 && is_leaving(p, open))
            request_removal(r, p);
}

void registry_brokers(struct registry *r, const struct phone_brokers *b,
                      const struct enrol_list *open)
{
    bool used[CONFIG_BROKERS_MAX];
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        used[i] = phone_brokers_has(b, i);
    account_requests_brokers(r->requests, used);
    r->unasked[0] = '\0';
    request_removals(r, open, "");
}

void registry_answer(struct registry *r, size_t broker, const uint8_t *payload, size_t len)
{
    if (account_requests_answer(r->requests, broker, payload, len))
        r->removing = true;
}

void registry_send(struct registry *r, const struct phone_brokers *b, int64_t now)
{
    struct mqtt_publication p = {.topic = DYNSEC_REQUEST, .qos = 1};
    for (size_t i = 0; i < b->config->brokers_count; i++) {
        if (!phone_brokers_is_up(b, i))
            continue;
        while ((p.len = account_requests_next(r->requests, i, now, (char *)p.payload)) > 0)
            delivery_say(b->delivery, i, &p);
    }
    sodium_memzero(p.payload, sizeof p.payload);
}

void registry_sweep(struct registry *r, const struct enrol_list *open)
{
    char account[TOPIC_ID_LEN + 1] = "";
    if (!r->removing)
        return;
    r->removing = false;
    for (const struct phone *p; (p = roster_after(r->phones, account));) {
        memcpy(account, p->account, sizeof account);
        if (is_leaving(p, open) && !is_unasked(r, account) &&
            account_requests_done(r->requests, account))
            roster_remove(r->phones, account);
    }
    if (r->unasked[0] == '\0' || !account_requests_done(r->requests, NULL))
        return;
    memcpy(account, r->unasked, sizeof account);
    r->unasked[0] = '\0';
    request_removals(r, open, account);
}

/* --- changes --------------------------------------------------------------------------------- */

const char *registry_invite(struct registry *r, const char *account, bool staff,
                            const char *password)
{
    struct phone p = {.staff = staff, .standing = PHONE_INVITED};
    snprintf(p.account, sizeof p.account, "%s", account);
    if (roster_put(r->phones, &p) != 0)
        return unwritable;
    return registry_request(r, ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, account, password,
                            EVERY_BROKER) == 0
               ? NULL
               : crowded;
}

const char *registry_admit(struct registry *r, const struct phone *p, const char *password)
{
    return registry_request(r, ACCOUNT_REQUEST_PROMOTE, role_of_phone(p), p->account, password,
                            EVERY_BROKER) == 0
               ? NULL
               : crowded;
}

/* One that had joined halfway is there with another role and password: both are set in any case. */
const char *registry_readmit(struct registry *r, const struct phone *p, const char *password,
                             size_t broker)
{
    static const enum account_request_kind kinds[] = {ACCOUNT_REQUEST_ACCOUNT,
                                                      ACCOUNT_REQUEST_PROMOTE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (registry_request(r, kinds[i], role_of_phone(p), p->account, password, broker) != 0)
            return crowded;
    return NULL;
}

const char *registry_add_relay(struct registry *r, const char *account, const char *password,
                               const uint8_t public[ENVELOPE_PUBLIC])
{
    struct phone relay = {.relay = true, .standing = PHONE_IN};
    const struct phone *known = roster_find(r->phones, account);
    if (known && (!known->relay || known->standing != PHONE_IN))
        return "the relay was not added: that account belongs to a phone; run porchlight relay "
               "again "
               "with another folder";
    snprintf(relay.account, sizeof relay.account, "%s", account);
    memcpy(relay.public, public, sizeof relay.public);
    if (roster_put(r->phones, &relay) != 0)
        return unwritable;
    return registry_request(r, ACCOUNT_REQUEST_ACCOUNT, ROLE_RELAY, account, password,
                            EVERY_BROKER) == 0
               ? NULL
               : crowded;
}

const char *registry_remove(struct registry *r, const struct phone *p)
{
    struct phone gone = *p;
    gone.standing = PHONE_GONE;
    if (roster_put(r->phones, &gone) != 0)
        return unwritable;
    account_requests_drop(r->requests, gone.account);
    request_removal(r, &gone);
    return NULL;
}
