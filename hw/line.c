#include "hw/line.h"

#include "hw/line_address.h"
#include "hw/line_backend.h"
#include "hw/line_errors.h"

#include <errno.h>

struct line *line_open(const char *name, const struct line_spec *spec, struct sim_bus *bus,
                       struct line_error *error)
{
    struct line_address a;
    if (line_address_parse(spec->address, &a) < 0)
        return line_refuse(error, name, spec->address, LINE_BAD_ADDRESS, NULL);
    if (a.kind == LINE_BUTTON)
        return line_evdev_open(name, spec, &a, error);
    if (a.kind != LINE_SIMULATED)
        return line_gpiod_open(name, spec, &a, error);
    if (!bus)
        return line_refuse(error, name, spec->address, LINE_NO_SIMULATOR, NULL);
    return line_sim_open(name, spec, &a, bus, error);
}

void line_free(struct line *l)
{
    if (l)
        l->ops->release(l);
}

int line_fd(const struct line *l)
{
    return l->direction == LINE_OUTPUT ? -1 : l->ops->fd(l);
}

ssize_t line_read(struct line *l, struct line_edge *edges, size_t max)
{
    if (l->direction == LINE_OUTPUT || max < 2) {
        errno = EINVAL;
        return -1;
    }
    return l->ops->read(l, edges, max);
}

int line_get(struct line *l)
{
    return l->ops->get(l);
}

int line_battery(struct line *l)
{
    return l->ops->battery ? l->ops->battery(l) : -1;
}

int line_set(struct line *l, bool active)
{
    if (l->direction != LINE_OUTPUT) {
        errno = EPERM;
        return -1;
    }
    return l->ops->set(l, active);
}
