#include "kiosk/mqtt/session.h"

#include "kiosk/mqtt/dial.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 128, FAILURE = 0x80 /* reason codes below are successes */ };

/* Which publication a PUBACK is for. */
struct token {
    int mid;
    uint64_t token;
    bool vital;
};

struct mqtt_session {
    struct mosquitto *mosq;
    const struct mqtt_setup *setup;
    struct mqtt_session_listener listener;
    enum mqtt_version version;
    bool up;
    struct mqtt_session_end end;
    struct token tokens[TOKENS];
    unsigned next_token;
    int grants[MQTT_SUBSCRIPTIONS_MAX]; /* the mid of each SUBSCRIBE; 0: it was answered */
    size_t answered, refused;           /* subscriptions */
};

void mqtt_session_library_init(void)
{
    mosquitto_lib_init();
}

/* What is not taken now may be taken by another connection, and is named meanwhile. */
static void session_refused(struct mqtt_session *s, enum mqtt_fault fault, const char *detail)
{
    s->end.refused = true;
    s->end.fault = fault;
    s->end.detail = detail;
}

/* --- what libmosquitto calls ----------------------------------------------------------------- */

static enum mqtt_fault connect_fault(int code)
{
    switch (code) {
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
    case MQTT_RC_NOT_AUTHORIZED:
    case CONNACK_REFUSED_BAD_USERNAME_PASSWORD:
    case CONNACK_REFUSED_NOT_AUTHORIZED:
        return MQTT_FAULT_CREDENTIALS;
    default:
        return MQTT_FAULT_BROKER;
    }
}

/* MQTT 3.1.1 has one code for every refused subscription. */
static enum mqtt_fault topic_fault(const struct mqtt_session *s, int code)
{
    bool denied = code == MQTT_RC_NOT_AUTHORIZED || s->version == MQTT_VERSION_311;
    return denied ? MQTT_FAULT_RIGHTS : MQTT_FAULT_BROKER;
}

static void subscription_answered(struct mqtt_session *s, size_t i, int code)
{
    s->grants[i] = 0;
    s->answered++;
    if (code >= FAILURE) {
        s->refused++;
        s->listener.refused(s->listener.context, s->setup->subscribe[i].topic, 0,
                            topic_fault(s, code), mosquitto_reason_string(code));
    }
    if (s->answered == s->setup->subscribe_count)
        s->listener.subscribed(s->listener.context, s->refused);
}

/* One packet for each: an answer to one then says nothing about another. */
static void subscribe(struct mqtt_session *s, size_t i)
{
    const struct mqtt_subscription *one = &s->setup->subscribe[i];
    int options = one->news && s->version == MQTT_VERSION_5
                      ? MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER
                      : 0;
    if (mosquitto_subscribe_v5(s->mosq, &s->grants[i], one->topic, one->qos, options, NULL) != 0)
        subscription_answered(s, i, MQTT_RC_UNSPECIFIED);
}

static void session_on_connect(struct mosquitto *mosq, void *context, int code, int flags,
                               const mosquitto_property *properties)
{
    (void)flags;
    (void)properties;
    struct mqtt_session *s = context;
    if (code != 0) {
        session_refused(s, connect_fault(code),
                        s->version == MQTT_VERSION_5 ? mosquitto_reason_string(code)
                                                     : mosquitto_connack_string(code));
        s->end.wrong_version = code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION ||
                               code == CONNACK_REFUSED_PROTOCOL_VERSION;
        return;
    }
    s->up = true;
    s->listener.up(s->listener.context, mosquitto_socket(mosq));
    for (size_t i = 0; i < s->setup->subscribe_count; i++)
        subscribe(s, i);
    if (s->setup->subscribe_count == 0)
        s->listener.subscribed(s->listener.context, 0);
}

static void session_on_subscribe(struct mosquitto *mosq, void *context, int mid, int count,
                                 const int *granted)
{
    (void)mosq;
    struct mqtt_session *s = context;
    for (size_t i = 0; i < s->setup->subscribe_count && mid != 0; i++)
        if (s->grants[i] == mid) {
            subscription_answered(s, i, count > 0 ? granted[0] : MQTT_RC_UNSPECIFIED);
            return;
        }
}

static void session_on_publish(struct mosquitto *mosq, void *context, int mid, int code,
                               const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct mqtt_session *s = context;
    for (unsigned k = 0; k < TOKENS; k++) {
        struct token t = s->tokens[k];
        if (t.token == 0 || t.mid != mid)
            continue;
        s->tokens[k].token = 0;
        if (code < FAILURE) {
            s->listener.acked(s->listener.context, t.token,
                              code == MQTT_RC_NO_MATCHING_SUBSCRIBERS);
            return;
        }
        enum mqtt_fault fault = topic_fault(s, code);
        s->listener.refused(s->listener.context, "", t.token, fault, mosquitto_reason_string(code));
        if (t.vital)
            session_refused(s, fault, mosquitto_reason_string(code));
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

/* --- from outside ---------------------------------------------------------------------------- */

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
    if (setup->will) {
        size_t len = setup->will(setup->will_context, connection, payload);
        bad |= mosquitto_will_set(s->mosq, setup->will_topic, (int)len, payload, 1, true);
    }
    if (setup->broker.user[0] != '\0')
        bad |= mosquitto_username_pw_set(s->mosq, setup->broker.user, setup->password);
    return bad;
}

struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, uint64_t connection,
                                      const struct mqtt_session_listener *listener)
{
    struct mqtt_session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->setup = setup;
    s->version = version;
    s->listener = *listener;
    s->end = (struct mqtt_session_end){.fault = MQTT_FAULT_BROKER, .detail = ""};
    s->mosq =
        mosquitto_new(setup->client_id[0] ? setup->client_id : NULL, setup->session_s == 0, s);
    if (!s->mosq || options_set(s, tls) != 0 || identity_set(s, connection) != 0) {
        mqtt_session_free(s);
        return NULL;
    }
    mosquitto_connect_v5_callback_set(s->mosq, session_on_connect);
    mosquitto_subscribe_callback_set(s->mosq, session_on_subscribe);
    mosquitto_publish_v5_callback_set(s->mosq, session_on_publish);
    mosquitto_message_v5_callback_set(s->mosq, session_on_message);
    return s;
}

void mqtt_session_free(struct mqtt_session *s)
{
    if (!s)
        return;
    mosquitto_destroy(s->mosq);
    free(s);
}

/* libmosquitto's own reason, unless the broker gave one. 0 or -1. */
static int session_result(struct mqtt_session *s, int code)
{
    if (code == MOSQ_ERR_SUCCESS)
        return s->end.refused ? -1 : 0;
    if (!s->end.refused && code != MOSQ_ERR_ERRNO)
        s->end.detail = mosquitto_strerror(code);
    return -1;
}

int mqtt_session_connect(struct mqtt_session *s, int fd, const char *address)
{
    int keepalive_s = (int)(s->setup->keepalive / INT64_C(1000000000));
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

int mqtt_session_turn(struct mqtt_session *s)
{
    return session_result(s, mosquitto_loop(s->mosq, 0, 1));
}

bool mqtt_session_is_up(const struct mqtt_session *s)
{
    return s->up;
}

struct mqtt_session_end mqtt_session_end(const struct mqtt_session *s)
{
    return s->end;
}

void mqtt_session_publish(struct mqtt_session *s, const struct mqtt_publication *p)
{
    mosquitto_property *properties = NULL;
    int mid = 0;
    if (p->expiry_s > 0 && s->version == MQTT_VERSION_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     (uint32_t)p->expiry_s);
    int code = mosquitto_publish_v5(s->mosq, &mid, p->topic, (int)p->len, p->payload, p->qos,
                                    p->retain, properties);
    mosquitto_property_free_all(&properties);
    if (p->token == 0)
        return;
    if (code == MOSQ_ERR_SUCCESS) {
        s->tokens[s->next_token++ % TOKENS] =
            (struct token){.mid = mid, .token = p->token, .vital = p->vital};
        return;
    }
    s->listener.refused(s->listener.context, "", p->token, MQTT_FAULT_BROKER,
                        mosquitto_strerror(code));
    if (p->vital)
        session_refused(s, MQTT_FAULT_BROKER, mosquitto_strerror(code));
}
