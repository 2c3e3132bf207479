#ifndef PORCHLIGHT_MQTT_THREAD_H
#define PORCHLIGHT_MQTT_THREAD_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/mqtt/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One broker, one thread. The thread alone touches libmosquitto and its socket; the main loop
 * hands it publications and gets events, both through small queues, so nothing that the network
 * does can hold the main loop. No return code ends the thread: it probes, connects, serves until
 * any error, pauses, and begins again. */
struct mqtt_thread;

enum { MQTT_PAYLOAD_MAX = 2048, MQTT_SUBSCRIPTIONS_MAX = 8 };

/* Fills `payload` (MQTT_PAYLOAD_MAX bytes) with the will of connection number `connection`;
 * returns its length. Called on the broker's thread: it may read
 * only what never changes and lives as long as the process. */
typedef size_t mqtt_will(const void *context, uint64_t connection, uint8_t *payload);

struct mqtt_subscription {
    char topic[TOPIC_NAME_MAX];
    bool news; /* neither what is retained there nor what we wrote; MQTT 5 alone can ask for it */
};

struct mqtt_setup {
    struct config_broker broker;
    char client_id[CONFIG_TEXT_MAX];
    const char *password;                           /* copied into locked memory. NULL: none */
    int64_t keepalive, probe, backoff, backoff_max; /* ns, as in struct config */
    struct mqtt_subscription subscribe[MQTT_SUBSCRIPTIONS_MAX];
    size_t subscribe_count;
    char will_topic[TOPIC_NAME_MAX];
    mqtt_will *will;
    const void *will_context;
};

enum mqtt_event_kind {
    MQTT_UP,      /* connected: what is pending may be handed over */
    MQTT_DOWN,    /* what was handed over and not acknowledged is in doubt */
    MQTT_ACKED,   /* a PUBACK for the publication with `token` */
    MQTT_MESSAGE, /* something arrived */
};

struct mqtt_event {
    enum mqtt_event_kind kind;
    enum mqtt_fault fault; /* MQTT_DOWN */
    bool here;             /* MQTT_UP: the peer's address is one of this machine's */
    int version;           /* MQTT_UP: 5 or 3 (3.1.1) */
    uint64_t connection;   /* MQTT_UP: its number, as the will has it */
    uint64_t token;        /* MQTT_ACKED */
    bool unheard;          /* MQTT_ACKED: MQTT 5 says that nobody subscribes (a hint) */
    bool retained;         /* MQTT_MESSAGE */
    char topic[TOPIC_NAME_MAX];
    size_t len;
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

struct mqtt_publication {
    char topic[TOPIC_NAME_MAX];
    int qos;
    bool retain;
    long expiry_s;  /* 0: none; MQTT 5 alone can say it */
    uint64_t token; /* comes back with MQTT_ACKED; 0: not wanted */
    size_t len;
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

/* Starts the thread. NULL with errno. The setup is copied. */
struct mqtt_thread *mqtt_thread_new(const struct mqtt_setup *setup);

/* Ends the connection without a goodbye, so that the broker publishes the will: a kiosk that is
 * stopped is as silent as one that was seized. Waits up to a second; a thread that hangs in a name
 * look-up frees what is left when it comes back. NULL is safe. */
void mqtt_thread_free(struct mqtt_thread *b);

/* Readable when events wait. */
int mqtt_thread_fd(const struct mqtt_thread *b);

/* Takes one event. False: none waits. */
bool mqtt_thread_next(struct mqtt_thread *b, struct mqtt_event *e);

/* Hands over one publication; only after MQTT_UP. 0, or -1 with errno ENOBUFS (the queue is
 * full: the thread hangs) or ENOMEM. */
int mqtt_thread_publish(struct mqtt_thread *b, const struct mqtt_publication *p);

/* While something is pending the thread tries harder: shorter pauses, a shorter patience with a
 * peer that acknowledges nothing. */
void mqtt_thread_hurry(struct mqtt_thread *b, bool pending);

/* When the thread last showed that it lives, ns of CLOCK_MONOTONIC. */
int64_t mqtt_thread_alive_at(const struct mqtt_thread *b);

/* What the thread is at, named as the fault that it would be: MQTT_FAULT_DNS while it looks a name
 * up, MQTT_FAULT_TLS while it connects and shakes hands, MQTT_FAULT_BROKER while it is served. */
enum mqtt_fault mqtt_thread_doing(const struct mqtt_thread *b);

#endif
