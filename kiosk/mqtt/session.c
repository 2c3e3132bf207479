#include "kiosk/mqtt/session.h"

#include "kiosk/common/clock.h"
#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/reason.h"

#include <errno.h>
#include <malloc.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
/* How long the rest waits for something vital that is due, and for an answer to what is tried. */
#define VITAL_FIRST (1 * SECOND)
#define ANSWER      (5 * SECOND)
/* How long it is left alone: libmosquitto looks after its keepalive once a turn. */
#define TURN       (2 * SECOND)
#define TURN_TRIAL (250 * INT64_C(1000000))

enum { SENT = 64, WAITING_MOST = 64, FAILURE = 0x80 /* reason codes below are successes */ };

/* A publication that its PUBACK is awaited for. */
struct sent {
    int mid; /* 0: free */
    uint64_t token;
    struct manners_thing *thing;
    char topic[TOPIC_NAME_MAX];
};

/* What is tried for the first time, and not answered. */
struct trial {
    struct manners_thing *thing; /* NULL: nothing */
    char topic[TOPIC_NAME_MAX];
    bool vital, retained;
    int64_t began;
};

struct waiting {
    struct waiting *next;
    struct mqtt_publication publication;
};

struct mqtt_session {
    struct mosquitto *mosq;
    const struct mqtt_setup *setup;
    struct mqtt_manners *manners;
    struct mqtt_session_listener listener;
    enum mqtt_version version;
    bool up, careful, pending, judged;
    bool goodbye;    /* the broker ended it by DISCONNECT */
    int connack;     /* a refusal's reason of MQTT 5; 0: none */
    int lost, error; /* libmosquitto's last word, and its errno */
    int64_t up_at, keepalive;
    struct mqtt_limits limits;
    bool may_retain; /* says CONNACK */
    struct mqtt_session_end end;
    struct trial trial, mute; /* mute: at QoS 0, which nobody answers */
    struct trial denied;      /* refused by a code last: some brokers then hang up as well */
    struct sent sent[SENT];
    unsigned next_sent;
    struct waiting *waiting, **waiting_last;
    size_t waiting_count;
    int grants[MQTT_SUBSCRIPTIONS_MAX];          /* the mid of each SUBSCRIBE; 0: none */
    size_t next_subscription, answered, refused; /* of subscriptions */
};

void mqtt_session_library_init(void)
{
    /* One arena for all threads: they allocate little, and what each keeps for itself is lost to
     * the others. */
    mallopt(M_ARENA_MAX, 1);
    mosquitto_lib_init();
}

static void session_refused(struct mqtt_session *s, enum mqtt_fault fault, const char *detail)
{
    s->end.refused = true;
    s->end.fault = fault;
    snprintf(s->end.detail, sizeof s->end.detail, "%s", detail);
}

static struct mqtt_reason session_reason(const struct mqtt_session *s, enum mqtt_answer answer,
                                         int code)
{
    return mqtt_reason(answer, s->version == MQTT_VERSION_5, code);
}

/* --- one thing at a time -----------------------------------------------------------------------
 */

static void trial_begin(struct trial *t, struct manners_thing *thing, const char *topic, bool vital,
                        bool retained)
{
    *t = (struct trial){.thing = thing, .vital = vital, .retained = retained, .began = clock_now()};
    snprintf(t->topic, sizeof t->topic, "%s", topic);
}

static void trial_answered(struct mqtt_session *s, struct manners_thing *thing)
{
    if (!thing)
        return;
    manners_prove(s->manners, thing, s->trial.thing == thing && s->trial.retained);
    if (s->trial.thing == thing)
        s->trial.thing = NULL;
}

static bool is_unproven(const struct manners_thing *t)
{
    return t && t->standing == MANNERS_UNPROVEN;
}

static void subscription_answered(struct mqtt_session *s, size_t i, struct mqtt_reason r, bool ok)
{
    bool again = s->answered >= s->setup->subscribe_count; /* a second chance */
    s->grants[i] = 0;
    s->answered++;
    if (!ok) {
        s->refused += !again;
        s->listener.unread(s->listener.context, s->setup->subscribe[i].topic, r.fault, r.text);
    } else if (again && s->refused > 0) {
        s->refused--;
    }
    if (s->answered >= s->setup->subscribe_count)
        s->listener.subscribed(s->listener.context, s->refused);
}

static struct manners_thing *subscription_thing(const struct mqtt_session *s, size_t i)
{
    const struct mqtt_subscription *one = &s->setup->subscribe[i];
    struct manners_thing *t = s->setup->careful ? manners_of(s->manners, 's', one->topic, 0) : NULL;
    if (t)
        t->needed = one->needed;
    return t;
}

static const struct mqtt_reason left_out = {MQTT_FAULT_RIGHTS,
                                            "it ended the connection when this was tried"};

/* One packet for each: an answer to one then says nothing about another. */
static void subscribe(struct mqtt_session *s, size_t i)
{
    const struct mqtt_subscription *one = &s->setup->subscribe[i];
    struct manners_thing *thing = subscription_thing(s, i);
    int qos = one->qos < s->limits.qos ? one->qos : s->limits.qos;
    int options = one->news && s->version == MQTT_VERSION_5
                      ? MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER
                      : 0;
    if (thing && thing->standing == MANNERS_BLAMED) {
        subscription_answered(s, i, left_out, false);
        return;
    }
    int code = mosquitto_subscribe_v5(s->mosq, &s->grants[i], one->topic, qos, options, NULL);
    if (code != 0)
        subscription_answered(
            s, i, (struct mqtt_reason){MQTT_FAULT_LIMITS, mosquitto_strerror(code)}, false);
    else if (is_unproven(thing))
        trial_begin(&s->trial, thing, one->topic, false, false);
}

static void publication_refused(struct mqtt_session *s, const struct mqtt_publication *p,
                                enum mqtt_fault fault, const char *detail)
{
    s->listener.refused(s->listener.context, p->topic, p->token, fault, detail);
}

static int publication_send(struct mqtt_session *s, const struct mqtt_publication *p, int *mid,
                            int qos, bool retain)
{
    mosquitto_property *properties = NULL;
    if (p->expiry_s > 0 && s->version == MQTT_VERSION_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     (uint32_t)p->expiry_s);
    int code = mosquitto_publish_v5(s->mosq, mid, p->topic, (int)p->len, p->payload, qos, retain,
                                    properties);
    mosquitto_property_free_all(&properties);
    return code;
}

/* As much of it as the broker allows. */
static void publication_give(struct mqtt_session *s, const struct mqtt_publication *p,
                             struct manners_thing *thing)
{
    int mid = 0, qos = p->qos < s->limits.qos ? p->qos : s->limits.qos;
    bool retain = p->retain && s->limits.retain;
    if (thing && thing->standing == MANNERS_BLAMED && !p->vital &&
        !manners_chance(thing, clock_now() - s->up_at)) {
        publication_refused(s, p, left_out.fault, left_out.text);
        return;
    }
    int code = publication_send(s, p, &mid, qos, retain);
    if (code != MOSQ_ERR_SUCCESS) {
        publication_refused(
            s, p, code == MOSQ_ERR_OVERSIZE_PACKET ? MQTT_FAULT_LIMITS : MQTT_FAULT_BROKER,
            code == MOSQ_ERR_OVERSIZE_PACKET ? "the message is too large for it"
                                             : mosquitto_strerror(code));
        return;
    }
    struct trial *t = qos > 0 ? &s->trial : &s->mute;
    if (is_unproven(thing) && !t->thing)
        trial_begin(t, thing, p->topic, p->vital, retain);
    if (qos == 0 && p->token != 0)
        s->listener.acked(s->listener.context, p->token, false, false);
    if (qos > 0) {
        struct sent *sent = &s->sent[s->next_sent++ % SENT];
        *sent = (struct sent){.mid = mid, .token = p->token, .thing = thing};
        memcpy(sent->topic, p->topic, sizeof sent->topic);
    }
}

static struct manners_thing *publication_thing(const struct mqtt_session *s,
                                               const struct mqtt_publication *p)
{
    bool retain = p->retain && s->limits.retain;
    struct manners_thing *t =
        s->careful ? manners_of(s->manners, p->qos > 0 ? 'p' : 'q', p->topic, retain) : NULL;
    if (t)
        t->needed = !p->optional; /* phones wait for it */
    return t;
}

static bool is_held(const struct mqtt_session *s)
{
    return s->pending && clock_now() - s->up_at < VITAL_FIRST;
}

/* It may hold a password: those of accounts that the program makes. */
static void waiting_free(struct waiting *w)
{
    sodium_memzero(&w->publication, mqtt_publication_size(&w->publication));
    free(w);
}

static void waiting_give_one(struct mqtt_session *s)
{
    struct waiting *w = s->waiting;
    s->waiting = w->next;
    s->waiting_count--;
    if (!s->waiting)
        s->waiting_last = &s->waiting;
    publication_give(s, &w->publication, publication_thing(s, &w->publication));
    waiting_free(w);
}

/* What can go now. */
static void session_advance(struct mqtt_session *s)
{
    while (s->up && !s->trial.thing && !is_held(s)) {
        if (s->next_subscription < s->setup->subscribe_count)
            subscribe(s, s->next_subscription++);
        else if (s->waiting)
            waiting_give_one(s);
        else
            break;
    }
}

void mqtt_session_publish(struct mqtt_session *s, const struct mqtt_publication *p)
{
    struct manners_thing *thing = publication_thing(s, p);
    struct waiting *w = NULL;
    if (is_unproven(thing) && !p->vital && s->waiting_count < WAITING_MOST)
        w = malloc(offsetof(struct waiting, publication) + mqtt_publication_size(p));
    if (!w) {
        publication_give(s, p, thing);
        s->pending = s->pending && !p->vital;
        session_advance(s);
        return;
    }
    w->next = NULL;
    memcpy(&w->publication, p, mqtt_publication_size(p));
    *s->waiting_last = w;
    s->waiting_last = &w->next;
    s->waiting_count++;
    session_advance(s);
}

/* --- what libmosquitto calls -------------------------------------------------------------------
 */

static void limits_read(struct mqtt_limits *l, bool *may_retain,
                        const mosquitto_property *properties)
{
    uint8_t retain = true, qos = (uint8_t)l->qos, wildcard = true;
    mosquitto_property_read_byte(properties, MQTT_PROP_RETAIN_AVAILABLE, &retain, false);
    mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &qos, false);
    mosquitto_property_read_byte(properties, MQTT_PROP_WILDCARD_SUB_AVAILABLE, &wildcard, false);
    mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &l->packet, false);
    l->retain = l->retain && retain;
    *may_retain = retain;
    l->qos = qos < l->qos ? qos : l->qos;
    l->wildcard = wildcard;
}

/* What the broker adds in its own words, for the log: "", or " (TEXT)". */
static void words_add(char detail[MQTT_DETAIL_MAX], const mosquitto_property *properties)
{
    static const int kinds[] = {MQTT_PROP_REASON_STRING, MQTT_PROP_SERVER_REFERENCE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char *text = NULL;
        size_t len = strlen(detail);
        mosquitto_property_read_string(properties, kinds[i], &text, false);
        if (text && text[0] != '\0')
            snprintf(detail + len, MQTT_DETAIL_MAX - len, " (%.100s)", text);
        free(text);
    }
    for (char *c = detail; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

/* 3.1.1 has codes of its own for what MQTT 5 has others for. */
static int connack_reason(int code)
{
    static const int of_311[] = {0,
                                 MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION,
                                 MQTT_RC_CLIENTID_NOT_VALID,
                                 MQTT_RC_SERVER_UNAVAILABLE,
                                 MQTT_RC_BAD_USERNAME_OR_PASSWORD,
                                 MQTT_RC_NOT_AUTHORIZED};
    const size_t i = code > 0 ? (size_t)code : sizeof of_311;
    return i < sizeof of_311 / sizeof of_311[0] ? of_311[i] : code;
}

static void session_on_connect(struct mosquitto *mosq, void *context, int code, int flags,
                               const mosquitto_property *properties)
{
    (void)flags;
    struct mqtt_session *s = context;
    if (code != 0) {
        s->connack = connack_reason(code);
        struct mqtt_reason r = session_reason(s, MQTT_CONNACK, code);
        session_refused(s, r.fault, r.text);
        words_add(s->end.detail, properties);
        s->end.wrong_version = s->connack == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION;
        return;
    }
    uint16_t keepalive = 0;
    mosquitto_property_read_int16(properties, MQTT_PROP_SERVER_KEEP_ALIVE, &keepalive, false);
    if (keepalive > 0)
        s->keepalive = keepalive * SECOND;
    limits_read(&s->limits, &s->may_retain, properties);
    s->up = true;
    s->up_at = clock_now();
    if (s->version == MQTT_VERSION_5)
        manners_taken(s->manners);
    struct mqtt_limits limits = s->limits;
    limits.will = limits.will && !s->manners->will_unretained;
    s->listener.up(s->listener.context, mosquitto_socket(mosq), &limits);
    if (s->setup->subscribe_count == 0)
        s->listener.subscribed(s->listener.context, 0);
    session_advance(s);
}

static void session_on_disconnect(struct mosquitto *mosq, void *context, int code,
                                  const mosquitto_property *properties)
{
    (void)mosq;
    struct mqtt_session *s = context;
    if (code < FAILURE)
        return; /* libmosquitto's own codes, or no reason */
    struct mqtt_reason r = session_reason(s, MQTT_DISCONNECT, code);
    s->goodbye = true;
    s->connack = code;
    session_refused(s, r.fault, r.text);
    words_add(s->end.detail, properties);
}

static void session_on_subscribe(struct mosquitto *mosq, void *context, int mid, int count,
                                 const int *granted)
{
    (void)mosq;
    struct mqtt_session *s = context;
    int code = count > 0 ? granted[0] : MQTT_RC_UNSPECIFIED;
    for (size_t i = 0; i < s->setup->subscribe_count && mid != 0; i++)
        if (s->grants[i] == mid) {
            trial_answered(s, subscription_thing(s, i));
            if (code >= FAILURE)
                trial_begin(&s->denied, subscription_thing(s, i), s->setup->subscribe[i].topic,
                            false, false);
            subscription_answered(s, i, session_reason(s, MQTT_SUBACK, code), code < FAILURE);
            session_advance(s);
            return;
        }
}

static void session_on_publish(struct mosquitto *mosq, void *context, int mid, int code,
                               const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct mqtt_session *s = context;
    for (struct sent *sent = s->sent; sent < s->sent + SENT && mid != 0; sent++) {
        if (sent->mid != mid)
            continue;
        bool five = s->version == MQTT_VERSION_5;
        sent->mid = 0;
        trial_answered(s, sent->thing);
        if (code >= FAILURE) {
            struct mqtt_reason r = session_reason(s, MQTT_PUBACK, code);
            trial_begin(&s->denied, sent->thing, sent->topic, false, false);
            s->listener.refused(s->listener.context, sent->topic, sent->token, r.fault, r.text);
        } else if (sent->token != 0) {
            s->listener.acked(s->listener.context, sent->token, five && code == MQTT_RC_SUCCESS,
                              five && code == MQTT_RC_NO_MATCHING_SUBSCRIBERS);
        }
        session_advance(s);
        return;
    }
}

static void session_on_message(struct mosquitto *mosq, void *context,
                               const struct mosquitto_message *m,
                               const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct mqtt_session *s = context;
    if (m->payloadlen >= 0)
        s->listener.message(s->listener.context, m->topic, m->payload, (size_t)m->payloadlen,
                            m->retain);
}

/* --- from outside ------------------------------------------------------------------------------
 */

static int options_set(struct mqtt_session *s, SSL_CTX *tls)
{
    int version = s->version == MQTT_VERSION_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    int bad = mosquitto_int_option(s->mosq, MOSQ_OPT_PROTOCOL_VERSION, version);
    bad |= mosquitto_int_option(s->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    if (tls) {
        bad |= mosquitto_void_option(s->mosq, MOSQ_OPT_SSL_CTX, tls);
        bad |= mosquitto_int_option(s->mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    }
    return bad;
}

static int identity_set(struct mqtt_session *s, uint64_t connection)
{
    uint8_t payload[MQTT_PAYLOAD_MAX];
    const struct mqtt_setup *setup = s->setup;
    int bad = 0;
    if (s->limits.will) {
        size_t len = setup->will(setup->will_context, connection, payload);
        bad |= mosquitto_will_set(s->mosq, setup->will_topic, (int)len, payload,
                                  s->limits.qos > 0 ? 1 : 0,
                                  s->limits.retain && !s->manners->will_unretained);
    }
    if (setup->broker.user[0] != '\0')
        bad |= mosquitto_username_pw_set(s->mosq, setup->broker.user, setup->password);
    return bad;
}

struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, struct mqtt_manners *manners,
                                      bool pending, uint64_t connection,
                                      const struct mqtt_session_listener *listener)
{
    struct mqtt_session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    bool own_id = setup->client_id[0] != '\0' && !(manners->no_id && setup->session_s == 0);
    s->setup = setup;
    s->manners = manners;
    s->version = version;
    s->listener = *listener;
    s->careful = setup->careful;
    s->pending = pending && setup->careful;
    s->keepalive = setup->keepalive;
    s->waiting_last = &s->waiting;
    s->limits = (struct mqtt_limits){.qos = manners->no_qos ? 0 : 2,
                                     .retain = !manners->no_retain,
                                     .will = setup->will && !manners->no_will,
                                     .wildcard = true};
    s->end.fault = MQTT_FAULT_BROKER;
    s->mosq = mosquitto_new(own_id ? setup->client_id : NULL, setup->session_s == 0, s);
    if (!s->mosq || options_set(s, tls) != 0 || identity_set(s, connection) != 0) {
        mqtt_session_free(s);
        return NULL;
    }
    mosquitto_connect_v5_callback_set(s->mosq, session_on_connect);
    mosquitto_disconnect_v5_callback_set(s->mosq, session_on_disconnect);
    mosquitto_subscribe_callback_set(s->mosq, session_on_subscribe);
    mosquitto_publish_v5_callback_set(s->mosq, session_on_publish);
    mosquitto_message_v5_callback_set(s->mosq, session_on_message);
    return s;
}

void mqtt_session_free(struct mqtt_session *s)
{
    if (!s)
        return;
    for (struct waiting *w; (w = s->waiting);) {
        s->waiting = w->next;
        waiting_free(w);
    }
    mosquitto_destroy(s->mosq);
    free(s);
}

/* libmosquitto's own reason, unless the broker gave one. 0 or -1. */
static int session_result(struct mqtt_session *s, int code)
{
    if (code == MOSQ_ERR_SUCCESS)
        return s->end.refused ? -1 : 0;
    s->lost = code;
    s->error = errno;
    /* A CONNACK of 3.1.1 is no whole one of MQTT 5: of such, libmosquitto 2.0.21 says no more. */
    if (code == MOSQ_ERR_MALFORMED_PACKET && !s->up && s->version == MQTT_VERSION_5)
        session_on_connect(s->mosq, s, MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, 0, NULL);
    if (!s->end.refused)
        snprintf(s->end.detail, sizeof s->end.detail, "%s",
                 code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
    return -1;
}

int mqtt_session_connect(struct mqtt_session *s, int fd, const char *address)
{
    int keepalive_s = (int)(s->setup->keepalive / SECOND);
    mosquitto_property *properties = NULL;
    if (s->setup->session_s > 0 && s->version == MQTT_VERSION_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                     s->setup->session_s);
    mqtt_dial_hand_over(fd);
    int code = mosquitto_connect_bind_v5(s->mosq, address, s->setup->broker.port, keepalive_s, NULL,
                                         properties);
    mqtt_dial_hand_over(-1);
    mosquitto_property_free_all(&properties);
    return session_result(s, code);
}

int mqtt_session_fd(const struct mqtt_session *s)
{
    return mosquitto_socket(s->mosq);
}

bool mqtt_session_wants_write(const struct mqtt_session *s)
{
    return mosquitto_want_write(s->mosq);
}

int64_t mqtt_session_patience(const struct mqtt_session *s)
{
    if (s->trial.thing || s->mute.thing || is_held(s))
        return TURN_TRIAL;
    return s->keepalive / 4 < TURN ? s->keepalive / 4 : TURN;
}

/* One of what is left out gets its second chance. */
static void chance_give(struct mqtt_session *s, int64_t lasted)
{
    for (size_t i = 0; s->careful && !s->trial.thing && i < s->setup->subscribe_count; i++) {
        struct manners_thing *thing = subscription_thing(s, i);
        if (thing && manners_chance(thing, lasted))
            subscribe(s, i);
    }
    if (!s->trial.thing && manners_chance_retain(s->manners, lasted))
        s->limits.retain = s->may_retain;
}

/* What time brings to what is tried: no answer is none, and at QoS 0 none is an answer. */
static void trials_age(struct mqtt_session *s)
{
    int64_t now = clock_now();
    if (s->trial.thing && now - s->trial.began > ANSWER) {
        s->trial.thing = NULL;
        s->careful = false;
    }
    if (s->mute.thing && now - s->mute.began > MANNERS_SUSPICION) {
        manners_prove(s->manners, s->mute.thing, s->mute.retained);
        s->mute.thing = NULL;
    }
    if (s->up && now - s->up_at > ANSWER)
        manners_lasted(s->manners);
    if (s->up)
        chance_give(s, now - s->up_at);
    session_advance(s);
}

int mqtt_session_turn(struct mqtt_session *s)
{
    if (session_result(s, mosquitto_loop(s->mosq, 0, 1)) != 0)
        return -1;
    trials_age(s);
    return 0;
}

void mqtt_session_leave(struct mqtt_session *s)
{
    mosquitto_disconnect(s->mosq);
    mosquitto_loop(s->mosq, 0, 1);
}

bool mqtt_session_is_up(const struct mqtt_session *s)
{
    return s->up;
}

/* The broker hung up, rather than the network gave up. */
static bool is_hung_up(const struct mqtt_session *s)
{
    bool gave_up = s->error == ETIMEDOUT || s->error == EHOSTUNREACH || s->error == ENETUNREACH ||
                   s->error == ENETDOWN;
    return s->goodbye || s->lost == MOSQ_ERR_CONN_LOST || (s->lost == MOSQ_ERR_ERRNO && !gave_up);
}

static void judge_trial(struct mqtt_session *s, const struct trial *t, int64_t now)
{
    char detail[MQTT_DETAIL_MAX];
    bool retained = t->retained && !s->manners->retains;
    if (!t->thing || now - t->began > MANNERS_SUSPICION ||
        (s->goodbye && mqtt_reason_is_its_own(s->connack)))
        return;
    snprintf(detail, sizeof detail, "it ended the connection at %s%s%s%.200s",
             retained   ? "a retained message on "
             : t->vital ? "an alert on "
                        : "",
             t->topic, s->end.detail[0] ? ": " : "", s->end.detail);
    session_refused(s, retained ? MQTT_FAULT_LIMITS : MQTT_FAULT_RIGHTS, detail);
    if (!t->vital)
        s->end.learnt =
            manners_blame(s->manners, t->thing, t->retained, s->goodbye || t == &s->denied, now);
}

/* What it hung up at: what it had just refused, or what it has not answered. */
static const struct trial *session_suspect(const struct mqtt_session *s, int64_t now)
{
    if (s->denied.thing && now - s->denied.began <= MANNERS_SUSPICION)
        return &s->denied;
    return s->trial.thing ? &s->trial : &s->mute;
}

struct mqtt_session_end mqtt_session_end(struct mqtt_session *s, bool stopped)
{
    int64_t now = clock_now();
    if (stopped || s->judged)
        return s->end;
    s->judged = true;
    if (s->connack != 0)
        s->end.learnt = manners_refused(s->manners, s->connack, s->limits.will, now);
    else if (!s->up && s->lost == MOSQ_ERR_PROTOCOL)
        s->end.learnt = manners_refused(s->manners, -1, s->limits.will, now);
    if (s->up && !s->end.learnt && is_hung_up(s))
        judge_trial(s, session_suspect(s, now), now);
    return s->end;
}
