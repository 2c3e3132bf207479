#include "tests/bench/mini_mqtt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t mini_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static size_t bytes_put(uint8_t *out, const void *bytes, size_t n)
{
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    memcpy(out + 2, bytes, n);
    return n + 2;
}

size_t mini_text(uint8_t *out, const char *text)
{
    return bytes_put(out, text, strlen(text));
}

int mini_open(struct mini_conn *c, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    c->have = 0;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) {
        close(c->fd);
        c->fd = -1;
    }
    if (c->fd < 0)
        return -1;
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return 0;
}

void mini_send(struct mini_conn *c, uint8_t type, const uint8_t *body, size_t n)
{
    uint8_t out[MINI_PACKET_MAX + 4];
    size_t at = 0;
    out[at++] = type;
    if (n > 127) {
        out[at++] = (uint8_t)(n % 128) | 128;
        out[at++] = (uint8_t)(n / 128);
    } else {
        out[at++] = (uint8_t)n;
    }
    memcpy(out + at, body, n);
    if (send(c->fd, out, at + n, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
        shutdown(c->fd, SHUT_RDWR);
}

void mini_connect(struct mini_conn *c, const char *id, const char *user, const char *password,
                  const char *will_topic, const uint8_t *will, size_t will_len)
{
    enum { CLEAN = 0x02, WILL_KEPT = 0x2c, USER_AND_PASSWORD = 0xc0, KEEPALIVE_S = 120 };
    uint8_t body[MINI_PACKET_MAX] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, KEEPALIVE_S};
    size_t n = 10;
    body[7] = USER_AND_PASSWORD | CLEAN | (will_topic ? WILL_KEPT : 0);
    n += mini_text(body + n, id);
    if (will_topic) {
        n += mini_text(body + n, will_topic);
        n += bytes_put(body + n, will, will_len);
    }
    n += mini_text(body + n, user);
    n += mini_text(body + n, password);
    mini_send(c, 0x10, body, n);
}

static void packet_take(struct mini_conn *c, mini_packet *on, void *context, uint8_t type,
                        const uint8_t *body, size_t n)
{
    size_t len = n >= 2 ? (size_t)(body[0] << 8 | body[1]) : n;
    if ((type & 0xf0) != MINI_PUBLISH) {
        on(context, type, body, n, NULL, 0);
        return;
    }
    if (len + 2 + (type & 6 ? 2 : 0) > n)
        return;
    if (type & 6)
        mini_send(c, MINI_PUBACK, body + 2 + len, 2);
    on(context, MINI_PUBLISH, body, n, (const char *)body + 2, len);
}

bool mini_take(struct mini_conn *c, mini_packet *on, void *context)
{
    size_t at = 0;
    ssize_t got = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return false;
    c->have += (size_t)got;
    while (c->have - at >= 2) {
        size_t head = 2, n = c->in[at + 1];
        if (n & 128) {
            if (c->have - at < 3)
                break;
            n = (n & 127) + 128u * c->in[at + 2];
            head = 3;
        }
        if (c->have - at < head + n)
            break;
        packet_take(c, on, context, c->in[at], c->in + at + head, n);
        at += head + n;
    }
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
    return true;
}
