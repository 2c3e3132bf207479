/* Many phones at one broker, each a real connection: who gets what, and when.
 *
 *     crowd PORT COUNT ALERT STATE USER    the password is one line on stdin
 *
 * Connects COUNT clients to 127.0.0.1, each subscribed to both topics at QoS 1. A connection that
 * ends is made again. Prints one line for each of these:
 *     up COUNT SECONDS        all are connected and subscribed
 *     state COUNT SECONDS     all hold a state, since the crowd last lost a connection
 *     alert COUNT NS...       all have the alert: CLOCK_MONOTONIC of each, sorted
 * Ends when stdin does. */
#include "tests/bench/mini_mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, AT_ONCE = 200, PAUSE_MS = 100 };

struct phone {
    struct mini_conn conn; /* none: to be made again at `again` */
    struct crowd *crowd;
    bool up, state;
    int64_t alert_at, again;
};

struct crowd {
    int port, epoll;
    size_t count, connecting, up, states, alerts;
    const char *alert, *state, *user;
    char password[128];
    struct phone *phones;
    int64_t began;
};

static double since(int64_t from)
{
    return (double)(mini_now() - from) / 1e9;
}

static void send_subscribe(const struct crowd *c, struct phone *p)
{
    uint8_t body[512] = {0, 1};
    size_t n = 2;

    n += mini_text(body + n, c->alert);
    body[n++] = 1;
    n += mini_text(body + n, c->state);
    body[n++] = 1;
    mini_send(&p->conn, 0x82, body, n);
}

static void phone_open(struct crowd *c, struct phone *p)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
    char id[24];

    if (mini_open(&p->conn, c->port) != 0) {
        p->again = mini_now() + PAUSE_MS * INT64_C(1000000);
        return;
    }
    epoll_ctl(c->epoll, EPOLL_CTL_ADD, p->conn.fd, &e);
    c->connecting++;
    snprintf(id, sizeof id, "crowd-%zu", (size_t)(p - c->phones));
    mini_connect(&p->conn, id, c->user, c->password, NULL, NULL, 0);
}

static void phone_close(struct crowd *c, struct phone *p)
{
    if (c->up == c->count)
        c->began = mini_now();
    if (p->up)
        c->up--;
    else
        c->connecting--;
    c->states -= p->state;
    p->up = p->state = false;
    close(p->conn.fd);
    p->conn.fd = -1;
    p->again = mini_now() + PAUSE_MS * INT64_C(1000000);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void tell_alert(const struct crowd *c)
{
    int64_t *at = calloc(c->count, sizeof *at);

    for (size_t i = 0; at && i < c->count; i++)
        at[i] = c->phones[i].alert_at;
    if (at)
        qsort(at, c->count, sizeof *at, by_time);
    printf("alert %zu", c->count);
    for (size_t i = 0; at && i < c->count; i++)
        printf(" %lld", (long long)at[i]);
    printf("\n");
    fflush(stdout);
    free(at);
}

static void on_publish(struct crowd *c, struct phone *p, const char *topic, size_t len)
{
    if (strlen(c->state) == len && memcmp(topic, c->state, len) == 0 && !p->state) {
        p->state = true;
        if (++c->states == c->count)
            printf("state %zu %.3f\n", c->count, since(c->began));
    } else if (strlen(c->alert) == len && memcmp(topic, c->alert, len) == 0 && !p->alert_at) {
        p->alert_at = mini_now();
        if (++c->alerts == c->count)
            tell_alert(c);
    }
    fflush(stdout);
}

static void on_packet(void *context, uint8_t type, const uint8_t *body, size_t n, const char *topic,
                      size_t len)
{
    struct phone *p = context;
    struct crowd *c = p->crowd;

    if (type == MINI_CONNACK && n == 2 && body[1] == 0) {
        send_subscribe(c, p);
    } else if (type == MINI_CONNACK) {
        fprintf(stderr, "crowd: the broker refuses the account (%d)\n", n > 1 ? body[1] : -1);
        exit(1);
    } else if (type == MINI_SUBACK) {
        if (n < 4 || body[2] > 2 || body[3] > 2) {
            fprintf(stderr, "crowd: the broker refuses a topic\n");
            exit(1);
        }
        p->up = true;
        c->connecting--;
        if (++c->up == c->count)
            printf("up %zu %.3f\n", c->count, since(c->began));
        fflush(stdout);
    } else if (type == MINI_PUBLISH) {
        on_publish(c, p, topic, len);
    }
}

static void on_readable(struct crowd *c, struct phone *p)
{
    if (!mini_take(&p->conn, on_packet, p))
        phone_close(c, p);
}

static void open_some(struct crowd *c)
{
    int64_t now = mini_now();

    for (size_t i = 0; i < c->count && c->connecting < AT_ONCE; i++)
        if (c->phones[i].conn.fd < 0 && now >= c->phones[i].again)
            phone_open(c, &c->phones[i]);
}

static int run(struct crowd *c)
{
    struct epoll_event in = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];

    epoll_ctl(c->epoll, EPOLL_CTL_ADD, 0, &in);
    c->began = mini_now();
    for (;;) {
        if (c->up < c->count)
            open_some(c);
        int n = epoll_wait(c->epoll, events, EVENTS, c->up < c->count ? 10 : 1000);
        for (int i = 0; i < n; i++) {
            if (!events[i].data.ptr)
                return 0; /* stdin ended */
            on_readable(c, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv)
{
    struct crowd c = {.epoll = epoll_create1(EPOLL_CLOEXEC)};

    if (argc != 6 || !fgets(c.password, sizeof c.password, stdin)) {
        fprintf(stderr, "Usage: crowd PORT COUNT ALERT STATE USER <password\n");
        return 2;
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    c.password[strcspn(c.password, "\n")] = '\0';
    c.port = atoi(argv[1]);
    c.count = (size_t)atol(argv[2]);
    c.alert = argv[3];
    c.state = argv[4];
    c.user = argv[5];
    c.phones = calloc(c.count, sizeof *c.phones);
    for (size_t i = 0; c.phones && i < c.count; i++)
        c.phones[i] = (struct phone){.conn = {.fd = -1}, .crowd = &c};
    int result = c.phones ? run(&c) : 1;
    free(c.phones);
    return result;
}
