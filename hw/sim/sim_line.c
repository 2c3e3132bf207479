#include "hw/sim/sim_line.h"

#include "hw/line_edges.h"
#include "hw/sim/sim_bus.h"

#include "kiosk/common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- what happens to a line --- */

static void wake(struct sim_line *s)
{
    if (s->wake_fd >= 0)
        eventfd_write(s->wake_fd, 1);
}

static void rest(struct sim_line *s)
{
    eventfd_t count;
    if (s->waiting == 0 && !s->gone)
        eventfd_read(s->wake_fd, &count);
}

static void sim_line_remember(struct sim_line *s, bool active, int64_t at)
{
    s->active = active;
    s->last_at = at;
    s->history[s->changes++ % SIM_HISTORY] = (struct sim_change){active, at};
}

void sim_line_edge(struct sim_line *s, bool active, int64_t at, bool lost)
{
    sim_line_remember(s, active, at);
    s->seq++;
    if (lost || s->gone)
        return;
    if (s->waiting == SIM_QUEUE) {
        s->first = (s->first + 1) % SIM_QUEUE;
        s->waiting--;
    }
    s->queue[(s->first + s->waiting) % SIM_QUEUE] =
        (struct line_edge){.at = at, .active = active, .seq = s->seq};
    s->waiting++;
    wake(s);
}

void sim_line_gone(struct sim_line *s)
{
    s->gone = true;
    wake(s);
}

/* --- the make --- */

static struct sim_line *of(struct line *l)
{
    return (struct sim_line *)l;
}

static void close_fds(struct sim_line *s)
{
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    if (s->poll_fd >= 0)
        close(s->poll_fd);
}

static void sim_release(struct line *l)
{
    struct sim_line *s = of(l);
    sim_bus_leave(s->bus, s);
    close_fds(s);
    free(s);
}

static int sim_fd(const struct line *l)
{
    return ((const struct sim_line *)l)->poll_fd;
}

static ssize_t sim_read(struct line *l, struct line_edge *edges, size_t max)
{
    struct sim_line *s = of(l);
    size_t n = 0;
    sim_bus_serve(s->bus);
    if (s->gone) {
        errno = ENODEV;
        return -1;
    }
    for (; n < max && s->waiting > 0; n++) {
        edges[n] = s->queue[s->first];
        edges[n].lost = line_seq_gap(&s->last_read, edges[n].seq);
        s->first = (s->first + 1) % SIM_QUEUE;
        s->waiting--;
    }
    rest(s);
    return (ssize_t)n;
}

static int sim_get(struct line *l)
{
    struct sim_line *s = of(l);
    sim_bus_serve(s->bus);
    if (s->gone) {
        errno = ENODEV;
        return -1;
    }
    return s->active;
}

static int sim_set(struct line *l, bool active)
{
    struct sim_line *s = of(l);
    if (s->gone) {
        errno = ENODEV;
        return -1;
    }
    if (s->active != active)
        sim_line_remember(s, active, clock_now());
    return 0;
}

static const struct line_ops ops = {sim_release, sim_fd, sim_read, sim_get, sim_set};

static int sim_line_watch(int poll_fd, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e);
}

/* An input's fd is readable for its own edges and for the bus, whose commands any line takes. */
static int open_fds(struct sim_line *s)
{
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->wake_fd < 0 || s->poll_fd < 0)
        return -1;
    return sim_line_watch(s->poll_fd, s->wake_fd) < 0 ? -1
                                                      : sim_line_watch(s->poll_fd, s->bus->poll_fd);
}

static struct line *refuse_errno(const char *name, const struct line_spec *spec, const char *detail,
                                 struct line_error *e)
{
    return line_refuse(e, name, spec->address, LINE_OTHER, detail);
}

struct line *line_sim_open(const char *name, const struct line_spec *spec,
                           const struct line_address *a, struct sim_bus *bus, struct line_error *e)
{
    if (sim_bus_find(bus, a->name) || sim_bus_is_busy(bus, a->name))
        return line_refuse(e, name, spec->address, LINE_BUSY, "another simulated line");
    struct sim_line *s = calloc(1, sizeof *s);
    if (!s)
        return refuse_errno(name, spec, "memory", e);
    s->line = (struct line){.ops = &ops, .direction = spec->direction};
    s->bus = bus;
    s->active = a->active && spec->direction == LINE_INPUT;
    memcpy(s->name, a->name, strlen(a->name) + 1);
    s->wake_fd = s->poll_fd = -1;
    if (spec->direction == LINE_INPUT && open_fds(s) < 0) {
        refuse_errno(name, spec, "its descriptors", e);
        goto free_line;
    }
    if (sim_bus_join(bus, s) == 0)
        return &s->line;
    refuse_errno(name, spec, bus->path, e);
free_line:;
    int saved = errno;
    close_fds(s);
    free(s);
    errno = saved;
    return NULL;
}
