#include "tests/nights/net.h"

#include "tests/nights/broker.h"
#include "tests/nights/story.h"

#include <string.h>

void way_init(struct way *w, const char *from, struct broker *b, struct chance *c)
{
    *w = (struct way){.from = from,
                      .broker = b,
                      .latency = chance_between(c, MS, 60 * MS),
                      .jitter = chance_between(c, MS, 30 * MS)};
    w->chance = chance_of(chance_next(c), 3);
}

enum way_answer way_try(struct way *w, int64_t *takes)
{
    *takes = 3 * (w->latency + chance_between(&w->chance, 0, w->jitter));
    if (w->nameless)
        return WAY_NO_NAME;
    if (w->hole || w->deaf)
        return WAY_SILENT;
    if (w->portal)
        return WAY_PORTAL;
    return w->refused || !broker_is_up(w->broker) ? WAY_REFUSED : WAY_OPEN;
}

struct conn *conn_open(struct way *w, const struct conn_client *client, void *context)
{
    struct conn *c = world_memory(sizeof *c);
    *c = (struct conn){.way = w,
                       .client = client,
                       .client_context = context,
                       .client_there = true,
                       .broker_there = true,
                       .patience = 900 * S,
                       .next = w->conns};
    c->held_last = &c->held;
    w->conns = c;
    broker_accept(w->broker, c);
    return c;
}

static bool is_swallowed(const struct packet *p)
{
    const struct way *w = p->conn->way;
    return w->hole || (w->deaf && !p->to_broker);
}

static void arrive(void *context, uint64_t number)
{
    struct packet *p = context;
    struct conn *c = p->conn;
    (void)number;
    if (is_swallowed(p)) {
        p->next = NULL;
        *c->held_last = p;
        c->held_last = &p->next;
        return;
    }
    if (p->to_broker) {
        if (c->broker_there)
            broker_packet(c->way->broker, c, p);
    } else if (c->client_there) {
        if (p->kind == PACKET_CLOSED) {
            c->client_there = false;
            c->client->closed(c->client_context, c);
        } else {
            c->client->packet(c->client_context, c, p);
        }
    }
}

static void depart(struct packet *p, int64_t later)
{
    struct conn *c = p->conn;
    struct way *w = c->way;
    int64_t *last = &c->arrives[p->to_broker];
    int64_t at = world_now() + later + w->latency + chance_between(&w->chance, 0, w->jitter);
    *last = at > *last ? at : *last;
    world_at(*last, arrive, p, 0);
}

void conn_send(struct conn *c, bool to_broker, struct packet p)
{
    struct packet *sent = world_memory(sizeof *sent);
    *sent = p;
    sent->conn = c;
    sent->to_broker = to_broker;
    sent->sent_at = world_now();
    depart(sent, 0);
}

/* Without power nobody sends again what a hole has swallowed. */
static void forget_held(struct conn *c)
{
    struct packet *held = c->held;
    c->held = NULL;
    c->held_last = &c->held;
    for (struct packet *next; held; held = next) {
        next = held->next;
        held->next = NULL;
        if (held->to_broker)
            continue;
        *c->held_last = held;
        c->held_last = &held->next;
    }
}

void conn_close_client(struct conn *c, bool quietly, bool goodbye)
{
    if (!c->client_there)
        return;
    c->client_there = false;
    if (quietly)
        forget_held(c);
    else
        conn_send(c, true, (struct packet){.kind = goodbye ? PACKET_GOODBYE : PACKET_CLOSED});
}

void conn_close_broker(struct conn *c, bool quietly)
{
    if (!c->broker_there)
        return;
    c->broker_there = false;
    if (!quietly)
        conn_send(c, false, (struct packet){.kind = PACKET_CLOSED});
}

void conn_reset(struct conn *c)
{
    if (c->broker_there)
        broker_lost(c->way->broker, c);
    c->broker_there = false;
    if (c->client_there) {
        c->client_there = false;
        c->client->closed(c->client_context, c);
    }
}

int64_t conn_unacknowledged(const struct conn *c)
{
    for (const struct packet *p = c->held; p; p = p->next)
        if (p->to_broker)
            return world_now() - p->sent_at;
    return 0;
}

void way_changed(struct way *w)
{
    for (struct conn *c = w->conns; c; c = c->next) {
        struct packet *held = c->held;
        c->held = NULL;
        c->held_last = &c->held;
        for (struct packet *next; held; held = next) {
            next = held->next;
            depart(held, chance_between(&w->chance, 200 * MS, 3 * S));
        }
    }
}

void way_reset(struct way *w)
{
    for (struct conn *c = w->conns; c; c = c->next)
        conn_reset(c);
}
