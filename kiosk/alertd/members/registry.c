#include "kiosk/alertd/members/registry.h"

#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char unwritable[] =
    "nothing was changed: the list of phones cannot be written; check the disk (porchlight doctor)";
static const char crowded[] =
    "too many changes wait for a broker; see porchlight phones, and try again when fewer are left";

int registry_open(struct registry *r, const char *path, const char *venue, const char *kiosk,
                  const struct account_requests_signer *signer)
{
    size_t line = 0;
    *r = (struct registry){.phones = roster_open(path, &line)};
    if (!r->phones) {
        log_error("%s: line %zu: %s. Alerts are sent all the same, but no phone can be invited or "
                  "revoked until you fix the file or restore it from a backup",
                  path, line, strerror(errno));
        return -1;
    }
    r->requests = account_requests_new(venue, kiosk, signer);
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

static int registry_request(struct registry *r, const struct account_request *one, size_t broker)
{
    return broker == EVERY_BROKER ? account_requests_add(r->requests, one)
                                  : account_requests_add_at(r->requests, one, broker);
}

static struct account_request request_of(enum account_request_kind kind, enum topic_role who,
                                         const char *account, const char *password)
{
    struct account_request one = {.kind = kind, .who = who};
    snprintf(one.account, sizeof one.account, "%s", account);
    snprintf(one.password, sizeof one.password, "%s", password);
    return one;
}

static void request_grant(struct account_request *one, const uint8_t *grant)
{
    one->has_grant = grant;
    if (grant)
        memcpy(one->grant, grant, sizeof one->grant);
}

static void request_certify(struct account_request *one, const uint8_t *certificate)
{
    one->has_staff = certificate;
    if (certificate)
        memcpy(one->staff, certificate, sizeof one->staff);
}

static enum topic_role role_of_phone(const struct phone *p)
{
    return p->relay ? ROLE_RELAY : p->staff ? ROLE_STAFF : ROLE_MEMBER;
}

static bool is_unasked(const struct registry *r, const char *account)
{
    return r->unasked[0] != '\0' && strcmp(account, r->unasked) >= 0;
}

/* The account is shut out at every broker, whatever it was there. */
static void request_removal(struct registry *r, const char *account, const uint8_t *grant)
{
    struct account_request one = request_of(ACCOUNT_REQUEST_SUSPEND, 0, account, "");
    request_grant(&one, grant);
    r->removing = true;
    if (registry_request(r, &one, EVERY_BROKER) != 0 && !is_unasked(r, account))
        snprintf(r->unasked, sizeof r->unasked, "%s", account);
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
            request_removal(r, p->account, NULL);
}

/* Where the config says that none runs, none is greeted, or its silence would be a fault. */
static bool has_registrar(const struct phone_brokers *b, size_t broker)
{
    return phone_brokers_has(b, broker) && b->config->brokers[broker].registrar;
}

void registry_brokers(struct registry *r, const struct phone_brokers *b,
                      const struct enrol_list *open)
{
    bool used[CONFIG_BROKERS_MAX];
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        used[i] = has_registrar(b, i);
    account_requests_brokers(r->requests, used);
    r->unasked[0] = '\0';
    request_removals(r, open, "");
}

void registry_answer(struct registry *r, size_t broker, const uint8_t *payload, size_t len,
                     int64_t now)
{
    if (account_requests_answer(r->requests, broker, payload, len, now))
        r->removing = true;
}

void registry_send(struct registry *r, const struct phone_brokers *b, int64_t now)
{
    const struct topic_rule *rule = &topic_table[TOPIC_REGISTRAR];
    struct mqtt_publication p = {.expiry_s = rule->expiry_s, .len = ENVELOPE_SIZE};
    sealer_topic(b->sealer, TOPIC_REGISTRAR, NULL, p.topic);
    for (size_t i = 0; i < b->config->brokers_count; i++)
        while (phone_brokers_is_up(b, i) && has_registrar(b, i) &&
               account_requests_next(r->requests, i, now, p.payload, &p.qos))
            delivery_say(b->delivery, i, &p);
}

int64_t registry_deadline(const struct registry *r, const struct phone_brokers *b)
{
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < b->config->brokers_count; i++) {
        int64_t one =
            phone_brokers_is_up(b, i) ? account_requests_deadline(r->requests, i) : NS_NEVER;
        first = one < first ? one : first;
    }
    return first;
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

/* Adds it, and erases the password in it. NULL, or why not. */
static const char *request_done(struct registry *r, struct account_request *one, size_t broker)
{
    int rc = registry_request(r, one, broker);
    sodium_memzero(one, sizeof *one);
    return rc == 0 ? NULL : crowded;
}

const char *registry_invite(struct registry *r, const char *account, bool staff,
                            const char *password)
{
    struct phone p = {.staff = staff, .standing = PHONE_INVITED};
    snprintf(p.account, sizeof p.account, "%s", account);
    if (roster_put(r->phones, &p) != 0)
        return unwritable;
    struct account_request one =
        request_of(ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, account, password);
    return request_done(r, &one, EVERY_BROKER);
}

const char *registry_admit(struct registry *r, const struct phone *p, const char *password,
                           const uint8_t *certificate)
{
    struct account_request one =
        request_of(ACCOUNT_REQUEST_PROMOTE, role_of_phone(p), p->account, password);
    request_certify(&one, certificate);
    return request_done(r, &one, EVERY_BROKER);
}

/* One that had joined halfway is there as a newcomer with another password. */
const char *registry_readmit(struct registry *r, const struct phone *p, const char *password,
                             const uint8_t *certificate, size_t broker)
{
    struct account_request account =
        request_of(ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, p->account, password);
    struct account_request role =
        request_of(ACCOUNT_REQUEST_PROMOTE, role_of_phone(p), p->account, password);
    request_certify(&role, certificate);
    const char *why = request_done(r, &account, broker), *then = request_done(r, &role, broker);
    return why ? why : then;
}

const char *registry_add_relay(struct registry *r, const char *account, const char *password,
                               const uint8_t public[ENVELOPE_PUBLIC],
                               const uint8_t grant[CERT_SIGNATURE])
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
    struct account_request one = request_of(ACCOUNT_REQUEST_ACCOUNT, ROLE_RELAY, account, password);
    request_grant(&one, grant);
    return request_done(r, &one, EVERY_BROKER);
}

const char *registry_remove(struct registry *r, const struct phone *p, const uint8_t *grant)
{
    struct phone gone = *p;
    gone.standing = PHONE_GONE;
    if (roster_put(r->phones, &gone) != 0)
        return unwritable;
    account_requests_drop(r->requests, gone.account);
    request_removal(r, gone.account, grant);
    return NULL;
}

const char *registry_suspend(struct registry *r, const char *account,
                             const uint8_t grant[CERT_SIGNATURE])
{
    struct account_request one = request_of(ACCOUNT_REQUEST_SUSPEND, 0, account, "");
    request_grant(&one, grant);
    return request_done(r, &one, EVERY_BROKER);
}
