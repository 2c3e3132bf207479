#include "kiosk/alertd/broker.h"

#include "kiosk/alertd/queue.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* All but the last from DESIGN, Delivery: what is pending is not kept waiting for long. */
#define HURRY_BACKOFF     (3 * INT64_C(1000000000))
#define HURRY_PATIENCE_MS 5000u
#define REST_PATIENCE_MS  20000u
#define CONNACK_PATIENCE  (10 * INT64_C(1000000000))
#define MESSAGES_A_SECOND 50
#define TURN_MS           1000 /* libmosquitto looks after its keepalive once a turn */

enum { EVENTS_MOST = 4096, PUBLICATIONS_MOST = 64, TOKENS = 128 };

struct event_item {
    struct queue_item item;
    struct broker_event event;
};

struct publication_item {
    struct queue_item item;
    struct broker_publication publication;
};

/* Which publication a PUBACK is for: slot by message id. */
struct token {
    int mid;
    uint64_t token;
};

struct broker {
    struct broker_setup setup;
    char *password; /* sodium_malloc */
    pthread_t thread;
    atomic_int holders; /* main loop and thread: the last one frees */
    atomic_bool stop, hurry;
    _Atomic int64_t alive_at;
    struct queue events, publications;

    /* the thread's own */
    struct mosquitto *mosq;
    SSL_CTX *tls;
    int version; /* what the next connection speaks: MQTT_PROTOCOL_V5 or V311 */
    bool up, refused;
    enum path_fault fault;
    uint64_t connection;
    struct token tokens[TOKENS];
    unsigned next_token;
    int64_t second;
    int heard;
};

/* --- events to the main loop ------------------------------------------------------------------ */

static struct event_item *event_new(enum broker_event_kind kind)
{
    struct event_item *i = calloc(1, sizeof *i);
    if (i != NULL)
        i->event.kind = kind;
    return i;
}

static void event_send(struct broker *b, struct event_item *i)
{
    if (i != NULL && queue_push(&b->events, &i->item) != 0)
        free(i);
}

static void say_down(struct broker *b)
{
    struct event_item *i = event_new(BROKER_DOWN);
    if (i != NULL)
        i->event.fault = b->fault;
    event_send(b, i);
}

/* --- libmosquitto's callbacks, all on the thread ---------------------------------------------- */

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

static void on_connect(struct mosquitto *mosq, void *context, int rc, int flags,
                       const mosquitto_property *properties)
{
    (void)flags;
    (void)properties;
    struct broker *b = context;
    if (rc != 0) {
        bool old =
            rc == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || rc == CONNACK_REFUSED_PROTOCOL_VERSION;
        b->refused = true;
        b->fault = rc == MQTT_RC_BAD_USERNAME_OR_PASSWORD || rc == MQTT_RC_NOT_AUTHORIZED ||
                           rc == CONNACK_REFUSED_BAD_USERNAME_PASSWORD ||
                           rc == CONNACK_REFUSED_NOT_AUTHORIZED
                       ? PATH_CREDENTIALS
                       : PATH_BROKER;
        if (old && b->version == MQTT_PROTOCOL_V5)
            b->version = MQTT_PROTOCOL_V311;
        return;
    }
    b->up = true;
    b->fault = PATH_FINE;
    for (size_t i = 0; i < b->setup.subscribe_count; i++)
        mosquitto_subscribe(mosq, NULL, b->setup.subscribe[i], 1);
    struct event_item *i = event_new(BROKER_UP);
    if (i != NULL) {
        i->event.here = peer_is_here(mosquitto_socket(mosq));
        i->event.version = b->version == MQTT_PROTOCOL_V5 ? 5 : 3;
        i->event.connection = b->connection;
    }
    event_send(b, i);
}

static void on_publish(struct mosquitto *mosq, void *context, int mid, int reason,
                       const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct broker *b = context;
    for (unsigned k = 0; k < TOKENS; k++) {
        struct token *t = &b->tokens[k];
        if (t->token == 0 || t->mid != mid)
            continue;
        struct event_item *i = reason < 0x80 ? event_new(BROKER_ACKED) : NULL;
        if (i != NULL) {
            i->event.token = t->token;
            i->event.unheard = reason == MQTT_RC_NO_MATCHING_SUBSCRIBERS;
        }
        t->token = 0;
        event_send(b, i);
        return;
    }
}

static void on_message(struct mosquitto *mosq, void *context, const struct mosquitto_message *m,
                       const mosquitto_property *properties)
{
    (void)mosq;
    (void)properties;
    struct broker *b = context;
    int64_t second = clock_now() / INT64_C(1000000000);
    b->heard = second == b->second ? b->heard + 1 : 1;
    b->second = second;
    if (b->heard > MESSAGES_A_SECOND || m->payloadlen < 0 || m->payloadlen > BROKER_PAYLOAD_MAX ||
        strlen(m->topic) >= TOPIC_NAME_MAX)
        return;
    struct event_item *i = event_new(BROKER_MESSAGE);
    if (i == NULL)
        return;
    strcpy(i->event.topic, m->topic);
    i->event.retained = m->retain;
    i->event.len = (size_t)m->payloadlen;
    if (m->payloadlen > 0)
        memcpy(i->event.payload, m->payload, (size_t)m->payloadlen);
    event_send(b, i);
}

/* --- one connection ----------------------------------------------------------------------------
 */

static int will_set(struct broker *b)
{
    uint8_t payload[BROKER_PAYLOAD_MAX];
    if (b->setup.will == NULL)
        return MOSQ_ERR_SUCCESS;
    size_t len = b->setup.will(b->setup.will_context, b->connection, payload);
    return mosquitto_will_set(b->mosq, b->setup.will_topic, (int)len, payload, 1, true);
}

/* Everything that a client needs before it connects. A new client a connection: what an old one
 * still queued is never sent a second time behind the outbox's back. */
static int client_new(struct broker *b)
{
    const struct config_broker *c = &b->setup.broker;
    b->mosq = mosquitto_new(b->setup.client_id, true, b);
    if (b->mosq == NULL)
        return -1;
    b->connection++;
    if (b->tls != NULL &&
        (mosquitto_void_option(b->mosq, MOSQ_OPT_SSL_CTX, b->tls) != MOSQ_ERR_SUCCESS ||
         mosquitto_int_option(b->mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) != MOSQ_ERR_SUCCESS))
        return -1;
    if (mosquitto_int_option(b->mosq, MOSQ_OPT_PROTOCOL_VERSION, b->version) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(b->mosq, MOSQ_OPT_TCP_NODELAY, 1) != MOSQ_ERR_SUCCESS ||
        will_set(b) != MOSQ_ERR_SUCCESS)
        return -1;
    if (c->user[0] != '\0' &&
        mosquitto_username_pw_set(b->mosq, c->user, b->password) != MOSQ_ERR_SUCCESS)
        return -1;
    mosquitto_connect_v5_callback_set(b->mosq, on_connect);
    mosquitto_publish_v5_callback_set(b->mosq, on_publish);
    mosquitto_message_v5_callback_set(b->mosq, on_message);
    return 0;
}

static void client_free(struct broker *b)
{
    mosquitto_destroy(b->mosq);
    b->mosq = NULL;
    b->up = false;
    memset(b->tokens, 0, sizeof b->tokens);
    for (struct queue_item *i; (i = queue_pop(&b->publications)) != NULL;)
        free(i);
}

static void publish_one(struct broker *b, const struct broker_publication *p)
{
    mosquitto_property *properties = NULL;
    int mid = 0;
    if (p->expiry_s > 0 && b->version == MQTT_PROTOCOL_V5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     (uint32_t)p->expiry_s);
    int rc = mosquitto_publish_v5(b->mosq, &mid, p->topic, (int)p->len, p->payload, p->qos,
                                  p->retain, properties);
    mosquitto_property_free_all(&properties);
    if (rc == MOSQ_ERR_SUCCESS && p->token != 0)
        b->tokens[b->next_token++ % TOKENS] = (struct token){.mid = mid, .token = p->token};
}

static void publish_waiting(struct broker *b)
{
    for (struct queue_item *i; (i = queue_pop(&b->publications)) != NULL;) {
        if (b->up)
            publish_one(b, &((struct publication_item *)i)->publication);
        free(i);
    }
}

static void patience_set(struct broker *b, bool hurry)
{
    unsigned ms = hurry ? HURRY_PATIENCE_MS : REST_PATIENCE_MS;
    setsockopt(mosquitto_socket(b->mosq), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

/* Serves until any error. Our own poll, not libmosquitto's: it wakes for publications too. */
static void serve(struct broker *b)
{
    int64_t began = clock_now();
    bool hurry = b->hurry;
    patience_set(b, hurry);
    while (!b->stop) {
        b->alive_at = clock_now();
        if (!b->up && (b->refused || clock_now() - began > CONNACK_PATIENCE))
            return;
        if (hurry != b->hurry)
            patience_set(b, hurry = b->hurry);
        struct pollfd fds[2] = {{.fd = mosquitto_socket(b->mosq), .events = POLLIN},
                                {.fd = b->publications.fd, .events = POLLIN}};
        if (mosquitto_want_write(b->mosq))
            fds[0].events |= POLLOUT;
        if (fds[0].fd < 0 || (poll(fds, 2, TURN_MS) < 0 && errno != EINTR))
            return;
        publish_waiting(b);
        if (mosquitto_loop(b->mosq, 0, 1) != MOSQ_ERR_SUCCESS)
            return;
    }
}

/* The context is made anew each time: the clock may have been set, the CA replaced. */
static bool tls_renew(struct broker *b)
{
    const char *why = NULL;
    SSL_CTX_free(b->tls);
    b->tls = NULL;
    if (!b->setup.broker.tls)
        return true;
    b->tls = tls_context_new(b->setup.broker.ca, b->setup.broker.host, clock_is_set(), &why);
    if (b->tls == NULL)
        log_error("broker %s: ca = %s %s; put the broker's CA certificate there",
                  b->setup.broker.name, b->setup.broker.ca, why);
    return b->tls != NULL;
}

/* libmosquitto says only that it failed. Why is asked once more, on a connection of our own; a
 * broker that shakes hands and then hangs up may not know MQTT 5. */
static enum path_fault diagnose(struct broker *b, const char *address)
{
    enum path_fault fault = PATH_BROKER;
    if (b->tls != NULL)
        fault = probe_tls(b->tls, address, b->setup.broker.port, b->setup.probe);
    if (fault != PATH_FINE)
        return fault;
    b->version = b->version == MQTT_PROTOCOL_V5 ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5;
    return PATH_BROKER;
}

/* One attempt, and all that comes of it. Returns whether it was ever up. */
static bool connect_once(struct broker *b)
{
    const struct config_broker *c = &b->setup.broker;
    char address[PROBE_ADDRESS_MAX];
    bool was_up = false;
    b->refused = false;
    b->fault = probe_address(c->host, c->port, b->setup.probe, address);
    b->alive_at = clock_now();
    if (b->fault != PATH_FINE || b->stop)
        return false;
    if (!tls_renew(b)) {
        b->fault = PATH_TLS;
        return false;
    }
    b->fault = PATH_BROKER;
    if (client_new(b) == 0 &&
        mosquitto_connect_bind_v5(b->mosq, address, c->port,
                                  (int)(b->setup.keepalive / INT64_C(1000000000)), NULL,
                                  NULL) == MOSQ_ERR_SUCCESS) {
        serve(b);
        was_up = b->up;
    }
    client_free(b);
    if (was_up)
        b->fault = PATH_BROKER;
    else if (!b->refused && !b->stop)
        b->fault = diagnose(b, address);
    return was_up;
}

/* --- the thread --------------------------------------------------------------------------------
 */

static void broker_release(struct broker *b)
{
    if (atomic_fetch_sub(&b->holders, 1) != 1)
        return;
    SSL_CTX_free(b->tls);
    queue_finish(&b->events);
    queue_finish(&b->publications);
    sodium_free(b->password);
    free(b);
}

/* Half to full length, so that a hall of kiosks does not come back in step. A stop ends it. */
static void pause_for(struct broker *b, int64_t length)
{
    int64_t until = clock_now() + length / 2 +
                    randombytes_uniform((uint32_t)(length / 2000000) + 1) * INT64_C(1000000);
    for (int64_t now; !b->stop && (now = clock_now()) < until;) {
        struct pollfd p = {.fd = b->publications.fd, .events = POLLIN};
        b->alive_at = now;
        int64_t left = (until - now) / 1000000 + 1;
        poll(&p, 1, left < TURN_MS ? (int)left : TURN_MS);
        free(queue_pop(&b->publications));
    }
}

static void *run(void *context)
{
    struct broker *b = context;
    int64_t backoff = b->setup.backoff;
    while (!b->stop) {
        bool was_up = connect_once(b);
        if (b->stop)
            break;
        say_down(b);
        backoff = was_up ? b->setup.backoff : backoff * 2;
        if (backoff > b->setup.backoff_max)
            backoff = b->setup.backoff_max;
        if (b->hurry && backoff > HURRY_BACKOFF)
            backoff = HURRY_BACKOFF;
        pause_for(b, backoff);
    }
    broker_release(b);
    return NULL;
}

/* --- for the main loop -------------------------------------------------------------------------
 */

static int password_keep(struct broker *b, const char *password)
{
    if (password == NULL)
        return 0;
    b->password = sodium_malloc(strlen(password) + 1);
    if (b->password == NULL)
        return -1;
    strcpy(b->password, password);
    return 0;
}

void broker_library_init(void)
{
    mosquitto_lib_init();
}

struct broker *broker_new(const struct broker_setup *setup)
{
    struct broker *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->setup = *setup;
    b->setup.password = NULL;
    b->holders = 2;
    b->alive_at = clock_now();
    b->version = MQTT_PROTOCOL_V5;
    if (queue_init(&b->events, EVENTS_MOST) != 0)
        goto free_broker;
    if (queue_init(&b->publications, PUBLICATIONS_MOST) != 0)
        goto finish_events;
    if (password_keep(b, setup->password) != 0)
        goto finish_publications;
    int error = pthread_create(&b->thread, NULL, run, b);
    if (error == 0)
        return b;
    errno = error;
    sodium_free(b->password);
finish_publications:
    queue_finish(&b->publications);
finish_events:
    queue_finish(&b->events);
free_broker:
    free(b);
    return NULL;
}

void broker_free(struct broker *b)
{
    if (b == NULL)
        return;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    b->stop = true;
    queue_wake(&b->publications);
    if (pthread_timedjoin_np(b->thread, NULL, &until) != 0)
        pthread_detach(b->thread);
    broker_release(b);
}

int broker_fd(const struct broker *b)
{
    return b->events.fd;
}

bool broker_next(struct broker *b, struct broker_event *e)
{
    struct event_item *i = (struct event_item *)queue_pop(&b->events);
    if (i == NULL)
        return false;
    *e = i->event;
    free(i);
    return true;
}

int broker_publish(struct broker *b, const struct broker_publication *p)
{
    struct publication_item *i = malloc(sizeof *i);
    if (i == NULL)
        return -1;
    i->publication = *p;
    if (queue_push(&b->publications, &i->item) == 0)
        return 0;
    free(i);
    errno = ENOBUFS;
    return -1;
}

void broker_hurry(struct broker *b, bool pending)
{
    b->hurry = pending;
}

int64_t broker_alive_at(const struct broker *b)
{
    return b->alive_at;
}
