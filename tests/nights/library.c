/* What is below the MQTT client of all programs: libmosquitto, and kiosk/mqtt's dial.h and tls.h,
 * simulated. Everything above is real: sessions, threads, queues, pauses. */

#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/tls.h"
#include "tests/nights/broker.h"
#include "tests/nights/fds.h"
#include "tests/nights/pair.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef void on_connect_fn(struct mosquitto *, void *, int, int, const mosquitto_property *);
typedef void on_subscribe_fn(struct mosquitto *, void *, int, int, const int *);
typedef void on_publish_fn(struct mosquitto *, void *, int, int, const mosquitto_property *);
typedef void on_message_fn(struct mosquitto *, void *, const struct mosquitto_message *,
                           const mosquitto_property *);

typedef void on_disconnect_fn(struct mosquitto *, void *, int, const mosquitto_property *);

struct mosquitto {
    void *context;
    const char *id, *user, *will_topic;
    struct blob *will;
    int version;
    int64_t keepalive;
    struct conn *conn; /* NULL: gone */
    int fd;
    bool ended;
    int refused; /* CONNACK's reason */
    int mids;
    struct packet *inbox, **inbox_last;
    int64_t said_at, asked_at; /* the last packet out; a ping that waits, or 0 */
    on_connect_fn *on_connect;
    on_subscribe_fn *on_subscribe;
    on_publish_fn *on_publish;
    on_message_fn *on_message;
};

/* The one property that is used: a number of seconds. */
struct mqtt5__property {
    uint32_t value;
};

/* "b1.example.org" is broker 1; the second way to broker 0 goes by its interface's name;
 * "gateway.example.org" is the broker of buttons by radio. */
static struct way *way_of(const struct machine *m, const char *host)
{
    size_t i = host[0] == 'b' ? (size_t)(host[1] - '0') : 0;
    if (host[0] == 'g' && m->gateway)
        return m->gateway;
    if (strcmp(host, SECOND_INTERFACE) == 0)
        i = m->ways_count - 1;
    return &m->ways[i < m->ways_count ? i : 0];
}

/* --- dialling -------------------------------------------------------------------------------- */

static void sleep_for(int64_t ns)
{
    int64_t until = world_now() + ns;
    while (world_now() < until)
        thread_wait(until);
}

/* What answered is not needed again: the caller closes it. */
static bool never_readable(void *object)
{
    (void)object;
    return false;
}

static const struct fd_kind dialled_kind = {.readable = never_readable};

struct mqtt_dialler {
    struct way *way;
    const char *host;
};

struct mqtt_dialler *mqtt_dialler_new(const char *host, int port, const char *interface)
{
    struct mqtt_dialler *d = calloc(1, sizeof *d);
    const char *by = strcmp(interface, SECOND_INTERFACE) == 0 ? interface : host;
    (void)port;
    if (d)
        *d = (struct mqtt_dialler){.way = way_of(machine_now(), by), .host = world_text(by)};
    return d;
}

void mqtt_dialler_free(struct mqtt_dialler *d)
{
    free(d);
}

void mqtt_dialler_judge(struct mqtt_dialler *d, bool served)
{
    (void)d;
    (void)served;
}

bool mqtt_dialler_has_another(const struct mqtt_dialler *d)
{
    (void)d;
    return false; /* a broker has one address here */
}

int mqtt_dialler_dial(struct mqtt_dialler *dialler, int64_t timeout, mqtt_dial_on *on,
                      void *context, struct mqtt_dialled *d)
{
    struct way *w = dialler->way;
    int64_t takes;
    *d = (struct mqtt_dialled){.fault = MQTT_FAULT_FINE};
    enum way_answer answer = way_try(w, &takes);
    if (answer == WAY_SILENT)
        takes = timeout;
    else if (answer == WAY_NO_NAME)
        takes = chance_between(&w->chance, S, 15 * S);
    sleep_for(takes);
    on(context);
    snprintf(d->address, sizeof d->address, "%s", dialler->host);
    if (answer == WAY_NO_NAME) {
        d->fault = MQTT_FAULT_DNS;
    } else if (answer == WAY_SILENT || answer == WAY_REFUSED) {
        d->fault = MQTT_FAULT_ROUTE;
        d->error = answer == WAY_SILENT ? ETIMEDOUT : ECONNREFUSED;
    }
    return d->fault == MQTT_FAULT_FINE ? fd_open(&dialled_kind, w) : -1;
}

const char *mqtt_dial_why(const struct mqtt_dialled *d)
{
    return d->fault == MQTT_FAULT_DNS ? "no DNS server answers" : strerror(d->error);
}

int __wrap_close(int fd);

/* What was dialled is not needed again. */
void mqtt_dial_hand_over(int fd)
{
    if (fd >= 0)
        __wrap_close(fd);
}

/* Every broker is on another machine. */
bool mqtt_dial_is_here(int fd)
{
    (void)fd;
    return false;
}

void mqtt_tls_library_init(void)
{
}

SSL_CTX *mqtt_tls_new(const char *ca, const char *host, bool check_time, const char **why)
{
    static char context;
    (void)ca;
    (void)host;
    (void)check_time;
    (void)why;
    return (SSL_CTX *)(void *)&context;
}

void SSL_CTX_free(SSL_CTX *context)
{
    (void)context;
}

enum mqtt_fault mqtt_tls_probe(SSL_CTX *tls, const char *address, int port, const char *interface,
                               int64_t timeout, const char **why)
{
    int64_t takes;
    (void)tls;
    *why = "";
    (void)port;
    (void)interface;
    enum way_answer answer = way_try(way_of(machine_now(), address), &takes);
    sleep_for(answer == WAY_SILENT ? timeout : takes);
    return answer == WAY_PORTAL ? MQTT_FAULT_PORTAL
           : answer == WAY_OPEN ? MQTT_FAULT_FINE
                                : MQTT_FAULT_ROUTE;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static void client_packet(void *client, struct conn *conn, const struct packet *p)
{
    struct mosquitto *m = client;
    (void)conn;
    struct packet *kept = world_memory(sizeof *kept);
    *kept = *p;
    kept->next = NULL;
    *m->inbox_last = kept;
    m->inbox_last = &kept->next;
    fd_changed(m->fd);
}

static void client_closed(void *client, struct conn *conn)
{
    struct mosquitto *m = client;
    (void)conn;
    m->ended = true;
    fd_changed(m->fd);
}

static const struct conn_client client_ends = {.packet = client_packet, .closed = client_closed};

static bool socket_readable(void *object)
{
    const struct mosquitto *m = object;
    return m->inbox || m->ended;
}

/* The program is gone, and its socket with it. */
static void socket_closed(void *object, bool cut, bool power)
{
    struct mosquitto *m = object;
    if (cut && m->conn)
        conn_close_client(m->conn, power, false);
}

static const struct fd_kind socket_kind = {.readable = socket_readable, .closed = socket_closed};

/* --- mosquitto.h ------------------------------------------------------------------------------ */

int mosquitto_lib_init(void)
{
    return MOSQ_ERR_SUCCESS;
}

struct mosquitto *mosquitto_new(const char *id, bool clean, void *context)
{
    struct mosquitto *m = calloc(1, sizeof *m);
    (void)clean;
    if (!m)
        return NULL;
    m->id = world_text(id ? id : "");
    m->context = context;
    m->version = MQTT_PROTOCOL_V311;
    m->fd = -1;
    m->inbox_last = &m->inbox;
    return m;
}

void mosquitto_destroy(struct mosquitto *m)
{
    if (!m)
        return;
    if (m->conn)
        conn_close_client(m->conn, false, false);
    if (m->fd >= 0)
        __wrap_close(m->fd);
    free(m);
}

/* DISCONNECT: the broker keeps the will to itself. */
int mosquitto_disconnect(struct mosquitto *m)
{
    if (m->conn)
        conn_close_client(m->conn, false, true);
    m->conn = NULL;
    m->ended = true;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_int_option(struct mosquitto *m, enum mosq_opt_t option, int value)
{
    if (option == MOSQ_OPT_PROTOCOL_VERSION)
        m->version = value;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_void_option(struct mosquitto *m, enum mosq_opt_t option, void *value)
{
    (void)m;
    (void)option;
    (void)value;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_will_set(struct mosquitto *m, const char *topic, int len, const void *payload,
                       int qos, bool retain)
{
    (void)qos;
    (void)retain;
    m->will_topic = world_text(topic);
    m->will = blob_of(payload, (size_t)len);
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_username_pw_set(struct mosquitto *m, const char *user, const char *password)
{
    (void)password;
    m->user = world_text(user);
    return MOSQ_ERR_SUCCESS;
}

void mosquitto_connect_v5_callback_set(struct mosquitto *m, on_connect_fn *fn)
{
    m->on_connect = fn;
}

/* Simulated brokers acknowledge nothing but what they were sent. */
void mosquitto_log_callback_set(struct mosquitto *m,
                                void (*fn)(struct mosquitto *, void *, int, const char *))
{
    (void)m;
    (void)fn;
}

/* Simulated brokers hang up without a word. */
void mosquitto_disconnect_v5_callback_set(struct mosquitto *m, on_disconnect_fn *fn)
{
    (void)m;
    (void)fn;
}

void mosquitto_subscribe_callback_set(struct mosquitto *m, on_subscribe_fn *fn)
{
    m->on_subscribe = fn;
}

void mosquitto_publish_v5_callback_set(struct mosquitto *m, on_publish_fn *fn)
{
    m->on_publish = fn;
}

void mosquitto_message_v5_callback_set(struct mosquitto *m, on_message_fn *fn)
{
    m->on_message = fn;
}

int mosquitto_property_add_int32(mosquitto_property **list, int identifier, uint32_t value)
{
    (void)identifier;
    *list = malloc(sizeof **list);
    if (!*list)
        return MOSQ_ERR_NOMEM;
    (*list)->value = value;
    return MOSQ_ERR_SUCCESS;
}

void mosquitto_property_free_all(mosquitto_property **list)
{
    free(*list);
    *list = NULL;
}

/* Simulated brokers add no properties. */
const mosquitto_property *mosquitto_property_read_byte(const mosquitto_property *list, int id,
                                                       uint8_t *value, bool skip)
{
    (void)list;
    (void)id;
    (void)value;
    (void)skip;
    return NULL;
}

const mosquitto_property *mosquitto_property_read_int16(const mosquitto_property *list, int id,
                                                        uint16_t *value, bool skip)
{
    (void)list;
    (void)id;
    (void)value;
    (void)skip;
    return NULL;
}

const mosquitto_property *mosquitto_property_read_int32(const mosquitto_property *list, int id,
                                                        uint32_t *value, bool skip)
{
    (void)list;
    (void)id;
    (void)value;
    (void)skip;
    return NULL;
}

const mosquitto_property *mosquitto_property_read_string(const mosquitto_property *list, int id,
                                                         char **value, bool skip)
{
    (void)list;
    (void)id;
    (void)value;
    (void)skip;
    return NULL;
}

static void send_packet(struct mosquitto *m, struct packet p)
{
    const uint64_t seen[] = {p.kind, (uint64_t)(uintptr_t)p.topic, p.payload ? p.payload->len : 0,
                             (uint64_t)p.qos * 2 + p.retain};
    if (machine_now()->is_kiosk)
        pair_observe(SURFACE_NETWORK, "a packet", seen, sizeof seen);
    m->said_at = world_now();
    conn_send(m->conn, true, p);
}

int mosquitto_connect_bind_v5(struct mosquitto *m, const char *host, int port, int keepalive,
                              const char *bind_address, const mosquitto_property *properties)
{
    struct way *w = way_of(machine_now(), host);
    int64_t takes;
    (void)port;
    (void)bind_address;
    (void)properties;
    enum way_answer answer = way_try(w, &takes);
    if (answer != WAY_OPEN) {
        errno = ECONNREFUSED;
        return MOSQ_ERR_ERRNO;
    }
    m->keepalive = keepalive * S;
    struct hello *h = world_memory(sizeof *h);
    *h = (struct hello){.client_id = m->id,
                        .account = m->user,
                        .version = m->version == MQTT_PROTOCOL_V5 ? 5 : 3,
                        .keepalive = m->keepalive,
                        .will_topic = m->will_topic,
                        .will = m->will};
    m->fd = fd_open(&socket_kind, m);
    m->conn = conn_open(w, &client_ends, m);
    send_packet(m, (struct packet){.kind = PACKET_CONNECT, .hello = h});
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_socket(struct mosquitto *m)
{
    return m->ended && !m->inbox ? -1 : m->fd;
}

bool mosquitto_want_write(struct mosquitto *m)
{
    (void)m;
    return false;
}

int mosquitto_subscribe_v5(struct mosquitto *m, int *mid, const char *topic, int qos, int options,
                           const mosquitto_property *properties)
{
    (void)properties;
    *mid = ++m->mids;
    send_packet(m, (struct packet){.kind = PACKET_SUBSCRIBE,
                                   .topic = world_text(topic),
                                   .qos = qos,
                                   .news = (options & MQTT_SUB_OPT_SEND_RETAIN_NEVER) != 0,
                                   .number = (uint64_t)*mid});
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_publish_v5(struct mosquitto *m, int *mid, const char *topic, int len,
                         const void *payload, int qos, bool retain,
                         const mosquitto_property *properties)
{
    *mid = ++m->mids;
    send_packet(m, (struct packet){.kind = PACKET_PUBLISH,
                                   .topic = world_text(topic),
                                   .payload = blob_of(payload, (size_t)len),
                                   .qos = qos,
                                   .retain = retain,
                                   .expiry = properties ? properties->value * S : 0,
                                   .number = (uint64_t)*mid});
    return MOSQ_ERR_SUCCESS;
}

static void take_message(struct mosquitto *m, const struct packet *p)
{
    struct mosquitto_message message = {.topic = (char *)(uintptr_t)p->topic,
                                        .payload = p->payload->bytes,
                                        .payloadlen = (int)p->payload->len,
                                        .qos = p->qos,
                                        .retain = p->retain};
    m->on_message(m, m->context, &message, NULL);
}

static void take(struct mosquitto *m, const struct packet *p)
{
    switch (p->kind) {
    case PACKET_CONNACK:
        m->refused = p->reason;
        m->on_connect(m, m->context, p->reason, 0, NULL);
        break;
    case PACKET_SUBACK:
        m->on_subscribe(m, m->context, (int)p->number, 1, &p->reason);
        break;
    case PACKET_PUBACK:
        m->on_publish(m, m->context, (int)p->number, p->reason, NULL);
        break;
    case PACKET_PUBLISH:
        take_message(m, p);
        break;
    case PACKET_PONG:
        m->asked_at = 0;
        break;
    default:
        break;
    }
}

/* libmosquitto's keepalive: asks after so long a silence of our own, and gives up after as long
 * without an answer. TCP gives up earlier where bytes stay unacknowledged. */
static bool is_dead(struct mosquitto *m)
{
    int64_t now = world_now();
    if (conn_unacknowledged(m->conn) > m->conn->patience)
        return true;
    if (m->asked_at > 0 && now - m->asked_at > m->keepalive)
        return true;
    if (m->asked_at == 0 && now - m->said_at >= m->keepalive) {
        send_packet(m, (struct packet){.kind = PACKET_PING});
        m->asked_at = now;
    }
    return false;
}

int mosquitto_loop(struct mosquitto *m, int timeout, int most)
{
    (void)timeout;
    (void)most;
    while (m->inbox) {
        struct packet *p = m->inbox;
        m->inbox = p->next;
        if (!m->inbox)
            m->inbox_last = &m->inbox;
        take(m, p);
    }
    if (m->refused != 0)
        return MOSQ_ERR_CONN_REFUSED;
    return m->ended || is_dead(m) ? MOSQ_ERR_CONN_LOST : MOSQ_ERR_SUCCESS;
}

const char *mosquitto_strerror(int code)
{
    (void)code;
    return "the connection is gone";
}

const char *mosquitto_reason_string(int code)
{
    (void)code;
    return "refused";
}

const char *mosquitto_connack_string(int code)
{
    (void)code;
    return "refused";
}

/* Of a socket's options one counts: how long bytes may stay unacknowledged. */
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    const struct mosquitto *m = fd_object(fd, &socket_kind);
    unsigned ms;
    if (!m || level != IPPROTO_TCP || name != TCP_USER_TIMEOUT || len != sizeof ms)
        return 0;
    memcpy(&ms, value, sizeof ms);
    m->conn->patience = ms * MS;
    return 0;
}
