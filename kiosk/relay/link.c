#include "kiosk/relay/link.h"

#include "kiosk/common/log.h"

#include <errno.h>
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
    KEEPALIVE = 5, /* s; a dead broker is then known after 10 s */
    PROBE_MS = 4000,
    LOOP_MS = 200,
    PAUSE_MS = 100, /* doubled up to PAUSE_MAX_MS */
    PAUSE_MAX_MS = 3000,
    LEAVE_S = 5,
};

struct link {
    const struct link_plan *plan;
    struct mosquitto *client;
    pthread_t thread;
    int stop;         /* an eventfd, readable once all is to end */
    int version;      /* MQTT 5, or 3.1.1 once the broker refused that */
    bool answered;    /* a CONNACK came on this connection */
    atomic_bool up;   /* subscribed */
    size_t wanted;    /* topics whose SUBACK is still out */
    char said[160];   /* the last complaint: not said again each second */
    bool was_refused; /* a topic: never up then */
};

static void link_say(struct link *l, const char *what)
{
    if (strcmp(l->said, what) == 0)
        return;
    snprintf(l->said, sizeof l->said, "%s", what);
    log_warning("broker %s port %d: %s; trying again", l->plan->host, l->plan->port, what);
}

static void link_on_connect(struct mosquitto *client, void *context, int code, int flags,
                            const mosquitto_property *properties)
{
    struct link *l = context;

    (void)flags;
    (void)properties;
    l->answered = true;
    if (code == 0) {
        l->wanted = l->plan->topics_count;
        l->was_refused = false;
        for (size_t i = 0; i < l->plan->topics_count; i++)
            mosquitto_subscribe(client, NULL, l->plan->topics[i], 1);
        return;
    }
    bool other =
        code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || code == CONNACK_REFUSED_PROTOCOL_VERSION;
    if (other && l->version == MQTT_PROTOCOL_V5)
        l->version = MQTT_PROTOCOL_V311;
    else
        link_say(l, l->version == MQTT_PROTOCOL_V5 ? mosquitto_reason_string(code)
                                                   : mosquitto_connack_string(code));
    mosquitto_disconnect(client);
}

static void link_on_subscribe(struct mosquitto *client, void *context, int id, int count,
                              const int *granted)
{
    struct link *l = context;

    (void)client;
    (void)id;
    for (int i = 0; i < count; i++)
        l->was_refused = l->was_refused || granted[i] >= 0x80;
    if (l->wanted == 0 || --l->wanted > 0)
        return;
    if (l->was_refused) {
        link_say(l, "it refuses a topic to this account; give it the role that `porchlight rights "
                    "relay` prints");
        return;
    }
    l->said[0] = '\0';
    l->up = true;
    l->plan->up(l->plan->context, true);
}

static void link_on_message(struct mosquitto *client, void *context,
                            const struct mosquitto_message *m)
{
    struct link *l = context;

    (void)client;
    l->plan->heard(l->plan->context, m->topic, m->payload, (size_t)m->payloadlen, m->retain);
}

static bool link_wait_stop(const struct link *l, int ms)
{
    struct pollfd p = {.fd = l->stop, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

static bool answers(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    int error = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t len = sizeof error;

        if (poll(&p, 1, PROBE_MS) <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
            error = ETIMEDOUT;
    }
    close(fd);
    return error == 0;
}

/* A black hole would hold the blocking connect for two minutes: is anything there at all? */
static bool link_probe(const struct link *l)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all;
    char port[8];
    bool there = false;

    snprintf(port, sizeof port, "%d", l->plan->port);
    if (getaddrinfo(l->plan->host, port, &hints, &all) != 0)
        return false;
    for (struct addrinfo *a = all; a && !there; a = a->ai_next)
        there = answers(a);
    freeaddrinfo(all);
    return there;
}

/* Some brokers hang up on an unknown version, or answer it in an older make's words. */
static bool link_may_be_version(int code)
{
    return code == MOSQ_ERR_CONN_LOST || code == MOSQ_ERR_PROTOCOL ||
           code == MOSQ_ERR_MALFORMED_PACKET;
}

/* One connection from its first to its last byte. True if it was of use. */
static bool link_live(struct link *l)
{
    if (!link_probe(l)) {
        link_say(l, "nothing answers there");
        return false;
    }
    l->answered = false;
    mosquitto_int_option(l->client, MOSQ_OPT_PROTOCOL_VERSION, l->version);
    int code =
        mosquitto_connect_bind_v5(l->client, l->plan->host, l->plan->port, KEEPALIVE, NULL, NULL);
    while (code == MOSQ_ERR_SUCCESS && !link_wait_stop(l, 0))
        code = mosquitto_loop(l->client, LOOP_MS, 1);
    bool was = l->up;
    l->up = false;
    if (!l->answered && link_may_be_version(code))
        l->version = l->version == MQTT_PROTOCOL_V5 ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5;
    if (was)
        l->plan->up(l->plan->context, false);
    if (code != MOSQ_ERR_SUCCESS && !l->said[0])
        link_say(l, code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
    return was;
}

static void *link_run(void *context)
{
    struct link *l = context;
    int pause = PAUSE_MS;

    while (!link_wait_stop(l, 0)) {
        if (link_live(l))
            pause = PAUSE_MS;
        if (link_wait_stop(l, pause))
            break;
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return NULL;
}

static int client_prepare(struct link *l)
{
    const struct link_plan *plan = l->plan;

    mosquitto_threaded_set(l->client, true);
    mosquitto_connect_v5_callback_set(l->client, link_on_connect);
    mosquitto_subscribe_callback_set(l->client, link_on_subscribe);
    mosquitto_message_callback_set(l->client, link_on_message);
    if (mosquitto_username_pw_set(l->client, plan->account, plan->password) != 0)
        return -1;
    errno = ENOENT;
    return plan->tls ? -mosquitto_tls_set(l->client, plan->ca, NULL, NULL, NULL, NULL) : 0;
}

struct link *link_new(const struct link_plan *plan)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->plan = plan;
    l->version = MQTT_PROTOCOL_V5;
    l->stop = eventfd(0, EFD_CLOEXEC);
    mosquitto_lib_init();
    l->client = l->stop < 0 ? NULL : mosquitto_new(plan->account, true, l);
    if (!l->client || client_prepare(l) != 0)
        goto fail;
    errno = pthread_create(&l->thread, NULL, link_run, l);
    if (errno == 0)
        return l;
fail:;
    int saved = errno;
    mosquitto_destroy(l->client);
    if (l->stop >= 0)
        close(l->stop);
    free(l);
    errno = saved;
    return NULL;
}

/* A thread that hangs in a name look-up is left to the end of the process. */
void link_free(struct link *l)
{
    struct timespec until;
    uint64_t one = 1;

    if (!l)
        return;
    if (write(l->stop, &one, sizeof one) < 0)
        log_warning("broker: %s", strerror(errno));
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LEAVE_S;
    if (pthread_timedjoin_np(l->thread, NULL, &until) != 0) {
        pthread_detach(l->thread);
        return;
    }
    mosquitto_disconnect(l->client);
    mosquitto_destroy(l->client);
    mosquitto_lib_cleanup();
    close(l->stop);
    free(l);
}

void link_publish(struct link *l, const char *topic, const void *payload, size_t len)
{
    if (l->up)
        mosquitto_publish(l->client, NULL, topic, (int)len, payload, 0, false);
}

void link_keep(struct link *l, const char *topic, const void *payload, size_t len)
{
    if (l->up)
        mosquitto_publish(l->client, NULL, topic, (int)len, payload, 1, true);
}
