#include "hw/line_evdev.h"

#include "hw/battery.h"
#include "hw/line_backend.h"
#include "kiosk/common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

struct evdev_line {
    struct line line;
    struct evdev_device device;
    struct line_keys keys;
    struct battery *battery; /* NULL: there was no memory for it */
};

static struct evdev_line *evdev_line_of(struct line *l)
{
    return (struct evdev_line *)l;
}

static void evdev_release(struct line *l)
{
    struct evdev_line *e = evdev_line_of(l);
    libevdev_grab(e->device.dev, LIBEVDEV_UNGRAB);
    evdev_device_close(&e->device);
    battery_free(e->battery);
    free(e);
}

static int evdev_fd(const struct line *l)
{
    return ((const struct evdev_line *)l)->device.fd;
}

/* Which of the keys the device says are pressed, in the bits of line_keys.down; -1 with errno. The
 * kernel drops the events of keys that wait to be read: take the answer for them. */
static int evdev_down(const struct evdev_line *e)
{
    unsigned char state[KEY_MAX / 8 + 1] = {0};
    int down = 0;
    if (ioctl(e->device.fd, EVIOCGKEY(sizeof state), state) < 0)
        return -1;
    for (size_t i = 0; i < e->keys.count; i++)
        if (state[e->keys.codes[i] / 8] & 1u << e->keys.codes[i] % 8)
            down |= 1 << i;
    return down;
}

/* The kernel's queue was full, and it dropped what was in it. 0 or -1 with errno. */
static int evdev_resync(struct evdev_line *e, struct line_edge *edge)
{
    struct input_event unused;
    while (libevdev_next_event(e->device.dev, LIBEVDEV_READ_FLAG_SYNC, &unused) ==
           LIBEVDEV_READ_STATUS_SYNC)
        continue;
    int down = evdev_down(e);
    if (down < 0)
        return -1;
    *edge = line_keys_reread(&e->keys, (unsigned)down, clock_now());
    return 0;
}

/* 1: an edge, 0: nothing waits, -1 with errno. */
static int evdev_next(struct evdev_line *e, struct line_edge *edge)
{
    struct input_event event;
    for (;;) {
        int rc = libevdev_next_event(e->device.dev, LIBEVDEV_READ_FLAG_NORMAL, &event);
        if (rc == -EAGAIN)
            return line_poll(e->device.fd) < 0 ? -1 : 0;
        if (rc < 0) {
            errno = -rc;
            return -1;
        }
        if (rc == LIBEVDEV_READ_STATUS_SYNC)
            return evdev_resync(e, edge) < 0 ? -1 : 1;
        if (line_keys_event(&e->keys, &event, clock_now(), edge))
            return 1;
    }
}

static ssize_t evdev_read(struct line *l, struct line_edge *edges, size_t max)
{
    size_t n = 0;
    int got = 1;
    while (n < max && (got = evdev_next(evdev_line_of(l), &edges[n])) > 0)
        n++;
    /* What came before the device went is given first; the next call says that it has gone. */
    return n > 0 || got == 0 ? (ssize_t)n : -1;
}

/* Not by asking the device: a press that waits to be read would be lost (evdev_down). */
static int evdev_get(struct line *l)
{
    struct evdev_line *e = evdev_line_of(l);
    return line_poll(e->device.fd) < 0 ? -1 : e->keys.down != 0;
}

static int evdev_battery(struct line *l)
{
    struct evdev_line *e = evdev_line_of(l);
    return e->battery ? battery_percent(e->battery, clock_now()) : -1;
}

static const struct line_ops ops = {evdev_release, evdev_fd, evdev_read,
                                    evdev_get,     NULL,     evdev_battery};

struct line *line_evdev_open(const char *name, const struct line_spec *spec,
                             const struct line_address *a, struct line_error *error)
{
    char detail[LINE_SEEN_MAX];
    const char *root = spec->root ? spec->root : "";
    if (spec->direction == LINE_OUTPUT)
        return line_refuse(error, name, spec->address, LINE_ONLY_INPUT, NULL);
    struct evdev_line *e = calloc(1, sizeof *e);
    if (!e)
        return line_refuse(error, name, spec->address, LINE_OTHER, "memory");
    enum line_trouble trouble = evdev_keys_parse(a->keys, &e->keys, detail, sizeof detail);
    if (trouble == LINE_FINE)
        trouble = evdev_find(root, a, &e->keys, &e->device, detail, sizeof detail);
    if (trouble != LINE_FINE)
        goto free_line;
    /* Nobody else is to see the keys: neither a console nor a desktop. */
    int rc = libevdev_grab(e->device.dev, LIBEVDEV_GRAB);
    if (rc == 0)
        rc = libevdev_set_clock_id(e->device.dev, CLOCK_MONOTONIC);
    int down = rc == 0 ? evdev_down(e) : -1;
    if (down < 0) {
        errno = rc < 0 ? -rc : errno;
        trouble = errno == EBUSY ? LINE_BUTTON_TAKEN : LINE_OTHER;
        memcpy(detail, e->device.node, strlen(e->device.node) + 1);
        int saved = errno;
        evdev_device_close(&e->device);
        errno = saved;
        goto free_line;
    }
    e->keys.down = (unsigned)down;
    e->battery = battery_new(root, e->device.node);
    e->line = (struct line){.ops = &ops, .direction = LINE_INPUT};
    return &e->line;
free_line:
    line_refuse(error, name, spec->address, trouble, detail);
    int saved = errno;
    free(e);
    errno = saved;
    return NULL;
}
