#include "kiosk/common/dynsec.h"
#include "kiosk/registrar/rabbit_parts.h"
#include "kiosk/registrar/rabbit_rights.h"

#include <stdio.h>
#include <string.h>

/* kind/VHOST/ACCOUNT, or kind/ACCOUNT where `vhost` is NULL, and what is behind it. */
static void path_of(const struct rabbit_admin *a, const char *kind, bool vhost, const char *behind,
                    char out[RABBIT_PATH_MAX])
{
    char *account = curl_easy_escape(a->curl, a->order.account, 0);
    snprintf(out, RABBIT_PATH_MAX, "%s/%s%s%s%s", kind, vhost ? a->vhost : "", vhost ? "/" : "",
             account ? account : "", behind);
    curl_free(account);
}

static cJSON *user_get(struct rabbit_admin *a)
{
    char path[RABBIT_PATH_MAX];
    cJSON *user = NULL;
    path_of(a, "users", false, "", path);
    long status = rabbit_call(a, "GET", path, NULL, &user);
    if (rabbit_call_worked(a, status, "the account") && !user)
        snprintf(a->result.fault, sizeof a->result.fault, "the API's answer cannot be read");
    return user;
}

/* The account with these tags, which it takes; with `password`, or the hash that it has. */
static bool user_put(struct rabbit_admin *a, cJSON *tags, const char *password, const cJSON *user)
{
    char path[RABBIT_PATH_MAX];
    static const char *const keys[] = {"password_hash", "hashing_algorithm"};
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "tags", tags);
    if (password)
        cJSON_AddStringToObject(body, "password", password);
    for (size_t i = 0; !password && i < sizeof keys / sizeof keys[0]; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(user, keys[i]);
        cJSON_AddItemToObject(body, keys[i], cJSON_Duplicate(value, true));
    }
    path_of(a, "users", false, "", path);
    return rabbit_call_worked(a, rabbit_call(a, "PUT", path, body, NULL), "the account");
}

static bool queues_put(struct rabbit_admin *a)
{
    char path[RABBIT_PATH_MAX], pattern[RABBIT_PATTERN_MAX];
    cJSON *body = cJSON_CreateObject();
    rabbit_rights_queues(a->order.account, pattern);
    cJSON_AddStringToObject(body, "configure", pattern);
    cJSON_AddStringToObject(body, "write", pattern);
    cJSON_AddStringToObject(body, "read", pattern);
    path_of(a, "permissions", true, "", path);
    return rabbit_call_worked(a, rabbit_call(a, "PUT", path, body, NULL), "its queues");
}

/* A relay may serve every kiosk of its venue. */
static int topics_of(const struct broker_admin_order *o, bool writes, char out[RABBIT_PATTERN_MAX])
{
    bool all = o->role == ROLE_REGISTRAR;
    return rabbit_rights_topics(o->role, all ? "+" : o->venue,
                                all || o->role == ROLE_RELAY ? "+" : o->kiosk, o->account, writes,
                                out);
}

static bool topics_put(struct rabbit_admin *a)
{
    char path[RABBIT_PATH_MAX], write[RABBIT_PATTERN_MAX], read[RABBIT_PATTERN_MAX];
    if (topics_of(&a->order, true, write) != 0 || topics_of(&a->order, false, read) != 0) {
        snprintf(a->result.fault, sizeof a->result.fault, "no rights can be written for it");
        return false;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "exchange", RABBIT_EXCHANGE);
    cJSON_AddStringToObject(body, "write", write);
    cJSON_AddStringToObject(body, "read", read);
    path_of(a, "topic-permissions", true, "", path);
    return rabbit_call_worked(a, rabbit_call(a, "PUT", path, body, NULL), "its topics");
}

/* Ends the account's connections: what it may not do any more, it could do as long as they last. */
static bool connections_end(struct rabbit_admin *a)
{
    char path[RABBIT_PATH_MAX];
    path_of(a, "connections/username", false, "", path);
    long status = rabbit_call(a, "DELETE", path, NULL, NULL);
    return status == RABBIT_NOT_FOUND || rabbit_call_worked(a, status, "its connections");
}

static bool rights_put(struct rabbit_admin *a)
{
    return topics_put(a) && queues_put(a);
}

static cJSON *tags_of_order(const struct broker_admin_order *o)
{
    return rabbit_rights_tags(registration_role_of(dynsec_role_name(o->role)), o->venue, o->kiosk,
                              false);
}

static bool text_is(const cJSON *object, const char *key, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

/* Whether its rights are what this version gives. */
static bool rights_are_current(struct rabbit_admin *a)
{
    char path[RABBIT_PATH_MAX], write[RABBIT_PATTERN_MAX], read[RABBIT_PATTERN_MAX];
    cJSON *topics = NULL;
    const cJSON *one;
    bool current = false;
    if (topics_of(&a->order, true, write) != 0 || topics_of(&a->order, false, read) != 0)
        return false;
    path_of(a, "users", false, "/topic-permissions", path);
    if (rabbit_call(a, "GET", path, NULL, &topics) == 0)
        return false;
    cJSON_ArrayForEach(one, topics) current =
        current || (text_is(one, "exchange", RABBIT_EXCHANGE) &&
                    text_is(one, "vhost", a->conf->broker.vhost) && text_is(one, "write", write) &&
                    text_is(one, "read", read));
    cJSON_Delete(topics);
    return current;
}

static void rabbit_look(struct rabbit_admin *a)
{
    struct broker_admin_order *o = &a->order;
    struct registration_account *found = &a->result.found;
    cJSON *user = user_get(a);
    if (!user) {
        if (strcmp(a->result.fault, "not found") == 0)
            a->result.fault[0] = '\0';
        return;
    }
    *found = rabbit_rights_account(cJSON_GetObjectItemCaseSensitive(user, "tags"));
    cJSON_Delete(user);
    bool self = strcmp(o->account, a->conf->broker.user) == 0;
    o->role = self ? ROLE_REGISTRAR : broker_admin_role(found->role);
    snprintf(o->venue, sizeof o->venue, "%s", found->venue);
    snprintf(o->kiosk, sizeof o->kiosk, "%s", found->kiosk);
    a->result.current = (self || o->role) && rights_are_current(a);
}

/* Its tags are what they were but for the password, for being suspended, or for what the order
 * says. */
static void rabbit_change(struct rabbit_admin *a)
{
    const struct broker_admin_order *o = &a->order;
    cJSON *user = user_get(a);
    if (!user)
        return;
    struct registration_account f =
        rabbit_rights_account(cJSON_GetObjectItemCaseSensitive(user, "tags"));
    bool suspended =
        o->verb == BROKER_ADMIN_SUSPEND || (f.suspended && o->verb == BROKER_ADMIN_PASSWORD);
    cJSON *tags = o->verb == BROKER_ADMIN_RENEW
                      ? tags_of_order(o)
                      : rabbit_rights_tags(f.role, f.venue, f.kiosk, suspended);
    bool good = user_put(a, tags, o->verb == BROKER_ADMIN_PASSWORD ? o->password : NULL, user);
    cJSON_Delete(user);
    if (good && o->verb == BROKER_ADMIN_SUSPEND) {
        char path[RABBIT_PATH_MAX];
        path_of(a, "permissions", true, "", path);
        long status = rabbit_call(a, "DELETE", path, NULL, NULL);
        good = status == RABBIT_NOT_FOUND || rabbit_call_worked(a, status, "its permissions");
    }
    if (good && o->verb == BROKER_ADMIN_RESTORE)
        good = queues_put(a);
    if (good && o->verb == BROKER_ADMIN_RENEW)
        good = rights_put(a);
    if (good && o->verb != BROKER_ADMIN_RESTORE)
        connections_end(a);
}

static void rabbit_remove(struct rabbit_admin *a)
{
    char path[RABBIT_PATH_MAX];
    path_of(a, "users", false, "", path);
    long status = rabbit_call(a, "DELETE", path, NULL, NULL);
    if (status == RABBIT_NOT_FOUND || rabbit_call_worked(a, status, "the account"))
        connections_end(a);
}

void rabbit_carry_out(struct rabbit_admin *a)
{
    struct broker_admin_order *o = &a->order;
    switch (o->verb) {
    case BROKER_ADMIN_LOOK:
        rabbit_look(a);
        break;
    case BROKER_ADMIN_CREATE: /* whoever has no permissions yet cannot connect */
        if (user_put(a, tags_of_order(o), o->password, NULL))
            rights_put(a);
        break;
    case BROKER_ADMIN_PROMOTE:
        if (user_put(a, tags_of_order(o), o->password, NULL) && rights_put(a))
            connections_end(a);
        break;
    case BROKER_ADMIN_PASSWORD:
    case BROKER_ADMIN_SUSPEND:
    case BROKER_ADMIN_RESTORE:
    case BROKER_ADMIN_RENEW:
        rabbit_change(a);
        break;
    case BROKER_ADMIN_REMOVE:
        rabbit_remove(a);
        break;
    case BROKER_ADMIN_SELF:
        o->role = ROLE_REGISTRAR;
        if (rights_put(a))
            connections_end(a);
        break;
    }
}
