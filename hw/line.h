#ifndef PORCHLIGHT_HW_LINE_H
#define PORCHLIGHT_HW_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The one seam to wires. Three makes stand behind it: libgpiod v2 (line_gpiod2.c), libgpiod v1
 * (line_gpiod1.c; the build picks one by pkg-config's version), simulated (line_sim.c).
 * Addresses: "gpiochip0:17" (a chip's name and offset), "pinctrl-bcm2711:17" (a chip's label),
 * "GPIO17" (a line's own name, unique on the machine), "sim:front" (simulated). */
struct line;

enum line_direction { LINE_INPUT, LINE_OUTPUT };
enum line_bias { LINE_BIAS_AS_IS, LINE_BIAS_PULL_UP, LINE_BIAS_PULL_DOWN, LINE_BIAS_DISABLED };

enum { LINE_ADDRESS_MAX = 64 };

struct line_spec {
    char address[LINE_ADDRESS_MAX];
    enum line_direction direction;
    enum line_bias bias;
    bool active_low;  /* active = low level: a contact to ground with a pull-up */
    int64_t debounce; /* ns; asked of the kernel where it can (v2), else the caller's alone */
};

/* One edge. `at`: the kernel's timestamp, ns of CLOCK_MONOTONIC. `active`: after the edge.
 * `lost`: edges are missing before this one (a gap in the sequence, an overflow): re-read. */
struct line_edge {
    int64_t at;
    bool active;
    bool lost;
    uint32_t seq; /* per line, from 1 (v1 has none: counted here) */
};

/* Says which line, which chip, what is wrong and what to do; for a person. */
struct line_error {
    char text[256];
};

/* Opens one line. `name` ("switch front") stands in messages. For simulated lines `sim_path` is
 * the socket that drives them (paths.h), shared by all; unused by others. NULL with errno and
 * error->text: ENOENT (no such chip or line), EBUSY (taken: by whom is said), EACCES (not
 * permitted), EINVAL (the address). */
struct line *line_open(const char *name, const struct line_spec *spec, const char *sim_path,
                       struct line_error *error);
void line_free(struct line *l); /* NULL is safe */

/* Readable (POLLIN) when edges wait. -1 for an output. */
int line_fd(const struct line *l);

/* Up to `max` waiting edges, oldest first; never blocks. Their number (0: none), or -1 with errno
 * (the chip is gone: ENODEV). */
ssize_t line_read(struct line *l, struct line_edge *edges, size_t max);

/* The level now: 1 active, 0 not, -1 with errno. */
int line_get(struct line *l);

/* Drives an output. 0 or -1 with errno. */
int line_set(struct line *l, bool active);

/* Whether an address is a simulated one. */
bool line_is_simulated(const char *address);

/* The make that serves real lines, for `porchlight doctor`: "libgpiod 2.2.1". Static storage. */
const char *line_make(void);

#endif
