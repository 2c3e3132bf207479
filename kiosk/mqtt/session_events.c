#include "kiosk/common/clock.h"
#include "kiosk/common/utf8.h"
#include "kiosk/mqtt/session_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libmosquitto calls: the broker's answers. */

void session_refused(struct mqtt_session *s, enum mqtt_fault fault, const char *detail)
{
    s->end.refused = true;
    s->end.fault = fault;
    snprintf(s->end.detail, sizeof s->end.detail, "%s", detail);
    utf8_clean(s->end.detail);
}

static struct mqtt_reason session_reason(const struct mqtt_session *s, enum mqtt_answer answer,
                                         int code)
{
    return mqtt_reason(answer, s->version == MQTT_VERSION_5, code);
}

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
    utf8_clean(detail);
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

void session_on_connect(struct mosquitto *mosq, void *context, int code, int flags,
                        const mosquitto_property *properties)
{
    (void)flags;
    struct mqtt_session *s = context;
    if (s->up)
        return; /* a second one, which nobody asked for */
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
            session_trial_answered(s, session_subscription_thing(s, i));
            s->refusals[i] = code < FAILURE ? 0 : s->refusals[i] + 1;
            if (code >= FAILURE)
                session_trial_begin(&s->denied, session_subscription_thing(s, i),
                                    s->setup->subscribe[i].topic, false, false);
            session_subscription_answered(s, i, session_reason(s, MQTT_SUBACK, code),
                                          code < FAILURE);
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
    const struct puback *one = pubacks_answered(&s->pubacks, mid, code, clock_now());
    if (!one)
        return;
    session_trial_answered(s, one->thing);
    if (code >= FAILURE)
        session_trial_begin(&s->denied, one->thing, one->topic, false, false);
    session_pubacks_judge(s);
    session_advance(s);
}

/* libmosquitto passes over a PUBACK for what it has not sent; only its log has it. */
static void session_on_log(struct mosquitto *mosq, void *context, int level, const char *line)
{
    static const char begins[] = " received PUBACK (Mid: ";
    (void)mosq;
    (void)level;
    struct mqtt_session *s = context;
    const char *found = strstr(line, begins);
    if (!found || !pubacks_came(&s->pubacks, (int)strtol(found + sizeof begins - 1, NULL, 10)))
        return;
    s->listener.strange(s->listener.context);
    session_pubacks_judge(s);
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

void session_callbacks_set(struct mosquitto *mosq)
{
    mosquitto_connect_v5_callback_set(mosq, session_on_connect);
    mosquitto_disconnect_v5_callback_set(mosq, session_on_disconnect);
    mosquitto_subscribe_callback_set(mosq, session_on_subscribe);
    mosquitto_publish_v5_callback_set(mosq, session_on_publish);
    mosquitto_log_callback_set(mosq, session_on_log);
    mosquitto_message_v5_callback_set(mosq, session_on_message);
}
