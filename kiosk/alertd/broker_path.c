#include "kiosk/alertd/broker_path.h"

#include "kiosk/alertd/plain.h"
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
/* A connection that has lasted for so many beats is no longer one of a row of drop-outs. */
enum { BEATS_STEADY = 6 };
/* What a broker keeps of this kiosk has come within this, or is overwritten unread. */
#define LISTEN NS_PER_S
/* A sealed alert on the wire: the envelope, its topic, and MQTT's own bytes with the expiry. */
enum { ALERT_BYTES = ENVELOPE_SIZE + 50 + 17 };
/* Beats of ours that may be missing at a broker before the client is rebuilt. */
enum { BEATS_MISSED = 4 };
/* Before that, three beats without an echo are a way that has failed: reported within 20 s. */
enum { BEATS_SILENT = 3 };

/* What is taken of each kind, for one account and for all: a venue's phones all answer an alert
 * within a second, and a flood by one account costs that account alone. */
static const struct {
    enum topic topic;
    struct mqtt_budget each, all;
    bool needed;
} subscriptions[] = {
    /* Our own, before anything else: what brokers keep of it (own_retained.h); a beat that comes
     * back was sent after that. Ten beats a second at most (config/keys.c). */
    {TOPIC_PRESENCE, {20, 20}, {0, 0}, false}, {TOPIC_STATE, {20, 20}, {0, 0}, false},
    {TOPIC_BEAT, {20, 20}, {0, 0}, true},      {TOPIC_ACK, {8, 1}, {600, 200}, true},
    {TOPIC_COMMAND, {8, 1}, {60, 10}, true},   {TOPIC_ENROL, {20, 2}, {80, 10}, false},
    {TOPIC_RELAY, {20, 5}, {80, 20}, false},   {TOPIC_ROOT, {8, 1}, {0, 0}, false},
};

/* The registrar's answers and Home Assistant's greeting may come to these. */
_Static_assert(sizeof subscriptions / sizeof subscriptions[0] + 2 <= BROKER_PATH_SUBSCRIPTIONS,
               "a path has room for all that it subscribes to");

static const struct mqtt_budget answers = {400, 100}, greetings = {5, 1};

static void subscribe_to_other(struct mqtt_setup *s, const char *topic, struct mqtt_budget each,
                               char family)
{
    struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
    snprintf(one->topic, sizeof one->topic, "%s", topic);
    one->each = each;
    one->family = family;
}

/* Each connection needs one of its own. With an account of Porchlight's it is the account's name:
 * mosquitto binds the account to it, and at a RabbitMQ its queues may have no other. */
static void client_id_of(const struct config_broker *b, const char *kiosk,
                         char out[CONFIG_TEXT_MAX])
{
    if (topic_is_id(b->user))
        snprintf(out, CONFIG_TEXT_MAX, "%.16s", b->user);
    else if (b->interface[0] != '\0')
        snprintf(out, CONFIG_TEXT_MAX, "%s-%s", kiosk, b->interface);
    else
        snprintf(out, CONFIG_TEXT_MAX, "%s", kiosk);
}

void broker_path_init(struct broker_path *p, const struct config *config, size_t i,
                      const char *password, const struct sealer *sealer)
{
    *p = (struct broker_path){
        .fault = MQTT_FAULT_ROUTE, .echo_at = NS_NEVER, .words_again = NS_NEVER, .latency = -1};
    p->flap.steady = BEATS_STEADY * config->timing.beat;
    struct mqtt_setup *s = &p->setup;
    *s = (struct mqtt_setup){.broker = config->brokers[i],
                             .password = password,
                             .keepalive = config->timing.keepalive,
                             .probe = config->timing.probe,
                             .backoff = config->timing.backoff,
                             .backoff_max = config->timing.backoff_max,
                             .careful = true,
                             .subscribe = p->subscriptions,
                             .will = sealer_will,
                             .will_context = sealer};
    p->cover = config->kiosk.cover;
    p->alert_bytes = sealer->plain ? 0 : ALERT_BYTES;
    p->home = config_home(config, i);
    client_id_of(&s->broker, sealer->kiosk_id, s->client_id);
    sealer_topic(sealer, TOPIC_PRESENCE, NULL, s->will_topic);
    /* QoS 0: the session ends with the connection, so QoS 1 would keep nothing more. But it would
     * keep us out of a RabbitMQ cluster: there, a session's QoS 1 queue stays behind on the node
     * that died, and no other node takes its owner until that one is back. */
    for (size_t k = 0; k < sizeof subscriptions / sizeof subscriptions[0]; k++) {
        struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
        enum topic t = subscriptions[k].topic;
        sealer_topic(sealer, t, topic_table[t].per_account ? "+" : NULL, one->topic);
        one->each = subscriptions[k].each;
        one->all = subscriptions[k].all;
        one->news = t == TOPIC_ENROL;
        one->needed = subscriptions[k].needed;
    }
    if (config->brokers[p->home].phones[0] != '\0') {
        char topic[TOPIC_NAME_MAX];
        sealer_topic(sealer, TOPIC_REGISTERED, NULL, topic);
        subscribe_to_other(s, topic, answers, 0);
    }
    if (config->kiosk.plain && plain_discovers(&config->plain)) {
        char topic[PLAIN_TOPIC_MAX];
        plain_status_topic(config->plain.discovery, topic);
        subscribe_to_other(s, topic, greetings, HOME_ASSISTANT);
    }
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
    p->up = p->listening = false;
}

/* " (TIMES times before this)", or "". */
static void times_before(unsigned before, char out[64])
{
    out[0] = '\0';
    if (before > 0)
        snprintf(out, 64, " (%u times more since this was logged)", before);
}

/* Of a connection that comes and goes, what its last end said is kept while it is up. */
static void flap_note(struct broker_path *p, int64_t now)
{
    char why[MQTT_DETAIL_MAX];
    link_flap_up(&p->flap, now);
    memcpy(why, p->detail, sizeof why);
    p->detail[0] = '\0';
    if (link_flap_fault(&p->flap) == MQTT_FAULT_FINE)
        return;
    bool known = p->fault == link_flap_fault(&p->flap) && why[0] != '\0';
    snprintf(p->detail, sizeof p->detail, "it comes and goes, %u times in a row%s%.200s",
             p->flap.soon, known ? ": " : "", known ? why : "");
}

void broker_path_is_up(struct broker_path *p, const struct mqtt_event *e, bool simulated,
                       int64_t now)
{
    const struct config_broker *c = &p->setup.broker;
    char losses[BROKER_PATH_LOSSES_MAX], as[LINK_LOG_WHO], line[LINK_LOG_LINE];
    unsigned before;
    p->up = true;
    p->strange = false;
    p->denied = MQTT_FAULT_FINE;
    flap_note(p, now);
    p->refused = p->unread = 0;
    p->limits = e->limits;
    p->version = e->version;
    p->connection = e->connection;
    if (p->fault != MQTT_FAULT_BEAT) /* only a beat that comes back ends that one */
        p->fault = MQTT_FAULT_FINE;
    p->up_at = now;
    p->echo_at = NS_NEVER;
    p->listening = true;
    p->listen_until = now + LISTEN;
    p->outside = c->outside && (!e->here || simulated);
    snprintf(as, sizeof as, ", MQTT %s%s", e->version == 5 ? "5" : "3.1.1",
             p->outside ? "" : "; on this network only");
    if (link_log_up(&p->log, as, now, line))
        log_info("broker %s: %s", c->name, line);
    if (c->outside && !p->outside && say_once(&p->said, "inside", now, &before))
        log_warning("broker %s: outside = yes, but it runs on this machine; what it accepts is not "
                    "handed over",
                    c->name);
    broker_path_losses(p, losses);
    if (losses[0] != '\0' && say_once(&p->said, losses, now, &before))
        log_warning("broker %s: %s", c->name, losses);
}

void broker_path_is_down(struct broker_path *p, enum mqtt_fault fault, const char *detail,
                         int64_t now)
{
    char line[LINK_LOG_LINE];
    p->up = p->listening = false;
    link_flap_down(&p->flap, fault, now);
    p->fault = fault;
    snprintf(p->detail, sizeof p->detail, "%s", detail);
    if (link_log_down(&p->log, fault, detail, now, line))
        log_warning("broker %s: %s", p->setup.broker.name, line);
}

void broker_path_age(struct broker_path *p, int64_t now)
{
    char line[LINK_LOG_LINE];
    if (link_log_time(&p->log, now, line))
        log_warning("broker %s: %s", p->setup.broker.name, line);
    if (link_flap_is_over(&p->flap, now) && p->denied == MQTT_FAULT_FINE)
        p->detail[0] = '\0';
}

int64_t broker_path_age_at(const struct broker_path *p)
{
    int64_t flaps = link_flap_deadline(&p->flap), log = link_log_deadline(&p->log);
    return flaps < log ? flaps : log;
}

/* TOPIC_COUNT: none of ours. */
static enum topic broker_path_topic_of(const struct sealer *c, const char *name)
{
    enum topic t;
    char account[TOPIC_ID_LEN + 1], wild[TOPIC_NAME_MAX];
    if (topic_parse(name, c->venue_id, c->kiosk_id, &t, account) == 0)
        return t;
    for (t = 0; t < TOPIC_COUNT; t++) {
        if (!topic_table[t].per_account)
            continue;
        sealer_topic(c, t, "+", wild);
        if (strcmp(wild, name) == 0)
            return t;
    }
    return TOPIC_COUNT;
}

bool broker_path_is_denied(struct broker_path *p, const struct sealer *c,
                           const struct mqtt_event *e, int64_t now)
{
    enum topic t = broker_path_topic_of(c, e->topic);
    bool needed = t < TOPIC_COUNT && t != TOPIC_WAKE && t != TOPIC_REGISTRAR &&
                  t != TOPIC_REGISTERED && t != TOPIC_WORDS;
    unsigned before;
    char times[64];
    if (needed) {
        *(e->subscription ? &p->unread : &p->refused) |= 1u << t;
        p->denied = e->fault;
        snprintf(p->detail, sizeof p->detail, "%s: %.200s", e->topic, e->detail);
    }
    if (say_once(&p->said, e->topic, now, &before)) {
        times_before(before, times);
        log_warning("broker %s: it refuses %s (%s: %s)%s. %s", p->setup.broker.name, e->topic,
                    mqtt_fault_name(e->fault), e->detail, times,
                    needed ? mqtt_fault_sentence(e->fault) : "Alerts do not need it.");
    }
    return needed;
}

void broker_path_is_strange(struct broker_path *p, int64_t now)
{
    unsigned before;
    p->strange = true;
    if (say_once(&p->said, "strange", now, &before))
        log_warning("broker %s: it confirms messages that it was not sent. What it confirms proves "
                    "nothing on this connection",
                    p->setup.broker.name);
}

void broker_path_is_mute(struct broker_path *p)
{
    p->mute = true;
}

void broker_path_is_heard(struct broker_path *p, int64_t unacked_since, int64_t now)
{
    if (p->up && unacked_since == NS_NEVER && now - p->up_at > UNACKED)
        p->mute = false;
}

static void denied_ends(struct broker_path *p)
{
    if (p->refused != 0 || p->unread != 0 || p->denied == MQTT_FAULT_FINE)
        return;
    p->denied = MQTT_FAULT_FINE;
    p->detail[0] = '\0';
}

void broker_path_is_let_through(struct broker_path *p, enum topic t)
{
    p->refused &= ~(1u << t);
    p->mute = p->mute && t != TOPIC_ALERT;
    denied_ends(p);
}

void broker_path_has_taken(struct broker_path *p, const struct sealer *c,
                           const struct mqtt_event *e)
{
    enum topic t = broker_path_topic_of(c, e->topic);
    if (t >= TOPIC_COUNT || !broker_path_has_refused(p, t))
        return;
    broker_path_is_let_through(p, t);
    log_info("broker %s: it takes %s again", p->setup.broker.name, e->topic);
}

void broker_path_is_let_in(struct broker_path *p)
{
    p->unread = 0;
    denied_ends(p);
}

void broker_path_is_flooded(struct broker_path *p, const struct mqtt_event *e, int64_t now)
{
    unsigned before;
    p->dropped += e->count;
    if (say_once(&p->said, e->topic, now, &before))
        log_warning("broker %s: too many messages on %s; %zu were not looked at. Other accounts "
                    "are not held up. If this goes on, revoke that phone",
                    p->setup.broker.name, e->topic, e->count);
}

bool broker_path_has_refused(const struct broker_path *p, enum topic t)
{
    return p->refused & 1u << t;
}

static bool is_unread(const struct broker_path *p, enum topic t)
{
    return p->unread & 1u << t;
}

static bool is_too_small(const struct broker_path *p)
{
    return p->limits.packet != 0 && p->limits.packet < p->alert_bytes;
}

static bool is_limited(const struct broker_path *p)
{
    const struct mqtt_limits *l = &p->limits;
    return is_too_small(p) || !l->retain || !l->will || l->qos == 0 || !l->wildcard;
}

enum mqtt_fault broker_path_fault(const struct broker_path *p)
{
    if (!p->up || p->fault != MQTT_FAULT_FINE)
        return p->fault;
    if (p->denied != MQTT_FAULT_FINE)
        return p->denied;
    if (p->strange || p->mute)
        return MQTT_FAULT_BROKER;
    if (link_flap_fault(&p->flap) != MQTT_FAULT_FINE)
        return link_flap_fault(&p->flap);
    return is_limited(p) ? MQTT_FAULT_LIMITS : MQTT_FAULT_FINE;
}

bool broker_path_refuses(const struct broker_path *p)
{
    return p->up && broker_path_fault(p) != MQTT_FAULT_FINE;
}

bool broker_path_carries(const struct broker_path *p)
{
    return p->up && !broker_path_has_refused(p, TOPIC_ALERT) && !is_too_small(p);
}

void broker_path_losses(const struct broker_path *p, char out[BROKER_PATH_LOSSES_MAX])
{
    const struct {
        bool lost;
        const char *sentence;
    } all[] = {
        {broker_path_has_refused(p, TOPIC_ALERT), "It refuses alerts: none can leave this way."},
        {is_too_small(p), "Its limit for a message is below what an alert needs: none can leave "
                          "this way."},
        {p->mute,
         "It does not confirm an alert: that is sent again and again, and counts as handed "
         "over only when a phone or relay answers."},
        {p->strange, "It confirms messages that it was not sent: an alert counts as handed over "
                     "only when a phone or relay answers."},
        {p->limits.qos == 0, "It confirms nothing (QoS 0 at most): an alert counts as handed over "
                             "only when a phone or relay answers."},
        {p->version == 3 && p->outside, "It speaks MQTT 3.1.1, which does not say whether anybody "
                                        "listens: an alert counts as handed over only when a phone "
                                        "or relay answers."},
        {!p->limits.retain || broker_path_has_refused(p, TOPIC_STATE),
         "It keeps no state: a phone that opens during an alert learns of it only at the next "
         "repeat, or not at all."},
        {!p->limits.will || !p->limits.retain || broker_path_has_refused(p, TOPIC_PRESENCE),
         "It does not keep for phones that the kiosk is gone: they notice it by silence alone."},
        {is_unread(p, TOPIC_STATE) || is_unread(p, TOPIC_PRESENCE),
         "It does not let the kiosk read its own state and presence: with a lost record or a "
         "restored backup, phones do not believe the kiosk."},
        {broker_path_has_refused(p, TOPIC_BEAT),
         "It refuses signs of life: phones and relays take the kiosk "
         "for dead."},
        {is_unread(p, TOPIC_BEAT),
         "It does not let the kiosk read its own signs of life: this path "
         "is not watched."},
        {broker_path_has_refused(p, TOPIC_NOTICE),
         "It refuses notices: staff do not get them this way."},
        {!p->limits.wildcard || is_unread(p, TOPIC_ACK),
         "It lets no answers of phones through to the kiosk."},
        {!p->limits.wildcard || is_unread(p, TOPIC_COMMAND),
         "It lets no commands of staff phones through to the kiosk: they cannot end a lockdown "
         "this way."},
        {!p->limits.wildcard || is_unread(p, TOPIC_ENROL), "It lets no invited phone join."},
        {!p->limits.wildcard || is_unread(p, TOPIC_RELAY),
         "It lets no relay's signs of life through to the kiosk."},
        {is_unread(p, TOPIC_ROOT), "It does not let the kiosk read what the root key says of it: "
                                   "porchlight root ends no alert here this way."},
    };
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; p->up && i < sizeof all / sizeof all[0]; i++)
        if (all[i].lost && len < BROKER_PATH_LOSSES_MAX)
            len += (size_t)snprintf(out + len, BROKER_PATH_LOSSES_MAX - len, "%s%s",
                                    len > 0 ? " " : "", all[i].sentence);
}

static int64_t broker_path_heard_at(const struct broker_path *p)
{
    return p->echo_at != NS_NEVER ? p->echo_at : p->up_at;
}

static bool beats_come_back(const struct broker_path *p)
{
    return !broker_path_has_refused(p, TOPIC_BEAT) && !is_unread(p, TOPIC_BEAT);
}

int64_t broker_path_silent_at(const struct broker_path *p, int64_t beat)
{
    return p->up && beats_come_back(p) ? broker_path_heard_at(p) + BEATS_SILENT * beat : NS_NEVER;
}

bool broker_path_is_silent(const struct broker_path *p, int64_t beat, int64_t now)
{
    return now >= broker_path_silent_at(p, beat);
}

enum mqtt_fault broker_path_stale(const struct broker_path *p, int64_t beat, int64_t unacked_since,
                                  int64_t now)
{
    bool missed =
        now - broker_path_heard_at(p) > BEATS_MISSED * beat && beats_come_back(p) && !p->echoless;
    if (now - mqtt_thread_alive_at(p->thread) > STALL)
        return mqtt_thread_doing(p->thread);
    if (p->up && unacked_since != NS_NEVER && now - unacked_since > UNACKED)
        return MQTT_FAULT_BROKER;
    return p->up && missed ? MQTT_FAULT_BEAT : MQTT_FAULT_FINE;
}
