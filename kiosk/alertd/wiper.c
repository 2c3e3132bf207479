#include "kiosk/alertd/wiper.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long after an attempt that got no report, and after one that failed, the next one follows. */
#define AGAIN        (2 * NS_PER_S)
#define AGAIN_FAILED (60 * NS_PER_S)
/* How often the plan is checked: when it was good, and when it was not. */
#define CHECK_GOOD (3600 * NS_PER_S)
#define CHECK_BAD  (30 * NS_PER_S)

static const char *const words[] = {[WIPER_DRILL] = "DRILL",
                                    [WIPER_WIPE] = "WIPE",
                                    [WIPER_FINISH] = "FINISH",
                                    [WIPER_CHECK] = "CHECK"};

struct wiper {
    char path[PATH_LEN];
    struct loop *loop;
    struct wiper_listener listener;
    int fd; /* -1: nothing runs */
    enum wiper_work running, owed;
    int64_t again_at;
    int64_t check_at;  /* NS_NEVER: not wanted */
    const char *unfit; /* what ready() last reported; NULL: ready */
    bool complained;
};

static void wiper_disconnect(struct wiper *w)
{
    if (w->fd < 0)
        return;
    loop_remove(w->loop, w->fd);
    close(w->fd);
    w->fd = -1;
    w->running = WIPER_NOTHING;
}

static void report_ready(struct wiper *w, const char *unfit)
{
    if (w->check_at != NS_NEVER)
        w->check_at = clock_now() + (unfit ? CHECK_BAD : CHECK_GOOD);
    if ((!unfit) != (!w->unfit))
        w->listener.ready(w->listener.context, unfit);
    w->unfit = unfit;
}

static void wiper_finished(struct wiper *w, const struct wipe_progress *p)
{
    enum wiper_work was = w->running;
    wiper_disconnect(w);
    if (was == w->owed && (p->outcome != WIPE_FAILED || was == WIPER_WIPE))
        w->owed = WIPER_NOTHING;
    else
        w->again_at = clock_now() + AGAIN_FAILED;
    log_info("porchlight-wipe: %s", wipe_outcome_name(p->outcome));
    w->listener.ended(w->listener.context, was, p->outcome, p->took_ns);
}

static void wiper_refused(struct wiper *w, const char *why)
{
    if (w->running != WIPER_CHECK || !w->unfit)
        log_error("porchlight-wipe refuses to work: %s", why);
    if (w->running != WIPER_FINISH)
        report_ready(w, "wipe-plan");
    else
        w->again_at = clock_now() + AGAIN_FAILED;
    wiper_disconnect(w);
}

static void on_progress(void *context, int fd, short revents)
{
    (void)revents;
    struct wiper *w = context;
    struct wipe_progress p;
    ssize_t n = unix_socket_receive(fd, &p, sizeof p);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof p || p.magic != WIPE_MAGIC) {
        if (w->running == WIPER_CHECK)
            report_ready(w, "wipe-absent");
        wiper_disconnect(w);
    } else if (p.kind == WIPE_END && w->running == WIPER_CHECK) {
        wiper_disconnect(w);
        report_ready(w, NULL);
    } else if (p.kind == WIPE_END) {
        wiper_finished(w, &p);
    } else if (p.kind == WIPE_REFUSED) {
        p.name[sizeof p.name - 1] = '\0';
        wiper_refused(w, p.name);
    }
}

static void wiper_complain(struct wiper *w, const char *what)
{
    if (!w->complained)
        log_error("porchlight-wipe at %s %s: %s; it is tried again. Check systemctl status "
                  "porchlight-wipe",
                  w->path, what, strerror(errno));
    w->complained = true;
}

static void wiper_request(struct wiper *w, enum wiper_work work, int64_t now)
{
    w->again_at = now + AGAIN;
    w->fd = unix_socket_connect(w->path);
    if (w->fd < 0) {
        wiper_complain(w, "cannot be reached");
        report_ready(w, "wipe-absent");
        return;
    }
    if (loop_add(w->loop, w->fd, POLLIN, on_progress, w) != 0 ||
        unix_socket_send(w->fd, words[work], strlen(words[work])) != 0) {
        wiper_complain(w, "does not accept a request");
        wiper_disconnect(w);
        return;
    }
    w->complained = false;
    w->running = work;
}

struct wiper *wiper_new(const char *path, struct loop *loop, const struct wiper_listener *listener)
{
    struct wiper *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    snprintf(w->path, sizeof w->path, "%s", path);
    w->loop = loop;
    w->listener = *listener;
    w->fd = -1;
    w->again_at = w->check_at = NS_NEVER;
    return w;
}

void wiper_free(struct wiper *w)
{
    if (!w)
        return;
    wiper_disconnect(w);
    free(w);
}

void wiper_ask(struct wiper *w, enum wiper_work work, int64_t now)
{
    bool real = work != WIPER_DRILL;
    if (real)
        w->owed = work;
    if (w->running == work || (!real && w->owed != WIPER_NOTHING))
        return;
    wiper_disconnect(w); /* a rehearsal makes room for what is real */
    wiper_request(w, work, now);
}

void wiper_check(struct wiper *w, bool wanted, int64_t now)
{
    w->check_at = wanted ? now : NS_NEVER;
    if (!wanted && w->unfit)
        report_ready(w, NULL);
}

static bool wiper_owes(const struct wiper *w)
{
    return w->owed != WIPER_NOTHING && w->running != w->owed;
}

void wiper_time(struct wiper *w, int64_t now)
{
    if (wiper_owes(w) && now >= w->again_at) {
        wiper_disconnect(w);
        wiper_request(w, w->owed, now);
    } else if (now >= w->check_at && w->running == WIPER_NOTHING && w->owed == WIPER_NOTHING) {
        w->check_at = now + CHECK_BAD;
        wiper_request(w, WIPER_CHECK, now);
    }
}

int64_t wiper_deadline(const struct wiper *w)
{
    if (wiper_owes(w))
        return w->again_at;
    return w->running == WIPER_NOTHING && w->owed == WIPER_NOTHING ? w->check_at : NS_NEVER;
}

bool wiper_busy(const struct wiper *w)
{
    return w->owed != WIPER_NOTHING || (w->running != WIPER_NOTHING && w->running != WIPER_CHECK);
}
