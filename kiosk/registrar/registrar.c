#include "kiosk/registrar/registrar.h"

#include "config/secret.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/ns.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/registrar/asker.h"
#include "kiosk/registrar/broker_admin.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 32, PASSWORD_MAX = 128 };

/* What an order at the broker is for. */
enum purpose {
    FOR_NOBODY,
    FOR_SELF_LOOK, /* has our own account the rights it needs? */
    FOR_SELF,
    FOR_HOUSE_LOOK, /* an account that comes with a venue's file */
    FOR_HOUSE,
    FOR_LOOK, /* what is there under the name that a request gives */
    FOR_ACT,
    FOR_RESTORE, /* one of the accounts that a disowned kiosk had suspended */
};

struct registrar {
    const char *prefix;
    const struct registrar_conf *conf;
    const struct registrar_venue *venues;
    size_t venues_count;
    struct keys {
        uint8_t seed[SEED], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
        char password[PASSWORD_MAX];
        struct broker_admin_order order;
    } * keys; /* locked memory */
    struct askers *askers;
    struct broker_admin *admin;
    enum purpose purpose;
    struct asker *asker;  /* whose request it is */
    struct asker *seized; /* FOR_RESTORE: the kiosk that is disowned */
    bool settled, tried;  /* our own account is as it must be; it was changed to be so */
    char fault[BROKER_ADMIN_FAULT_MAX]; /* of that change */
    size_t venue, account;              /* the next account of the venues' files to look at */

    struct loop *loop;
    struct mqtt_thread *mqtt;
    bool up;
    enum mqtt_fault said;
    struct mqtt_event event;
    struct mqtt_publication out;
};

/* --- publishing ------------------------------------------------------------------------------ */

static struct envelope_place registrar_place(const struct asker *a, const char *topic)
{
    struct envelope_place at = {.topic = topic};
    size_t got;
    memcpy(at.venue, a->venue->id, sizeof at.venue);
    sodium_hex2bin(at.kiosk, sizeof at.kiosk, a->kiosk, strlen(a->kiosk), NULL, &got, NULL);
    return at;
}

static void registrar_publish(struct registrar *r, const char *venue, const char *kiosk)
{
    const struct topic_rule *rule = &topic_table[TOPIC_REGISTERED];
    r->out.qos = rule->qos;
    r->out.retain = false;
    r->out.expiry_s = rule->expiry_s;
    r->out.len = ENVELOPE_SIZE;
    if (topic_name(TOPIC_REGISTERED, venue, kiosk, NULL, r->out.topic) == 0)
        mqtt_thread_publish(r->mqtt, &r->out);
}

static void announce(struct registrar *r, const char *venue, const char *kiosk,
                     const struct asker *a, enum registration_standing standing)
{
    struct registration_announcement said = {.standing = standing,
                                             .last = a ? a->entry.slot.last : 0};
    struct envelope_place at = {.topic = ""};
    size_t got;
    memcpy(said.public, r->keys->public, sizeof said.public);
    sodium_hex2bin(at.venue, sizeof at.venue, venue, strlen(venue), NULL, &got, NULL);
    sodium_hex2bin(at.kiosk, sizeof at.kiosk, kiosk, strlen(kiosk), NULL, &got, NULL);
    registration_announce(&said, &at, r->keys->secret, r->out.payload);
    registrar_publish(r, venue, kiosk);
}

static void answer_send(struct registrar *r, const struct asker *a,
                        const struct registration_answer *answer)
{
    char topic[TOPIC_NAME_MAX], text[ENVELOPE_LETTER_MAX + 1];
    size_t len;
    topic_name(TOPIC_REGISTERED, a->venue->venue.id, a->kiosk, NULL, topic);
    struct envelope_place at = registrar_place(a, topic);
    if (registration_answer_write(answer, text, &len) == 0 &&
        envelope_welcome_seal(&at, a->public, r->keys->secret, text, len, r->out.payload) ==
            ENVELOPE_OK)
        registrar_publish(r, a->venue->venue.id, a->kiosk);
}

/* --- a request's end ------------------------------------------------------------------------- */

static int ledger_save(struct registrar *r, const struct asker *a)
{
    int rc = ledger_write(r->prefix, a->venue->venue.id, a->kiosk, &a->entry);
    if (rc != 0)
        log_error(PATH_REGISTRAR_DIR "/%s-%s: %s; nothing is done for this kiosk until it can be "
                                     "written",
                  a->venue->venue.id, a->kiosk, strerror(errno));
    return rc;
}

static void answer_fill(struct asker *a, enum registration_outcome outcome, long after_s,
                        const char *why)
{
    a->answer = (struct registration_answer){.outcome = outcome,
                                             .number = a->request.number,
                                             .last = a->entry.slot.last,
                                             .after_s = after_s};
    snprintf(a->answer.why, sizeof a->answer.why, "%s", why);
}

static void request_log(const struct asker *a, enum registration_outcome outcome)
{
    static const char *const words[] = {"done", "refused", "later", "old"};
    log_info("venue %s, kiosk %s: %s %s: %s", a->venue->venue.id, a->kiosk,
             registration_kind_name(a->request.kind), registration_role_name(a->request.role),
             words[outcome]);
}

/* What could not be written down is not answered: it comes again. */
static void request_end(struct registrar *r, struct asker *a, enum registration_outcome outcome,
                        long after_s, const char *why)
{
    a->waiting = false;
    a->entry.slot.last = a->request.number;
    memcpy(a->entry.slot.digest, a->digest, sizeof a->digest);
    registration_end(&a->entry.slot, outcome);
    answer_fill(a, outcome, after_s, why);
    request_log(a, outcome);
    sodium_memzero(a->request.password, sizeof a->request.password);
    if (ledger_save(r, a) == 0)
        answer_send(r, a, &a->answer);
}

/* --- orders ---------------------------------------------------------------------------------- */

static enum topic_role role_at_broker(enum registration_role role)
{
    static const enum topic_role roles[REGISTRATION_ROLES] = {
        [REGISTRATION_NEWCOMER] = ROLE_NEWCOMER, [REGISTRATION_MEMBER] = ROLE_MEMBER,
        [REGISTRATION_STAFF] = ROLE_STAFF,       [REGISTRATION_RELAY] = ROLE_RELAY,
        [REGISTRATION_KIOSK] = ROLE_KIOSK,       [REGISTRATION_ROOT] = ROLE_ROOT,
    };
    return roles[role];
}

static struct broker_admin_order *order_begin(struct registrar *r, enum broker_admin_verb verb,
                                              const char *account)
{
    struct broker_admin_order *o = &r->keys->order;
    *o = (struct broker_admin_order){.verb = verb};
    snprintf(o->account, sizeof o->account, "%s", account);
    return o;
}

static void order_give(struct registrar *r, enum purpose purpose)
{
    r->purpose = purpose;
    broker_admin_begin(r->admin, &r->keys->order);
    sodium_memzero(&r->keys->order, sizeof r->keys->order);
}

static void order_look(struct registrar *r, enum purpose purpose, const char *account)
{
    order_begin(r, BROKER_ADMIN_LOOK, account);
    order_give(r, purpose);
}

/* What a request orders, once it is judged. */
static void order_act(struct registrar *r, const struct asker *a, enum registration_act act,
                      enum registration_role found)
{
    static const enum broker_admin_verb verbs[REGISTRATION_KINDS] = {
        [REGISTRATION_CREATE] = BROKER_ADMIN_CREATE,
        [REGISTRATION_PROMOTE] = BROKER_ADMIN_PROMOTE,
        [REGISTRATION_SUSPEND] = BROKER_ADMIN_SUSPEND,
        [REGISTRATION_RESTORE] = BROKER_ADMIN_RESTORE,
        [REGISTRATION_PASSWORD] = BROKER_ADMIN_PASSWORD,
        [REGISTRATION_REMOVE] = BROKER_ADMIN_REMOVE,
        [REGISTRATION_DISOWN] = BROKER_ADMIN_SUSPEND,
    };
    const struct registration_request *q = &a->request;
    enum broker_admin_verb verb =
        act == REGISTRATION_ACT_REMOVE ? BROKER_ADMIN_REMOVE : verbs[q->kind];
    struct broker_admin_order *o = order_begin(r, verb, q->account);
    o->role = role_at_broker(q->role ? q->role : found);
    snprintf(o->venue, sizeof o->venue, "%s", a->venue->venue.id);
    snprintf(o->kiosk, sizeof o->kiosk, "%s", a->kiosk);
    snprintf(o->password, sizeof o->password, "%s", q->password);
    order_give(r, FOR_ACT);
}

/* --- disowning a kiosk ----------------------------------------------------------------------- */

static struct asker *asker_load(struct registrar *r, const struct registrar_venue *venue,
                                const char *kiosk)
{
    struct asker *a = asker_of(r->askers, venue, kiosk);
    if (!a || a->loaded)
        return a;
    if (ledger_read(r->prefix, venue->venue.id, kiosk, &a->entry) != 0) {
        log_error(PATH_REGISTRAR_DIR "/%s-%s: %s; nothing is done for this kiosk", venue->venue.id,
                  kiosk, strerror(errno));
        return NULL;
    }
    a->loaded = true;
    return a;
}

/* Written down first: whatever happens then, that kiosk orders nothing more. */
static int seize(struct registrar *r, const struct asker *a)
{
    r->seized = asker_load(r, a->venue, a->request.kiosk);
    if (!r->seized)
        return -1;
    r->seized->entry.slot.disowned = true;
    r->seized->waiting = false;
    return ledger_save(r, r->seized);
}

static void restore_next(struct registrar *r)
{
    struct ledger_entry *e = &r->seized->entry;
    if (e->suspended_count > 0) {
        order_begin(r, BROKER_ADMIN_RESTORE, e->suspended[e->suspended_count - 1]);
        order_give(r, FOR_RESTORE);
        return;
    }
    struct asker *a = r->asker;
    if (ledger_save(r, r->seized) == 0)
        request_end(r, a, REGISTRATION_DONE, 0, "");
    r->seized = r->asker = NULL;
}

/* An account that was removed meanwhile needs no restoring. */
static void on_restored(struct registrar *r, const struct broker_admin_result *result)
{
    struct ledger_entry *e = &r->seized->entry;
    if (result->fault[0] != '\0')
        log_warning("an account that kiosk %s suspended could not be restored (%s)",
                    r->seized->kiosk, result->fault);
    e->suspended_count--;
    restore_next(r);
}

/* --- a request ------------------------------------------------------------------------------- */

static void request_finish(struct registrar *r, enum registration_outcome outcome, long after_s,
                           const char *why)
{
    struct asker *a = r->asker;
    r->asker = NULL;
    request_end(r, a, outcome, after_s, why);
}

static bool is_suspending(const struct asker *a, enum registration_act act)
{
    return a->request.kind == REGISTRATION_SUSPEND && act == REGISTRATION_ACT;
}

/* The broker has said what is there. */
static void on_looked(struct registrar *r, const struct broker_admin_result *result)
{
    struct asker *a = r->asker;
    const char *why = "";
    int64_t wall = clock_wall_seconds();
    enum registration_act act = registration_judge(&a->request, &result->found, a->venue->venue.id,
                                                   a->kiosk, a->granted, &why);
    long wait =
        a->again ? 0 : registration_wait(&a->entry.slot, &a->request, act, a->granted, wall, &why);
    if (result->fault[0] != '\0')
        request_finish(r, REGISTRATION_REFUSED, 0, result->fault);
    else if (act == REGISTRATION_ACT_REFUSE)
        request_finish(r, REGISTRATION_REFUSED, 0, why);
    else if (wait > 0)
        request_finish(r, REGISTRATION_LATER, wait, why);
    else if (act == REGISTRATION_ACT_NOT)
        request_finish(r, REGISTRATION_DONE, 0, "");
    else {
        if (!a->again)
            registration_begin(&a->entry.slot, &a->request, a->digest, act, a->granted, wall);
        bool ready = a->request.kind != REGISTRATION_DISOWN || seize(r, a) == 0;
        if (ready && is_suspending(a, act) && !a->granted)
            ready = ledger_suspended_add(&a->entry, a->request.account) == 0;
        if (!ready || ledger_save(r, a) != 0) {
            a->waiting = false; /* it comes again */
            r->asker = NULL;
            return;
        }
        order_act(r, a, act, result->found.role);
    }
}

static void on_acted(struct registrar *r, const struct broker_admin_result *result)
{
    char why[REGISTRATION_WHY_MAX];
    bool gone = r->seized && strstr(result->fault, "not found");
    if (result->fault[0] != '\0' && !gone) {
        snprintf(why, sizeof why, "the broker refused it (%s); ask its operator", result->fault);
        r->seized = NULL;
        request_finish(r, REGISTRATION_REFUSED, 0, why);
    } else if (r->seized) {
        restore_next(r);
    } else {
        request_finish(r, REGISTRATION_DONE, 0, "");
    }
}

/* --- the accounts of the venues' files ------------------------------------------------------- */

static const struct registrar_account *house_account(const struct registrar *r)
{
    return r->venue < r->venues_count && r->account < r->venues[r->venue].accounts_count
               ? &r->venues[r->venue].accounts[r->account]
               : NULL;
}

static void house_next(struct registrar *r)
{
    r->account++;
    while (r->venue < r->venues_count && r->account >= r->venues[r->venue].accounts_count) {
        r->venue++;
        r->account = 0;
    }
}

/* Made where it is missing; freed of old rights where an older version made it. */
static void on_house_looked(struct registrar *r, const struct broker_admin_result *result)
{
    const struct registrar_account *h = house_account(r);
    const struct registrar_venue *v = &r->venues[r->venue];
    const struct registration_account *found = &result->found;
    bool theirs = found->venue[0] == '\0' || strcmp(found->venue, v->venue.id) == 0;
    enum registration_role role = registration_role_of(h->role);
    if (result->fault[0] != '\0' || (found->there && (!theirs || found->role != role)))
        log_error("venue %s: account %s could not be made: %s", v->venue.id, h->name,
                  result->fault[0] ? result->fault : "the broker has it for somebody else");
    else if (!found->there || !result->current) {
        struct broker_admin_order *o =
            order_begin(r, found->there ? BROKER_ADMIN_RENEW : BROKER_ADMIN_CREATE, h->name);
        o->role = role_at_broker(role);
        snprintf(o->venue, sizeof o->venue, "%s", v->venue.id);
        snprintf(o->kiosk, sizeof o->kiosk, "%s", h->kiosk);
        snprintf(o->password, sizeof o->password, "%s", h->password);
        order_give(r, FOR_HOUSE);
        return;
    }
    house_next(r);
}

static void on_house_made(struct registrar *r, const struct broker_admin_result *result)
{
    if (result->fault[0] != '\0')
        log_error("venue %s: account %s could not be made: %s", r->venues[r->venue].venue.id,
                  house_account(r)->name, result->fault);
    house_next(r);
}

/* --- one thing after the other --------------------------------------------------------------- */

static void on_self_looked(struct registrar *r, const struct broker_admin_result *result)
{
    if (!result->current && !r->tried) {
        order_begin(r, BROKER_ADMIN_SELF, r->conf->broker.user);
        order_give(r, FOR_SELF);
        return;
    }
    r->settled = true;
    if (!result->current)
        log_error("the account %s may not administer this broker's accounts (%s); expected the one "
                  "that mosquitto_ctrl dynsec init made, or one with its rights",
                  r->conf->broker.user, r->fault);
}

/* The broker ends the connection of an account whose rights change, so that its answer may never
 * come: whether it worked is looked up. */
static void on_self(struct registrar *r, const struct broker_admin_result *result)
{
    r->tried = true;
    memcpy(r->fault, result->fault, sizeof r->fault);
    order_look(r, FOR_SELF_LOOK, r->conf->broker.user);
}

static void registrar_on_result(struct registrar *r, const struct broker_admin_result *result)
{
    enum purpose purpose = r->purpose;
    r->purpose = FOR_NOBODY;
    switch (purpose) {
    case FOR_NOBODY:
        break;
    case FOR_SELF_LOOK:
        on_self_looked(r, result);
        break;
    case FOR_SELF:
        on_self(r, result);
        break;
    case FOR_HOUSE_LOOK:
        on_house_looked(r, result);
        break;
    case FOR_HOUSE:
        on_house_made(r, result);
        break;
    case FOR_LOOK:
        on_looked(r, result);
        break;
    case FOR_ACT:
        on_acted(r, result);
        break;
    case FOR_RESTORE:
        on_restored(r, result);
        break;
    }
}

static void work_begin(struct registrar *r)
{
    if (r->purpose != FOR_NOBODY)
        return;
    if (!r->settled) {
        order_look(r, FOR_SELF_LOOK, r->conf->broker.user);
    } else if (house_account(r)) {
        order_look(r, FOR_HOUSE_LOOK, house_account(r)->name);
    } else if ((r->asker = asker_next(r->askers))) {
        order_look(r, FOR_LOOK, r->asker->request.account);
    }
}

/* --- what comes ------------------------------------------------------------------------------ */

static const struct registrar_venue *venue_find(const struct registrar *r, const char *id)
{
    for (size_t i = 0; i < r->venues_count; i++)
        if (strcmp(r->venues[i].venue.id, id) == 0)
            return &r->venues[i];
    return NULL;
}

static void receive_hello(struct registrar *r, struct asker *a, const struct registration_hello *h)
{
    struct envelope_place at = registrar_place(a, "");
    enum registration_standing standing = REGISTRATION_UNCERTIFIED;
    struct asker *known = NULL;
    if (registration_is_certified(h, at.venue, at.kiosk, a->venue->root)) {
        known = asker_load(r, a->venue, a->kiosk);
        if (!known)
            return;
        standing = known->entry.slot.disowned ? REGISTRATION_DISOWNED : REGISTRATION_WELCOME;
    }
    announce(r, a->venue->venue.id, a->kiosk, known, standing);
}

/* Opened, and signed by a key that the venue's root certified for this kiosk. */
static int request_open(const struct registrar *r, const struct asker *a,
                        const struct mqtt_event *e, struct registration_request *q,
                        uint8_t digest[REGISTRATION_DIGEST])
{
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[64];
    size_t len;
    struct registration_hello h;
    struct envelope_place at = registrar_place(a, e->topic);
    int rc = -1;
    if (envelope_letter_open(r->keys->public, r->keys->secret, e->payload, e->len, text, &len,
                             signature) != ENVELOPE_OK)
        return -1;
    if (registration_read(text, len, q) == 0) {
        memcpy(h.public, q->public, sizeof h.public);
        memcpy(h.certificate, q->certificate, sizeof h.certificate);
        registration_digest(text, len, digest);
        if (registration_is_certified(&h, at.venue, at.kiosk, a->venue->root) &&
            envelope_letter_signed(&at, q->public, signature, text, len) == ENVELOPE_OK)
            rc = 0;
    }
    sodium_memzero(text, sizeof text);
    return rc;
}

static void request_refuse(struct registrar *r, struct asker *a, enum registration_outcome outcome,
                           uint64_t number, const char *why)
{
    struct registration_answer answer = {
        .outcome = outcome, .number = number, .last = a->entry.slot.last};
    snprintf(answer.why, sizeof answer.why, "%s", why);
    answer_send(r, a, &answer);
}

static void request_repeat(struct registrar *r, struct asker *a, uint64_t number)
{
    if (a->answer.number == number)
        answer_send(r, a, &a->answer);
    else
        request_refuse(r, a, a->entry.slot.outcome, number,
                       a->entry.slot.outcome == REGISTRATION_DONE ? "" : "it was refused before");
}

static void request_take(struct registrar *r, struct asker *a, const struct registration_request *q,
                         const uint8_t digest[REGISTRATION_DIGEST])
{
    enum registration_admission admission = registration_admit(&a->entry.slot, q, digest);
    memcpy(a->public, q->public, sizeof a->public);
    switch (admission) {
    case REGISTRATION_TAKE:
    case REGISTRATION_AGAIN:
        a->request = *q;
        memcpy(a->digest, digest, sizeof a->digest);
        a->again = admission == REGISTRATION_AGAIN;
        a->granted = registration_is_granted(q, a->venue->id, a->venue->root);
        a->waiting = true;
        break;
    case REGISTRATION_REPEAT:
        request_repeat(r, a, q->number);
        break;
    case REGISTRATION_STALE:
        request_refuse(r, a, REGISTRATION_OLD, q->number,
                       "that number was used before; a request needs a number of its own");
        break;
    case REGISTRATION_BARRED:
        request_refuse(r, a, REGISTRATION_REFUSED, q->number,
                       "this kiosk is disowned by the venue's root key");
        break;
    }
}

/* While a request of this kiosk is being done, it may only come again. */
static void receive_request(struct registrar *r, struct asker *a, const struct mqtt_event *e)
{
    struct registration_request q;
    uint8_t digest[REGISTRATION_DIGEST];
    if (a != r->asker && request_open(r, a, e, &q, digest) == 0 &&
        asker_load(r, a->venue, a->kiosk))
        request_take(r, a, &q, digest);
    sodium_memzero(&q, sizeof q);
}

static void registrar_on_message(struct registrar *r, const struct mqtt_event *e)
{
    char venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1], account[TOPIC_ID_LEN + 1];
    struct registration_hello hello;
    enum topic t;
    if (e->too_long || e->retained ||
        sscanf(e->topic, "porchlight/%16[0-9a-f]/%16[0-9a-f]/", venue, kiosk) != 2 ||
        topic_parse(e->topic, venue, kiosk, &t, account) != 0 || t != TOPIC_REGISTRAR)
        return;
    const struct registrar_venue *v = venue_find(r, venue);
    bool is_hello = registration_hello_read(e->payload, e->len, &hello) == 0;
    if (!v && is_hello)
        announce(r, venue, kiosk, NULL, REGISTRATION_UNKNOWN_VENUE);
    struct asker *a = v ? asker_of(r->askers, v, kiosk) : NULL;
    if (!a || !asker_may_send(a, e->at))
        return;
    if (is_hello)
        receive_hello(r, a, &hello);
    else
        receive_request(r, a, e);
}

/* --- the broker ------------------------------------------------------------------------------ */

static void registrar_complain(struct registrar *r, const struct mqtt_event *e)
{
    if (r->said == e->fault)
        return;
    r->said = e->fault;
    log_warning("broker %s port %d: %s%s (%s%s%s). %s", r->conf->broker.host, r->conf->broker.port,
                e->topic[0] ? "it refuses " : "not connected", e->topic, mqtt_fault_name(e->fault),
                e->detail[0] ? ": " : "", e->detail, mqtt_fault_sentence(e->fault));
}

/* After a restart of the broker it is asked again what it has. */
static void registrar_link(struct registrar *r, bool up, size_t refused)
{
    r->up = up;
    if (!up)
        return;
    broker_admin_again(r->admin);
    if (refused > 0 && r->settled && r->purpose == FOR_NOBODY)
        r->settled = r->tried = false;
    if (refused > 0)
        return;
    r->said = MQTT_FAULT_FINE;
    log_info("connected; %zu venues", r->venues_count);
}

static void registrar_on_event(struct registrar *r, const struct mqtt_event *e)
{
    struct broker_admin_result result;
    switch (e->kind) {
    case MQTT_SUBSCRIBED:
        registrar_link(r, true, e->refused);
        break;
    case MQTT_DOWN:
        registrar_complain(r, e);
        registrar_link(r, false, 0);
        break;
    case MQTT_MESSAGE:
        if (broker_admin_receive(r->admin, e, &result))
            registrar_on_result(r, &result);
        else
            registrar_on_message(r, e);
        break;
    case MQTT_REFUSED:
        if (r->settled)
            registrar_complain(r, e);
        break;
    case MQTT_UP:
    case MQTT_ACKED:
    case MQTT_DROPPED:
        break;
    }
}

static void registrar_on_readable(void *context, int fd, short revents)
{
    struct registrar *r = context;
    (void)fd;
    (void)revents;
    while (mqtt_thread_next(r->mqtt, &r->event))
        registrar_on_event(r, &r->event);
}

void registrar_time(struct registrar *r, int64_t now)
{
    if (!r->up)
        return;
    do {
        work_begin(r);
        while (broker_admin_next(r->admin, now, &r->out)) {
            mqtt_thread_publish(r->mqtt, &r->out);
            sodium_memzero(r->out.payload, sizeof r->out.payload);
        }
    } while (r->purpose == FOR_NOBODY && (!r->settled || house_account(r)));
}

int64_t registrar_deadline(const struct registrar *r)
{
    return r->up ? broker_admin_deadline(r->admin) : NS_NEVER;
}

/* --- from the config to what runs ------------------------------------------------------------ */

static void registrar_subscribe(struct mqtt_setup *s, const char *topic)
{
    struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
    one->qos = 1;
    snprintf(one->topic, sizeof one->topic, "%s", topic);
}

int registrar_start(struct registrar *r, struct loop *loop)
{
    const struct registrar_conf *c = r->conf;
    char topic[TOPIC_NAME_MAX];
    struct mqtt_setup s = {.broker = {.name = "broker", .port = c->broker.port},
                           .password = r->keys->password,
                           .keepalive = 10 * NS_PER_S,
                           .probe = 4 * NS_PER_S,
                           .backoff = 100 * NS_PER_MS,
                           .backoff_max = 5 * NS_PER_S};
    s.broker.tls = c->broker.tls;
    memcpy(s.broker.host, c->broker.host, sizeof s.broker.host);
    memcpy(s.broker.ca, c->broker.ca, sizeof s.broker.ca);
    memcpy(s.broker.user, c->broker.user, sizeof s.broker.user);
    memcpy(s.client_id, c->broker.user, sizeof s.client_id);
    topic_name(TOPIC_REGISTRAR, "+", "+", NULL, topic);
    registrar_subscribe(&s, broker_admin_topic());
    registrar_subscribe(&s, topic);
    r->loop = loop;
    r->mqtt = mqtt_thread_new(&s);
    if (r->mqtt && loop_add(loop, mqtt_thread_fd(r->mqtt), POLLIN, registrar_on_readable, r) == 0)
        return 0;
    log_error("cannot start the connection to the broker: %s", strerror(errno));
    return -1;
}

static int registrar_key_read(struct registrar *r)
{
    struct keys *k = r->keys;
    char path[PATH_LEN];
    if (path_under(r->prefix, PATH_REGISTRAR_DIR "/key", path) != 0)
        return -1;
    if (access(path, F_OK) == 0) {
        if (secret_read_file(path, true, k->seed, SEED, config_complain_stderr, NULL) != 0)
            return -1;
    } else {
        randombytes_buf(k->seed, SEED);
        if (secret_write_key(path, k->seed, SEED, 0600) != 0) {
            log_error("%s: %s", path, strerror(errno));
            return -1;
        }
    }
    crypto_sign_seed_keypair(k->public, k->secret, k->seed);
    return 0;
}

static int registrar_password_read(struct registrar *r)
{
    static const char absent[] =
        "there is no such file. Expected the password of the account in registrar.conf, on one "
        "line";
    char path[PATH_LEN], *text = sodium_malloc(SECRET_FILE_MAX + 1);
    int rc = -1;
    if (text && registrar_path(r->prefix, "password", path) == 0 &&
        secret_read_text(path, absent, text, config_complain_stderr, NULL) >= 0 &&
        strlen(text) < PASSWORD_MAX) {
        strcpy(r->keys->password, text);
        rc = 0;
    }
    sodium_free(text);
    return rc;
}

struct registrar *registrar_new(const char *prefix, const struct registrar_conf *conf,
                                const struct registrar_venue *venues, size_t venues_count)
{
    struct registrar *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct registrar){.prefix = prefix,
                            .conf = conf,
                            .venues = venues,
                            .venues_count = venues_count,
                            .keys = sodium_malloc(sizeof *r->keys),
                            .askers = sodium_malloc(sizeof *r->askers),
                            .admin = broker_admin_new()};
    if (venues_count > 0 && venues[0].accounts_count == 0)
        house_next(r);
    if (r->askers)
        sodium_memzero(r->askers, sizeof *r->askers);
    if (!r->keys || !r->askers || !r->admin)
        log_error("no locked memory for keys; raise the limit (ulimit -l)");
    else if (registrar_password_read(r) == 0 && registrar_key_read(r) == 0)
        return r;
    registrar_free(r);
    return NULL;
}

void registrar_free(struct registrar *r)
{
    if (!r)
        return;
    if (r->mqtt)
        loop_remove(r->loop, mqtt_thread_fd(r->mqtt));
    mqtt_thread_free(r->mqtt);
    broker_admin_free(r->admin);
    for (size_t i = 0; r->askers && i < ASKERS_MAX; i++)
        ledger_entry_free(&r->askers->all[i].entry);
    sodium_free(r->askers);
    sodium_free(r->keys);
    free(r);
}
