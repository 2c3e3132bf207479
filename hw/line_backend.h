#ifndef PORCHLIGHT_HW_LINE_BACKEND_H
#define PORCHLIGHT_HW_LINE_BACKEND_H

#include "hw/line.h"
#include "hw/line_address.h"

/* What a backend gives to line.c. A backend's own struct begins with struct line. The calls have
 * line.h's contracts; line.c has checked the direction. */
struct line_ops {
    void (*release)(struct line *l); /* frees l too */
    int (*fd)(const struct line *l);
    ssize_t (*read)(struct line *l, struct line_edge *edges, size_t max);
    int (*get)(struct line *l);
    int (*set)(struct line *l, bool active);
    int (*battery)(struct line *l); /* NULL: no line of this backend has one */
};

struct line {
    const struct line_ops *ops;
    enum line_direction direction;
};

/* The backends, each in a file of its name. line.c has parsed the address. */
struct line *line_gpiod_open(const char *name, const struct line_spec *spec,
                             const struct line_address *a, struct line_error *e);
struct line *line_sim_open(const char *name, const struct line_spec *spec,
                           const struct line_address *a, struct sim_bus *bus, struct line_error *e);
struct line *line_evdev_open(const char *name, const struct line_spec *spec,
                             const struct line_address *a, struct line_error *e);

/* For backends. 1: something can be read from fd, 0: nothing waits, -1 with errno (ENODEV: the chip
 * or device is gone). */
int line_poll(int fd);

#endif
