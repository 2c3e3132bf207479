#include "kiosk/common/daemon_loop.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/daemon.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void daemon_on_signal(void *context, int fd, short revents)
{
    struct daemon_loop *d = context;
    (void)revents;
    for (int signal; (signal = daemon_signal_next(fd)) != 0;) {
        if (signal == SIGHUP)
            d->reload(d->context);
        else
            d->stop = true;
    }
}

int daemon_loop_begin(struct daemon_loop *d)
{
    d->signals = daemon_signals((const int[]){d->reload ? SIGHUP : 0, 0});
    d->loop = d->signals < 0 ? NULL : loop_new();
    if (d->loop && loop_add(d->loop, d->signals, POLLIN, daemon_on_signal, d) == 0)
        return 0;
    log_error("cannot start: %s", strerror(errno));
    return -1;
}

int daemon_loop_run(struct daemon_loop *d, int64_t (*time)(void *context, int64_t now),
                    void *context)
{
    struct daemon_watchdog watchdog = daemon_watchdog();
    daemon_ready();
    while (!d->stop) {
        int64_t now = clock_now();
        int64_t due = time(context, now), feed = daemon_watchdog_feed(&watchdog, now);
        loop_deadline(d->loop, due < feed ? due : feed);
        if (loop_turn(d->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return -1;
        }
    }
    daemon_stopping();
    return 0;
}

void daemon_loop_end(struct daemon_loop *d)
{
    if (!d->loop)
        return;
    loop_free(d->loop);
    close(d->signals);
    d->loop = NULL;
}
