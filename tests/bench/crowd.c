/* Many phones at one broker, each a real connection: who gets what, and when. MQTT 3.1.1 by hand,
 * so that ten thousand cost little.
 *
 *     crowd PORT COUNT ALERT STATE USER    the password is one line on stdin
 *
 * Connects COUNT clients to 127.0.0.1, each subscribed to both topics at QoS 1. A connection that
 * ends is made again. Prints one line for each of these:
 *     up COUNT SECONDS        all are connected and subscribed
 *     state COUNT SECONDS     all hold a state, since the crowd last lost a connection
 *     alert COUNT NS...       all have the alert: CLOCK_MONOTONIC of each, sorted
 * Ends when stdin does. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, EVENTS = 256, AT_ONCE = 200, PAUSE_MS = 100 };

struct phone {
    int fd; /* -1: to be made again at `again` */
    bool up, state;
    int64_t alert_at, again;
    size_t have;
    uint8_t in[PACKET_MAX];
};

struct crowd {
    int port, epoll;
    size_t count, connecting, up, states, alerts;
    const char *alert, *state, *user;
    char password[128];
    struct phone *phones;
    int64_t began;
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double since(int64_t from)
{
    return (double)(now_ns() - from) / 1e9;
}

static size_t put_text(uint8_t *out, const char *text)
{
    size_t n = strlen(text);

    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    for (size_t i = 0; i < n; i++)
        out[2 + i] = (uint8_t)text[i];
    return n + 2;
}

/* A packet with its length before it; bodies here are below 16 kB. */
static void send_packet(const struct phone *p, uint8_t type, const uint8_t *body, size_t n)
{
    uint8_t out[PACKET_MAX];
    size_t at = 0;

    out[at++] = type;
    if (n > 127) {
        out[at++] = (uint8_t)(n % 128) | 128;
        out[at++] = (uint8_t)(n / 128);
    } else {
        out[at++] = (uint8_t)n;
    }
    memcpy(out + at, body, n);
    if (send(p->fd, out, at + n, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
        shutdown(p->fd, SHUT_RDWR);
}

static void send_connect(const struct crowd *c, struct phone *p)
{
    uint8_t body[512] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0xc2, 0, 120};
    char id[24];
    size_t n = 10;

    snprintf(id, sizeof id, "crowd-%zu", (size_t)(p - c->phones));
    n += put_text(body + n, id);
    n += put_text(body + n, c->user);
    n += put_text(body + n, c->password);
    send_packet(p, 0x10, body, n);
}

static void send_subscribe(const struct crowd *c, struct phone *p)
{
    uint8_t body[512] = {0, 1};
    size_t n = 2;

    n += put_text(body + n, c->alert);
    body[n++] = 1;
    n += put_text(body + n, c->state);
    body[n++] = 1;
    send_packet(p, 0x82, body, n);
}

static void phone_open(struct crowd *c, struct phone *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)c->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
    int one = 1;

    p->have = 0;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof to) < 0) {
        if (p->fd >= 0)
            close(p->fd);
        p->fd = -1;
        p->again = now_ns() + PAUSE_MS * INT64_C(1000000);
        return;
    }
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(c->epoll, EPOLL_CTL_ADD, p->fd, &e);
    c->connecting++;
    send_connect(c, p);
}

static void phone_close(struct crowd *c, struct phone *p)
{
    if (c->up == c->count)
        c->began = now_ns();
    if (p->up)
        c->up--;
    else
        c->connecting--;
    c->states -= p->state;
    p->up = p->state = false;
    close(p->fd);
    p->fd = -1;
    p->again = now_ns() + PAUSE_MS * INT64_C(1000000);
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

static void on_publish(struct crowd *c, struct phone *p, uint8_t type, const uint8_t *body,
                       size_t n)
{
    size_t len = n >= 2 ? (size_t)(body[0] << 8 | body[1]) : n;

    if (len + 4 > n)
        return;
    if (type & 6)
        send_packet(p, 0x40, body + 2 + len, 2);
    if (strlen(c->state) == len && memcmp(body + 2, c->state, len) == 0 && !p->state) {
        p->state = true;
        if (++c->states == c->count)
            printf("state %zu %.3f\n", c->count, since(c->began));
    } else if (strlen(c->alert) == len && memcmp(body + 2, c->alert, len) == 0 && !p->alert_at) {
        p->alert_at = now_ns();
        if (++c->alerts == c->count)
            tell_alert(c);
    }
    fflush(stdout);
}

static void on_packet(struct crowd *c, struct phone *p, uint8_t type, const uint8_t *body, size_t n)
{
    if (type == 0x20 && n == 2 && body[1] == 0) {
        send_subscribe(c, p);
    } else if (type == 0x20) {
        fprintf(stderr, "crowd: the broker refuses the account (%d)\n", n > 1 ? body[1] : -1);
        exit(1);
    } else if (type == 0x90) {
        if (n < 4 || body[2] > 2 || body[3] > 2) {
            fprintf(stderr, "crowd: the broker refuses a topic\n");
            exit(1);
        }
        p->up = true;
        c->connecting--;
        if (++c->up == c->count)
            printf("up %zu %.3f\n", c->count, since(c->began));
        fflush(stdout);
    } else if ((type & 0xf0) == 0x30) {
        on_publish(c, p, type, body, n);
    }
}

/* Whole packets out of what has come; the rest stays. */
static void take_packets(struct crowd *c, struct phone *p)
{
    size_t at = 0;

    while (p->have - at >= 2) {
        size_t head = 2, n = p->in[at + 1];

        if (n & 128) {
            if (p->have - at < 3)
                break;
            n = (n & 127) + 128u * p->in[at + 2];
            head = 3;
        }
        if (p->have - at < head + n)
            break;
        on_packet(c, p, p->in[at], p->in + at + head, n);
        at += head + n;
    }
    memmove(p->in, p->in + at, p->have - at);
    p->have -= at;
}

static void on_readable(struct crowd *c, struct phone *p)
{
    ssize_t n = recv(p->fd, p->in + p->have, sizeof p->in - p->have, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        phone_close(c, p);
        return;
    }
    p->have += (size_t)n;
    take_packets(c, p);
}

static void open_some(struct crowd *c)
{
    int64_t now = now_ns();

    for (size_t i = 0; i < c->count && c->connecting < AT_ONCE; i++)
        if (c->phones[i].fd < 0 && now >= c->phones[i].again)
            phone_open(c, &c->phones[i]);
}

static int run(struct crowd *c)
{
    struct epoll_event in = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];

    epoll_ctl(c->epoll, EPOLL_CTL_ADD, 0, &in);
    c->began = now_ns();
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
        c.phones[i].fd = -1;
    int result = c.phones ? run(&c) : 1;
    free(c.phones);
    return result;
}
