/* Many kiosks of many venues at one broker, each with its phones: real connections that send and
 * read what real ones do, with sealed messages of the same length that nobody opens.
 *
 *     swarm PORT[,PORT...] FILE
 *
 * FILE has a line for each kiosk: VENUE KIOSK USER PASSWORD MEMBER PASSWORD PHONES light|real|own
 *     light  played here: it beats every 5 s and repeats its state every minute
 *     real   runs elsewhere, and only its phones are played here
 *     own    the same for one phone, whose client id is its account, as RabbitMQ wants it
 * With several ports, which are one cluster's nodes, phones are spread over them, and one whose
 * connection is lost takes the next node a second or two later. A line on stdin asks for something:
 *     alert N    the first N light kiosks send an alert at once
 *     expect     the real kiosk's phones are to get one
 *     watch      from now on each alert and state that a phone gets is printed
 * Prints a line for each:
 *     up CONNECTIONS SECONDS                     all are connected and subscribed, once more too
 *     alert PHONES NS...                         all phones have it: how long it took each
 *     expect PHONES NS...                        the same, as CLOCK_MONOTONIC
 *     in ACCOUNT NODE                            an own phone is subscribed; NODE counts from 0
 *     out ACCOUNT                                it is not any more
 *     got KIOSK ACCOUNT NODE alert|state NS HEX  the message itself
 * Ends when stdin does, or with 1 if a connection is lost and there is no other node. */
#include "tests/bench/mini_mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    AT_ONCE = 100,
    WIRE = 768,
    NAME = 24,
    SECRET = 40,
    TOPIC = 128,
    NODES = 8,
    PRINTED = 4 << 20
};

#define BEAT  INT64_C(5000000000)
#define STATE INT64_C(60000000000)
#define PAUSE INT64_C(1000000000) /* before the next node is taken, and up to as much again */
#define FLUSH INT64_C(100000000)

struct home {
    char venue[NAME], id[NAME], user[NAME], password[SECRET], member[NAME], members[SECRET];
    size_t phones;
    bool real, own;
    int64_t beat_at, state_at, alerted_at;
};

struct client {
    struct mini_conn conn;
    struct swarm *swarm;
    struct home *home;
    bool is_phone, up, waits;
    size_t node;
    int64_t got_at, again; /* again: when a lost one connects; 0: it is not lost */
};

struct swarm {
    int ports[NODES], epoll;
    size_t nodes;
    bool watches;
    int64_t flushed;
    struct home *homes;
    size_t homes_count;
    struct client *clients; /* of a light kiosk the kiosk itself first, then its phones */
    size_t count, opened, up, waiting, asked;
    const char *word; /* what was asked for last */
    int64_t began;
    uint8_t wire[WIRE];
};

static void die(const char *why)
{
    fprintf(stderr, "swarm: %s\n", why);
    exit(1);
}

static void topic_of(const struct home *h, const char *name, char out[TOPIC])
{
    snprintf(out, TOPIC, "porchlight/%s/%s/%s", h->venue, h->id, name);
}

static void publish(struct client *c, const char *name, int qos, bool kept)
{
    uint8_t body[TOPIC + WIRE + 8];
    char topic[TOPIC];
    topic_of(c->home, name, topic);
    size_t n = mini_text(body, topic);
    if (qos > 0) {
        body[n++] = 0;
        body[n++] = 1;
    }
    memcpy(body + n, c->swarm->wire, WIRE);
    mini_send(&c->conn, (uint8_t)(MINI_PUBLISH | qos << 1 | kept), body, n + WIRE);
}

static void subscribe(struct client *c)
{
    static const char *const phone[] = {"alert", "state",   "presence", "beat",
                                        "root",  "words/+", "push"};
    static const char *const kiosk[] = {"ack/+", "command/+", "enrol/+", "relay/+",
                                        "state", "presence",  "beat"};
    uint8_t body[1024] = {0, 1};
    char topic[TOPIC];
    size_t n = 2;
    for (size_t i = 0; i < sizeof phone / sizeof phone[0]; i++) {
        topic_of(c->home, c->is_phone ? phone[i] : kiosk[i], topic);
        n += mini_text(body + n, topic);
        body[n++] = 1;
    }
    mini_send(&c->conn, 0x82, body, n);
}

/* Its node has gone, or has no use for it. */
static void client_lost(struct client *c, const char *why)
{
    struct swarm *s = c->swarm;
    if (s->nodes < 2)
        die(why);
    if (s->up == s->count)
        s->began = mini_now();
    if (c->up && c->home->own)
        printf("out %s\n", c->home->member);
    s->up -= c->up;
    c->up = false;
    if (c->conn.fd >= 0)
        close(c->conn.fd);
    c->conn.fd = -1;
    c->node = (c->node + 1) % s->nodes;
    c->again = mini_now() + PAUSE + rand() % PAUSE;
}

static void client_open(struct swarm *s, struct client *c)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    const struct home *h = c->home;
    char id[NAME], will[TOPIC];
    c->again = 0;
    if (mini_open(&c->conn, s->ports[c->node]) != 0) {
        client_lost(c, "the broker takes no more connections");
        return;
    }
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->conn.fd, &e);
    snprintf(id, sizeof id, "swarm-%zu", (size_t)(c - s->clients));
    topic_of(h, "presence", will);
    mini_connect(&c->conn, h->own ? h->member : id, c->is_phone ? h->member : h->user,
                 c->is_phone ? h->members : h->password, c->is_phone ? NULL : will, s->wire, WIRE);
}

static void client_is_up(struct client *c)
{
    struct swarm *s = c->swarm;
    c->up = true;
    if (c->home->own)
        printf("in %s %zu\n", c->home->member, c->node);
    if (!c->is_phone) {
        publish(c, "presence", 1, true);
        publish(c, "state", 1, true);
        c->home->beat_at = mini_now() + rand() % BEAT;
        c->home->state_at = mini_now() + rand() % STATE;
    }
    if (++s->up == s->count)
        printf("up %zu %.3f\n", s->count, (double)(mini_now() - s->began) / 1e9);
}

/* --- an alert --------------------------------------------------------------------------------- */

static void print_all_have(struct swarm *s)
{
    printf("%s %zu", s->word, s->asked);
    for (size_t i = 0; i < s->count; i++)
        if (s->clients[i].got_at > 0)
            printf(" %lld", (long long)(s->clients[i].got_at - s->clients[i].home->alerted_at));
    printf("\n");
}

static bool topic_ends(const char *topic, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len > n && memcmp(topic + len - n, end, n) == 0;
}

static void print_got(const struct client *c, const char *what, const uint8_t *wire)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * WIRE + 1] = {0};
    for (size_t i = 0; i < WIRE; i++) {
        hex[2 * i] = digits[wire[i] >> 4];
        hex[2 * i + 1] = digits[wire[i] & 15];
    }
    printf("got %s %s %zu %s %lld %s\n", c->home->id, c->home->member, c->node, what,
           (long long)mini_now(), hex);
}

static void client_got(struct client *c, const char *topic, size_t len, const uint8_t *wire)
{
    bool alert = topic_ends(topic, len, "/alert");
    if (c->swarm->watches && (alert || topic_ends(topic, len, "/state")))
        print_got(c, alert ? "alert" : "state", wire);
    if (!c->waits || !alert)
        return;
    c->waits = false;
    c->got_at = mini_now();
    if (--c->swarm->waiting == 0)
        print_all_have(c->swarm);
}

static void ask(struct swarm *s, const char *word, size_t light)
{
    size_t alerts = 0;
    s->word = word;
    s->waiting = 0;
    for (struct client *c = s->clients; c < s->clients + s->count; c++) {
        bool wanted = light == 0 ? c->home->real : !c->home->real && alerts <= light;
        if (!c->is_phone && light > 0)
            wanted = ++alerts <= light;
        c->got_at = 0;
        c->waits = c->is_phone && wanted;
        s->waiting += c->waits;
    }
    s->asked = s->waiting;
    alerts = 0;
    for (struct client *c = s->clients; c < s->clients + s->count && alerts < light; c++) {
        if (c->is_phone)
            continue;
        alerts++;
        c->home->alerted_at = mini_now();
        publish(c, "alert", 1, false);
        publish(c, "state", 1, true);
    }
    if (light == 0)
        printf("asked %zu\n", s->asked);
}

/* --- everything ------------------------------------------------------------------------------- */

static void on_packet(void *context, uint8_t type, const uint8_t *body, size_t n, const char *topic,
                      size_t len)
{
    struct client *c = context;
    if (type == MINI_CONNACK && n == 2 && body[1] == 0)
        subscribe(c);
    else if (type == MINI_CONNACK)
        client_lost(c, "the broker refuses an account");
    else if (type == MINI_SUBACK && (n < 3 || body[2] > 2))
        client_lost(c, "the broker refuses a topic");
    else if (type == MINI_SUBACK)
        client_is_up(c);
    else if (type == MINI_PUBLISH && n >= WIRE)
        client_got(c, topic, len, body + n - WIRE);
}

static bool commands_read(struct swarm *s)
{
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0)
        return false;
    line[n] = '\0';
    if (strncmp(line, "alert ", 6) == 0)
        ask(s, "alert", strtoul(line + 6, NULL, 10));
    else if (strncmp(line, "watch", 5) == 0)
        s->watches = true;
    else
        ask(s, "expect", 0);
    return true;
}

static void time_passes(struct swarm *s)
{
    int64_t now = mini_now();
    while (s->opened < s->count && s->opened - s->up < AT_ONCE)
        client_open(s, &s->clients[s->opened++]);
    for (struct client *c = s->clients; c < s->clients + s->count; c++) {
        if (c->again > 0 && now >= c->again)
            client_open(s, c);
        if (c->is_phone || !c->up)
            continue;
        if (now >= c->home->beat_at) {
            publish(c, "beat", 0, false);
            c->home->beat_at += BEAT;
        }
        if (now >= c->home->state_at) {
            publish(c, "state", 1, true);
            c->home->state_at += STATE;
        }
    }
}

static void run(struct swarm *s)
{
    struct epoll_event in = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &in);
    s->began = mini_now();
    for (;;) {
        time_passes(s);
        int n = epoll_wait(s->epoll, events, EVENTS, s->up < s->count ? 1 : 20);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (!c && !commands_read(s))
                return;
            if (c && c->conn.fd >= 0 && !mini_take(&c->conn, on_packet, c))
                client_lost(c, "a connection is lost");
        }
        if (n == 0 || mini_now() - s->flushed > FLUSH) {
            s->flushed = mini_now();
            fflush(stdout);
        }
    }
}

static void homes_read(struct swarm *s, const char *path)
{
    FILE *f = fopen(path, "r");
    struct home h;
    char how[NAME];
    if (!f)
        die("the file of kiosks cannot be read");
    while (fscanf(f, "%23s %23s %23s %39s %23s %39s %zu %23s", h.venue, h.id, h.user, h.password,
                  h.member, h.members, &h.phones, how) == 8) {
        s->homes = realloc(s->homes, (s->homes_count + 1) * sizeof *s->homes);
        if (!s->homes)
            die("no memory");
        h.own = strcmp(how, "own") == 0;
        h.real = h.own || strcmp(how, "real") == 0;
        h.alerted_at = 0;
        s->homes[s->homes_count++] = h;
        s->count += h.phones + !h.real;
    }
    fclose(f);
}

static void ports_read(struct swarm *s, char *list)
{
    for (char *p = strtok(list, ","); p && s->nodes < NODES; p = strtok(NULL, ","))
        s->ports[s->nodes++] = atoi(p);
}

int main(int argc, char **argv)
{
    struct swarm s = {0};
    if (argc == 3)
        ports_read(&s, argv[1]);
    if (s.nodes == 0) {
        fprintf(stderr, "Usage: swarm PORT[,PORT...] FILE\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOFBF, PRINTED);
    homes_read(&s, argv[2]);
    s.clients = s.count > 0 ? calloc(s.count, sizeof *s.clients) : NULL;
    if (!s.clients)
        die("no kiosks, or no memory");
    struct client *c = s.clients;
    for (size_t i = 0; i < s.homes_count; i++)
        for (size_t k = 0; k < s.homes[i].phones + !s.homes[i].real; k++)
            *c++ = (struct client){.conn = {.fd = -1},
                                   .swarm = &s,
                                   .home = &s.homes[i],
                                   .is_phone = s.homes[i].real || k > 0,
                                   .node = i % s.nodes};
    run(&s);
    free(s.clients);
    free(s.homes);
    return 0;
}
