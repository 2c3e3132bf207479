#ifndef PORCHLIGHT_MQTT_THREAD_H
#define PORCHLIGHT_MQTT_THREAD_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/mqtt/budget.h"
#include "kiosk/mqtt/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One broker, one thread. The thread alone touches libmosquitto and its socket; the program's own
 * thread hands it publications and takes events, both through small queues, so that nothing the
 * network does can hold up the program. Nothing ends the thread but mqtt_thread_free: it dials,
 * connects, serves until any error, pauses, and begins again.
 *
 * This header is all that a program knows of MQTT and of the network. */
struct mqtt_thread;

enum { MQTT_PAYLOAD_MAX = 4096, MQTT_SUBSCRIPTIONS_MAX = 96, MQTT_DETAIL_MAX = 384 };

/* Fills `payload` (MQTT_PAYLOAD_MAX bytes) with the will of connection number `connection`; returns
 * its length. Called on the broker's thread: it may read only what never changes and outlives the
 * thread. */
typedef size_t mqtt_will(const void *context, uint64_t connection, uint8_t *payload);

struct mqtt_subscription {
    char topic[TOPIC_NAME_MAX];
    int qos;
    bool news;   /* neither what is retained there nor what we wrote; MQTT 5 alone can ask for it */
    bool needed; /* careful: one hang-up when it is asked for may have been the network's */
    struct mqtt_budget each, all; /* for each topic of it, and for all of them together */
};

/* What a broker allows; all of it before it says otherwise. */
struct mqtt_limits {
    int qos; /* at most */
    bool retain, will, wildcard;
    uint32_t packet; /* bytes at most; 0: no limit */
};

struct mqtt_setup {
    struct config_broker broker;                    /* name, host, port, tls, ca, user */
    char client_id[CONFIG_TEXT_MAX];                /* empty: any; not with a session */
    const char *password;                           /* copied into locked memory. NULL: none */
    int64_t keepalive, probe, backoff, backoff_max; /* ns, as in struct config */
    uint32_t session_s; /* the broker keeps session and messages for so long; 0: not at all */
    bool careful;       /* what a broker has not yet accepted is asked for one by one (manners.h) */
    struct mqtt_subscription *subscribe; /* at most MQTT_SUBSCRIPTIONS_MAX */
    size_t subscribe_count;
    char will_topic[TOPIC_NAME_MAX];
    mqtt_will *will; /* NULL: none */
    const void *will_context;
};

enum mqtt_event_kind {
    MQTT_UP,         /* connected: publications are taken from now on */
    MQTT_SUBSCRIBED, /* the broker has answered for every subscription */
    MQTT_DOWN,       /* not connected; what was handed over and not acknowledged is in doubt */
    MQTT_ACKED,      /* the broker took the publication with `token` */
    MQTT_REFUSED,    /* it refuses a subscription or publication to `topic` */
    MQTT_MESSAGE,    /* something arrived */
    MQTT_DROPPED,    /* `count` messages were over a budget, the last of them on `topic` */
};

struct mqtt_event {
    enum mqtt_event_kind kind;
    int64_t at;                   /* when it happened, ns of CLOCK_MONOTONIC */
    enum mqtt_fault fault;        /* MQTT_DOWN, MQTT_REFUSED */
    char detail[MQTT_DETAIL_MAX]; /* both: what system or broker say of it, a clause, or "" */
    bool here;                    /* MQTT_UP: the peer's address is one of this machine's */
    int version;                  /* MQTT_UP: 5 or 3 (3.1.1) */
    uint64_t connection;          /* MQTT_UP: its number, as the will has it */
    size_t refused;               /* MQTT_SUBSCRIBED: how many were refused */
    bool subscription;            /* MQTT_REFUSED: it may not be read; else not be written */
    uint64_t token;               /* MQTT_ACKED, MQTT_REFUSED */
    bool heard;                   /* MQTT_ACKED: MQTT 5 says that somebody subscribes to it */
    bool no_subscribers;       /* MQTT_ACKED: it says that nobody does; neither: it says nothing */
    size_t count;              /* MQTT_DROPPED */
    struct mqtt_limits limits; /* MQTT_UP */
    bool retained;             /* MQTT_MESSAGE, as the two below */
    bool too_long;             /* over MQTT_PAYLOAD_MAX: the payload is left out, len is 0 */
    size_t len;
    char topic[TOPIC_NAME_MAX]; /* MQTT_MESSAGE, MQTT_REFUSED, MQTT_DROPPED */
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

struct mqtt_publication {
    char topic[TOPIC_NAME_MAX];
    int qos;
    bool retain;
    bool vital;     /* goes at once, before everything that waits */
    bool optional;  /* careful: it is left out as soon as it ended a connection */
    long expiry_s;  /* 0: none; MQTT 5 alone can say it */
    uint64_t token; /* comes back with MQTT_ACKED or MQTT_REFUSED; 0: not wanted */
    size_t len;
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

/* How many bytes of it are in use: what is behind its payload is not. */
static inline size_t mqtt_publication_size(const struct mqtt_publication *p)
{
    return offsetof(struct mqtt_publication, payload) + p->len;
}

/* Starts the thread. NULL with errno. The setup is copied, and its subscriptions. */
struct mqtt_thread *mqtt_thread_new(const struct mqtt_setup *setup);

/* Ends the connection without a goodbye, so that the broker publishes the will: a kiosk that is
 * stopped is as silent as one that was seized. Waits up to a second; a thread that is stuck in a
 * name look-up frees what is left when it comes back. NULL is safe. */
void mqtt_thread_free(struct mqtt_thread *t);

/* Readable while events wait. */
int mqtt_thread_fd(const struct mqtt_thread *t);

/* Takes one event. False: none waits. */
bool mqtt_thread_next(struct mqtt_thread *t, struct mqtt_event *e);

/* Hands over one publication; only after MQTT_UP, for it is dropped while there is no connection.
 * 0, or -1 with errno ENOBUFS (the queue is full: the thread is stuck) or ENOMEM. */
int mqtt_thread_publish(struct mqtt_thread *t, const struct mqtt_publication *p);

/* While something is pending the thread tries harder: shorter pauses, less patience with a peer
 * that acknowledges nothing. */
void mqtt_thread_hurry(struct mqtt_thread *t, bool pending);

/* When the thread last showed that it is alive, ns of CLOCK_MONOTONIC. */
int64_t mqtt_thread_alive_at(const struct mqtt_thread *t);

/* What the thread is at, named as the fault that it would be: MQTT_FAULT_DNS while it looks a name
 * up, MQTT_FAULT_TLS while it connects and shakes hands, MQTT_FAULT_BROKER while it is served. */
enum mqtt_fault mqtt_thread_doing(const struct mqtt_thread *t);

#endif
