#include "kiosk/wipe/server.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/wipe/run.h"
#include "kiosk/wipe/run_memory.h"
#include "kiosk/wipe/wipe_drill.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A peer that connects has this long to send its request, unless its place is needed. */
#define WORD_TIMEOUT_NS INT64_C(10000000000)
enum { WAITING_MAX = 8 };

/* While a wipe is unfinished: so often is looked at what it waits for. */
enum { AGAIN_MS = 20000 };

/* WORD_LATER: it has not said anything yet. */
enum word {
    WORD_NONE,
    WORD_LATER,
    WORD_WIPE,
    WORD_DRILL,
    WORD_STATUS,
    WORD_FINISH,
    WORD_CHECK,
    WORD_REPORT
};

struct waiting {
    int fd;
    enum word word;
    int64_t until; /* it must have spoken by then */
};

struct client {
    const struct server *serve;
    int fd;                              /* whose word is being done; -1: nobody's, or it is gone */
    struct waiting waiting[WAITING_MAX]; /* others, in the order in which they came */
    size_t waiting_count;
    int mounts; /* mountinfo: readable when it changed; -1: not known */
};

static void send_progress(void *context, const struct wipe_progress *p)
{
    struct client *c = context;

    if (c->fd >= 0 && unix_socket_send(c->fd, p, sizeof *p) < 0) {
        close(c->fd);
        c->fd = -1;
    }
}

static void send_sentence(void *context, const char *sentence)
{
    struct client *c = context;

    if (c->fd >= 0 && unix_socket_send(c->fd, sentence, strlen(sentence)) < 0) {
        close(c->fd);
        c->fd = -1;
    }
}

static void server_refuse(int fd, const char *why)
{
    struct wipe_progress p = {.magic = WIPE_MAGIC, .kind = WIPE_REFUSED, .outcome = WIPE_NOTHING};

    snprintf(p.name, sizeof p.name, "%s", why);
    unix_socket_send(fd, &p, sizeof p);
}

static bool is_allowed(const struct server *s, int fd)
{
    uid_t uid = unix_socket_peer_uid(fd);
    if (uid == (uid_t)-1)
        return false;
    return uid == 0 || uid == s->owner || uid == s->porchlight;
}

/* What the peer has said by now. */
static enum word server_read_word(int fd)
{
    static const struct {
        const char *text;
        enum word word;
    } words[] = {{"WIPE", WORD_WIPE},     {"DRILL", WORD_DRILL}, {"STATUS", WORD_STATUS},
                 {"FINISH", WORD_FINISH}, {"CHECK", WORD_CHECK}, {"REPORT", WORD_REPORT}};
    char text[WIPE_WORD_MAX + 1];
    ssize_t n;

    if (unix_socket_wait(fd, 0) <= 0)
        return WORD_LATER;
    n = unix_socket_receive(fd, text, WIPE_WORD_MAX);
    for (size_t i = 0; n > 0 && i < sizeof words / sizeof *words; i++) {
        if ((size_t)n == strlen(words[i].text) && memcmp(text, words[i].text, (size_t)n) == 0)
            return words[i].word;
    }
    return WORD_NONE;
}

/* STATUS and REPORT, which may be answered in the middle of a wipe. */
static void answer_at_once(const struct server *s, int fd, enum word word)
{
    struct client other = {.serve = s, .fd = fd};
    struct run status = {.prefix = s->prefix,
                         .owner = s->owner,
                         .tell = send_progress,
                         .say = word == WORD_REPORT ? send_sentence : NULL,
                         .context = &other};

    if (word == WORD_NONE)
        server_refuse(fd, "expected WIPE, DRILL, STATUS, REPORT, FINISH or CHECK");
    else if (run_status(&status) < 0)
        server_refuse(fd, WIPE_NEVER_RUN);
    if (other.fd >= 0)
        close(other.fd);
}

/* Nobody waits for who has not spoken yet. */
static void read_words(struct client *c)
{
    int64_t now = clock_now();
    for (size_t i = 0; i < c->waiting_count; i++) {
        struct waiting *w = &c->waiting[i];
        if (w->word == WORD_LATER)
            w->word = server_read_word(w->fd);
        if (w->word == WORD_LATER && now >= w->until)
            w->word = WORD_NONE;
    }
}

static struct waiting server_take_out(struct client *c, size_t i)
{
    struct waiting w = c->waiting[i];

    memmove(c->waiting + i, c->waiting + i + 1, (--c->waiting_count - i) * sizeof w);
    return w;
}

/* The first that has spoken (or has not); waiting_count if there is none. */
static size_t first_waiting(const struct client *c, bool spoken)
{
    size_t i = 0;
    while (i < c->waiting_count && (c->waiting[i].word != WORD_LATER) != spoken)
        i++;
    return i;
}

/* True if there is room for one more; for that, the oldest that sends nothing has to go. */
static bool server_make_room(struct client *c)
{
    size_t i;
    if (c->waiting_count < WAITING_MAX)
        return true;
    read_words(c);
    i = first_waiting(c, false);
    if (i == c->waiting_count)
        return false;
    answer_at_once(c->serve, server_take_out(c, i).fd, WORD_NONE);
    return true;
}

/* 0, or -1 with errno if the socket is broken. */
static int take_new_clients(struct client *c)
{
    while (server_make_room(c)) {
        int fd = unix_socket_accept(c->serve->listen_fd);
        if (fd < 0)
            return errno == EAGAIN ? 0 : -1;
        if (is_allowed(c->serve, fd)) {
            c->waiting[c->waiting_count++] = (struct waiting){
                .fd = fd, .word = WORD_LATER, .until = clock_now() + WORD_TIMEOUT_NS};
            continue;
        }
        log_warning("a request of user %u was refused", (unsigned)unix_socket_peer_uid(fd));
        server_refuse(fd, "this user is not allowed to ask");
        close(fd);
    }
    return 0;
}

/* Between two targets: STATUS and REPORT are answered at once, other requests are kept. True if a
 * real wipe waits. */
static bool server_look_around(void *context)
{
    struct client *c = context;
    bool wipe_waits = false;
    size_t kept = 0;

    take_new_clients(c);
    read_words(c);
    for (size_t i = 0; i < c->waiting_count; i++) {
        struct waiting w = c->waiting[i];
        wipe_waits |= w.word == WORD_WIPE;
        if (w.word == WORD_STATUS || w.word == WORD_REPORT || w.word == WORD_NONE)
            answer_at_once(c->serve, w.fd, w.word);
        else
            c->waiting[kept++] = w;
    }
    c->waiting_count = kept;
    return wipe_waits;
}

static void send_and_look_around(void *context, const struct wipe_progress *p)
{
    send_progress(context, p);
    server_look_around(context);
}

static void server_answer(struct client *c, enum word word)
{
    struct run r = {.prefix = c->serve->prefix,
                    .owner = c->serve->owner,
                    .began = clock_now(),
                    .tell = send_and_look_around,
                    .give_way = server_look_around,
                    .context = c};
    enum progress_state state;

    switch (word) {
    case WORD_WIPE:
        run_wipe(&r);
        break;
    case WORD_DRILL:
        wipe_drill_run(&r);
        break;
    case WORD_FINISH:
        state = run_pending(&r);
        if (state == PROGRESS_THROUGH) { /* a plan without credentials, or asked once more */
            r.tell = send_progress;
            run_status(&r);
            break;
        }
        if (state == PROGRESS_UNREADABLE) {
            server_refuse(c->fd, "the record of the wipe cannot be read; credentials stay");
            break;
        }
        if (state != PROGRESS_LAST && state != PROGRESS_FINISHING && state != PROGRESS_INTENT) {
            server_refuse(c->fd, "no wipe was asked for before; credentials stay");
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
            server_refuse(c->fd, WIPE_NEVER_RUN);
        break;
    case WORD_CHECK:
        r.tell = send_progress;
        run_check(&r);
        break;
    case WORD_NONE:
    case WORD_LATER:
        server_refuse(c->fd, "expected WIPE, DRILL, STATUS, REPORT, FINISH or CHECK");
        break;
    }
}

/* Does the word of the first that has spoken. False if none has. */
static bool serve_next(struct client *c)
{
    struct waiting w;
    size_t i;

    read_words(c);
    i = first_waiting(c, true);
    if (i == c->waiting_count)
        return false;
    w = server_take_out(c, i);
    c->fd = w.fd;
    server_answer(c, w.word);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    return true;
}

static bool is_unfinished(enum progress_state state)
{
    return state == PROGRESS_INTENT || state == PROGRESS_FINISHING;
}

/* An unfinished wipe may wait for what is there now. */
static void server_look_again(const struct client *c)
{
    struct run r = {
        .prefix = c->serve->prefix, .owner = c->serve->owner, .began = clock_now(), .resume = true};
    enum progress_state state = run_pending(&r);

    if (!is_unfinished(state) || !run_wait_is_over(&r))
        return;
    log_warning("what an unfinished wipe waited for is there now: finishing it");
    r.credentials = state == PROGRESS_FINISHING;
    run_wipe(&r);
}

/* Once, as soon as nobody waits: where the targets are, and what came since the last start. */
static void server_look(const struct client *c)
{
    const struct run r = {.prefix = c->serve->prefix, .owner = c->serve->owner};

    run_remember(&r, false);
    server_look_again(c);
}

/* Milliseconds until somebody should have spoken, or something is to be looked at again; -1: none.
 */
static int server_patience(const struct client *c)
{
    const struct run r = {.prefix = c->serve->prefix, .owner = c->serve->owner};
    int64_t left = c->waiting_count ? c->waiting[0].until - clock_now() : 0;

    if (c->waiting_count)
        return left > 0 ? (int)(left / 1000000) + 1 : 0;
    return is_unfinished(run_pending(&r)) ? AGAIN_MS : -1;
}

/* Until somebody comes, speaks, or should have spoken, mounts change, or we are to end. -1 with
 * errno. */
static int wait_for_words(const struct client *c, int signal_fd, bool *end)
{
    enum { SIGNAL, LISTEN, MOUNTS, WAITING, FDS = WAITING + WAITING_MAX };
    struct pollfd fds[FDS] = {[SIGNAL] = {.fd = signal_fd, .events = POLLIN},
                              [LISTEN] = {.fd = c->serve->listen_fd, .events = POLLIN},
                              [MOUNTS] = {.fd = c->mounts, .events = POLLPRI}};
    int ready;

    for (size_t i = 0; i < c->waiting_count; i++)
        fds[WAITING + i] = (struct pollfd){.fd = c->waiting[i].fd, .events = POLLIN};
    ready = poll(fds, WAITING + (nfds_t)c->waiting_count, server_patience(c));
    if (ready < 0 && errno != EINTR)
        return -1;
    *end = fds[SIGNAL].revents != 0;
    /* A server that answers again changes no mount. */
    if ((fds[MOUNTS].revents || (ready == 0 && c->waiting_count == 0)) && !*end &&
        !fds[LISTEN].revents)
        server_look_again(c);
    return 0;
}

int server_run(const struct server *s, int signal_fd)
{
    struct client c = {.serve = s, .fd = -1};
    bool end = false, looked = false;
    int result = 0;

    c.mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    while (result == 0 && !end) {
        if (!looked && c.waiting_count == 0 && unix_socket_wait(s->listen_fd, 0) <= 0) {
            server_look(&c);
            looked = true;
        }
        result = wait_for_words(&c, signal_fd, &end);
        if (result == 0 && !end)
            result = take_new_clients(&c);
        while (serve_next(&c))
            ;
    }
    for (size_t i = 0; i < c.waiting_count; i++)
        close(c.waiting[i].fd);
    file_close(c.mounts);
    return result;
}
