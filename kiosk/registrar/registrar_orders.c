#include "kiosk/registrar/registrar_state.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- orders ----------------------------------------------------------------------------------- */

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
    o->role = broker_admin_role(q->role ? q->role : found);
    snprintf(o->venue, sizeof o->venue, "%s", a->venue->venue.id);
    snprintf(o->kiosk, sizeof o->kiosk, "%s", a->kiosk);
    snprintf(o->password, sizeof o->password, "%s", q->password);
    order_give(r, FOR_ACT);
}

/* --- disowning a kiosk ------------------------------------------------------------------------ */

/* Written down first: whatever happens then, that kiosk orders nothing more. */
static int seize(struct registrar *r, const struct asker *a)
{
    r->seized = registrar_asker(r, a->venue, a->request.kiosk);
    if (!r->seized)
        return -1;
    r->seized->entry.slot.disowned = true;
    r->seized->waiting = false;
    return registrar_ledger_save(r, r->seized);
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
    if (registrar_ledger_save(r, r->seized) == 0)
        registrar_request_end(r, a, REGISTRATION_DONE, 0, "");
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

/* --- a request -------------------------------------------------------------------------------- */

static void request_finish(struct registrar *r, enum registration_outcome outcome, long after_s,
                           const char *why)
{
    struct asker *a = r->asker;
    r->asker = NULL;
    registrar_request_end(r, a, outcome, after_s, why);
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
        if (!ready || registrar_ledger_save(r, a) != 0) {
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

/* --- the accounts of the venues' files -------------------------------------------------------- */

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
        o->role = broker_admin_role(role);
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

/* --- one thing after the other ---------------------------------------------------------------- */

static void on_self_looked(struct registrar *r, const struct broker_admin_result *result)
{
    if (!result->current && !r->tried) {
        order_begin(r, BROKER_ADMIN_SELF, r->conf->broker.user);
        order_give(r, FOR_SELF);
        return;
    }
    r->settled = true;
    if (!result->current)
        log_error("the account %s may not administer this broker's accounts (%s); expected %s",
                  r->conf->broker.user, result->fault[0] ? result->fault : r->fault,
                  broker_admin_topic(r->admin)
                      ? "the one that mosquitto_ctrl dynsec init made, or one with its rights"
                      : "a user with the tag administrator");
}

/* The broker ends the connection of an account whose rights change, so that its answer may never
 * come: whether it worked is looked up. */
static void on_self(struct registrar *r, const struct broker_admin_result *result)
{
    r->tried = true;
    memcpy(r->fault, result->fault, sizeof r->fault);
    order_look(r, FOR_SELF_LOOK, r->conf->broker.user);
}

void registrar_orders_result(struct registrar *r, const struct broker_admin_result *result)
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

void registrar_orders_begin(struct registrar *r)
{
    if (r->purpose != FOR_NOBODY)
        return;
    if (!r->settled) {
        order_look(r, FOR_SELF_LOOK, r->conf->broker.user);
    } else if (house_account(r)) {
        order_look(r, FOR_HOUSE_LOOK, house_account(r)->name);
    } else if ((r->asker = asker_next(&r->askers))) {
        order_look(r, FOR_LOOK, r->asker->request.account);
    }
}

bool registrar_orders_house_left(const struct registrar *r)
{
    return house_account(r);
}

void registrar_orders_house_first(struct registrar *r)
{
    if (r->venues_count > 0 && r->venues[0].accounts_count == 0)
        house_next(r);
}
