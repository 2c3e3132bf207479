#ifndef PORCHLIGHT_CLI_MQTT_H
#define PORCHLIGHT_CLI_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A phone's way to its brokers: one thread a broker, which connects, subscribes, and connects
 * again for ever. What happens there comes as events, one at a time, through one fd. */

enum {
    MQTT_BROKERS_MAX = 8,
    MQTT_TOPICS_MAX = 48,
    MQTT_TOPIC_LEN = 160,
    MQTT_PAYLOAD_MAX = 2048, /* a longer one comes with its true length and no bytes */
    MQTT_REASON_LEN = 160,
};

struct mqtt_broker {
    const char *name, *host;
    int port;
    bool tls;
    const char *ca;              /* PEM file that its certificate must chain to */
    const char *user, *password; /* may be NULL */
};

struct mqtt_plan {
    struct mqtt_broker brokers[MQTT_BROKERS_MAX];
    size_t brokers_count;
    const char *topics[MQTT_TOPICS_MAX]; /* exact names, at QoS 1 */
    size_t topics_count;
    const char *client_id;
    bool session; /* the broker keeps what comes while we are away, for an hour */
};

enum mqtt_event_kind {
    MQTT_UP,      /* connected, and every topic is subscribed */
    MQTT_DOWN,    /* not connected: `reason`. Said once for each reason */
    MQTT_MESSAGE, /* topic, payload */
    MQTT_SENT,    /* the broker took a message of ours (PUBACK) */
    MQTT_REFUSED, /* the broker did not take it, or not a topic: `reason` */
};

struct mqtt_event {
    enum mqtt_event_kind kind;
    size_t broker; /* index in the plan */
    int64_t at;    /* ns of CLOCK_MONOTONIC */
    bool retained;
    size_t len; /* of the payload; over MQTT_PAYLOAD_MAX: it is not there */
    char topic[MQTT_TOPIC_LEN];
    char reason[MQTT_REASON_LEN];
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

struct mqtt;

/* The plan's strings must outlive it. NULL with errno. */
struct mqtt *mqtt_new(const struct mqtt_plan *plan);
void mqtt_free(struct mqtt *m); /* NULL is safe; says good-bye to the brokers */

int mqtt_fd(const struct mqtt *m);

/* The next event. 1, 0 if none waits, -1 with errno. Never blocks. */
int mqtt_next(struct mqtt *m, struct mqtt_event *e);

/* To every connected broker, at QoS 1, not retained. To how many it was handed (their MQTT_SENT
 * follows); nothing is kept for the others. */
size_t mqtt_publish(struct mqtt *m, const char *topic, const void *payload, size_t len);

/* The same, retained: the broker gives it to whoever comes later. */
size_t mqtt_leave(struct mqtt *m, const char *topic, const void *payload, size_t len);

#endif
