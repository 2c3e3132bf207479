#include "kiosk/registrar/registrar_state.h"

#include "config/secret.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the broker ------------------------------------------------------------------------------- */

static void registrar_complain(struct registrar *r, const struct mqtt_event *e)
{
    unsigned before;
    if (say_once(&r->said, e->topic, e->at, &before))
        log_warning("broker %s port %d: it refuses %s (%s: %s). %s", r->conf->broker.host,
                    r->conf->broker.port, e->topic, mqtt_fault_name(e->fault), e->detail,
                    mqtt_fault_sentence(e->fault));
}

/* After a restart of the broker it is asked again what it has. */
static void registrar_link(struct registrar *r, bool up, size_t refused, int64_t at)
{
    char as[LINK_LOG_WHO], line[LINK_LOG_LINE];
    r->up = up;
    if (!up)
        return;
    broker_admin_again(r->admin);
    if (refused > 0 && r->settled && r->purpose == FOR_NOBODY)
        r->settled = r->tried = false;
    if (refused > 0)
        return;
    snprintf(as, sizeof as, "; %zu venues", r->venues_count);
    if (link_log_up(&r->log, as, at, line))
        log_info("%s", line);
}

static void registrar_unlink(struct registrar *r, const struct mqtt_event *e)
{
    char line[LINK_LOG_LINE];
    if (link_log_down(&r->log, e->fault, e->detail, e->at, line))
        log_warning("broker %s port %d: %s", r->conf->broker.host, r->conf->broker.port, line);
    registrar_link(r, false, 0, e->at);
}

static void registrar_on_dropped(struct registrar *r, const struct mqtt_event *e)
{
    if (flood_log_note(&r->flood, e))
        log_warning("too many messages on %s: %zu were not looked at. Other kiosks are not held "
                    "up. If this goes on, ask that venue's host to look at that kiosk",
                    e->topic, e->count);
}

static void registrar_on_event(struct registrar *r, const struct mqtt_event *e)
{
    struct broker_admin_result result;
    switch (e->kind) {
    case MQTT_SUBSCRIBED:
        registrar_link(r, true, e->refused, e->at);
        break;
    case MQTT_DOWN:
        registrar_unlink(r, e);
        break;
    case MQTT_MESSAGE:
        if (broker_admin_receive(r->admin, e, &result))
            registrar_orders_result(r, &result);
        else
            registrar_request(r, e);
        break;
    case MQTT_REFUSED:
        if (r->settled)
            registrar_complain(r, e);
        break;
    case MQTT_DROPPED:
        registrar_on_dropped(r, e);
        break;
    case MQTT_UP:
    case MQTT_ACKED:
    case MQTT_STRANGE:
    case MQTT_TAKEN:
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

static void registrar_on_done(void *context, int fd, short revents)
{
    struct registrar *r = context;
    struct broker_admin_result result;
    (void)fd;
    (void)revents;
    if (broker_admin_done(r->admin, &result))
        registrar_orders_result(r, &result);
}

/* What is done by packets waits for the connection. What is not goes on without: the account with
 * which it is made may have to be given its rights first. */
static bool registrar_may_order(const struct registrar *r)
{
    return r->up || !broker_admin_topic(r->admin);
}

/* How much was refused and not looked at in all; INT64_MAX: at the end. */
static void registrar_sums(struct registrar *r, int64_t now)
{
    char line[ANSWER_LOG_LINE], flood[FLOOD_LOG_LINE];
    if (answer_log_time(&r->answers, now, line))
        log_warning("%s", line);
    if (flood_log_time(&r->flood, now, flood))
        log_warning("%s", flood);
}

void registrar_time(struct registrar *r, int64_t now)
{
    char line[LINK_LOG_LINE];
    registrar_sums(r, now);
    if (link_log_time(&r->log, now, line))
        log_warning("broker %s port %d: %s", r->conf->broker.host, r->conf->broker.port, line);
    if (!registrar_may_order(r))
        return;
    do {
        registrar_orders_begin(r);
        while (broker_admin_next(r->admin, now, &r->out)) {
            mqtt_thread_publish(r->mqtt, &r->out);
            sodium_memzero(r->out.payload, sizeof r->out.payload);
        }
    } while (r->purpose == FOR_NOBODY && (!r->settled || registrar_orders_house_left(r)));
}

int64_t registrar_deadline(const struct registrar *r)
{
    int64_t order = registrar_may_order(r) ? broker_admin_deadline(r->admin) : NS_NEVER;
    const int64_t all[] = {link_log_deadline(&r->log), answer_log_deadline(&r->answers),
                           flood_log_deadline(&r->flood)};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        order = all[i] < order ? all[i] : order;
    return order;
}

/* --- from the config to what runs ------------------------------------------------------------- */

/* What one kiosk may ask. Nobody else can use it up. */
static const struct mqtt_budget asks = {40, 4};

static void registrar_subscribe(struct mqtt_setup *s, const char *topic, struct mqtt_budget each)
{
    struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
    one->qos = 1;
    one->each = each;
    snprintf(one->topic, sizeof one->topic, "%s", topic);
}

int registrar_start(struct registrar *r, struct loop *loop)
{
    const struct registrar_conf *c = r->conf;
    char topic[TOPIC_NAME_MAX];
    struct mqtt_subscription subscriptions[2] = {0};
    struct mqtt_setup s = {.subscribe = subscriptions,
                           .broker = {.name = "broker", .port = c->broker.port},
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
    if (broker_admin_topic(r->admin))
        registrar_subscribe(&s, broker_admin_topic(r->admin), (struct mqtt_budget){0, 0});
    registrar_subscribe(&s, topic, asks);
    r->loop = loop;
    int fd = broker_admin_fd(r->admin);
    if (fd >= 0 && loop_add(loop, fd, POLLIN, registrar_on_done, r) != 0)
        return -1;
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
                            .keys = sodium_malloc(sizeof *r->keys)};
    registrar_orders_house_first(r);
    if (!r->keys) {
        log_error("no locked memory for keys; raise the limit (ulimit -l)");
    } else if (registrar_password_read(r) == 0 && registrar_key_read(r) == 0) {
        r->admin = strcmp(conf->broker.accounts, "rabbitmq") == 0
                       ? rabbit_admin_new(conf, r->keys->password)
                       : dynsec_admin_new();
        if (r->admin)
            return r;
        log_error("cannot start: %s", strerror(errno));
    }
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
    registrar_sums(r, INT64_MAX);
    if (r->loop && broker_admin_fd(r->admin) >= 0)
        loop_remove(r->loop, broker_admin_fd(r->admin));
    broker_admin_free(r->admin);
    askers_free(&r->askers);
    sodium_free(r->keys);
    free(r);
}
