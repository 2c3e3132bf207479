/* The kiosk's and the relay's end of a connection: kiosk/mqtt/session.h, dial.h and tls.h,
 * simulated. Everything above it is the real client: its thread, its queues, its pauses. */

#include "kiosk/mqtt/session.h"

#include "kiosk/mqtt/dial.h"
#include "tests/nights/broker.h"
#include "tests/nights/fds.h"
#include "tests/nights/ways.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 128 };

struct token {
    uint64_t number, token;
};

struct mqtt_session {
    const struct mqtt_setup *setup;
    struct mqtt_session_listener listener;
    enum mqtt_version version;
    uint64_t connection;
    struct conn *conn; /* NULL: gone */
    int fd;
    bool up, refused, wrong_version, ended;
    enum mqtt_fault fault;
    struct packet *inbox, **inbox_last;
    struct token tokens[TOKENS];
    unsigned next_token;
    uint64_t numbers;
    int64_t said_at, asked_at; /* the last packet out; a ping that waits, or 0 */
};

void mqtt_session_library_init(void)
{
}

/* --- what comes in --------------------------------------------------------------------------- */

static void session_packet(void *client, struct conn *conn, const struct packet *p)
{
    struct mqtt_session *c = client;
    (void)conn;
    struct packet *kept = world_memory(sizeof *kept);
    *kept = *p;
    kept->next = NULL;
    *c->inbox_last = kept;
    c->inbox_last = &kept->next;
    fd_changed(c->fd);
}

static void session_closed(void *client, struct conn *conn)
{
    struct mqtt_session *c = client;
    (void)conn;
    c->ended = true;
    fd_changed(c->fd);
}

static const struct conn_client session_client = {.packet = session_packet,
                                                  .closed = session_closed};

static bool socket_readable(void *object)
{
    const struct mqtt_session *c = object;
    return c->inbox || c->ended;
}

/* The program is gone, and its socket with it. */
static void socket_closed(void *object, bool cut, bool power)
{
    struct mqtt_session *c = object;
    if (cut && c->conn)
        conn_close_client(c->conn, power, false);
}

static const struct fd_kind socket_kind = {.readable = socket_readable, .closed = socket_closed};

/* --- dialling -------------------------------------------------------------------------------- */

static void sleep_for(int64_t ns)
{
    int64_t until = world_now() + ns;
    while (world_now() < until)
        thread_wait(until);
}

int mqtt_dial(const char *host, int port, int64_t timeout, struct mqtt_dialled *d)
{
    struct way *w = way_of(machine_now(), host);
    int64_t takes;
    (void)port;
    *d = (struct mqtt_dialled){.fault = MQTT_FAULT_FINE};
    enum way_answer answer = way_try(w, &takes);
    if (answer == WAY_SILENT)
        takes = timeout;
    else if (answer == WAY_NO_NAME)
        takes = chance_between(&w->chance, S, 15 * S);
    sleep_for(takes);
    snprintf(d->address, sizeof d->address, "%s", host);
    if (answer == WAY_NO_NAME) {
        d->fault = MQTT_FAULT_DNS;
        d->error = EAI_AGAIN;
    } else if (answer == WAY_SILENT || answer == WAY_REFUSED) {
        d->fault = MQTT_FAULT_ROUTE;
        d->error = answer == WAY_SILENT ? ETIMEDOUT : ECONNREFUSED;
    }
    return -1; /* what answered is not needed again */
}

const char *mqtt_dial_why(const struct mqtt_dialled *d)
{
    return strerror(d->error);
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

enum mqtt_fault mqtt_tls_probe(SSL_CTX *tls, const char *address, int port, int64_t timeout)
{
    int64_t takes;
    (void)tls;
    (void)port;
    enum way_answer answer = way_try(way_of(machine_now(), address), &takes);
    sleep_for(answer == WAY_SILENT ? timeout : takes);
    return answer == WAY_PORTAL ? MQTT_FAULT_PORTAL
           : answer == WAY_OPEN ? MQTT_FAULT_FINE
                                : MQTT_FAULT_ROUTE;
}

/* --- a session ------------------------------------------------------------------------------- */

struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, uint64_t connection,
                                      const struct mqtt_session_listener *listener)
{
    (void)tls;
    struct mqtt_session *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->setup = setup;
    c->version = version;
    c->connection = connection;
    c->listener = *listener;
    c->fd = -1;
    c->inbox_last = &c->inbox;
    return c;
}

static void let_go(struct mqtt_session *c)
{
    int __wrap_close(int fd);
    if (c->conn)
        conn_close_client(c->conn, false, false);
    c->conn = NULL;
    if (c->fd >= 0)
        __wrap_close(c->fd);
    c->fd = -1;
}

void mqtt_session_free(struct mqtt_session *c)
{
    if (!c)
        return;
    let_go(c);
    free(c);
}

static void send_packet(struct mqtt_session *c, struct packet p)
{
    c->said_at = world_now();
    conn_send(c->conn, true, p);
}

int mqtt_session_connect(struct mqtt_session *c, const char *address)
{
    struct way *w = way_of(machine_now(), address);
    const struct mqtt_setup *s = c->setup;
    int64_t takes;
    enum way_answer answer = way_try(w, &takes);
    sleep_for(takes);
    if (answer != WAY_OPEN)
        return -1;
    struct hello *h = world_memory(sizeof *h);
    *h = (struct hello){.client_id = world_text(s->client_id),
                        .account = world_text(s->broker.user),
                        .version = (int)c->version,
                        .keepalive = s->keepalive};
    if (s->will) {
        uint8_t payload[MQTT_PAYLOAD_MAX];
        h->will_topic = world_text(s->will_topic);
        h->will = blob_of(payload, s->will(s->will_context, c->connection, payload));
    }
    c->fd = fd_open(&socket_kind, c);
    c->conn = conn_open(w, &session_client, c);
    send_packet(c, (struct packet){.kind = PACKET_CONNECT, .hello = h});
    return 0;
}

int mqtt_session_fd(const struct mqtt_session *c)
{
    return c->ended && !c->inbox ? -1 : c->fd;
}

bool mqtt_session_wants_write(const struct mqtt_session *c)
{
    (void)c;
    return false;
}

static void session_refused(struct mqtt_session *c, enum mqtt_fault fault)
{
    c->refused = true;
    c->fault = fault;
}

static enum mqtt_fault fault_of(int reason)
{
    return reason == 0x86 || reason == 0x87 ? MQTT_FAULT_CREDENTIALS : MQTT_FAULT_BROKER;
}

static void on_connack(struct mqtt_session *c, int reason)
{
    if (reason != 0) {
        session_refused(c, fault_of(reason));
        c->wrong_version = reason == 0x84;
        return;
    }
    c->up = true;
    for (size_t i = 0; i < c->setup->subscribe_count; i++)
        send_packet(c, (struct packet){.kind = PACKET_SUBSCRIBE,
                                       .topic = world_text(c->setup->subscribe[i].topic),
                                       .news = c->setup->subscribe[i].news &&
                                               c->version == MQTT_VERSION_5});
    c->listener.up(c->listener.context, c->fd);
}

static void on_puback(struct mqtt_session *c, const struct packet *p)
{
    for (unsigned k = 0; k < TOKENS; k++) {
        struct token *t = &c->tokens[k];
        if (t->token == 0 || t->number != p->number)
            continue;
        if (p->reason >= 0x80)
            session_refused(c, fault_of(p->reason));
        else
            c->listener.acked(c->listener.context, t->token, p->reason == 0x10);
        t->token = 0;
        return;
    }
}

static void take(struct mqtt_session *c, const struct packet *p)
{
    switch (p->kind) {
    case PACKET_CONNACK:
        on_connack(c, p->reason);
        break;
    case PACKET_PUBACK:
        on_puback(c, p);
        break;
    case PACKET_PUBLISH:
        c->listener.message(c->listener.context, p->topic, p->payload->bytes, p->payload->len,
                            p->retain);
        break;
    case PACKET_PONG:
        c->asked_at = 0;
        break;
    default:
        break;
    }
}

/* libmosquitto's keepalive: asks after so long a silence of our own, and gives up after as long
 * without an answer. TCP gives up earlier where bytes stay unacknowledged. */
static bool is_dead(struct mqtt_session *c)
{
    int64_t now = world_now(), keepalive = c->setup->keepalive;
    if (conn_unacknowledged(c->conn) > 20 * S)
        return true;
    if (c->asked_at > 0 && now - c->asked_at > keepalive)
        return true;
    if (c->asked_at == 0 && now - c->said_at >= keepalive) {
        send_packet(c, (struct packet){.kind = PACKET_PING});
        c->asked_at = now;
    }
    return false;
}

int mqtt_session_turn(struct mqtt_session *c)
{
    while (c->inbox) {
        struct packet *p = c->inbox;
        c->inbox = p->next;
        if (!c->inbox)
            c->inbox_last = &c->inbox;
        take(c, p);
    }
    return c->ended || c->refused || (c->conn && is_dead(c)) ? -1 : 0;
}

bool mqtt_session_is_up(const struct mqtt_session *c)
{
    return c->up;
}

bool mqtt_session_refused(const struct mqtt_session *c, enum mqtt_fault *fault, bool *version)
{
    *fault = c->fault;
    *version = c->wrong_version;
    return c->refused;
}

void mqtt_session_publish(struct mqtt_session *c, const struct mqtt_publication *p)
{
    uint64_t number = ++c->numbers;
    int64_t expiry = c->version == MQTT_VERSION_5 ? p->expiry_s * S : 0;
    if (p->token != 0)
        c->tokens[c->next_token++ % TOKENS] = (struct token){.number = number, .token = p->token};
    send_packet(c, (struct packet){.kind = PACKET_PUBLISH,
                                   .topic = world_text(p->topic),
                                   .payload = blob_of(p->payload, p->len),
                                   .qos = p->qos,
                                   .retain = p->retain,
                                   .expiry = expiry,
                                   .number = number});
}
