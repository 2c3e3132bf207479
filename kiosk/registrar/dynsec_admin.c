#include "kiosk/common/dynsec.h"
#include "kiosk/core/ns.h"
#include "kiosk/registrar/broker_admin.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* mosquitto's dynamic security plugin. An order is one to three requests to it, in their order. */
enum { STEPS_MAX = 3, TAG_MAX = 40 };
#define PATIENCE (5 * NS_PER_S)

struct dynsec_admin {
    struct broker_admin base;
    struct broker_admin_order order; /* locked memory: passwords */
    bool busy, sent;
    int step;
    uint64_t tag, number;
    int64_t sent_at;
};

static struct dynsec_admin *dynsec_of(struct broker_admin *base)
{
    return (struct dynsec_admin *)base; /* its first member */
}

static void dynsec_admin_release(struct broker_admin *base)
{
    sodium_free(base);
}

static void dynsec_admin_begin(struct broker_admin *base, const struct broker_admin_order *o)
{
    struct dynsec_admin *a = dynsec_of(base);
    a->order = *o;
    a->busy = true;
    a->sent = false;
    a->step = 0;
}

static void dynsec_admin_again(struct broker_admin *base)
{
    dynsec_of(base)->sent = false;
}

static int64_t dynsec_admin_deadline(const struct broker_admin *base)
{
    const struct dynsec_admin *a = (const struct dynsec_admin *)base;
    return !a->busy ? NS_NEVER : a->sent ? a->sent_at + PATIENCE : 0;
}

/* --- requests -------------------------------------------------------------------------------- */

/* A relay may serve every kiosk of its venue. */
static cJSON *role_request(const struct broker_admin_order *o)
{
    return dynsec_role(o->role, o->venue, o->role == ROLE_RELAY ? "+" : o->kiosk, o->account);
}

static cJSON *self_request(const struct broker_admin_order *o, int step)
{
    return step == 0   ? dynsec_registrar_role()
           : step == 1 ? dynsec_give_role(o->account, DYNSEC_REGISTRAR)
                       : NULL;
}

static cJSON *renew_request(const struct broker_admin_order *o, int step)
{
    switch (step) {
    case 0:
        return dynsec_renew_role(o->role, o->account);
    case 1:
        return role_request(o);
    case 2:
        return dynsec_renew(o->role, o->venue, o->kiosk, o->account);
    default:
        return NULL;
    }
}

static cJSON *made_request(const struct broker_admin_order *o, int step)
{
    if (step == 0)
        return role_request(o);
    if (step > 1)
        return NULL;
    return o->verb == BROKER_ADMIN_CREATE
               ? dynsec_account(o->role, o->venue, o->kiosk, o->account, o->password)
               : dynsec_promote(o->role, o->account, o->password);
}

static cJSON *only_request(const struct broker_admin_order *o)
{
    switch (o->verb) {
    case BROKER_ADMIN_LOOK:
        return dynsec_look(o->account);
    case BROKER_ADMIN_PASSWORD:
        return dynsec_password(o->account, o->password);
    case BROKER_ADMIN_SUSPEND:
        return dynsec_suspend(o->account, true);
    case BROKER_ADMIN_RESTORE:
        return dynsec_suspend(o->account, false);
    case BROKER_ADMIN_REMOVE:
        return dynsec_remove(o->role, o->account);
    default:
        return NULL;
    }
}

/* NULL: the order has no such step. */
static cJSON *request_at(const struct broker_admin_order *o, int step)
{
    switch (o->verb) {
    case BROKER_ADMIN_SELF:
        return self_request(o, step);
    case BROKER_ADMIN_RENEW:
        return renew_request(o, step);
    case BROKER_ADMIN_CREATE:
    case BROKER_ADMIN_PROMOTE:
        return made_request(o, step);
    default:
        return step == 0 ? only_request(o) : NULL;
    }
}

static void dynsec_admin_tag(const struct dynsec_admin *a, char out[TAG_MAX])
{
    snprintf(out, TAG_MAX, "%016" PRIx64 "-%" PRIu64, a->tag, a->number);
}

static bool dynsec_admin_next(struct broker_admin *base, int64_t now, struct mqtt_publication *p)
{
    struct dynsec_admin *a = dynsec_of(base);
    char tag[TAG_MAX];
    if (!a->busy || (a->sent && now - a->sent_at < PATIENCE))
        return false;
    a->number++;
    dynsec_admin_tag(a, tag);
    *p = (struct mqtt_publication){.topic = DYNSEC_REQUEST, .qos = 1};
    int len = dynsec_write(request_at(&a->order, a->step), tag, (char *)p->payload, DYNSEC_MAX);
    a->sent = true;
    a->sent_at = now;
    p->len = len > 0 ? (size_t)len : 0;
    return len > 0;
}

/* --- answers --------------------------------------------------------------------------------- */

static const char *dynsec_admin_text(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* What is so already needs no doing: an order may be repeated. */
static bool is_so_already(const struct broker_admin_order *o, const char *command,
                          const char *error)
{
    bool there = strstr(error, "already exists") || strstr(error, "already in this role") ||
                 strstr(error, "Role already") || strstr(error, "already has");
    bool gone = strstr(error, "not found");
    if (strcmp(command, "deleteRole") == 0 || strcmp(command, "deleteClient") == 0)
        return gone;
    return there && (strcmp(command, "createRole") == 0 ||
                     (o->verb == BROKER_ADMIN_SELF && strcmp(command, "addClientRole") == 0) ||
                     (o->verb == BROKER_ADMIN_CREATE && strcmp(command, "createClient") == 0));
}

static void dynsec_admin_account(const cJSON *data, const struct broker_admin_order *o,
                                 struct broker_admin_result *r)
{
    const cJSON *client = cJSON_GetObjectItemCaseSensitive(data, "client"), *one;
    struct registration_account *found = &r->found;
    found->there = true;
    found->suspended = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(client, "disabled"));
    dynsec_description_read(dynsec_admin_text(client, "textdescription"), found->venue,
                            found->kiosk, &r->current);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(client, "roles"))
    {
        char word[REGISTRATION_ACCOUNT + 1] = "";
        const char *name = dynsec_admin_text(one, "rolename"), *dash = strchr(name, '-');
        if (strcmp(name, DYNSEC_REGISTRAR) == 0)
            r->current = true;
        if (!dash || strcmp(dash + 1, o->account) != 0)
            continue;
        snprintf(word, sizeof word, "%.*s", (int)(dash - name), name);
        if (found->role == REGISTRATION_NOBODY)
            found->role = registration_role_of(word);
    }
}

static void response_read(const struct broker_admin_order *o, const cJSON *one,
                          struct broker_admin_result *r)
{
    const char *error = dynsec_admin_text(one, "error"),
               *command = dynsec_admin_text(one, "command");
    if (o->verb == BROKER_ADMIN_LOOK) {
        if (error[0] == '\0')
            dynsec_admin_account(cJSON_GetObjectItemCaseSensitive(one, "data"), o, r);
        else if (!strstr(error, "not found"))
            snprintf(r->fault, sizeof r->fault, "%.40s: %.60s", command, error);
    } else if (error[0] != '\0' && !is_so_already(o, command, error)) {
        snprintf(r->fault, sizeof r->fault, "%.40s: %.60s", command, error);
    }
}

/* Whether it answers the packet that was sent last. */
static bool dynsec_admin_read(const struct dynsec_admin *a, const struct mqtt_event *e,
                              struct broker_admin_result *r)
{
    char tag[TAG_MAX];
    bool ours = false;
    const cJSON *one;
    dynsec_admin_tag(a, tag);
    cJSON *json = cJSON_ParseWithLength((const char *)e->payload, e->len);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(json, "responses"))
    {
        if (strcmp(dynsec_admin_text(one, "correlationData"), tag) != 0)
            continue;
        ours = true;
        response_read(&a->order, one, r);
    }
    cJSON_Delete(json);
    return ours;
}

static bool dynsec_admin_receive(struct broker_admin *base, const struct mqtt_event *e,
                                 struct broker_admin_result *r)
{
    struct dynsec_admin *a = dynsec_of(base);
    *r = (struct broker_admin_result){.current = false};
    if (!a->busy || !a->sent || strcmp(e->topic, DYNSEC_RESPONSE) != 0 ||
        !dynsec_admin_read(a, e, r))
        return false;
    a->sent = false;
    a->step++;
    cJSON *more = r->fault[0] == '\0' ? request_at(&a->order, a->step) : NULL;
    if (more) {
        cJSON_Delete(more);
        return false;
    }
    a->busy = false;
    sodium_memzero(&a->order, sizeof a->order);
    return true;
}

static const struct broker_admin_ops dynsec_admin_ops = {
    .release = dynsec_admin_release,
    .begin = dynsec_admin_begin,
    .topic = DYNSEC_RESPONSE,
    .next = dynsec_admin_next,
    .again = dynsec_admin_again,
    .deadline = dynsec_admin_deadline,
    .receive = dynsec_admin_receive,
};

struct broker_admin *dynsec_admin_new(void)
{
    struct dynsec_admin *a = sodium_malloc(sizeof *a);
    if (!a)
        return NULL;
    sodium_memzero(a, sizeof *a);
    a->base.ops = &dynsec_admin_ops;
    randombytes_buf(&a->tag, sizeof a->tag);
    return &a->base;
}
