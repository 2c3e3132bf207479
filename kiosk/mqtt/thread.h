#ifndef PORCHLIGHT_MQTT_THREAD_H
#define PORCHLIGHT_MQTT_THREAD_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/mqtt/dial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One broker, one thread. The thread alone touches libmosquitto and its socket; the main loop
 * hands it publications and gets events, both through small queues, so nothing that the network
 * does can hold the main loop. No return code ends the thread: it probes, connects, serves until
 * any error, pauses, and begins again. */
struct broker;

enum { BROKER_PAYLOAD_MAX = 2048, BROKER_SUBSCRIPTIONS_MAX = 8 };

/* Fills `payload` (BROKER_PAYLOAD_MAX bytes) with the will of connection number `connection`;
 * returns its length. Called on the broker's thread: it may read
 * only what never changes and lives as long as the process. */
typedef size_t broker_will(const void *context, uint64_t connection, uint8_t *payload);

struct broker_subscription {
    char topic[TOPIC_NAME_MAX];
    bool news; /* neither what is retained there nor what we wrote; MQTT 5 alone can ask for it */
};

struct broker_setup {
    struct config_broker broker;
    char client_id[CONFIG_TEXT_MAX];
    const char *password;                           /* copied into locked memory. NULL: none */
    int64_t keepalive, probe, backoff, backoff_max; /* ns, as in struct config */
    struct broker_subscription subscribe[BROKER_SUBSCRIPTIONS_MAX];
    size_t subscribe_count;
    char will_topic[TOPIC_NAME_MAX];
    broker_will *will;
    const void *will_context;
};

enum broker_event_kind {
    BROKER_UP,      /* connected: what is pending may be handed over */
    BROKER_DOWN,    /* what was handed over and not acknowledged is in doubt */
    BROKER_ACKED,   /* a PUBACK for the publication with `token` */
    BROKER_MESSAGE, /* something arrived */
};

struct broker_event {
    enum broker_event_kind kind;
    enum mqtt_fault fault; /* BROKER_DOWN */
    bool here;             /* BROKER_UP: the peer's address is one of this machine's */
    int version;           /* BROKER_UP: 5 or 3 (3.1.1) */
    uint64_t connection;   /* BROKER_UP: its number, as the will has it */
    uint64_t token;        /* BROKER_ACKED */
    bool unheard;          /* BROKER_ACKED: MQTT 5 says that nobody subscribes (a hint) */
    bool retained;         /* BROKER_MESSAGE */
    char topic[TOPIC_NAME_MAX];
    size_t len;
    uint8_t payload[BROKER_PAYLOAD_MAX];
};

struct broker_publication {
    char topic[TOPIC_NAME_MAX];
    int qos;
    bool retain;
    long expiry_s;  /* 0: none; MQTT 5 alone can say it */
    uint64_t token; /* comes back with BROKER_ACKED; 0: not wanted */
    size_t len;
    uint8_t payload[BROKER_PAYLOAD_MAX];
};

/* Starts the thread. NULL with errno. The setup is copied. */
struct broker *broker_new(const struct broker_setup *setup);

/* Ends the connection without a goodbye, so that the broker publishes the will: a kiosk that is
 * stopped is as silent as one that was seized. Waits up to a second; a thread that hangs in a name
 * look-up frees what is left when it comes back. NULL is safe. */
void broker_free(struct broker *b);

/* Readable when events wait. */
int broker_fd(const struct broker *b);

/* Takes one event. False: none waits. */
bool broker_next(struct broker *b, struct broker_event *e);

/* Hands over one publication; only after BROKER_UP. 0, or -1 with errno ENOBUFS (the queue is
 * full: the thread hangs) or ENOMEM. */
int broker_publish(struct broker *b, const struct broker_publication *p);

/* While something is pending the thread tries harder: shorter pauses, a shorter patience with a
 * peer that acknowledges nothing. */
void broker_hurry(struct broker *b, bool pending);

/* When the thread last showed that it lives, ns of CLOCK_MONOTONIC. */
int64_t broker_alive_at(const struct broker *b);

/* What the thread is at, named as the fault that it would be: MQTT_FAULT_DNS while it looks a name
 * up, MQTT_FAULT_TLS while it connects and shakes hands, MQTT_FAULT_BROKER while it is served. */
enum mqtt_fault broker_doing(const struct broker *b);

#endif
