#include "kiosk/mqtt/thread.h"

#include "kiosk/common/clock.h"
#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/queue.h"
#include "kiosk/mqtt/session.h"
#include "kiosk/mqtt/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is pending is not kept waiting for long: the longest pause, and how long
 * a peer may leave bytes unacknowledged; at rest patience is keepalive's own. */
#define HURRY_BACKOFF     (3 * INT64_C(1000000000))
#define HURRY_PATIENCE_MS 5000u
#define REST_PATIENCE_MS  20000u
#define CONNACK_PATIENCE  (10 * INT64_C(1000000000))
#define LEAVE             (1 * INT64_C(1000000000))
#define TURN_MS           2000 /* libmosquitto looks after its keepalive once a turn */

enum { EVENTS_MOST = 4096, PUBLICATIONS_MOST = 64 };

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
    enum mqtt_version version; /* what the next connection speaks */
    enum mqtt_fault fault;     /* why there is no connection */
    char detail[MQTT_DETAIL_MAX];
    uint64_t connection;
    int64_t second; /* the one in which `received` messages came */
    int received;
};

static void fault_set(struct mqtt_thread *t, enum mqtt_fault fault, const char *detail)
{
    t->fault = fault;
    snprintf(t->detail, sizeof t->detail, "%s", detail);
}

/* --- events to the program -------------------------------------------------------------------- */

static void event_send(struct mqtt_thread *t, const struct mqtt_event *e)
{
    struct event_item *i = malloc(sizeof *i);
    if (!i)
        return;
    i->event = *e;
    i->event.at = clock_now();
    if (mqtt_queue_push(&t->events, &i->item) != 0)
        free(i);
}

static void say_down(struct mqtt_thread *t)
{
    struct mqtt_event e = {.kind = MQTT_DOWN, .fault = t->fault};
    memcpy(e.detail, t->detail, sizeof e.detail);
    event_send(t, &e);
}

static void thread_on_up(void *context, int fd)
{
    struct mqtt_thread *t = context;
    event_send(t, &(struct mqtt_event){.kind = MQTT_UP,
                                       .here = mqtt_dial_is_here(fd),
                                       .version = (int)t->version,
                                       .connection = t->connection});
}

static void thread_on_subscribed(void *context, size_t refused)
{
    event_send(context, &(struct mqtt_event){.kind = MQTT_SUBSCRIBED, .refused = refused});
}

static void thread_on_acked(void *context, uint64_t token, bool no_subscribers)
{
    event_send(context, &(struct mqtt_event){
                            .kind = MQTT_ACKED, .token = token, .no_subscribers = no_subscribers});
}

static void thread_on_refused(void *context, const char *topic, uint64_t token,
                              enum mqtt_fault fault, const char *detail)
{
    struct mqtt_event e = {.kind = MQTT_REFUSED, .token = token, .fault = fault};
    snprintf(e.topic, sizeof e.topic, "%s", topic);
    snprintf(e.detail, sizeof e.detail, "%s", detail);
    event_send(context, &e);
}

static void thread_on_message(void *context, const char *topic, const void *payload, size_t len,
                              bool retained)
{
    struct mqtt_thread *t = context;
    struct mqtt_event e = {
        .kind = MQTT_MESSAGE, .retained = retained, .too_long = len > MQTT_PAYLOAD_MAX};
    int64_t second = clock_now() / INT64_C(1000000000);
    t->received = second == t->second ? t->received + 1 : 1;
    t->second = second;
    if ((t->setup.rate > 0 && t->received > t->setup.rate) || strlen(topic) >= sizeof e.topic)
        return;
    strcpy(e.topic, topic);
    e.len = e.too_long ? 0 : len;
    if (e.len > 0)
        memcpy(e.payload, payload, e.len);
    event_send(t, &e);
}

/* --- one connection -------------------------------------------------------------------------- */

/* It may hold a password: those of accounts that the program makes. */
static void publication_free(struct mqtt_queue_item *i)
{
    if (i)
        sodium_memzero(i, sizeof(struct publication_item));
    free(i);
}

static void publish_waiting(struct mqtt_thread *t, struct mqtt_session *s)
{
    for (struct mqtt_queue_item *i; (i = mqtt_queue_pop(&t->publications));) {
        if (s && mqtt_session_is_up(s))
            mqtt_session_publish(s, &((struct publication_item *)i)->publication);
        publication_free(i);
    }
}

static void patience_set(int fd, bool hurry)
{
    unsigned ms = hurry ? HURRY_PATIENCE_MS : REST_PATIENCE_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

/* Serves until any error. Our own poll, not libmosquitto's: it wakes for publications too. */
static void thread_serve(struct mqtt_thread *t, struct mqtt_session *s)
{
    int64_t began = clock_now();
    bool hurry = t->hurry;
    patience_set(mqtt_session_fd(s), hurry);
    while (!t->stop) {
        int64_t now = clock_now();
        t->alive_at = now;
        if (!mqtt_session_is_up(s) && now - began > CONNACK_PATIENCE)
            return;
        if (hurry != t->hurry)
            patience_set(mqtt_session_fd(s), hurry = t->hurry);
        struct pollfd fds[2] = {{.fd = mqtt_session_fd(s), .events = POLLIN},
                                {.fd = t->publications.fd, .events = POLLIN}};
        if (mqtt_session_wants_write(s))
            fds[0].events |= POLLOUT;
        if (fds[0].fd < 0 || (poll(fds, 2, TURN_MS) < 0 && errno != EINTR))
            return;
        publish_waiting(t, s);
        if (mqtt_session_turn(s) != 0)
            return;
    }
}

/* A new context each time: the clock may have been set, the CA replaced. */
static bool tls_renew(struct mqtt_thread *t)
{
    const struct config_broker *c = &t->setup.broker;
    const char *why = NULL;
    SSL_CTX_free(t->tls);
    t->tls = NULL;
    if (!c->tls)
        return true;
    t->tls = mqtt_tls_new(c->ca, c->host, clock_is_set(), &why);
    t->fault = MQTT_FAULT_TLS;
    if (!t->tls)
        snprintf(t->detail, sizeof t->detail, "ca = %s %s", c->ca, why);
    return t->tls;
}

/* libmosquitto says only that it failed. Why is asked once more, on a connection of our own; a
 * broker that shakes hands and then hangs up may not know this version of MQTT. */
static void diagnose(struct mqtt_thread *t, const char *address)
{
    const char *why = "";
    enum mqtt_fault fault = MQTT_FAULT_FINE;
    if (t->tls)
        fault = mqtt_tls_probe(t->tls, address, t->setup.broker.port, t->setup.probe, &why);
    if (fault != MQTT_FAULT_FINE)
        fault_set(t, fault, why);
    else
        t->version = t->version == MQTT_VERSION_5 ? MQTT_VERSION_311 : MQTT_VERSION_5;
}

/* Connects, serves, and notes why it ended. Returns whether it was up, and nothing was refused. */
static bool converse(struct mqtt_thread *t, int fd, const char *address)
{
    const struct mqtt_session_listener listener = {.context = t,
                                                   .up = thread_on_up,
                                                   .subscribed = thread_on_subscribed,
                                                   .acked = thread_on_acked,
                                                   .refused = thread_on_refused,
                                                   .message = thread_on_message};
    struct mqtt_session *s =
        mqtt_session_new(&t->setup, t->tls, t->version, ++t->connection, &listener);
    struct mqtt_session_end end = {.fault = MQTT_FAULT_BROKER, .detail = ""};
    bool was_up = false;
    t->doing = t->tls ? MQTT_FAULT_TLS : MQTT_FAULT_BROKER;
    if (!s)
        close(fd);
    else if (mqtt_session_connect(s, fd, address) == 0) {
        t->doing = MQTT_FAULT_BROKER;
        thread_serve(t, s);
        was_up = mqtt_session_is_up(s);
    }
    mqtt_dialler_judge(t->dialler, was_up);
    if (s)
        end = mqtt_session_end(s);
    mqtt_session_free(s);
    publish_waiting(t, NULL);
    fault_set(t, end.fault, end.detail);
    if (end.wrong_version)
        t->version = MQTT_VERSION_311;
    else if (!was_up && !end.refused && !t->stop)
        diagnose(t, address);
    return was_up && !end.refused;
}

static bool goes_on(void *context)
{
    struct mqtt_thread *t = context;
    t->alive_at = clock_now();
    return !t->stop;
}

static bool connect_once(struct mqtt_thread *t)
{
    struct mqtt_dialled d;
    t->doing = MQTT_FAULT_DNS;
    int fd = mqtt_dialler_dial(t->dialler, t->setup.probe, goes_on, t, &d);
    if (fd < 0) {
        t->fault = d.fault;
        snprintf(t->detail, sizeof t->detail, "%s port %d: %s", t->setup.broker.host,
                 t->setup.broker.port, mqtt_dial_why(&d));
        return false;
    }
    if (t->stop || !tls_renew(t)) {
        close(fd);
        return false;
    }
    return converse(t, fd, d.address);
}

/* --- the thread ------------------------------------------------------------------------------ */

static void thread_release(struct mqtt_thread *t)
{
    if (atomic_fetch_sub(&t->holders, 1) != 1)
        return;
    SSL_CTX_free(t->tls);
    mqtt_dialler_free(t->dialler);
    mqtt_queue_finish(&t->events);
    mqtt_queue_finish(&t->publications);
    sodium_free(t->password);
    free(t);
}

/* Half to full length, so that a hall of kiosks does not come back in step. A stop ends it. */
static void pause_for(struct mqtt_thread *t, int64_t length)
{
    int64_t until = clock_now() + length / 2 +
                    randombytes_uniform((uint32_t)(length / 2000000) + 1) * INT64_C(1000000);
    for (int64_t now; !t->stop && (now = clock_now()) < until;) {
        struct pollfd p = {.fd = t->publications.fd, .events = POLLIN};
        t->alive_at = now;
        int64_t left = (until - now) / 1000000 + 1;
        poll(&p, 1, left < TURN_MS ? (int)left : TURN_MS);
        publication_free(mqtt_queue_pop(&t->publications));
    }
}

static void *thread_run(void *context)
{
    struct mqtt_thread *t = context;
    int64_t backoff = t->setup.backoff;
    while (!t->stop) {
        bool served = connect_once(t);
        if (t->stop)
            break;
        say_down(t);
        backoff = served ? t->setup.backoff : backoff * 2;
        if (backoff > t->setup.backoff_max)
            backoff = t->setup.backoff_max;
        if (t->hurry && backoff > HURRY_BACKOFF)
            backoff = HURRY_BACKOFF;
        pause_for(t, backoff);
    }
    thread_release(t);
    return NULL;
}

/* --- for the program ------------------------------------------------------------------------- */

static int password_keep(struct mqtt_thread *t, const char *password)
{
    if (!password)
        return 0;
    t->password = sodium_malloc(strlen(password) + 1);
    if (!t->password)
        return -1;
    strcpy(t->password, password);
    t->setup.password = t->password;
    return 0;
}

struct mqtt_thread *mqtt_thread_new(const struct mqtt_setup *setup)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct mqtt_thread *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    pthread_once(&once, mqtt_session_library_init);
    t->setup = *setup;
    t->setup.password = NULL;
    t->holders = 2;
    t->alive_at = clock_now();
    t->doing = MQTT_FAULT_DNS;
    t->version = MQTT_VERSION_5;
    if (mqtt_queue_init(&t->events, EVENTS_MOST) != 0)
        goto free_thread;
    if (mqtt_queue_init(&t->publications, PUBLICATIONS_MOST) != 0)
        goto finish_events;
    t->dialler = mqtt_dialler_new(setup->broker.host, setup->broker.port);
    if (!t->dialler || password_keep(t, setup->password) != 0)
        goto free_dialler;
    int error = pthread_create(&t->thread, NULL, thread_run, t);
    if (error == 0)
        return t;
    errno = error;
    sodium_free(t->password);
free_dialler:
    mqtt_dialler_free(t->dialler);
    mqtt_queue_finish(&t->publications);
finish_events:
    mqtt_queue_finish(&t->events);
free_thread:
    free(t);
    return NULL;
}

void mqtt_thread_free(struct mqtt_thread *t)
{
    if (!t)
        return;
    int64_t end = clock_now() + LEAVE;
    struct timespec until = {.tv_sec = end / 1000000000, .tv_nsec = (long)(end % 1000000000)};
    t->stop = true;
    mqtt_queue_wake(&t->publications);
    if (pthread_clockjoin_np(t->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
        pthread_detach(t->thread);
    thread_release(t);
}

int mqtt_thread_fd(const struct mqtt_thread *t)
{
    return t->events.fd;
}

bool mqtt_thread_next(struct mqtt_thread *t, struct mqtt_event *e)
{
    struct event_item *i = (struct event_item *)mqtt_queue_pop(&t->events);
    if (!i)
        return false;
    *e = i->event;
    free(i);
    return true;
}

int mqtt_thread_publish(struct mqtt_thread *t, const struct mqtt_publication *p)
{
    struct publication_item *i = malloc(sizeof *i);
    if (!i)
        return -1;
    i->publication = *p;
    if (mqtt_queue_push(&t->publications, &i->item) == 0)
        return 0;
    free(i);
    errno = ENOBUFS;
    return -1;
}

void mqtt_thread_hurry(struct mqtt_thread *t, bool pending)
{
    t->hurry = pending;
}

int64_t mqtt_thread_alive_at(const struct mqtt_thread *t)
{
    return t->alive_at;
}

enum mqtt_fault mqtt_thread_doing(const struct mqtt_thread *t)
{
    return t->doing;
}
