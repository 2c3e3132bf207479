#include "kiosk/cli/brokers.h"

#include "kiosk/common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    KEEPALIVE = 10,      /* s */
    PROBE_MS = 4000,     /* an address; a black hole would hold the blocking connect for minutes */
    LOOP_MS = 200,       /* how long a stop may go unnoticed */
    PAUSE_MS = 100,      /* after a failure, doubled up to PAUSE_MAX_MS */
    PAUSE_MAX_MS = 3000, /* a member waits for no back-off of half a minute */
    SESSION_S = 3600,
    LEAVE_S = 2,
};

/* One broker and its thread. The thread alone touches what stands behind `thread`. */
struct link {
    struct brokers *owner;
    const struct brokers_broker *broker;
    size_t index;
    struct mosquitto *client;
    pthread_t thread;
    bool started;
    int version;       /* MQTT_PROTOCOL_V5, or V311 once the broker refused that */
    bool answered;     /* a CONNACK came on this connection */
    atomic_bool up;    /* read by brokers_publish */
    int grants_wanted; /* topics whose SUBACK is still out */
    char said[BROKERS_REASON_LEN];
};

struct brokers {
    struct brokers_plan plan;
    struct link links[BROKERS_MAX];
    int in, out; /* events: `in` is the reader's end */
    int stop;    /* an eventfd, readable once all is to end */
};

static void brokers_tell(struct link *l, struct brokers_event *e, enum brokers_event_kind kind)
{
    e->kind = kind;
    e->broker = l->index;
    e->at = clock_now();
    size_t bytes = e->len <= BROKERS_PAYLOAD_MAX ? e->len : 0;
    while (send(l->owner->out, e, offsetof(struct brokers_event, payload) + bytes, MSG_NOSIGNAL) <
               0 &&
           errno == EINTR)
        ;
}

static void tell_reason(struct link *l, enum brokers_event_kind kind, const char *reason)
{
    struct brokers_event e = {0};
    snprintf(e.reason, sizeof e.reason, "%s", reason);
    brokers_tell(l, &e, kind);
}

static void tell_up(struct link *l)
{
    l->said[0] = '\0';
    tell_reason(l, BROKERS_UP, "");
}

/* A broker that stays away is not news each second. */
static void tell_down(struct link *l, const char *reason)
{
    if (strcmp(l->said, reason) == 0)
        return;
    snprintf(l->said, sizeof l->said, "%s", reason);
    tell_reason(l, BROKERS_DOWN, reason);
}

/* --- what libmosquitto calls ------------------------------------------------------------------ */

static void brokers_on_connect(struct mosquitto *client, void *context, int code, int flags,
                               const mosquitto_property *properties)
{
    struct link *l = context;
    const struct brokers_plan *plan = &l->owner->plan;
    (void)flags;
    (void)properties;
    l->answered = true;
    if (code != 0) {
        bool version = code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION ||
                       code == CONNACK_REFUSED_PROTOCOL_VERSION;
        if (version && l->version == MQTT_PROTOCOL_V5)
            l->version = MQTT_PROTOCOL_V311;
        else
            tell_down(l, l->version == MQTT_PROTOCOL_V5 ? mosquitto_reason_string(code)
                                                        : mosquitto_connack_string(code));
        mosquitto_disconnect(client);
        return;
    }
    l->up = true; /* a retained state may come before the last grant, and is to be answered */
    l->grants_wanted = (int)plan->topics_count;
    for (size_t i = 0; i < plan->topics_count; i++)
        mosquitto_subscribe(client, NULL, plan->topics[i], 1);
    if (plan->topics_count == 0)
        tell_up(l);
}

static void brokers_on_subscribe(struct mosquitto *client, void *context, int id, int count,
                                 const int *granted)
{
    struct link *l = context;
    (void)client;
    (void)id;
    for (int i = 0; i < count; i++)
        if (granted[i] >= 0x80)
            tell_reason(l, BROKERS_REFUSED, "the broker refuses one of the topics to this account");
    if (--l->grants_wanted > 0)
        return;
    tell_up(l);
}

static void brokers_on_message(struct mosquitto *client, void *context,
                               const struct mosquitto_message *got)
{
    struct link *l = context;
    struct brokers_event e = {.retained = got->retain, .len = (size_t)got->payloadlen};
    (void)client;
    if (strlen(got->topic) >= sizeof e.topic)
        return; /* none of those asked for is that long */
    memcpy(e.topic, got->topic, strlen(got->topic) + 1);
    if (e.len > 0 && e.len <= sizeof e.payload)
        memcpy(e.payload, got->payload, e.len);
    brokers_tell(l, &e, BROKERS_MESSAGE);
}

static void brokers_on_publish(struct mosquitto *client, void *context, int id, int code,
                               const mosquitto_property *properties)
{
    struct link *l = context;
    (void)client;
    (void)id;
    (void)properties;
    if (code >= 0x80)
        tell_reason(l, BROKERS_REFUSED, mosquitto_reason_string(code));
    else
        tell_reason(l, BROKERS_SENT,
                    code == MQTT_RC_NO_MATCHING_SUBSCRIBERS ? "nobody listens" : "");
}

/* --- the thread ------------------------------------------------------------------------------- */

/* 1 once all is to end, 0 after `ms`. */
static int brokers_wait_stop(const struct brokers *m, int ms)
{
    struct pollfd p = {.fd = m->stop, .events = POLLIN};
    return poll(&p, 1, ms) > 0;
}

static int brokers_probe_address(const struct brokers *m, const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int error = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? errno : 0;
    if (error == EINPROGRESS) {
        struct pollfd p[2] = {{.fd = fd, .events = POLLOUT}, {.fd = m->stop, .events = POLLIN}};
        socklen_t len = sizeof error;
        if (poll(p, 2, PROBE_MS) <= 0 || !p[0].revents)
            error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
            error = errno;
    }
    close(fd);
    return error;
}

/* Whether anything answers there. 0, or -1 with a sentence in reason. */
static int brokers_probe(const struct link *l, char reason[BROKERS_REASON_LEN])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *a;
    char port[8];
    int error = EHOSTUNREACH;
    snprintf(port, sizeof port, "%d", l->broker->port);
    int failed = getaddrinfo(l->broker->host, port, &hints, &all);
    if (failed) {
        snprintf(reason, BROKERS_REASON_LEN, "%s: %s", l->broker->host, gai_strerror(failed));
        return -1;
    }
    for (a = all; a && error != 0; a = a->ai_next)
        error = brokers_probe_address(l->owner, a);
    freeaddrinfo(all);
    if (error)
        snprintf(reason, BROKERS_REASON_LEN, "%s port %s: %s", l->broker->host, port,
                 strerror(error));
    return error ? -1 : 0;
}

static int brokers_begin(struct link *l)
{
    mosquitto_property *properties = NULL;
    l->answered = false;
    mosquitto_int_option(l->client, MOSQ_OPT_PROTOCOL_VERSION, l->version);
    if (l->owner->plan.session && l->version == MQTT_PROTOCOL_V5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, SESSION_S);
    int code = mosquitto_connect_bind_v5(l->client, l->broker->host, l->broker->port, KEEPALIVE,
                                         NULL, properties);
    mosquitto_property_free_all(&properties);
    return code;
}

/* Some brokers close the connection to an unknown version without a word; to others' CONNACK of the
 * older make libmosquitto says a name of its own, which grew more exact in 2.0.19. */
static bool brokers_may_be_version(int code)
{
    return code == MOSQ_ERR_CONN_LOST || code == MOSQ_ERR_PROTOCOL ||
           code == MOSQ_ERR_MALFORMED_PACKET;
}

static void say_why(const struct link *l, int code, char reason[BROKERS_REASON_LEN])
{
    /* from 2.0.19 on a failed handshake is an errno too */
    if (code == MOSQ_ERR_TLS || (code == MOSQ_ERR_ERRNO && errno == EPROTO && l->broker->tls))
        snprintf(reason, BROKERS_REASON_LEN,
                 "TLS failed: its certificate must be for \"%s\" and chain to %s", l->broker->host,
                 l->broker->ca);
    else if (code == MOSQ_ERR_ERRNO)
        snprintf(reason, BROKERS_REASON_LEN, "%s", strerror(errno));
    else
        snprintf(reason, BROKERS_REASON_LEN, "%s", mosquitto_strerror(code));
}

/* One connection from its first to its last byte. */
static void brokers_live(struct link *l, bool *was_up)
{
    char reason[BROKERS_REASON_LEN];
    *was_up = false;
    if (brokers_probe(l, reason) < 0) {
        tell_down(l, reason);
        return;
    }
    int version = l->version, code = brokers_begin(l);
    while (code == MOSQ_ERR_SUCCESS && !brokers_wait_stop(l->owner, 0))
        code = mosquitto_loop(l->client, LOOP_MS, 1);
    say_why(l, code, reason);
    l->up = false;
    *was_up = l->said[0] == '\0' && l->answered;
    if (!l->answered && brokers_may_be_version(code))
        l->version = version == MQTT_PROTOCOL_V5 ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5;
    if (*was_up || !l->answered)
        tell_down(l, reason);
}

static void *brokers_run(void *context)
{
    struct link *l = context;
    int pause = PAUSE_MS;
    bool was_up;
    while (!brokers_wait_stop(l->owner, 0)) {
        int version = l->version;
        brokers_live(l, &was_up);
        if (was_up)
            pause = PAUSE_MS;
        if (version == l->version && brokers_wait_stop(l->owner, pause))
            break;
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return NULL;
}

/* --- from outside ----------------------------------------------------------------------------- */

static int link_start(struct brokers *m, size_t index)
{
    struct link *l = &m->links[index];
    *l = (struct link){
        .owner = m, .broker = &m->plan.brokers[index], .index = index, .version = MQTT_PROTOCOL_V5};
    l->client = mosquitto_new(m->plan.client_id, !m->plan.session, l);
    if (!l->client)
        return -1;
    mosquitto_threaded_set(l->client, true);
    mosquitto_connect_v5_callback_set(l->client, brokers_on_connect);
    mosquitto_subscribe_callback_set(l->client, brokers_on_subscribe);
    mosquitto_message_callback_set(l->client, brokers_on_message);
    mosquitto_publish_v5_callback_set(l->client, brokers_on_publish);
    if (l->broker->user &&
        mosquitto_username_pw_set(l->client, l->broker->user, l->broker->password) != 0)
        return -1;
    if (l->broker->tls &&
        mosquitto_tls_set(l->client, l->broker->ca, NULL, NULL, NULL, NULL) != 0) {
        errno = ENOENT;
        return -1;
    }
    errno = pthread_create(&l->thread, NULL, brokers_run, l);
    l->started = errno == 0;
    return l->started ? 0 : -1;
}

struct brokers *brokers_new(const struct brokers_plan *plan)
{
    int pair[2];
    struct brokers *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->plan = *plan;
    m->in = m->out = -1;
    m->stop = eventfd(0, EFD_CLOEXEC);
    if (m->stop < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        goto fail;
    m->in = pair[0];
    m->out = pair[1];
    mosquitto_lib_init();
    for (size_t i = 0; i < plan->brokers_count; i++)
        if (link_start(m, i) < 0)
            goto fail;
    return m;
fail:;
    int saved = errno;
    brokers_free(m);
    errno = saved; /* NOLINT(clang-analyzer-unix.Malloc): kept while a thread hangs */
    return NULL;
}

/* A thread that hangs in a name look-up is left to the end of the process. */
static bool link_end(struct link *l)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LEAVE_S;
    if (l->started && pthread_timedjoin_np(l->thread, NULL, &until) != 0) {
        pthread_detach(l->thread);
        return false;
    }
    if (l->client) {
        mosquitto_disconnect(l->client);
        mosquitto_destroy(l->client);
    }
    return true;
}

void brokers_free(struct brokers *m)
{
    const uint64_t one = 1;
    bool ended = true;
    if (!m)
        return;
    if (m->stop >= 0 && write(m->stop, &one, sizeof one) < 0)
        return;
    if (m->in >= 0)
        shutdown(m->in, SHUT_RD); /* nobody reads: a thread must not wait for it */
    for (size_t i = 0; i < m->plan.brokers_count; i++)
        ended &= link_end(&m->links[i]);
    if (!ended)
        return;
    if (m->in >= 0)
        close(m->in);
    if (m->out >= 0)
        close(m->out);
    if (m->stop >= 0)
        close(m->stop);
    free(m);
    mosquitto_lib_cleanup();
}

int brokers_fd(const struct brokers *m)
{
    return m->in;
}

int brokers_next(struct brokers *m, struct brokers_event *e)
{
    ssize_t n = recv(m->in, e, sizeof *e, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return n > 0;
}

static size_t publish(struct brokers *m, const char *topic, const void *payload, size_t len,
                      bool retain)
{
    size_t handed = 0;
    for (size_t i = 0; i < m->plan.brokers_count; i++)
        if (m->links[i].up &&
            mosquitto_publish(m->links[i].client, NULL, topic, (int)len, payload, 1, retain) == 0)
            handed++;
    return handed;
}

size_t brokers_publish(struct brokers *m, const char *topic, const void *payload, size_t len)
{
    return publish(m, topic, payload, len, false);
}

size_t brokers_leave(struct brokers *m, const char *topic, const void *payload, size_t len)
{
    return publish(m, topic, payload, len, true);
}
