#ifndef PORCHLIGHT_MQTT_THREAD_PARTS_H
#define PORCHLIGHT_MQTT_THREAD_PARTS_H

#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/queue.h"
#include "kiosk/mqtt/session.h"
#include "kiosk/mqtt/thread.h"

#include <pthread.h>
#include <stdatomic.h>

/* Inside of struct mqtt_thread, for thread.c, which runs it, and thread_events.c, which hands what
 * happens to the program. */

/* Each is allocated only as far as its payload goes: most are a fifth of the largest. */
struct event_item {
    struct mqtt_queue_item item;
    struct mqtt_event event;
};

struct publication_item {
    struct mqtt_queue_item item;
    struct mqtt_publication publication;
};

struct mqtt_thread {
    struct mqtt_setup setup;
    char *password; /* sodium_malloc */
    pthread_t thread;
    atomic_int holders; /* the program and the thread: the last one frees */
    atomic_bool stop, hurry;
    _Atomic int64_t alive_at;
    _Atomic enum mqtt_fault doing;
    struct mqtt_queue events, publications;

    /* the thread's own */
    struct mqtt_dialler *dialler;
    SSL_CTX *tls;
    struct mqtt_manners manners;
    enum mqtt_version version; /* what this connection speaks */
    enum mqtt_fault fault;     /* why there is no connection */
    char detail[MQTT_DETAIL_MAX];
    bool peeks; /* it only looks whether the broker takes CONNECT */
    uint64_t connection, chance;
    struct budget_table each;
    struct budget_bucket all[MQTT_SUBSCRIPTIONS_MAX];
    struct mqtt_event dropped; /* what is over budget, and not reported yet */
};

/* What a session calls; its context is the thread. */
extern const struct mqtt_session_listener thread_events;

/* Why there is no connection, to the program. */
void thread_say_down(struct mqtt_thread *t);

/* What was over budget, to the program; once a second. */
void thread_dropped_report(struct mqtt_thread *t, int64_t now);

#endif
