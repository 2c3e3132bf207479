#include "kiosk/alertd/ups_client.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/core/ns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* upsd closes a connection that is idle for a minute. */
#define ASK_EVERY (10 * NS_PER_S)
/* An answer that takes longer does not come. */
#define PATIENCE (4 * NS_PER_S)
#define SILENCE  (25 * NS_PER_S)

enum { PORT = 3493, ROOM = 4096, NAME_MAX_LEN = 64 };

struct ups_client {
    struct loop *loop;
    char name[NAME_MAX_LEN];
    struct sockaddr_in at;
    int fd;     /* -1: not connected */
    bool asked; /* an answer is due by `due`, else the next question is asked then */
    int64_t due;
    char text[ROOM]; /* what has come of the current line */
    size_t len;
    struct ups coming, state;
    int64_t answered_at;
};

static void hang_up(struct ups_client *c)
{
    if (c->fd >= 0) {
        loop_remove(c->loop, c->fd);
        file_close(c->fd);
    }
    c->fd = -1;
    c->asked = false;
    c->len = 0;
}

static void answer_ends(struct ups_client *c, bool good)
{
    c->asked = false;
    c->due = clock_now() + ASK_EVERY;
    if (!good || !c->coming.known)
        return;
    c->state = c->coming;
    c->answered_at = clock_now();
}

static void take_lines(struct ups_client *c)
{
    char *line = c->text, *end;
    while ((end = memchr(line, '\n', c->len - (size_t)(line - c->text)))) {
        *end = '\0';
        enum ups_line what = ups_take(&c->coming, line);
        if (what != UPS_MORE && c->asked)
            answer_ends(c, what == UPS_DONE);
        line = end + 1;
    }
    c->len -= (size_t)(line - c->text);
    memmove(c->text, line, c->len);
}

/* The connection is made, or lines have come. */
static void ups_client_on_ready(void *context, int fd, short revents)
{
    struct ups_client *c = context;
    (void)revents;
    ssize_t n = recv(fd, c->text + c->len, sizeof c->text - c->len, MSG_DONTWAIT);
    if (n > 0) {
        c->len += (size_t)n;
        take_lines(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        hang_up(c);
    if (c->len == sizeof c->text)
        hang_up(c);
}

/* A connection to this machine, or to one beside it, is made at once or when it is next asked. */
static int dial(struct ups_client *c)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if ((connect(fd, (const struct sockaddr *)&c->at, sizeof c->at) == 0 || errno == EINPROGRESS) &&
        loop_add(c->loop, fd, POLLIN, ups_client_on_ready, c) == 0) {
        c->fd = fd;
        return 0;
    }
    file_close(fd);
    return -1;
}

/* A connection that is not made yet is asked a second later. */
static void ask(struct ups_client *c, int64_t now)
{
    char question[NAME_MAX_LEN + 16];
    int len = snprintf(question, sizeof question, "LIST VAR %s\n", c->name);
    ssize_t sent = send(c->fd, question, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
    c->asked = sent == len;
    c->due = now + (c->asked ? PATIENCE : NS_PER_S);
    if (c->asked)
        ups_begin(&c->coming);
    else if (sent >= 0 || errno != EAGAIN)
        hang_up(c);
}

void ups_client_time(struct ups_client *c, int64_t now)
{
    if (now < c->due)
        return;
    if (c->asked)
        hang_up(c);
    if (c->fd < 0 && dial(c) != 0)
        c->due = now + ASK_EVERY;
    else
        ask(c, now);
}

int64_t ups_client_deadline(const struct ups_client *c)
{
    return c->due;
}

const struct ups *ups_client_state(const struct ups_client *c)
{
    return &c->state;
}

bool ups_client_is_silent(const struct ups_client *c, int64_t now)
{
    return now - c->answered_at > SILENCE;
}

struct ups_client *ups_client_new(const char *source, struct loop *loop)
{
    char host[INET_ADDRSTRLEN] = "127.0.0.1";
    unsigned port = PORT;
    struct ups_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct ups_client){.loop = loop, .fd = -1, .due = clock_now()};
    c->answered_at = c->due;
    ups_begin(&c->state);
    sscanf(source, "ups:%63[^@]@%15[^:]:%u", c->name, host, &port);
    if (strcmp(host, "localhost") == 0)
        snprintf(host, sizeof host, "127.0.0.1");
    c->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &c->at.sin_addr);
    return c;
}

void ups_client_free(struct ups_client *c)
{
    if (!c)
        return;
    hang_up(c);
    free(c);
}
