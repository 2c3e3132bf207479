#include "hw/line_learn.h"

#include "hw/line_evdev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line_learn {
    struct evdev_device devices[EVDEV_DEVICES_MAX];
    size_t count;
};

struct line_learn *line_learn_new(const char *root)
{
    char nodes[EVDEV_DEVICES_MAX][16];
    struct line_learn *l = calloc(1, sizeof *l);
    size_t n = l ? evdev_nodes(root ? root : "", nodes) : 0;
    for (size_t i = 0; i < n; i++) {
        struct evdev_device *d = &l->devices[l->count];
        if (evdev_device_open(d, root ? root : "", nodes[i]) < 0)
            continue;
        if (libevdev_has_event_type(d->dev, EV_KEY))
            l->count++;
        else
            evdev_device_close(d);
    }
    return l;
}

void line_learn_free(struct line_learn *l)
{
    for (size_t i = 0; l && i < l->count; i++)
        evdev_device_close(&l->devices[i]);
    free(l);
}

const char *line_learn_device(const struct line_learn *l, size_t i, int *fd)
{
    if (i >= l->count)
        return NULL;
    *fd = l->devices[i].fd;
    return libevdev_get_name(l->devices[i].dev);
}

/* Whether `name` means one device alone, among those with this key. */
static bool learn_is_only(const struct line_learn *l, const char *name, unsigned code)
{
    size_t found = 0;
    for (size_t i = 0; i < l->count; i++)
        found += evdev_device_is(&l->devices[i], name) &&
                 libevdev_has_event_code(l->devices[i].dev, EV_KEY, code);
    return found == 1;
}

static const char *learn_name(const struct line_learn *l, const struct evdev_device *d,
                              unsigned code)
{
    const char *const names[] = {libevdev_get_name(d->dev), libevdev_get_uniq(d->dev),
                                 libevdev_get_phys(d->dev)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && names[i][0] && learn_is_only(l, names[i], code))
            return names[i];
    return names[0];
}

bool line_learn_take(struct line_learn *l, size_t i, char address[LINE_ADDRESS_MAX])
{
    const struct evdev_device *d = &l->devices[i];
    struct input_event e;
    int rc;
    while ((rc = libevdev_next_event(d->dev, LIBEVDEV_READ_FLAG_NORMAL, &e)) >= 0) {
        const char *key = libevdev_event_code_get_name(e.type, e.code);
        if (rc == LIBEVDEV_READ_STATUS_SYNC || e.type != EV_KEY || e.value != 1 || !key)
            continue;
        int len = snprintf(address, LINE_ADDRESS_MAX, "key:%s:%s", learn_name(l, d, e.code), key);
        return len < LINE_ADDRESS_MAX;
    }
    return false;
}
