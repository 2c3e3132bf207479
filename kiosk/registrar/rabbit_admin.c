#include "kiosk/common/dynsec.h"
#include "kiosk/common/log.h"
#include "kiosk/registrar/broker_admin.h"
#include "kiosk/registrar/rabbit_rights.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* RabbitMQ's management API: an order is some requests, one after the other, each of which may be
 * repeated. A thread sends them, so that the registrar goes on receiving meanwhile. While the API
 * cannot be reached, the order waits and is tried again. */

enum {
    CONNECT_MS = 4000,
    ANSWER_MS = 8000,
    AGAIN_S = 1,
    BODY_MAX = 256 * 1024, /* of an answer: a user's connections are the longest */
    PATH_MAX_ = 512,
    DONE_LEAST = 200,
    DONE_MOST = 299,
    UNAUTHORIZED = 401,
    NOT_FOUND = 404,
    BUSY_LEAST = 500, /* the node, and not the request: a cluster that elects, a node that stops */
};

struct rabbit_admin {
    struct broker_admin base;
    const struct registrar_conf *conf;
    const char *password;
    int fd; /* eventfd */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool asked, done, stop; /* under lock */
    atomic_bool stopping;   /* the same as stop, for curl's callback */
    bool said;              /* that the API cannot be reached */
    struct broker_admin_order order;
    struct broker_admin_result result;
    CURL *curl;
    char vhost[3 * CONFIG_NAME_MAX]; /* escaped */
};

static struct rabbit_admin *rabbit_of(struct broker_admin *base)
{
    return (struct rabbit_admin *)base; /* its first member */
}

/* --- one request ----------------------------------------------------------------------------- */

struct answer_text {
    char *text; /* what it held is no secret but for a password's hash: wiped */
    size_t len;
};

static size_t rabbit_take(char *data, size_t size, size_t count, void *context)
{
    struct answer_text *t = context;
    size_t n = size * count;
    if (n > BODY_MAX - t->len)
        return 0;
    memcpy(t->text + t->len, data, n);
    t->len += n;
    return n;
}

static int rabbit_wanted(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct rabbit_admin *r = context;
    (void)a, (void)b, (void)c, (void)d;
    return r->stopping;
}

static void curl_prepare(struct rabbit_admin *a, const char *method, const char *path,
                         struct answer_text *got)
{
    const struct registrar_conf *c = a->conf;
    char url[PATH_MAX_ + CONFIG_TEXT_MAX];
    snprintf(url, sizeof url, "%s/api/%s", c->broker.management, path);
    curl_easy_reset(a->curl);
    curl_easy_setopt(a->curl, CURLOPT_URL, url);
    curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(a->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(a->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(a->curl, CURLOPT_USERNAME, c->broker.user);
    curl_easy_setopt(a->curl, CURLOPT_PASSWORD, a->password);
    curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, rabbit_take);
    curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, got);
    curl_easy_setopt(a->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(a->curl, CURLOPT_XFERINFOFUNCTION, rabbit_wanted);
    curl_easy_setopt(a->curl, CURLOPT_XFERINFODATA, a);
    if (c->broker.ca[0])
        curl_easy_setopt(a->curl, CURLOPT_CAINFO, c->broker.ca);
}

/* The HTTP status; 0: the API was not reached, and *why says why. */
static long request_send(struct rabbit_admin *a, const char *body, const char **why)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long status = 0;
    if (body)
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(a->curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    else
        *why = curl_easy_strerror(code);
    curl_slist_free_all(headers);
    return status;
}

static void rabbit_rest(struct rabbit_admin *a)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += AGAIN_S;
    pthread_mutex_lock(&a->lock);
    while (!a->stop && pthread_cond_clockwait(&a->woken, &a->lock, CLOCK_MONOTONIC, &until) == 0)
        ;
    pthread_mutex_unlock(&a->lock);
}

/* Once it is answered: the status, and *answer (may be NULL) is what was in it, for the caller to
 * delete. 0: the program ends. Takes the body, and clears what is in it. */
static long rabbit_call(struct rabbit_admin *a, const char *method, const char *path, cJSON *body,
                        cJSON **answer)
{
    struct answer_text got = {.text = malloc(BODY_MAX)};
    char *text = body ? cJSON_PrintUnformatted(body) : NULL;
    const char *why = "";
    long status = 0;
    while (got.text && !a->stopping) {
        got.len = 0;
        curl_prepare(a, method, path, &got);
        status = request_send(a, text, &why);
        if (status > 0 && status < BUSY_LEAST)
            break;
        if (!a->said && !a->stopping)
            log_warning("%s: %s; trying again", a->conf->broker.management,
                        status > 0 ? "the node is not ready" : why);
        a->said = true;
        status = 0;
        rabbit_rest(a);
    }
    if (status > 0)
        a->said = false;
    if (answer)
        *answer = status >= DONE_LEAST && status <= DONE_MOST
                      ? cJSON_ParseWithLength(got.text, got.len)
                      : NULL;
    if (got.text)
        sodium_memzero(got.text, got.len);
    free(got.text);
    if (text)
        sodium_memzero(text, strlen(text));
    free(text);
    cJSON *password = cJSON_GetObjectItemCaseSensitive(body, "password");
    if (password)
        sodium_memzero(password->valuestring, strlen(password->valuestring));
    cJSON_Delete(body);
    return status;
}

/* Whether it worked; else the fault is noted. */
static bool call_worked(struct rabbit_admin *a, long status, const char *what)
{
    if (status >= DONE_LEAST && status <= DONE_MOST)
        return true;
    if (status == NOT_FOUND)
        snprintf(a->result.fault, sizeof a->result.fault, "not found");
    else if (status == UNAUTHORIZED)
        snprintf(a->result.fault, sizeof a->result.fault,
                 "the account may not use the management API: it needs the tag administrator");
    else
        snprintf(a->result.fault, sizeof a->result.fault, "%s: HTTP status %ld", what, status);
    return false;
}

/* --- parts of an order ----------------------------------------------------------------------- */

/* kind/VHOST/ACCOUNT, or kind/ACCOUNT where `vhost` is NULL, and what is behind it. */
static void path_of(const struct rabbit_admin *a, const char *kind, bool vhost, const char *behind,
                    char out[PATH_MAX_])
{
    char *account = curl_easy_escape(a->curl, a->order.account, 0);
    snprintf(out, PATH_MAX_, "%s/%s%s%s%s", kind, vhost ? a->vhost : "", vhost ? "/" : "",
             account ? account : "", behind);
    curl_free(account);
}

static cJSON *user_get(struct rabbit_admin *a)
{
    char path[PATH_MAX_];
    cJSON *user = NULL;
    path_of(a, "users", false, "", path);
    long status = rabbit_call(a, "GET", path, NULL, &user);
    if (call_worked(a, status, "the account") && !user)
        snprintf(a->result.fault, sizeof a->result.fault, "the API's answer cannot be read");
    return user;
}

/* The account with these tags, which it takes; with `password`, or the hash that it has. */
static bool user_put(struct rabbit_admin *a, cJSON *tags, const char *password, const cJSON *user)
{
    char path[PATH_MAX_];
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
    return call_worked(a, rabbit_call(a, "PUT", path, body, NULL), "the account");
}

static bool queues_put(struct rabbit_admin *a)
{
    char path[PATH_MAX_], pattern[RABBIT_PATTERN_MAX];
    cJSON *body = cJSON_CreateObject();
    rabbit_rights_queues(a->order.account, pattern);
    cJSON_AddStringToObject(body, "configure", pattern);
    cJSON_AddStringToObject(body, "write", pattern);
    cJSON_AddStringToObject(body, "read", pattern);
    path_of(a, "permissions", true, "", path);
    return call_worked(a, rabbit_call(a, "PUT", path, body, NULL), "its queues");
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
    char path[PATH_MAX_], write[RABBIT_PATTERN_MAX], read[RABBIT_PATTERN_MAX];
    if (topics_of(&a->order, true, write) != 0 || topics_of(&a->order, false, read) != 0) {
        snprintf(a->result.fault, sizeof a->result.fault, "no rights can be written for it");
        return false;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "exchange", RABBIT_EXCHANGE);
    cJSON_AddStringToObject(body, "write", write);
    cJSON_AddStringToObject(body, "read", read);
    path_of(a, "topic-permissions", true, "", path);
    return call_worked(a, rabbit_call(a, "PUT", path, body, NULL), "its topics");
}

/* Ends the account's connections: what it may not do any more, it could do as long as they last. */
static bool connections_end(struct rabbit_admin *a)
{
    char path[PATH_MAX_];
    path_of(a, "connections/username", false, "", path);
    long status = rabbit_call(a, "DELETE", path, NULL, NULL);
    return status == NOT_FOUND || call_worked(a, status, "its connections");
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

/* --- orders ---------------------------------------------------------------------------------- */

static bool text_is(const cJSON *object, const char *key, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

/* Whether its rights are what this version gives. */
static bool rights_are_current(struct rabbit_admin *a)
{
    char path[PATH_MAX_], write[RABBIT_PATTERN_MAX], read[RABBIT_PATTERN_MAX];
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
        char path[PATH_MAX_];
        path_of(a, "permissions", true, "", path);
        long status = rabbit_call(a, "DELETE", path, NULL, NULL);
        good = status == NOT_FOUND || call_worked(a, status, "its permissions");
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
    char path[PATH_MAX_];
    path_of(a, "users", false, "", path);
    long status = rabbit_call(a, "DELETE", path, NULL, NULL);
    if (status == NOT_FOUND || call_worked(a, status, "the account"))
        connections_end(a);
}

static void rabbit_carry_out(struct rabbit_admin *a)
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

/* --- the thread ------------------------------------------------------------------------------ */

static void *rabbit_run(void *context)
{
    struct rabbit_admin *a = context;
    pthread_mutex_lock(&a->lock);
    while (!a->stop) {
        if (!a->asked) {
            pthread_cond_wait(&a->woken, &a->lock);
            continue;
        }
        a->asked = false;
        a->result = (struct broker_admin_result){.current = false};
        pthread_mutex_unlock(&a->lock);
        rabbit_carry_out(a);
        pthread_mutex_lock(&a->lock);
        sodium_memzero(&a->order, sizeof a->order);
        a->done = !a->stop;
        eventfd_write(a->fd, 1);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void rabbit_admin_begin(struct broker_admin *base, const struct broker_admin_order *o)
{
    struct rabbit_admin *a = rabbit_of(base);
    pthread_mutex_lock(&a->lock);
    a->order = *o;
    a->asked = true;
    pthread_cond_signal(&a->woken);
    pthread_mutex_unlock(&a->lock);
}

static int rabbit_admin_fd(const struct broker_admin *base)
{
    return ((const struct rabbit_admin *)base)->fd;
}

static bool rabbit_admin_done(struct broker_admin *base, struct broker_admin_result *r)
{
    struct rabbit_admin *a = rabbit_of(base);
    eventfd_t count;
    eventfd_read(a->fd, &count);
    pthread_mutex_lock(&a->lock);
    bool done = a->done;
    *r = a->result;
    a->done = false;
    pthread_mutex_unlock(&a->lock);
    return done;
}

static void rabbit_admin_release(struct broker_admin *base)
{
    struct rabbit_admin *a = rabbit_of(base);
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    a->stopping = true;
    pthread_cond_signal(&a->woken);
    pthread_mutex_unlock(&a->lock);
    if (a->running)
        pthread_join(a->thread, NULL);
    if (a->fd >= 0)
        close(a->fd);
    curl_easy_cleanup(a->curl);
    pthread_cond_destroy(&a->woken);
    pthread_mutex_destroy(&a->lock);
    sodium_free(a);
}

static const struct broker_admin_ops rabbit_admin_ops = {
    .release = rabbit_admin_release,
    .begin = rabbit_admin_begin,
    .fd = rabbit_admin_fd,
    .done = rabbit_admin_done,
};

struct broker_admin *rabbit_admin_new(const struct registrar_conf *c, const char *password)
{
    struct rabbit_admin *a = sodium_malloc(sizeof *a); /* passwords */
    if (!a)
        return NULL;
    sodium_memzero(a, sizeof *a);
    a->base.ops = &rabbit_admin_ops;
    a->conf = c;
    a->password = password;
    a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->woken, NULL);
    a->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    char *vhost = a->curl ? curl_easy_escape(a->curl, c->broker.vhost, 0) : NULL;
    if (vhost)
        snprintf(a->vhost, sizeof a->vhost, "%s", vhost);
    curl_free(vhost);
    a->running = vhost && a->fd >= 0 && pthread_create(&a->thread, NULL, rabbit_run, a) == 0;
    if (a->running)
        return &a->base;
    rabbit_admin_release(&a->base);
    return NULL;
}
