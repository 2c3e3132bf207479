#include "kiosk/alertd/delivery.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A thread that has shown no life for this long hangs in a look-up or a handshake: it is left
 * behind and another one takes its place. Longer than an honest connect, shorter than the 20 s in
 * which silence must be noticed. */
#define STALL (15 * NS_PER_S)
/* Beats of ours that may be missing at a broker before the client is rebuilt. */
enum { BEATS_MISSED = 4 };

struct leg {
    struct delivery *home;
    struct broker *broker;
    struct broker_setup setup;
    bool up, outside;
    int version;
    uint64_t connection;
    enum path_fault fault;
    int64_t up_at, echo_at, latency;
};

struct delivery {
    struct compose *compose;
    struct loop *loop;
    struct delivery_listener listener;
    bool simulated;
    int64_t beat, state_quiet, state_alert;
    struct leg legs[CONFIG_BROKERS_MAX];
    size_t legs_count;
    struct outbox outbox;
    struct message state;
    bool state_known;
    int64_t beat_at, state_at; /* when the next is due */
};

static void name_of(const struct delivery *d, enum topic t, char out[TOPIC_NAME_MAX])
{
    topic_name(t, d->compose->venue_id, d->compose->kiosk_id, NULL, out);
}

static void publish(struct delivery *d, struct leg *l, enum topic t, struct message *m,
                    uint64_t token)
{
    const struct topic_rule *rule = &topic_table[t];
    struct broker_publication p = {
        .qos = rule->qos, .retain = rule->retained, .expiry_s = rule->expiry_s, .token = token};
    name_of(d, t, p.topic);
    p.len = compose_payload(d->compose, p.topic, m, p.payload);
    if (p.len == 0)
        log_error("a %s message could not be written: %s", message_kind_name(m->kind),
                  strerror(errno));
    else
        broker_publish(l->broker, &p);
}

/* --- alerts ------------------------------------------------------------------------------------
 */

static const struct {
    enum message_kind kind;
    const char *detail;
} wording[] = {
    [ALERT_PUB_LOCKDOWN] = {MSG_LOCKDOWN, ""},
    [ALERT_PUB_CAUTION] = {MSG_CAUTION, ""},
    [ALERT_PUB_UNCLEAR] = {MSG_CAUTION, "unclear"},
    [ALERT_PUB_DURESS] = {MSG_DURESS, ""},
    [ALERT_PUB_ALL_CLEAR] = {MSG_ALL_CLEAR, ""},
    [ALERT_PUB_UNCONFIRMED] = {MSG_ALL_CLEAR, "unconfirmed"},
};

static int64_t age_of(const struct outbox_entry *e, int64_t now)
{
    if (!e->resumed)
        return (now - e->at) / NS_PER_MS;
    int64_t wall = (int64_t)time(NULL);
    return e->began > 0 && clock_is_set() && wall >= e->began ? (wall - e->began) * 1000 : -1;
}

static void alert_write(const struct delivery *d, const struct outbox_entry *e, int64_t now,
                        struct message *m)
{
    *m = (struct message){.kind = wording[e->publish].kind,
                          .id = e->id,
                          .age_ms = age_of(e, now),
                          .drill = e->drill,
                          .resumed = e->resumed};
    strcpy(m->detail, wording[e->publish].detail);
    if (e->publish == ALERT_PUB_ALL_CLEAR && !e->drill) {
        memcpy(m->proof, d->state.proof, d->state.proof_len);
        m->proof_len = d->state.proof_len;
    }
}

static void push(struct delivery *d, size_t broker)
{
    struct leg *l = &d->legs[broker];
    for (struct outbox_entry *e; l->up && (e = outbox_next(&d->outbox, broker)) != NULL;) {
        struct message m;
        alert_write(d, e, clock_now(), &m);
        publish(d, l, TOPIC_ALERT, &m, outbox_sent(&d->outbox, e, broker));
    }
}

static void hurry(struct delivery *d)
{
    bool pending = outbox_pending(&d->outbox) > 0;
    for (size_t i = 0; i < d->legs_count; i++)
        broker_hurry(d->legs[i].broker, pending);
}

void delivery_alert(struct delivery *d, const struct alert_action *a, bool resumed, int64_t at,
                    int64_t began)
{
    outbox_add(&d->outbox, a, resumed, at, began);
    for (size_t i = 0; i < d->legs_count; i++)
        push(d, i);
    hurry(d);
}

void delivery_answered(struct delivery *d, const struct alert_id *id)
{
    if (outbox_answered(&d->outbox, id))
        hurry(d);
}

/* --- state, presence, notices, beat ------------------------------------------------------------
 */

static void state_publish(struct delivery *d, struct leg *l)
{
    struct message m = d->state;
    if (l->up && d->state_known)
        publish(d, l, TOPIC_STATE, &m, 0);
}

void delivery_state(struct delivery *d, const struct message *state)
{
    d->state = *state;
    d->state_known = true;
    for (size_t i = 0; i < d->legs_count; i++)
        state_publish(d, &d->legs[i]);
    bool alert = state->state != ALERT_QUIET;
    d->state_at = clock_now() + (alert ? d->state_alert : d->state_quiet);
}

static void presence_publish(struct delivery *d, struct leg *l)
{
    struct message m = {.kind = MSG_ONLINE, .age_ms = -1, .connection = l->connection};
    publish(d, l, TOPIC_PRESENCE, &m, 0);
}

void delivery_notice(struct delivery *d, struct message *notice)
{
    for (size_t i = 0; i < d->legs_count; i++)
        if (d->legs[i].up)
            publish(d, &d->legs[i], TOPIC_NOTICE, notice, 0);
}

static void beat_publish(struct delivery *d, struct leg *l)
{
    struct message m = {.kind = MSG_BEAT, .age_ms = -1};
    if (l->up)
        publish(d, l, TOPIC_BEAT, &m, 0);
}

/* --- what a broker's thread says ---------------------------------------------------------------
 */

static void on_up(struct delivery *d, size_t i, const struct broker_event *e)
{
    struct leg *l = &d->legs[i];
    l->up = true;
    l->version = e->version;
    l->connection = e->connection;
    l->fault = PATH_FINE;
    l->up_at = clock_now();
    l->echo_at = NS_NEVER;
    /* A simulated kiosk stands on one machine with its broker: there the config is believed. */
    l->outside = l->setup.broker.outside && (!e->here || d->simulated);
    log_info("broker %s: connected, MQTT %s%s", l->setup.broker.name,
             e->version == 5 ? "5" : "3.1.1", l->outside ? "" : "; on this network only");
    if (l->setup.broker.outside && !l->outside)
        log_warning("broker %s: outside = yes, but it runs on this machine; what it accepts is not "
                    "handed over",
                    l->setup.broker.name);
    push(d, i);
    presence_publish(d, l);
    state_publish(d, l);
    beat_publish(d, l);
}

static void on_down(struct delivery *d, size_t i, enum path_fault fault)
{
    struct leg *l = &d->legs[i];
    if (l->up || l->fault != fault)
        log_warning("broker %s: not connected (%s)", l->setup.broker.name, path_fault_name(fault));
    l->up = false;
    l->fault = fault;
    outbox_broker_down(&d->outbox, i);
}

static void on_acked(struct delivery *d, size_t i, uint64_t token)
{
    struct outbox_entry e;
    struct leg *l = &d->legs[i];
    bool news = outbox_acked(&d->outbox, i, l->outside, token, &e);
    if (e.order == 0)
        return;
    l->latency = clock_now() - e.at;
    hurry(d);
    d->listener.acked(d->listener.context, &e, i, l->outside, news);
}

static void on_message(struct delivery *d, struct leg *l, const struct broker_event *e)
{
    enum topic t;
    char account[TOPIC_ID_LEN + 1];
    if (topic_parse(e->topic, d->compose->venue_id, d->compose->kiosk_id, &t, account) != 0)
        return;
    if (t == TOPIC_BEAT)
        l->echo_at = clock_now();
    else
        d->listener.heard(d->listener.context, t, account, e);
}

static void on_events(void *context, int fd, short revents)
{
    (void)fd;
    (void)revents;
    struct leg *l = context;
    struct delivery *d = l->home;
    size_t i = (size_t)(l - d->legs);
    struct broker_event e;
    while (broker_next(l->broker, &e)) {
        switch (e.kind) {
        case BROKER_UP:
            on_up(d, i, &e);
            d->listener.path(d->listener.context);
            break;
        case BROKER_DOWN:
            on_down(d, i, e.fault);
            d->listener.path(d->listener.context);
            break;
        case BROKER_ACKED:
            on_acked(d, i, e.token);
            break;
        case BROKER_MESSAGE:
            on_message(d, l, &e);
            break;
        }
    }
}

/* --- time --------------------------------------------------------------------------------------
 */

static int leg_start(struct delivery *d, struct leg *l)
{
    l->broker = broker_new(&l->setup);
    l->up = false;
    if (l->broker == NULL)
        return -1;
    return loop_add(d->loop, broker_fd(l->broker), POLLIN, on_events, l);
}

static void leg_stop(struct delivery *d, struct leg *l)
{
    if (l->broker == NULL)
        return;
    loop_remove(d->loop, broker_fd(l->broker));
    broker_free(l->broker);
    l->broker = NULL;
    l->up = false;
}

static bool deaf(const struct delivery *d, const struct leg *l, int64_t now)
{
    int64_t last = l->echo_at != NS_NEVER ? l->echo_at : l->up_at;
    return l->up && now - last > BEATS_MISSED * d->beat;
}

/* What neither returns nor hears itself is rebuilt. */
static void rebuild(struct delivery *d, size_t i, int64_t now)
{
    struct leg *l = &d->legs[i];
    bool stalled = now - broker_alive_at(l->broker) > STALL;
    if (!stalled && !deaf(d, l, now))
        return;
    log_warning("broker %s: %s; begun anew", l->setup.broker.name,
                stalled ? "its thread hangs" : "the kiosk's own beat does not come back");
    leg_stop(d, l);
    on_down(d, i, stalled ? PATH_DNS : PATH_ROUTE);
    if (leg_start(d, l) != 0)
        log_error("broker %s: %s", l->setup.broker.name, strerror(errno));
    d->listener.path(d->listener.context);
}

void delivery_time(struct delivery *d, int64_t now)
{
    if (now >= d->beat_at) {
        d->beat_at = now + d->beat;
        for (size_t i = 0; i < d->legs_count; i++) {
            beat_publish(d, &d->legs[i]);
            rebuild(d, i, now);
        }
        outbox_expire(&d->outbox, topic_table[TOPIC_ALERT].expiry_s * NS_PER_S, now);
    }
    if (d->state_known && now >= d->state_at)
        delivery_state(d, &d->state);
}

int64_t delivery_deadline(const struct delivery *d)
{
    return d->state_known && d->state_at < d->beat_at ? d->state_at : d->beat_at;
}

/* --- set-up ------------------------------------------------------------------------------------
 */

static void leg_setup(const struct delivery *d, const struct config *c, size_t i,
                      const char *password, struct broker_setup *s)
{
    static const enum topic with_account[] = {TOPIC_ACK, TOPIC_COMMAND, TOPIC_ENROL, TOPIC_RELAY};
    *s = (struct broker_setup){.broker = c->brokers[i],
                               .password = password,
                               .keepalive = c->timing.keepalive,
                               .probe = c->timing.probe,
                               .backoff = c->timing.backoff,
                               .backoff_max = c->timing.backoff_max,
                               .will = compose_will,
                               .will_context = d->compose};
    memcpy(s->client_id, d->compose->kiosk_id, sizeof d->compose->kiosk_id);
    name_of(d, TOPIC_PRESENCE, s->will_topic);
    name_of(d, TOPIC_BEAT, s->subscribe[s->subscribe_count++]);
    for (size_t k = 0; k < sizeof with_account / sizeof with_account[0]; k++)
        topic_name(with_account[k], d->compose->venue_id, d->compose->kiosk_id, "+",
                   s->subscribe[s->subscribe_count++]);
}

int delivery_swap(struct delivery *d, const struct config *config,
                  char *const passwords[CONFIG_BROKERS_MAX])
{
    int rc = 0;
    for (size_t i = 0; i < d->legs_count; i++)
        leg_stop(d, &d->legs[i]);
    d->simulated = config->simulated;
    d->beat = config->timing.beat;
    d->state_quiet = config->timing.state;
    d->state_alert = config->timing.state_alert;
    d->legs_count = config->brokers_count;
    outbox_brokers(&d->outbox, d->legs_count);
    for (size_t i = 0; i < d->legs_count; i++) {
        struct leg *l = &d->legs[i];
        *l = (struct leg){.home = d, .echo_at = NS_NEVER, .latency = -1, .fault = PATH_ROUTE};
        leg_setup(d, config, i, passwords[i], &l->setup);
        if (leg_start(d, l) != 0)
            rc = -1;
    }
    return rc;
}

struct delivery *delivery_new(const struct config *config, struct compose *compose,
                              char *const passwords[CONFIG_BROKERS_MAX], struct loop *loop,
                              const struct delivery_listener *listener)
{
    struct delivery *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->compose = compose;
    d->loop = loop;
    d->listener = *listener;
    d->beat_at = clock_now();
    d->state_at = NS_NEVER;
    outbox_init(&d->outbox, config->brokers_count);
    if (delivery_swap(d, config, passwords) == 0)
        return d;
    delivery_free(d);
    return NULL;
}

void delivery_free(struct delivery *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->legs_count; i++)
        leg_stop(d, &d->legs[i]);
    free(d);
}

size_t delivery_paths(const struct delivery *d, struct delivery_path out[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < d->legs_count; i++) {
        const struct leg *l = &d->legs[i];
        out[i] = (struct delivery_path){.name = l->setup.broker.name,
                                        .up = l->up,
                                        .outside = l->up ? l->outside : l->setup.broker.outside,
                                        .version = l->version,
                                        .fault = l->fault,
                                        .echo_at = l->echo_at,
                                        .latency = l->latency};
    }
    return d->legs_count;
}

size_t delivery_pending(const struct delivery *d)
{
    return outbox_pending(&d->outbox);
}
