#include "hw/line_errors.h"
#include "hw/sim/sim_bus.h"

#include "kiosk/common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct sim_line *sim_line_of(struct line *l)
{
    return (struct sim_line *)l;
}

static void sim_close_fds(struct sim_line *s)
{
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    if (s->poll_fd >= 0)
        close(s->poll_fd);
}

static void sim_release(struct line *l)
{
    struct sim_line *s = sim_line_of(l);
    sim_bus_leave(s->bus, s);
    sim_close_fds(s);
    free(s);
}

static int sim_fd(const struct line *l)
{
    return ((const struct sim_line *)l)->poll_fd;
}

/* Takes the commands that wait, for all lines. 0, or -1 with errno: this line's chip is gone. */
static int sim_serve(struct sim_line *s)
{
    sim_bus_serve(s->bus);
    if (!s->gone)
        return 0;
    errno = ENODEV;
    return -1;
}

static ssize_t sim_read(struct line *l, struct line_edge *edges, size_t max)
{
    struct sim_line *s = sim_line_of(l);
    return sim_serve(s) < 0 ? -1 : (ssize_t)sim_line_take(s, edges, max);
}

static int sim_get(struct line *l)
{
    struct sim_line *s = sim_line_of(l);
    return sim_serve(s) < 0 ? -1 : s->active;
}

static int sim_set(struct line *l, bool active)
{
    struct sim_line *s = sim_line_of(l);
    if (s->gone) {
        errno = ENODEV;
        return -1;
    }
    if (s->active != active)
        sim_line_remember(s, active, clock_now());
    return 0;
}

static const struct line_ops ops = {sim_release, sim_fd, sim_read, sim_get, sim_set, NULL};

static int sim_watch(int poll_fd, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e);
}

/* An input's fd is readable for its own edges and for the bus, whose commands any line takes. */
static int sim_open_fds(struct sim_line *s)
{
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->wake_fd < 0 || s->poll_fd < 0)
        return -1;
    return sim_watch(s->poll_fd, s->wake_fd) < 0 ? -1 : sim_watch(s->poll_fd, s->bus->poll_fd);
}

struct line *line_sim_open(const char *name, const struct line_spec *spec,
                           const struct line_address *a, struct sim_bus *bus, struct line_error *e)
{
    if (sim_lines_find(&bus->lines, a->name) || sim_lines_is_busy(&bus->lines, a->name))
        return line_refuse(e, name, spec->address, LINE_BUSY, "another simulated line");
    struct sim_line *s = calloc(1, sizeof *s);
    if (!s)
        return line_refuse(e, name, spec->address, LINE_OTHER, "memory");
    s->line = (struct line){.ops = &ops, .direction = spec->direction};
    s->bus = bus;
    s->active = a->active && spec->direction == LINE_INPUT;
    memcpy(s->name, a->name, strlen(a->name) + 1);
    s->wake_fd = s->poll_fd = -1;
    if (spec->direction == LINE_INPUT && sim_open_fds(s) < 0) {
        line_refuse(e, name, spec->address, LINE_OTHER, "its descriptors");
        goto free_line;
    }
    if (sim_bus_join(bus, s) == 0)
        return &s->line;
    line_refuse(e, name, spec->address, LINE_OTHER, bus->path);
free_line:;
    int saved = errno;
    sim_close_fds(s);
    free(s);
    errno = saved;
    return NULL;
}
