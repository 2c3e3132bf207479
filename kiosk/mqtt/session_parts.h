#ifndef PORCHLIGHT_MQTT_SESSION_PARTS_H
#define PORCHLIGHT_MQTT_SESSION_PARTS_H

#include "kiosk/mqtt/pubacks.h"
#include "kiosk/mqtt/reason.h"
#include "kiosk/mqtt/session.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>

/* Inside of struct mqtt_session, for session.c, which opens, turns and ends it, session_send.c,
 * which sends one thing at a time, session_pubacks.c, which judges what was confirmed, and
 * session_events.c, which libmosquitto calls. */

#define SECOND INT64_C(1000000000)

enum { WAITING_MOST = 64, FAILURE = 0x80 /* reason codes below are successes */ };

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
    bool heard;      /* the other end has sent something */
    bool denies;     /* it has refused a publication */
    bool goodbye;    /* the broker ended it by DISCONNECT */
    int connack;     /* a refusal's reason of MQTT 5; 0: none */
    int broken;      /* the error of the socket itself; 0: none */
    int lost, error; /* libmosquitto's last word, and the error behind it */
    int64_t up_at, keepalive;
    struct mqtt_limits limits;
    bool may_retain; /* says CONNACK */
    struct mqtt_session_end end;
    struct trial trial, mute; /* mute: at QoS 0, which nobody answers */
    struct trial denied;      /* refused by a code last: some brokers then hang up as well */
    struct pubacks pubacks;
    struct waiting *waiting, **waiting_last;
    size_t waiting_count;
    int grants[MQTT_SUBSCRIPTIONS_MAX];          /* the mid of each SUBSCRIBE; 0: none */
    unsigned refusals[MQTT_SUBSCRIPTIONS_MAX];   /* of each, by a code */
    size_t next_subscription, answered, refused; /* of subscriptions */
};

/* --- session_send.c --- */

/* A trial of this thing begins (NULL: of none). */
void session_trial_begin(struct trial *t, struct manners_thing *thing, const char *topic,
                         bool vital, bool retained);

/* The broker has answered for it; NULL is safe. */
void session_trial_answered(struct mqtt_session *s, struct manners_thing *thing);

/* Its place in the manners; NULL: it counts as proven. */
struct manners_thing *session_subscription_thing(const struct mqtt_session *s, size_t i);
void session_subscription_answered(struct mqtt_session *s, size_t i, struct mqtt_reason r, bool ok);

/* Says so. */
void session_publication_refused(struct mqtt_session *s, const char *topic, uint64_t token,
                                 enum mqtt_fault fault, const char *detail);

/* Sends what can go now. */
void session_advance(struct mqtt_session *s);

/* Whether the rest still waits: for something vital to be sent; or what the broker may hang up at,
 * for the answer to something vital, which would have to be sent again. */
bool session_is_held(const struct mqtt_session *s);

/* What time brings to what is tried: no answer is none, and at QoS 0 none is an answer. */
void session_age(struct mqtt_session *s);

void session_waiting_free(struct waiting *w);

/* --- session_pubacks.c --- */

/* Hands over which publications the broker has taken, as far as that can be judged now. */
void session_pubacks_judge(struct mqtt_session *s);

/* Reports those that the broker does not answer for. With a token, whoever gave it notices by
 * itself. */
void session_pubacks_age(struct mqtt_session *s, int64_t now);

/* --- session_events.c --- */

/* What the broker said in its last word: kept for mqtt_session_end. */
void session_refused(struct mqtt_session *s, enum mqtt_fault fault, const char *detail);

void session_callbacks_set(struct mosquitto *mosq);

/* CONNACK; also called where libmosquitto could not read one. */
void session_on_connect(struct mosquitto *mosq, void *context, int code, int flags,
                        const mosquitto_property *properties);

#endif
