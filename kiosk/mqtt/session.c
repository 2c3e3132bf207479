#include "kiosk/mqtt/session.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>

/* The session ends with the connection, so that QoS 1 would keep nothing more. It would keep us out
 * of a RabbitMQ cluster, though: there, a session's QoS 1 queue stays behind on the node that died,
 * and no other node takes its owner until that one is back. */
enum { TOKENS = 128, SUBSCRIBE_QOS = 0 };

/* Which publication a PUBACK is for. */
struct token {
    int mid;
    uint64_t token;
};

struct mqtt_session {
    struct mosquitto *mosq;
    const struct mqtt_setup *setup;
    struct mqtt_session_listener listener;
    enum mqtt_version version;
    bool up, refused, wrong_version;
    enum mqtt_fault fault;
    struct token tokens[TOKENS];
    unsigned next_token;
};

void mqtt_session_library_init(void)
{
    mosquitto_lib_init();
}

/* What is not taken now may be taken by a connection made anew, and is named meanwhile. */
static void session_refused(struct mqtt_session *c, enum mqtt_fault fault)
{
    c->refused = true;
    c->fault = fault;
}

static enum mqtt_fault refusal(int rc)
{
    switch (rc) {
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
    case MQTT_RC_NOT_AUTHORIZED:
    case CONNACK_REFUSED_BAD_USERNAME_PASSWORD:
    case CONNACK_REFUSED_NOT_AUTHORIZED:
        return MQTT_FAULT_CREDENTIALS;
    default:
        return MQTT_FAULT_BROKER;
    }
}

static void subscribe(struct mqtt_session *c, const struct mqtt_subscription *s)
{
    int options = s->news && c->version == MQTT_VERSION_5
                      ? MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER
                      : 0;
    mosquitto_subscribe_v5(c->mosq, NULL, s->topic, SUBSCRIBE_QOS, options, NULL);
}

static void session_on_connect(struct mosquitto *mosq, void *context, int rc, int flags,
                               const mosquitto_property *properties)
{
    (void)flags;
    (void)properties;
    struct mqtt_session *c = context;
    if (rc != 0) {
        session_refused(c, refusal(rc));
        c->wrong_version =
            rc == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || rc == CONNACK_REFUSED_PROTOCOL_VERSION;
        return;
    }
    c->up = true;
    for (size_t i = 0; i < c->setup->subscribe_count; i++)
        subscribe(c, &c->setup->subscribe[i]);
    c->listener.up(c->listener.context, mosquitto_socket(mosq));
}

static void session_on_publish(struct mosquitto *mosq, void *context, int mid, int reason,
                               const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct mqtt_session *c = context;
    for (unsigned k = 0; k < TOKENS; k++) {
        struct token *t = &c->tokens[k];
        if (t->token == 0 || t->mid != mid)
            continue;
        if (reason >= 0x80) /* MQTT 5: below are successes */
            session_refused(c, refusal(reason));
        else
            c->listener.acked(c->listener.context, t->token,
                              reason == MQTT_RC_NO_MATCHING_SUBSCRIBERS);
        t->token = 0;
        return;
    }
}

static void session_on_message(struct mosquitto *mosq, void *context,
                               const struct mosquitto_message *m,
                               const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct mqtt_session *c = context;
    if (m->payloadlen >= 0)
        c->listener.message(c->listener.context, m->topic, m->payload, (size_t)m->payloadlen,
                            m->retain);
}

static int options_set(struct mqtt_session *c, SSL_CTX *tls)
{
    int version = c->version == MQTT_VERSION_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    int bad = mosquitto_int_option(c->mosq, MOSQ_OPT_PROTOCOL_VERSION, version);
    bad |= mosquitto_int_option(c->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    if (tls) {
        bad |= mosquitto_void_option(c->mosq, MOSQ_OPT_SSL_CTX, tls);
        bad |= mosquitto_int_option(c->mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    }
    return bad;
}

static int identity_set(struct mqtt_session *c, uint64_t connection)
{
    uint8_t payload[MQTT_PAYLOAD_MAX];
    const struct mqtt_setup *s = c->setup;
    int bad = 0;
    if (s->will) {
        size_t len = s->will(s->will_context, connection, payload);
        bad |= mosquitto_will_set(c->mosq, s->will_topic, (int)len, payload, 1, true);
    }
    if (s->broker.user[0] != '\0')
        bad |= mosquitto_username_pw_set(c->mosq, s->broker.user, s->password);
    return bad;
}

struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, uint64_t connection,
                                      const struct mqtt_session_listener *listener)
{
    struct mqtt_session *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->setup = setup;
    c->version = version;
    c->listener = *listener;
    c->mosq = mosquitto_new(setup->client_id, true, c);
    if (!c->mosq || options_set(c, tls) != 0 || identity_set(c, connection) != 0) {
        mqtt_session_free(c);
        return NULL;
    }
    mosquitto_connect_v5_callback_set(c->mosq, session_on_connect);
    mosquitto_publish_v5_callback_set(c->mosq, session_on_publish);
    mosquitto_message_v5_callback_set(c->mosq, session_on_message);
    return c;
}

void mqtt_session_free(struct mqtt_session *c)
{
    if (!c)
        return;
    mosquitto_destroy(c->mosq);
    free(c);
}

int mqtt_session_connect(struct mqtt_session *c, const char *address)
{
    int keepalive_s = (int)(c->setup->keepalive / INT64_C(1000000000));
    return mosquitto_connect_bind_v5(c->mosq, address, c->setup->broker.port, keepalive_s, NULL,
                                     NULL) == MOSQ_ERR_SUCCESS
               ? 0
               : -1;
}

int mqtt_session_fd(const struct mqtt_session *c)
{
    return mosquitto_socket(c->mosq);
}

bool mqtt_session_wants_write(const struct mqtt_session *c)
{
    return mosquitto_want_write(c->mosq);
}

int mqtt_session_turn(struct mqtt_session *c)
{
    return mosquitto_loop(c->mosq, 0, 1) == MOSQ_ERR_SUCCESS && !c->refused ? 0 : -1;
}

bool mqtt_session_is_up(const struct mqtt_session *c)
{
    return c->up;
}

bool mqtt_session_refused(const struct mqtt_session *c, enum mqtt_fault *fault, bool *version)
{
    *fault = c->fault;
    *version = c->wrong_version;
    return c->refused;
}

void mqtt_session_publish(struct mqtt_session *c, const struct mqtt_publication *p)
{
    mosquitto_property *properties = NULL;
    int mid = 0;
    if (p->expiry_s > 0 && c->version == MQTT_VERSION_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     (uint32_t)p->expiry_s);
    int rc = mosquitto_publish_v5(c->mosq, &mid, p->topic, (int)p->len, p->payload, p->qos,
                                  p->retain, properties);
    mosquitto_property_free_all(&properties);
    if (p->token == 0)
        return;
    if (rc != MOSQ_ERR_SUCCESS)
        session_refused(c, MQTT_FAULT_BROKER);
    else
        c->tokens[c->next_token++ % TOKENS] = (struct token){.mid = mid, .token = p->token};
}
