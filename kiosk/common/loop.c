#include "kiosk/common/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct watch {
    loop_fn *fn;
    void *context;
};

/* Slot 0 is the timer's. A removed slot has fd -1 (poll skips it) and is used again by the next
 * loop_add, or dropped at the start of the next turn. */
struct loop {
    struct pollfd polls[LOOP_MAX + 1];
    struct watch watches[LOOP_MAX + 1];
    nfds_t count;
    int64_t armed; /* what the timerfd is set to; INT64_MAX: disarmed */
};

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0) {
        free(l);
        return NULL;
    }
    l->polls[0] = (struct pollfd){.fd = timer, .events = POLLIN};
    l->count = 1;
    l->armed = INT64_MAX;
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    close(l->polls[0].fd);
    free(l);
}

static nfds_t slot_of(const struct loop *l, int fd)
{
    nfds_t i = 1;
    while (i < l->count && l->polls[i].fd != fd)
        i++;
    return i;
}

int loop_add(struct loop *l, int fd, short events, loop_fn *fn, void *context)
{
    if (fd < 0) {
        errno = EBADF;
        return -1;
    }
    if (slot_of(l, fd) < l->count) {
        errno = EEXIST;
        return -1;
    }
    nfds_t i = slot_of(l, -1);
    if (i > LOOP_MAX) {
        errno = ENOSPC;
        return -1;
    }
    l->polls[i] = (struct pollfd){.fd = fd, .events = events};
    l->watches[i] = (struct watch){.fn = fn, .context = context};
    if (i == l->count)
        l->count++;
    return 0;
}

void loop_remove(struct loop *l, int fd)
{
    nfds_t i = slot_of(l, fd);
    if (fd >= 0 && i < l->count)
        l->polls[i] = (struct pollfd){.fd = -1};
}

/* A timerfd in the past fires at once; zero would disarm it. */
void loop_deadline(struct loop *l, int64_t at)
{
    struct itimerspec t = {0};

    if (at == l->armed)
        return;
    if (at != INT64_MAX) {
        int64_t ns = at > 0 ? at : 1;
        t.it_value.tv_sec = ns / 1000000000;
        t.it_value.tv_nsec = (long)(ns % 1000000000);
    }
    if (timerfd_settime(l->polls[0].fd, TFD_TIMER_ABSTIME, &t, NULL) == 0)
        l->armed = at;
}

static void drop_removed(struct loop *l)
{
    nfds_t kept = 1;
    for (nfds_t i = 1; i < l->count; i++) {
        if (l->polls[i].fd < 0)
            continue;
        l->polls[kept] = l->polls[i];
        l->watches[kept] = l->watches[i];
        kept++;
    }
    l->count = kept;
}

int loop_turn(struct loop *l)
{
    drop_removed(l);
    if (poll(l->polls, l->count, -1) < 0)
        return errno == EINTR ? 0 : -1;
    if (l->polls[0].revents) {
        uint64_t times;
        if (read(l->polls[0].fd, &times, sizeof times) == sizeof times)
            l->armed = INT64_MAX;
    }
    nfds_t ready = l->count;
    for (nfds_t i = 1; i < ready; i++) {
        short revents = l->polls[i].revents;
        l->polls[i].revents = 0;
        if (revents) /* a removed slot has none */
            l->watches[i].fn(l->watches[i].context, l->polls[i].fd, revents);
    }
    return 0;
}
