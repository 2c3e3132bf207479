#include "kiosk/alertd/broker_path.h"

#include "kiosk/alertd/plain.h"
#include "kiosk/common/dynsec.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* A thread that has shown no life for this long is stuck in a look-up or a handshake: it is left
 * behind and another one takes its place. Longer than an honest connect, shorter than the 20 s in
 * which silence must be noticed. */
#define STALL (15 * NS_PER_S)
/* An alert that is not acknowledged for this long is sent again over a new connection. */
#define UNACKED (10 * NS_PER_S)
/* What all phones of a venue together send in an alert comes far below this. */
enum { MESSAGES_A_SECOND = 50 };
/* Beats of ours that may be missing at a broker before the client is rebuilt. */
enum { BEATS_MISSED = 4 };

static void broker_path_name_of(const struct sealer *c, enum topic t, const char *account,
                                char out[TOPIC_NAME_MAX])
{
    topic_name(t, c->venue_id, c->kiosk_id, account, out);
}

void broker_path_init(struct broker_path *p, const struct config *config, size_t i,
                      const char *password, const struct sealer *sealer)
{
    static const enum topic with_account[] = {TOPIC_ACK, TOPIC_COMMAND, TOPIC_ENROL, TOPIC_RELAY};
    *p = (struct broker_path){.fault = MQTT_FAULT_ROUTE, .echo_at = NS_NEVER, .latency = -1};
    struct mqtt_setup *s = &p->setup;
    *s = (struct mqtt_setup){.broker = config->brokers[i],
                             .password = password,
                             .keepalive = config->timing.keepalive,
                             .probe = config->timing.probe,
                             .backoff = config->timing.backoff,
                             .backoff_max = config->timing.backoff_max,
                             .rate = MESSAGES_A_SECOND,
                             .will = sealer_will,
                             .will_context = sealer};
    memcpy(s->client_id, sealer->kiosk_id, sizeof sealer->kiosk_id);
    broker_path_name_of(sealer, TOPIC_PRESENCE, NULL, s->will_topic);
    /* QoS 0: the session ends with the connection, so QoS 1 would keep nothing more. But it would
     * keep us out of a RabbitMQ cluster: there, a session's QoS 1 queue stays behind on the node
     * that died, and no other node takes its owner until that one is back. */
    broker_path_name_of(sealer, TOPIC_BEAT, NULL, s->subscribe[s->subscribe_count++].topic);
    for (size_t k = 0; k < sizeof with_account / sizeof with_account[0]; k++) {
        struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
        broker_path_name_of(sealer, with_account[k], "+", one->topic);
        one->news = with_account[k] == TOPIC_ENROL;
    }
    if (s->broker.phones[0] != '\0')
        strcpy(s->subscribe[s->subscribe_count++].topic, DYNSEC_RESPONSE);
    if (config->kiosk.plain && plain_discovers(&config->plain))
        plain_status_topic(config->plain.discovery, s->subscribe[s->subscribe_count++].topic);
}

int broker_path_start(struct broker_path *p, struct loop *loop, loop_fn *on_events, void *context)
{
    p->up = false;
    if (p->setup.broker.password[0] != '\0' && !p->setup.password) {
        p->fault = MQTT_FAULT_PASSWORD;
        return 0;
    }
    p->thread = mqtt_thread_new(&p->setup);
    if (!p->thread)
        return -1;
    return loop_add(loop, mqtt_thread_fd(p->thread), POLLIN, on_events, context);
}

void broker_path_stop(struct broker_path *p, struct loop *loop)
{
    if (!p->thread)
        return;
    loop_remove(loop, mqtt_thread_fd(p->thread));
    mqtt_thread_free(p->thread);
    p->thread = NULL;
    p->up = false;
}

void broker_path_is_up(struct broker_path *p, const struct mqtt_event *e, bool simulated,
                       int64_t now)
{
    const struct config_broker *c = &p->setup.broker;
    p->up = true;
    p->denied = MQTT_FAULT_FINE;
    p->version = e->version;
    p->connection = e->connection;
    if (p->fault != MQTT_FAULT_BEAT) /* only a beat that comes back ends that one */
        p->fault = MQTT_FAULT_FINE;
    p->up_at = now;
    p->echo_at = NS_NEVER;
    p->outside = c->outside && (!e->here || simulated);
    log_info("broker %s: connected, MQTT %s%s", c->name, e->version == 5 ? "5" : "3.1.1",
             p->outside ? "" : "; on this network only");
    if (c->outside && !p->outside)
        log_warning("broker %s: outside = yes, but it runs on this machine; what it accepts is not "
                    "handed over",
                    c->name);
}

void broker_path_is_down(struct broker_path *p, enum mqtt_fault fault, const char *detail)
{
    if (p->up || p->fault != fault)
        log_warning("broker %s: not connected (%s%s%s). %s", p->setup.broker.name,
                    mqtt_fault_name(fault), detail[0] ? ": " : "", detail,
                    mqtt_fault_sentence(fault));
    p->up = false;
    p->fault = fault;
}

void broker_path_is_denied(struct broker_path *p, const struct mqtt_event *e)
{
    p->denied = e->fault;
    log_warning("broker %s: it refuses %s%s (%s). %s", p->setup.broker.name,
                e->topic[0] ? "the topic " : "a message", e->topic, e->detail,
                mqtt_fault_sentence(e->fault));
}

enum mqtt_fault broker_path_stale(const struct broker_path *p, int64_t beat, int64_t unacked_since,
                                  int64_t now)
{
    int64_t heard = p->echo_at != NS_NEVER ? p->echo_at : p->up_at;
    if (now - mqtt_thread_alive_at(p->thread) > STALL)
        return mqtt_thread_doing(p->thread);
    if (p->up && unacked_since != NS_NEVER && now - unacked_since > UNACKED)
        return MQTT_FAULT_BROKER;
    return p->up && now - heard > BEATS_MISSED * beat ? MQTT_FAULT_BEAT : MQTT_FAULT_FINE;
}

/* Beats name the newest message of each group. */
static void broker_path_note(struct broker_path *p, enum topic t, const struct message *m)
{
    if (m->kind == MSG_NOTHING)
        return;
    if (t == TOPIC_ALERT || t == TOPIC_STATE)
        p->newest[FRESHNESS_STATE] = m->seq;
    else if (t == TOPIC_NOTICE)
        p->newest[FRESHNESS_STAFF] = m->seq;
}

int broker_path_publish(struct broker_path *p, struct sealer *c, enum topic t, struct message *m,
                        uint64_t token)
{
    const struct topic_rule *rule = &topic_table[t];
    struct mqtt_publication out = {.qos = rule->qos,
                                   .retain = rule->retained,
                                   .expiry_s = rule->expiry_s,
                                   .token = token,
                                   .vital = token != 0};
    broker_path_name_of(c, t, NULL, out.topic);
    out.len = sealer_payload(c, out.topic, m, out.payload);
    if (out.len == 0) {
        log_error("a %s message could not be written: %s", message_kind_name(m->kind),
                  strerror(errno));
        return -1;
    }
    if (mqtt_thread_publish(p->thread, &out) != 0)
        return -1;
    broker_path_note(p, t, m);
    return 0;
}

void broker_path_publish_bare(struct broker_path *p, const char *topic, bool retain, long expiry_s,
                              const char *payload, size_t len)
{
    struct mqtt_publication out = {.qos = 1, .retain = retain, .expiry_s = expiry_s, .len = len};
    snprintf(out.topic, sizeof out.topic, "%s", topic);
    memcpy(out.payload, payload, len);
    mqtt_thread_publish(p->thread, &out);
}
