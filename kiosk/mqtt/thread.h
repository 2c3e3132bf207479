#ifndef PORCHLIGHT_MQTT_THREAD_H
#define PORCHLIGHT_MQTT_THREAD_H

#include "kiosk/mqtt/fault.h"
#include "kiosk/mqtt/publication.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One broker, one thread. The thread alone touches libmosquitto and its socket; the program's own
 * thread hands it publications and takes events, both through small queues, so that nothing the
 * network does can hold up the program. Nothing ends the thread but mqtt_thread_free: it dials,
 * connects, serves until any error, pauses, and begins again.
 *
 * This header, with publication.h, is all that a program knows of MQTT and of the network. */
struct mqtt_thread;

enum mqtt_event_kind {
    MQTT_UP,         /* connected: publications are taken from now on */
    MQTT_SUBSCRIBED, /* the broker has answered for every subscription */
    MQTT_DOWN,       /* not connected; what was handed over and not acknowledged is in doubt */
    MQTT_ACKED,      /* the broker took the publication with `token` */
    MQTT_STRANGE, /* it answered for what it was not sent: nothing that it confirms counts from now
                     on */
    MQTT_REFUSED, /* it refuses a subscription or publication to `topic` */
    MQTT_TAKEN,   /* it took a publication without a token to `topic`, and has refused some on this
                     connection */
    MQTT_MESSAGE, /* something arrived */
    MQTT_DROPPED, /* `count` messages were over a budget, the last of them on `topic` */
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
    bool has_subscriber;          /* MQTT_ACKED: MQTT 5 says that somebody subscribes to it */
    bool no_subscribers;       /* MQTT_ACKED: it says that nobody does; neither: it says nothing */
    size_t count;              /* MQTT_DROPPED */
    struct mqtt_limits limits; /* MQTT_UP */
    bool retained;             /* MQTT_MESSAGE, as the two below */
    bool too_long;             /* over MQTT_PAYLOAD_MAX: the payload is left out, len is 0 */
    size_t len;
    char topic[TOPIC_NAME_MAX]; /* MQTT_MESSAGE, MQTT_REFUSED, MQTT_TAKEN, MQTT_DROPPED */
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

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
