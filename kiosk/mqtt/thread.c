#include "kiosk/mqtt/thread.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is pending is not kept waiting for long (DESIGN, Delivery): the longest pause, and how long
 * a peer may leave bytes unacknowledged; at rest patience is keepalive's own. */
#define HURRY_BACKOFF     (3 * INT64_C(1000000000))
#define HURRY_PATIENCE_MS 5000u
#define REST_PATIENCE_MS  20000u
#define CONNACK_PATIENCE  (10 * INT64_C(1000000000))
#define MESSAGES_A_SECOND 50
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
    atomic_int holders; /* main loop and thread: the last one frees */
    atomic_bool stop, hurry;
    _Atomic int64_t alive_at;
    _Atomic enum mqtt_fault doing;
    struct mqtt_queue events, publications;

    /* the thread's own */
    SSL_CTX *tls;
    enum mqtt_version version; /* what the next connection speaks */
    enum mqtt_fault fault;
    uint64_t connection;
    int64_t second;
    int heard;
};

/* --- events to the main loop ------------------------------------------------------------------ */

static struct event_item *event_new(enum mqtt_event_kind kind)
{
    struct event_item *i = calloc(1, sizeof *i);
    if (i)
        i->event.kind = kind;
    return i;
}

static void event_send(struct mqtt_thread *b, struct event_item *i)
{
    if (i && mqtt_queue_push(&b->events, &i->item) != 0)
        free(i);
}

static void say_down(struct mqtt_thread *b)
{
    struct event_item *i = event_new(MQTT_DOWN);
    if (i)
        i->event.fault = b->fault;
    event_send(b, i);
}

/* --- what the client tells, on the thread ---------------------------------------------------- */

static bool peer_is_here(int fd)
{
    struct sockaddr_storage peer = {0}, own = {0};
    socklen_t peer_len = sizeof peer, own_len = sizeof own;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 || peer.ss_family != own.ss_family)
        return true; /* in doubt a broker hands nothing over */
    if (peer.ss_family == AF_INET)
        return ((struct sockaddr_in *)&peer)->sin_addr.s_addr ==
               ((struct sockaddr_in *)&own)->sin_addr.s_addr;
    return memcmp(&((struct sockaddr_in6 *)&peer)->sin6_addr,
                  &((struct sockaddr_in6 *)&own)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

static void thread_on_up(void *context, int fd)
{
    struct mqtt_thread *b = context;
    struct event_item *i = event_new(MQTT_UP);
    if (i) {
        i->event.here = peer_is_here(fd);
        i->event.version = (int)b->version;
        i->event.connection = b->connection;
    }
    event_send(b, i);
}

static void thread_on_acked(void *context, uint64_t token, bool unheard)
{
    struct mqtt_thread *b = context;
    struct event_item *i = event_new(MQTT_ACKED);
    if (i) {
        i->event.token = token;
        i->event.unheard = unheard;
    }
    event_send(b, i);
}

static void thread_on_message(void *context, const char *topic, const void *payload, size_t len,
                              bool retained)
{
    struct mqtt_thread *b = context;
    int64_t second = clock_now() / INT64_C(1000000000);
    b->heard = second == b->second ? b->heard + 1 : 1;
    b->second = second;
    if (b->heard > MESSAGES_A_SECOND || len > MQTT_PAYLOAD_MAX || strlen(topic) >= TOPIC_NAME_MAX)
        return;
    struct event_item *i = event_new(MQTT_MESSAGE);
    if (!i)
        return;
    strcpy(i->event.topic, topic);
    i->event.retained = retained;
    i->event.len = len;
    if (len > 0)
        memcpy(i->event.payload, payload, len);
    event_send(b, i);
}

/* --- one connection -------------------------------------------------------------------------- */

static void publish_waiting(struct mqtt_thread *b, struct mqtt_session *c)
{
    for (struct mqtt_queue_item *i; (i = mqtt_queue_pop(&b->publications));) {
        if (c && mqtt_session_is_up(c))
            mqtt_session_publish(c, &((struct publication_item *)i)->publication);
        free(i);
    }
}

static void patience_set(int fd, bool hurry)
{
    unsigned ms = hurry ? HURRY_PATIENCE_MS : REST_PATIENCE_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

/* Serves until any error. Our own poll, not libmosquitto's: it wakes for publications too. */
static void thread_serve(struct mqtt_thread *b, struct mqtt_session *c)
{
    int64_t began = clock_now();
    bool hurry = b->hurry, wrong_version;
    patience_set(mqtt_session_fd(c), hurry);
    while (!b->stop) {
        int64_t now = clock_now();
        b->alive_at = now;
        if (!mqtt_session_is_up(c) &&
            (mqtt_session_refused(c, &b->fault, &wrong_version) || now - began > CONNACK_PATIENCE))
            return;
        if (hurry != b->hurry)
            patience_set(mqtt_session_fd(c), hurry = b->hurry);
        struct pollfd fds[2] = {{.fd = mqtt_session_fd(c), .events = POLLIN},
                                {.fd = b->publications.fd, .events = POLLIN}};
        if (mqtt_session_wants_write(c))
            fds[0].events |= POLLOUT;
        if (fds[0].fd < 0 || (poll(fds, 2, TURN_MS) < 0 && errno != EINTR))
            return;
        publish_waiting(b, c);
        if (mqtt_session_turn(c) != 0)
            return;
    }
}

/* The context is made anew each time: the clock may have been set, the CA replaced. */
static bool tls_renew(struct mqtt_thread *b)
{
    const char *why = NULL;
    SSL_CTX_free(b->tls);
    b->tls = NULL;
    if (!b->setup.broker.tls)
        return true;
    b->tls = mqtt_tls_new(b->setup.broker.ca, b->setup.broker.host, clock_is_set(), &why);
    if (!b->tls)
        log_error("broker %s: ca = %s %s; put the broker's CA certificate there",
                  b->setup.broker.name, b->setup.broker.ca, why);
    return b->tls;
}

/* libmosquitto says only that it failed. Why is asked once more, on a connection of our own; a
 * broker that shakes hands and then hangs up may not know this version of MQTT. */
static enum mqtt_fault diagnose(struct mqtt_thread *b, const char *address)
{
    enum mqtt_fault fault = MQTT_FAULT_FINE;
    if (b->tls)
        fault = mqtt_tls_probe(b->tls, address, b->setup.broker.port, b->setup.probe);
    if (fault != MQTT_FAULT_FINE)
        return fault;
    b->version = b->version == MQTT_VERSION_5 ? MQTT_VERSION_311 : MQTT_VERSION_5;
    return MQTT_FAULT_BROKER;
}

/* Connects, serves, and says why it ended. Returns whether it was up, and nothing was refused. */
static bool converse(struct mqtt_thread *b, const char *address)
{
    const struct mqtt_session_listener listener = {
        .context = b, .up = thread_on_up, .acked = thread_on_acked, .message = thread_on_message};
    struct mqtt_session *c =
        mqtt_session_new(&b->setup, b->tls, b->version, ++b->connection, &listener);
    bool was_up = false, refused = false, wrong_version = false;
    b->fault = MQTT_FAULT_BROKER;
    b->doing = b->tls ? MQTT_FAULT_TLS : MQTT_FAULT_BROKER;
    if (c && mqtt_session_connect(c, address) == 0) {
        b->doing = MQTT_FAULT_BROKER;
        thread_serve(b, c);
        was_up = mqtt_session_is_up(c);
        refused = mqtt_session_refused(c, &b->fault, &wrong_version);
    }
    mqtt_session_free(c);
    publish_waiting(b, NULL);
    if (was_up && !refused)
        b->fault = MQTT_FAULT_BROKER;
    else if (wrong_version)
        b->version = MQTT_VERSION_311;
    else if (!refused && !b->stop)
        b->fault = diagnose(b, address);
    return was_up && !refused;
}

static bool connect_once(struct mqtt_thread *b)
{
    const struct config_broker *c = &b->setup.broker;
    struct mqtt_dialled d;
    b->doing = MQTT_FAULT_DNS;
    int fd = mqtt_dial(c->host, c->port, b->setup.probe, &d);
    if (fd >= 0)
        close(fd); /* libmosquitto connects by itself; that address answers at once */
    b->fault = d.fault;
    b->alive_at = clock_now();
    if (b->fault != MQTT_FAULT_FINE || b->stop)
        return false;
    if (!tls_renew(b)) {
        b->fault = MQTT_FAULT_TLS;
        return false;
    }
    return converse(b, d.address);
}

/* --- the thread ------------------------------------------------------------------------------ */

static void thread_release(struct mqtt_thread *b)
{
    if (atomic_fetch_sub(&b->holders, 1) != 1)
        return;
    SSL_CTX_free(b->tls);
    mqtt_queue_finish(&b->events);
    mqtt_queue_finish(&b->publications);
    sodium_free(b->password);
    free(b);
}

/* Half to full length, so that a hall of kiosks does not come back in step. A stop ends it. */
static void pause_for(struct mqtt_thread *b, int64_t length)
{
    int64_t until = clock_now() + length / 2 +
                    randombytes_uniform((uint32_t)(length / 2000000) + 1) * INT64_C(1000000);
    for (int64_t now; !b->stop && (now = clock_now()) < until;) {
        struct pollfd p = {.fd = b->publications.fd, .events = POLLIN};
        b->alive_at = now;
        int64_t left = (until - now) / 1000000 + 1;
        poll(&p, 1, left < TURN_MS ? (int)left : TURN_MS);
        free(mqtt_queue_pop(&b->publications));
    }
}

static void *thread_run(void *context)
{
    struct mqtt_thread *b = context;
    int64_t backoff = b->setup.backoff;
    while (!b->stop) {
        bool served = connect_once(b);
        if (b->stop)
            break;
        say_down(b);
        backoff = served ? b->setup.backoff : backoff * 2;
        if (backoff > b->setup.backoff_max)
            backoff = b->setup.backoff_max;
        if (b->hurry && backoff > HURRY_BACKOFF)
            backoff = HURRY_BACKOFF;
        pause_for(b, backoff);
    }
    thread_release(b);
    return NULL;
}

/* --- for the main loop ----------------------------------------------------------------------- */

static int password_keep(struct mqtt_thread *b, const char *password)
{
    if (!password)
        return 0;
    b->password = sodium_malloc(strlen(password) + 1);
    if (!b->password)
        return -1;
    strcpy(b->password, password);
    b->setup.password = b->password;
    return 0;
}

struct mqtt_thread *mqtt_thread_new(const struct mqtt_setup *setup)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct mqtt_thread *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    pthread_once(&once, mqtt_session_library_init);
    b->setup = *setup;
    b->setup.password = NULL;
    b->holders = 2;
    b->alive_at = clock_now();
    b->doing = MQTT_FAULT_DNS;
    b->version = MQTT_VERSION_5;
    if (mqtt_queue_init(&b->events, EVENTS_MOST) != 0)
        goto free_broker;
    if (mqtt_queue_init(&b->publications, PUBLICATIONS_MOST) != 0)
        goto finish_events;
    if (password_keep(b, setup->password) != 0)
        goto finish_publications;
    int error = pthread_create(&b->thread, NULL, thread_run, b);
    if (error == 0)
        return b;
    errno = error;
    sodium_free(b->password);
finish_publications:
    mqtt_queue_finish(&b->publications);
finish_events:
    mqtt_queue_finish(&b->events);
free_broker:
    free(b);
    return NULL;
}

void mqtt_thread_free(struct mqtt_thread *b)
{
    if (!b)
        return;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until); /* the wall clock may be set meanwhile */
    until.tv_sec += 1;
    b->stop = true;
    mqtt_queue_wake(&b->publications);
    if (pthread_clockjoin_np(b->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
        pthread_detach(b->thread);
    thread_release(b);
}

int mqtt_thread_fd(const struct mqtt_thread *b)
{
    return b->events.fd;
}

bool mqtt_thread_next(struct mqtt_thread *b, struct mqtt_event *e)
{
    struct event_item *i = (struct event_item *)mqtt_queue_pop(&b->events);
    if (!i)
        return false;
    *e = i->event;
    free(i);
    return true;
}

int mqtt_thread_publish(struct mqtt_thread *b, const struct mqtt_publication *p)
{
    struct publication_item *i = malloc(sizeof *i);
    if (!i)
        return -1;
    i->publication = *p;
    if (mqtt_queue_push(&b->publications, &i->item) == 0)
        return 0;
    free(i);
    errno = ENOBUFS;
    return -1;
}

void mqtt_thread_hurry(struct mqtt_thread *b, bool pending)
{
    b->hurry = pending;
}

int64_t mqtt_thread_alive_at(const struct mqtt_thread *b)
{
    return b->alive_at;
}

enum mqtt_fault mqtt_thread_doing(const struct mqtt_thread *b)
{
    return b->doing;
}
