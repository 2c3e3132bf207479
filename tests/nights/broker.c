#include "tests/nights/broker.h"

#include "tests/nights/intruder.h"
#include "tests/nights/proxy.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"

#include <string.h>

#define LOOK (1 * S)

enum { RC_VERSION = 0x84, RC_PASSWORD = 0x86, RC_DENIED = 0x87, RC_NOBODY = 0x10 };

enum sort sort_of(const char *topic)
{
    static const char *const names[] = {"alert", "notice", "state", "presence", "beat"};
    const char *last = topic;
    for (int slashes = 0; *last != '\0' && slashes < 3; last++)
        slashes += *last == '/';
    if (strcmp(last, "staff") == 0)
        return SORT_NOTICE; /* both are sealed to staff phones */
    for (int i = 0; i < SORT_OTHER; i++)
        if (strcmp(last, names[i]) == 0)
            return (enum sort)i;
    return SORT_OTHER;
}

static unsigned bit_of(const char *topic)
{
    return 1u << sort_of(topic);
}

static void broker_look(void *context, uint64_t number);

void broker_init(struct broker *b, const char *name, bool outside, struct chance *c)
{
    *b = (struct broker){.name = name, .up = true, .outside = outside};
    b->chance = chance_of(chance_next(c), 4);
    world_at(chance_between(&b->chance, 0, LOOK), broker_look, b, 0);
}

bool broker_is_up(const struct broker *b)
{
    return b->up;
}

/* --- what is kept ---------------------------------------------------------------------------- */

void broker_keeps(struct broker *b, const struct packet *p)
{
    size_t i = 0;
    while (i < b->kept_count && b->kept[i].topic != p->topic)
        i++;
    if (p->payload->len == 0) {
        if (i < b->kept_count)
            b->kept[i] = b->kept[--b->kept_count];
        return;
    }
    if (i == BROKER_KEPT)
        return;
    if (i == b->kept_count)
        b->kept_count++;
    b->kept[i] = (struct kept){.topic = p->topic,
                               .payload = p->payload,
                               .qos = p->qos,
                               .until = p->expiry > 0 ? world_now() + p->expiry : INT64_MAX};
}

static bool filter_takes(const char *filter, const char *topic)
{
    if (filter == topic)
        return true;
    size_t len = strlen(filter);
    return len > 0 && filter[len - 1] == '+' && strncmp(filter, topic, len - 1) == 0 &&
           !strchr(topic + len - 1, '/');
}

static void keep_give(struct broker *b, struct conn *c, const char *filter)
{
    for (size_t i = 0; i < b->kept_count; i++) {
        const struct kept *k = &b->kept[i];
        if (k->until <= world_now() || !filter_takes(filter, k->topic))
            continue;
        conn_send(c, false,
                  (struct packet){.kind = PACKET_PUBLISH,
                                  .topic = k->topic,
                                  .payload = k->payload,
                                  .qos = k->qos,
                                  .retain = true});
    }
}

/* --- fan-out --------------------------------------------------------------------------------- */

static bool conn_reads(const struct conn *c, const char *topic)
{
    for (size_t i = 0; i < c->subscribed_count; i++)
        if (filter_takes(c->subscribed[i], topic))
            return true;
    return false;
}

static void give(struct broker *b, const struct packet *p, const struct conn *from)
{
    for (struct conn *c = b->conns; c; c = c->next_at_broker) {
        if (!c->broker_there || !c->hello || !conn_reads(c, p->topic) ||
            (c == from && sort_of(p->topic) == SORT_OTHER))
            continue;
        struct packet copy = {
            .kind = PACKET_PUBLISH, .topic = p->topic, .payload = p->payload, .qos = p->qos};
        c->received++;
        conn_send(c, false, copy);
    }
}

void broker_pass(struct broker *b, const struct packet *p, bool keep, bool kept,
                 struct chance *some)
{
    if (!b->up)
        return;
    if (keep)
        broker_keeps(b, p);
    for (struct conn *c = b->conns; c; c = c->next_at_broker) {
        if (!c->broker_there || !c->hello || !conn_reads(c, p->topic) ||
            (some && chance_percent(some, 50)))
            continue;
        c->received++;
        conn_send(c, false,
                  (struct packet){.kind = PACKET_PUBLISH,
                                  .topic = p->topic,
                                  .payload = p->payload,
                                  .qos = p->qos,
                                  .retain = kept});
    }
}

struct late {
    struct broker *broker;
    const struct packet *packet;
};

static void give_late(void *context, uint64_t number)
{
    const struct late *l = context;
    (void)number;
    if (l->broker->up)
        give(l->broker, l->packet, NULL);
}

bool broker_has_reader(const struct broker *b, const char *topic)
{
    for (const struct conn *c = b->conns; c; c = c->next_at_broker)
        if (c->broker_there && c->hello && !c->hello->will_topic && conn_reads(c, topic))
            return true;
    return false;
}

bool broker_reaches(const struct broker *b, const char *topic, const struct way *w)
{
    for (const struct conn *c = b->conns; c; c = c->next_at_broker)
        if (b->up && c->way == w && c->broker_there && c->client_there && c->hello &&
            conn_reads(c, topic))
            return true;
    return false;
}

/* The operator keeps a copy, and sends it again when it suits him. */
static void replay(void *context, uint64_t number)
{
    struct broker *b = context;
    if (!b->replays || !b->up || number >= b->seen_count)
        return;
    story("%s's operator sends an old %s again", b->name, strrchr(b->seen[number]->topic, '/') + 1);
    give(b, b->seen[number], NULL);
}

static struct packet *remembered(const struct packet *p)
{
    struct packet *copy = world_memory(sizeof *copy);
    *copy = *p;
    return copy;
}

static void operator_notes(struct broker *b, const struct packet *p)
{
    if (!b->replays || b->seen_count == BROKER_LOG || !chance_percent(&b->chance, 20))
        return;
    b->seen[b->seen_count] = remembered(p);
    world_at(world_now() + chance_between(&b->chance, 2 * S, 300 * S), replay, b, b->seen_count++);
}

static void publish(struct broker *b, struct conn *from, const struct packet *p)
{
    unsigned bit = bit_of(p->topic);
    watch_published(b, p);
    intruders_read(b, p);
    if (b->proxy && proxy_takes(b->proxy, p))
        return;
    if (p->retain)
        broker_keeps(b, p);
    operator_notes(b, p);
    if (b->dropped & bit)
        return;
    if (b->delayed & bit && b->delay > 0) {
        struct late *l = world_memory(sizeof *l);
        *l = (struct late){.broker = b, .packet = remembered(p)};
        world_at(world_now() + b->delay, give_late, l, 0);
    } else {
        give(b, p, from);
    }
}

void broker_say(struct broker *b, const struct packet *p)
{
    if (b->up)
        publish(b, NULL, p);
}

static void on_publish(struct broker *b, struct conn *c, const struct packet *p)
{
    bool denied = (b->denied & bit_of(p->topic)) != 0;
    bool v5 = c->hello->version == 5;
    if (p->retain && b->no_retain) {
        story("%s: keeps nothing, and hangs up", b->name);
        broker_lost(b, c);
        conn_close_broker(c, false);
        return;
    }
    int reason = denied && v5 ? RC_DENIED : v5 && !broker_has_reader(b, p->topic) ? RC_NOBODY : 0;
    if (p->qos > 0)
        conn_send(c, false,
                  (struct packet){.kind = PACKET_PUBACK, .number = p->number, .reason = reason});
    if (!denied)
        publish(b, c, p);
}

/* --- sessions -------------------------------------------------------------------------------- */

void broker_accept(struct broker *b, struct conn *c)
{
    c->received_at = world_now();
    c->next_at_broker = b->conns;
    b->conns = c;
}

void broker_lost(struct broker *b, struct conn *c)
{
    const struct hello *h = c->hello;
    c->hello = NULL;
    if (!h || !h->will_topic || !h->will)
        return;
    story("%s: %s is gone; its will is published", b->name, h->client_id);
    struct packet will = {.kind = PACKET_PUBLISH,
                          .topic = h->will_topic,
                          .payload = h->will,
                          .qos = 1,
                          .retain = true,
                          .conn = c};
    publish(b, NULL, &will);
}

static void hang_up_late(void *context, uint64_t number)
{
    struct conn *c = context;
    (void)number;
    if (!c->broker_there)
        return;
    broker_lost(c->way->broker, c);
    conn_close_broker(c, false);
}

static void on_connect(struct broker *b, struct conn *c, const struct hello *h)
{
    int reason = b->only_311 && h->version == 5 ? RC_VERSION : b->refuses ? RC_PASSWORD : 0;
    b->connects += h->will_topic != NULL;
    watch_connected(b, h);
    if (b->hangs_up) {
        conn_close_broker(c, false);
        return;
    }
    if (reason != 0) {
        conn_send(c, false, (struct packet){.kind = PACKET_CONNACK, .reason = reason});
        conn_close_broker(c, false);
        return;
    }
    for (struct conn *other = b->conns; other; other = other->next_at_broker)
        if (other != c && other->broker_there && other->hello && h->client_id[0] != '\0' &&
            other->hello->client_id == h->client_id)
            hang_up_late(other, 0);
    c->hello = h;
    conn_send(c, false, (struct packet){.kind = PACKET_CONNACK});
    if (b->flaps)
        world_at(world_now() + chance_between(&b->chance, 50 * MS, S), hang_up_late, c, 0);
}

static void on_subscribe(struct broker *b, struct conn *c, const struct packet *p)
{
    bool denied =
        (b->unread && strstr(p->topic, b->unread)) || c->subscribed_count == NET_SUBSCRIPTIONS;
    int reason = !denied ? p->qos : c->hello->version == 5 ? RC_DENIED : 0x80;
    conn_send(c, false,
              (struct packet){.kind = PACKET_SUBACK, .number = p->number, .reason = reason});
    if (denied)
        return;
    c->subscribed[c->subscribed_count++] = p->topic;
    if (!p->news)
        keep_give(b, c, p->topic);
}

void broker_packet(struct broker *b, struct conn *c, const struct packet *p)
{
    c->received_at = world_now();
    if (p->kind == PACKET_CONNECT) {
        on_connect(b, c, p->hello);
        return;
    }
    if (!c->hello && p->kind != PACKET_CLOSED && p->kind != PACKET_GOODBYE)
        return;
    switch (p->kind) {
    case PACKET_SUBSCRIBE:
        on_subscribe(b, c, p);
        break;
    case PACKET_PUBLISH:
        on_publish(b, c, p);
        break;
    case PACKET_PING:
        conn_send(c, false, (struct packet){.kind = PACKET_PONG});
        break;
    case PACKET_GOODBYE:
        c->hello = NULL;
        c->broker_there = false;
        break;
    case PACKET_CLOSED:
        c->broker_there = false;
        broker_lost(b, c);
        break;
    default:
        break;
    }
}

/* Once a second: whose client has been silent for one and a half times its keepalive? */
static void broker_look(void *context, uint64_t number)
{
    struct broker *b = context;
    (void)number;
    struct conn **link = &b->conns;
    while (*link) {
        struct conn *c = *link;
        if (!c->broker_there) {
            *link = c->next_at_broker;
            continue;
        }
        link = &c->next_at_broker;
        int64_t patience = c->hello ? c->hello->keepalive * 3 / 2 : 10 * S;
        if (b->up && world_now() - c->received_at > patience)
            hang_up_late(c, 0);
    }
    world_at(world_now() + LOOK, broker_look, b, 0);
}

void broker_stop(struct broker *b)
{
    b->up = false;
    story("%s dies", b->name);
    for (struct conn *c = b->conns; c; c = c->next_at_broker) {
        c->hello = NULL;
        conn_close_broker(c, false);
    }
    if (b->forgets)
        b->kept_count = 0;
}

void broker_start(struct broker *b)
{
    story("%s is there again", b->name);
    b->up = true;
}
