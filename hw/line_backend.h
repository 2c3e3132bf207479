#ifndef PORCHLIGHT_HW_LINE_BACKEND_H
#define PORCHLIGHT_HW_LINE_BACKEND_H

#include "hw/line.h"
#include "hw/line_address.h"

/* What a make of lines gives to line.c. A make's own struct begins with struct line. The calls
 * have line.h's contracts; set is NULL where a line takes no orders. */
struct line_ops {
    void (*release)(struct line *l); /* frees l too */
    int (*fd)(const struct line *l);
    ssize_t (*read)(struct line *l, struct line_edge *edges, size_t max);
    int (*get)(struct line *l);
    int (*set)(struct line *l, bool active);
};

struct line {
    const struct line_ops *ops;
    enum line_direction direction;
};

/* What can be wrong with a line. */
enum line_trouble {
    LINE_FINE,
    LINE_BAD_ADDRESS,
    LINE_NO_GPIO,      /* the machine has no chip at all */
    LINE_NO_CHIP,      /* none of that name or label */
    LINE_NO_OFFSET,    /* the chip has fewer lines */
    LINE_NO_NAME,      /* no line of that name */
    LINE_MANY_CHIPS,   /* several chips share the label */
    LINE_MANY_NAMES,   /* several lines share the name */
    LINE_BUSY,         /* `detail`: the consumer's name, may be empty */
    LINE_DENIED,       /* `detail`: the device file */
    LINE_NO_BIAS,      /* the chip cannot pull */
    LINE_NO_SIMULATOR, /* a simulated line, where none is to be */
    LINE_OTHER,        /* `detail`: what was tried; errno says why */
};

/* Writes the sentence for a person into *e, sets errno to what line.h promises. `name` and
 * `address` as the config has them; `detail` may be NULL. Always returns NULL, so that a make can
 * return it. */
struct line *line_refuse(struct line_error *e, const char *name, const char *address,
                         enum line_trouble trouble, const char *detail);

/* The makes. line.c has parsed the address. */
struct line *line_gpiod_open(const char *name, const struct line_spec *spec,
                             const struct line_address *a, struct line_error *e);
struct line *line_sim_open(const char *name, const struct line_spec *spec,
                           const struct line_address *a, struct sim_bus *bus, struct line_error *e);

#endif
