#ifndef PORCHLIGHT_CLI_BROKERS_H
#define PORCHLIGHT_CLI_BROKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A phone's way to its brokers: one thread a broker, which connects, subscribes, and connects
 * again for ever. What happens there comes as events, one at a time, through one fd. */

enum {
    BROKERS_MAX = 8,
    BROKERS_TOPICS_MAX = 48,
    BROKERS_TOPIC_LEN = 160,
    BROKERS_PAYLOAD_MAX = 2048, /* a longer one comes with its true length and no bytes */
    BROKERS_REASON_LEN = 160,
};

struct brokers_broker {
    const char *name, *host;
    int port;
    bool tls;
    const char *ca;              /* PEM file that its certificate must chain to */
    const char *user, *password; /* may be NULL */
};

struct brokers_plan {
    struct brokers_broker brokers[BROKERS_MAX];
    size_t brokers_count;
    const char *topics[BROKERS_TOPICS_MAX]; /* exact names, at QoS 1 */
    size_t topics_count;
    const char *client_id;
    bool session; /* the broker keeps what comes while we are away, for an hour */
};

enum brokers_event_kind {
    BROKERS_UP,      /* connected, and every topic is subscribed */
    BROKERS_DOWN,    /* not connected: `reason`. Said once for each reason */
    BROKERS_MESSAGE, /* topic, payload */
    BROKERS_SENT,    /* the broker took a message of ours (PUBACK) */
    BROKERS_REFUSED, /* the broker did not take it, or not a topic: `reason` */
};

struct brokers_event {
    enum brokers_event_kind kind;
    size_t broker; /* index in the plan */
    int64_t at;    /* ns of CLOCK_MONOTONIC */
    bool retained;
    size_t len; /* of the payload; over BROKERS_PAYLOAD_MAX: it is not there */
    char topic[BROKERS_TOPIC_LEN];
    char reason[BROKERS_REASON_LEN];
    uint8_t payload[BROKERS_PAYLOAD_MAX];
};

struct brokers;

/* The plan's strings must outlive it. NULL with errno. */
struct brokers *brokers_new(const struct brokers_plan *plan);
void brokers_free(struct brokers *m); /* NULL is safe; says good-bye to the brokers */

int brokers_fd(const struct brokers *m);

/* The next event. 1, 0 if none waits, -1 with errno. Never blocks. */
int brokers_next(struct brokers *m, struct brokers_event *e);

/* To every connected broker, at QoS 1, not retained. To how many it was handed (their BROKERS_SENT
 * follows); nothing is kept for the others. */
size_t brokers_publish(struct brokers *m, const char *topic, const void *payload, size_t len);

/* The same, retained: the broker gives it to whoever comes later. */
size_t brokers_leave(struct brokers *m, const char *topic, const void *payload, size_t len);

#endif
