#include "kiosk/mqtt/thread.h"

#include "kiosk/common/clock.h"
#include "kiosk/mqtt/thread_parts.h"
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
/* The same where not one byte has come, and the name has another address that was not tried: one
 * that is silent must not cost a press 10 s. A handshake's first answer takes two turns of the
 * network; by mobile data they are done within a second. */
#define SILENT_PATIENCE (2 * INT64_C(1000000000))
#define LEAVE           (1 * INT64_C(1000000000))
#define TURN_MS         2000
/* A connection has worked: the pauses begin again with the shortest. */
#define STEADY (30 * INT64_C(1000000000))

enum { EVENTS_MOST = 4096, PUBLICATIONS_MOST = 64 };

/* How a connection ended. */
struct ending {
    bool wrong_version, learnt;
    bool silent;    /* it hung up at CONNECT, without an answer */
    bool peeked;    /* it took CONNECT, and that was all that was asked */
    bool elsewhere; /* this address is silent: the next one is tried at once */
    int64_t lasted; /* after CONNACK */
};

static void fault_set(struct mqtt_thread *t, enum mqtt_fault fault, const char *detail)
{
    t->fault = fault;
    snprintf(t->detail, sizeof t->detail, "%s", detail);
}

/* --- one connection -------------------------------------------------------------------------- */

/* It may hold a password: those of accounts that the program makes. */
static void publication_free(struct mqtt_queue_item *i)
{
    struct publication_item *all = (struct publication_item *)i;
    if (!all)
        return;
    sodium_memzero(&all->publication, mqtt_publication_size(&all->publication));
    free(all);
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

/* Whether CONNACK is waited for no longer. */
static bool is_late(const struct mqtt_thread *t, const struct mqtt_session *s, int64_t waited)
{
    if (mqtt_session_is_up(s))
        return false;
    bool silent = mqtt_dialler_has_another(t->dialler) && !mqtt_session_has_heard(s);
    return waited > (silent ? SILENT_PATIENCE : CONNACK_PATIENCE);
}

/* Serves until any error. Our own poll, not libmosquitto's: it wakes for publications too. */
static void thread_serve(struct mqtt_thread *t, struct mqtt_session *s)
{
    int64_t began = clock_now();
    bool hurry = t->hurry;
    patience_set(mqtt_session_fd(s), hurry);
    while (!t->stop && !(t->peeks && mqtt_session_is_up(s))) {
        int64_t now = clock_now();
        t->alive_at = now;
        thread_dropped_report(t, now);
        if (is_late(t, s, now - began))
            return;
        if (hurry != t->hurry)
            patience_set(mqtt_session_fd(s), hurry = t->hurry);
        struct pollfd fds[2] = {{.fd = mqtt_session_fd(s), .events = POLLIN},
                                {.fd = t->publications.fd, .events = POLLIN}};
        if (mqtt_session_wants_write(s))
            fds[0].events |= POLLOUT;
        int turn_ms = (int)(mqtt_session_patience(s) / 1000000);
        if (fds[0].fd < 0 || (poll(fds, 2, turn_ms) < 0 && errno != EINTR))
            return;
        publish_waiting(t, s);
        if (mqtt_session_turn(s) != 0)
            return;
    }
}

/* A new context each time: the clock may have been set, the CA replaced. Before the name is looked
 * up: a CA that cannot be used is no fault of the network's. */
static bool tls_renew(struct mqtt_thread *t)
{
    const struct config_broker *c = &t->setup.broker;
    const char *why = NULL;
    SSL_CTX_free(t->tls);
    t->tls = NULL;
    if (!c->tls)
        return true;
    t->tls = mqtt_tls_new(c->ca, c->host, false, &why);
    if (t->tls)
        return true;
    t->fault = MQTT_FAULT_CA;
    snprintf(t->detail, sizeof t->detail, "ca = %s %s", c->ca, why);
    return false;
}

/* libmosquitto says only that it failed. Why is asked once more, on a connection of our own. A
 * broker that shakes hands and then hangs up may not want something that CONNECT asks for. */
static void diagnose(struct mqtt_thread *t, const char *address, struct ending *ending)
{
    const char *why = "";
    enum mqtt_fault fault = MQTT_FAULT_FINE;
    if (t->tls)
        fault = mqtt_tls_probe(t->tls, address, t->setup.broker.port, t->setup.broker.interface,
                               t->setup.probe, &why);
    if (fault != MQTT_FAULT_FINE)
        fault_set(t, fault, why);
    else if (t->version == MQTT_VERSION_5) {
        ending->silent = true;
        ending->learnt = manners_refused(&t->manners, 0, t->setup.will, clock_now());
    }
}

/* Connects, serves, and notes why it ended. */
static struct ending converse(struct mqtt_thread *t, int fd, const char *address)
{
    struct mqtt_session_listener listener = thread_events;
    struct ending ending = {0};
    listener.context = t;
    struct mqtt_session *s = mqtt_session_new(&t->setup, t->tls, t->version, &t->manners, t->hurry,
                                              ++t->connection, &listener);
    t->doing = t->tls ? MQTT_FAULT_TLS : MQTT_FAULT_BROKER;
    if (!s) {
        close(fd);
        fault_set(t, MQTT_FAULT_BROKER, "libmosquitto does not accept user, password or topics");
        return ending;
    }
    int64_t began = clock_now();
    if (mqtt_session_connect(s, fd, address) == 0) {
        t->doing = MQTT_FAULT_BROKER;
        thread_serve(t, s);
    }
    bool was_up = mqtt_session_is_up(s), heard = mqtt_session_has_heard(s);
    if (was_up && t->peeks)
        mqtt_session_leave(s);
    struct mqtt_session_end end = mqtt_session_end(s, t->stop || t->peeks);
    mqtt_session_free(s);
    publish_waiting(t, NULL);
    fault_set(t, end.fault, end.detail);
    ending = (struct ending){.wrong_version = end.wrong_version,
                             .learnt = end.learnt,
                             .peeked = was_up && t->peeks,
                             .lasted = was_up ? clock_now() - began : 0};
    if (was_up || (!end.learnt && !end.wrong_version)) {
        mqtt_dialler_judge(t->dialler, was_up);
        ending.elsewhere = !heard && mqtt_dialler_has_another(t->dialler);
    }
    if (!was_up && !ending.elsewhere && !end.refused && !end.learnt && !t->stop)
        diagnose(t, address, &ending);
    return ending;
}

static bool goes_on(void *context)
{
    struct mqtt_thread *t = context;
    t->alive_at = clock_now();
    return !t->stop;
}

static struct ending connect_to_one(struct mqtt_thread *t)
{
    struct mqtt_dialled d;
    t->doing = MQTT_FAULT_DNS;
    int fd = mqtt_dialler_dial(t->dialler, t->setup.probe, goes_on, t, &d);
    if (fd < 0) {
        t->fault = d.fault;
        snprintf(t->detail, sizeof t->detail, "%s port %d: %s", t->setup.broker.host,
                 t->setup.broker.port, mqtt_dial_why(&d));
        return (struct ending){0};
    }
    if (t->stop) {
        close(fd);
        return (struct ending){0};
    }
    return converse(t, fd, d.address);
}

/* Each address that is silent is judged as bad, so this ends. */
static struct ending connect_once(struct mqtt_thread *t, enum mqtt_version version)
{
    struct ending e;
    t->version = version;
    if (!tls_renew(t))
        return (struct ending){0};
    manners_begin(&t->manners, clock_now());
    do
        e = connect_to_one(t);
    while (e.elsewhere && !t->stop);
    return e;
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
    free(t->setup.subscribe);
    free(t);
}

/* 0 to 999, from one seed for all pauses: when a kiosk connects again shows nothing of what it drew
 * random numbers for meanwhile. */
static int64_t chance_next(struct mqtt_thread *t)
{
    t->chance = t->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(t->chance >> 33) % 1000;
}

/* Half to full length, so that a hall of kiosks does not come back in step. A stop ends it, and
 * something that is pending shortens it, even in the middle. */
static void pause_for(struct mqtt_thread *t, int64_t length)
{
    int64_t began = clock_now();
    int64_t chance = chance_next(t);
    for (int64_t now; !t->stop; t->alive_at = now) {
        int64_t most = t->hurry && length > HURRY_BACKOFF ? HURRY_BACKOFF : length;
        int64_t until = began + most / 2 + most / 2000 * chance;
        if ((now = clock_now()) >= until)
            return;
        struct pollfd p = {.fd = t->publications.fd, .events = POLLIN};
        int64_t left = (until - now) / 1000000 + 1;
        poll(&p, 1, left < TURN_MS ? (int)left : TURN_MS);
        publication_free(mqtt_queue_pop(&t->publications));
    }
}

/* A broker that hangs up at MQTT 5 is old if it takes 3.1.1 right after that, and hangs up at 5
 * once more; else it was only away. */
static struct ending connect_silent(struct mqtt_thread *t, struct ending e)
{
    if (!t->manners.old) {
        t->peeks = true;
        struct ending old = connect_once(t, MQTT_VERSION_311);
        t->peeks = false;
        if (!old.peeked || t->stop)
            return e;
        e = connect_once(t, MQTT_VERSION_5);
        if (!e.silent)
            return e;
        manners_old(&t->manners);
    }
    return t->stop ? e : connect_once(t, MQTT_VERSION_311);
}

/* MQTT 5, and 3.1.1 only where the broker says that it does not speak that, or shows it. */
static struct ending connect_somehow(struct mqtt_thread *t)
{
    struct ending e = connect_once(t, MQTT_VERSION_5);
    if (e.wrong_version && !t->stop)
        e = connect_once(t, MQTT_VERSION_311);
    else if (e.silent && !t->stop && manners_is_old(&t->manners))
        e = connect_silent(t, e);
    return e;
}

static int64_t backoff_next(const struct mqtt_thread *t, struct ending e, int64_t backoff)
{
    if (e.learnt || e.lasted >= STEADY)
        return t->setup.backoff;
    return backoff * 2 < t->setup.backoff_max ? backoff * 2 : t->setup.backoff_max;
}

static void *thread_run(void *context)
{
    struct mqtt_thread *t = context;
    int64_t backoff = t->setup.backoff;
    while (!t->stop) {
        struct ending e = connect_somehow(t);
        if (t->stop)
            break;
        thread_say_down(t);
        backoff = backoff_next(t, e, backoff);
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

static int subscriptions_keep(struct mqtt_thread *t, const struct mqtt_setup *setup)
{
    size_t size = setup->subscribe_count * sizeof setup->subscribe[0];
    t->setup.subscribe = malloc(size > 0 ? size : 1);
    if (!t->setup.subscribe)
        return -1;
    if (size > 0)
        memcpy(t->setup.subscribe, setup->subscribe, size);
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
    t->setup.subscribe = NULL;
    t->holders = 2;
    t->alive_at = clock_now();
    t->doing = MQTT_FAULT_DNS;
    randombytes_buf(&t->chance, sizeof t->chance);
    if (mqtt_queue_init(&t->events, EVENTS_MOST) != 0)
        goto free_thread;
    if (mqtt_queue_init(&t->publications, PUBLICATIONS_MOST) != 0)
        goto finish_events;
    t->dialler = mqtt_dialler_new(setup->broker.host, setup->broker.port, setup->broker.interface);
    if (!t->dialler || subscriptions_keep(t, setup) != 0 || password_keep(t, setup->password) != 0)
        goto free_dialler;
    int error = pthread_create(&t->thread, NULL, thread_run, t);
    if (error == 0)
        return t;
    errno = error;
    sodium_free(t->password);
free_dialler:
    free(t->setup.subscribe);
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
    memcpy(e, &i->event, offsetof(struct mqtt_event, payload) + i->event.len);
    free(i);
    return true;
}

int mqtt_thread_publish(struct mqtt_thread *t, const struct mqtt_publication *p)
{
    size_t len = mqtt_publication_size(p);
    struct publication_item *i = malloc(offsetof(struct publication_item, publication) + len);
    if (!i)
        return -1;
    memcpy(&i->publication, p, len);
    if (mqtt_queue_push(&t->publications, &i->item) == 0)
        return 0;
    free(i);
    errno = ENOBUFS;
    return -1;
}

void mqtt_thread_hurry(struct mqtt_thread *t, bool pending)
{
    bool before = atomic_exchange(&t->hurry, pending);
    if (pending && !before)
        mqtt_queue_wake(&t->publications); /* from a pause */
}

int64_t mqtt_thread_alive_at(const struct mqtt_thread *t)
{
    return t->alive_at;
}

enum mqtt_fault mqtt_thread_doing(const struct mqtt_thread *t)
{
    return t->doing;
}
