#include "kiosk/wipe/serve.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/local.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/wipe/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A peer that connects has this long to say its word. */
enum { WORD_TIMEOUT_MS = 1000, WAITING_MAX = 8 };

enum word { WORD_NONE, WORD_WIPE, WORD_DRILL, WORD_STATUS, WORD_FINISH, WORD_CHECK, WORD_REPORT };

struct client {
    const struct serve *serve;
    int fd; /* who asked; -1: gone */
    struct {
        int fd;
        enum word word;
    } waiting[WAITING_MAX]; /* others that asked meanwhile for more than STATUS, in their order */
    size_t waiting_count;
};

static void send_progress(void *context, const struct wipe_progress *p)
{
    struct client *c = context;

    if (c->fd >= 0 && local_send(c->fd, p, sizeof *p) < 0) {
        close(c->fd);
        c->fd = -1;
    }
}

static void send_sentence(void *context, const char *sentence)
{
    struct client *c = context;

    if (c->fd >= 0 && local_send(c->fd, sentence, strlen(sentence)) < 0) {
        close(c->fd);
        c->fd = -1;
    }
}

static void refuse(int fd, const char *why)
{
    struct wipe_progress p = {.magic = WIPE_MAGIC, .kind = WIPE_REFUSED, .outcome = WIPE_NOTHING};

    snprintf(p.name, sizeof p.name, "%s", why);
    local_send(fd, &p, sizeof p);
}

static bool is_allowed(const struct serve *s, int fd)
{
    uid_t uid = local_peer_uid(fd);

    if (uid == (uid_t)-1)
        return false;
    return uid == 0 || uid == s->owner || uid == s->porchlight;
}

static enum word read_word(int fd)
{
    static const struct {
        const char *text;
        enum word word;
    } words[] = {{"WIPE", WORD_WIPE},     {"DRILL", WORD_DRILL}, {"STATUS", WORD_STATUS},
                 {"FINISH", WORD_FINISH}, {"CHECK", WORD_CHECK}, {"REPORT", WORD_REPORT}};
    char text[WIPE_WORD_MAX + 1];
    ssize_t n;

    if (local_wait(fd, WORD_TIMEOUT_MS) <= 0)
        return WORD_NONE;
    n = local_receive(fd, text, WIPE_WORD_MAX);
    for (size_t i = 0; n > 0 && i < sizeof words / sizeof *words; i++) {
        if ((size_t)n == strlen(words[i].text) && memcmp(text, words[i].text, (size_t)n) == 0)
            return words[i].word;
    }
    return WORD_NONE;
}

static void answer(struct client *c, enum word word);

/* Between two targets: STATUS and REPORT are answered at once, other requests are kept. True if a
 * real wipe waits. */
static bool look_around(void *context)
{
    struct client *c = context;
    struct run status = {.prefix = c->serve->prefix, .owner = c->serve->owner};
    bool wipe_waits = false;
    int fd;

    while (c->waiting_count < WAITING_MAX && (fd = local_accept(c->serve->listen_fd)) >= 0) {
        struct client other = {.serve = c->serve, .fd = fd};
        enum word word = is_allowed(c->serve, fd) ? read_word(fd) : WORD_NONE;

        status.tell = send_progress;
        status.say = word == WORD_REPORT ? send_sentence : NULL;
        status.context = &other;
        if (word != WORD_STATUS && word != WORD_REPORT && word != WORD_NONE) {
            c->waiting[c->waiting_count].fd = fd;
            c->waiting[c->waiting_count++].word = word;
            continue;
        }
        if (word != WORD_NONE)
            run_status(&status);
        else
            refuse(fd, "expected WIPE, DRILL, STATUS, REPORT, FINISH or CHECK");
        if (other.fd >= 0)
            close(other.fd);
    }
    for (size_t i = 0; i < c->waiting_count; i++)
        wipe_waits |= c->waiting[i].word == WORD_WIPE;
    return wipe_waits;
}

static void tell_and_look(void *context, const struct wipe_progress *p)
{
    send_progress(context, p);
    look_around(context);
}

static void answer(struct client *c, enum word word)
{
    struct run r = {.prefix = c->serve->prefix,
                    .owner = c->serve->owner,
                    .drill = word == WORD_DRILL,
                    .began = clock_now(),
                    .tell = tell_and_look,
                    .give_way = look_around,
                    .context = c};
    enum progress_state state;

    switch (word) {
    case WORD_WIPE:
    case WORD_DRILL:
        run_wipe(&r);
        break;
    case WORD_FINISH:
        state = run_pending(&r);
        if (state == PROGRESS_THROUGH) { /* a plan without credentials, or asked once more */
            r.tell = send_progress;
            run_status(&r);
            break;
        }
        if (state == PROGRESS_UNREADABLE) {
            refuse(c->fd, "the record of the wipe cannot be read; credentials stay");
            break;
        }
        if (state != PROGRESS_LAST && state != PROGRESS_FINISHING && state != PROGRESS_INTENT) {
            refuse(c->fd, "no wipe has come so far; credentials stay");
            break;
        }
        r.credentials = true;
        r.resume = true;
        run_wipe(&r);
        break;
    case WORD_REPORT:
        r.say = send_sentence;
        /* fallthrough */
    case WORD_STATUS:
        r.tell = send_progress;
        if (run_status(&r) < 0)
            refuse(c->fd, WIPE_NEVER_RUN);
        break;
    case WORD_CHECK:
        r.tell = send_progress;
        run_check(&r);
        break;
    case WORD_NONE:
        refuse(c->fd, "expected WIPE, DRILL, STATUS, REPORT, FINISH or CHECK");
        break;
    }
}

static void serve_one(const struct serve *s, int fd)
{
    struct client c = {.serve = s, .fd = fd};

    if (!is_allowed(s, fd)) {
        log_warning("a request of user %u was refused", (unsigned)local_peer_uid(fd));
        refuse(fd, "this user may not ask");
    } else {
        answer(&c, read_word(fd));
    }
    if (c.fd >= 0)
        close(c.fd);
    while (c.waiting_count > 0) {
        enum word word = c.waiting[0].word;
        c.fd = c.waiting[0].fd;
        memmove(c.waiting, c.waiting + 1, --c.waiting_count * sizeof c.waiting[0]);
        answer(&c, word);
        if (c.fd >= 0)
            close(c.fd);
    }
}

int serve_run(const struct serve *s, int signal_fd)
{
    enum { LISTEN, SIGNAL, FDS };
    struct pollfd fds[FDS] = {[LISTEN] = {.fd = s->listen_fd, .events = POLLIN},
                              [SIGNAL] = {.fd = signal_fd, .events = POLLIN}};

    for (;;) {
        int fd;

        if (poll(fds, FDS, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (fds[SIGNAL].revents)
            return 0;
        if (!fds[LISTEN].revents)
            continue;
        fd = local_accept(s->listen_fd);
        if (fd >= 0)
            serve_one(s, fd);
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            return -1;
    }
}
