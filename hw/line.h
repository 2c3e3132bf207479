#ifndef PORCHLIGHT_HW_LINE_H
#define PORCHLIGHT_HW_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line, whatever drives it. There are four backends: libgpiod v2 (line_gpiod2.c), libgpiod v1
 * (line_gpiod1.c; the build picks one by pkg-config's version), simulated (hw/sim/), and a button
 * without wires: a key of one of the kernel's input devices (line_evdev.c). Addresses:
 * "gpiochip0:17" (a chip's name and offset), "pinctrl-bcm2711:17" (a chip's label), "GPIO17" (a
 * line's own name, unique on the machine), "sim:front" (simulated, not active when it is opened) or
 * "sim:front=1" (simulated, active when it is opened), "key:AB Shutter3:KEY_F5" (a device's name,
 * or what it calls its uniq or phys, and a key of it) or "key:...:KEY_F5+KEY_ESC" (any of up to
 * LINE_KEYS_MAX keys). */
struct line;

/* What simulated lines share: the socket that drives them (hw/sim/sim_command.h has its commands).
 * Make it once a program, before the first line, and free it after the last. The socket is at
 * `sim_path` (paths.h) only while a simulated line is open. NULL with errno. */
struct sim_bus;
struct sim_bus *sim_bus_new(const char *sim_path);
void sim_bus_free(struct sim_bus *b); /* NULL is safe */

enum line_direction { LINE_INPUT, LINE_OUTPUT };
enum line_bias { LINE_BIAS_AS_IS, LINE_BIAS_PULL_UP, LINE_BIAS_PULL_DOWN, LINE_BIAS_DISABLED };

enum { LINE_ADDRESS_MAX = 128, LINE_KEYS_MAX = 4 };

struct line_spec {
    char address[LINE_ADDRESS_MAX];
    enum line_direction direction;
    enum line_bias bias;
    bool active_low; /* active = low level: a contact to ground with a pull-up. Simulated lines
                        are driven as active or not, and have no other level */
    /* ns; asked of the kernel where it can debounce (v2), ignored elsewhere. It keeps a storm of
     * edges out of the queue and delays each true edge, and its timestamp, by as much: use a
     * fraction of the caller's own settling time. */
    int64_t debounce;
    /* Where /dev/input and /sys are for a button: the prefix; NULL: "". It outlives the line. */
    const char *root;
};

/* One edge. `at`: the kernel's timestamp, ns of CLOCK_MONOTONIC. `active`: after the edge; it may
 * be what it was before, where an edge between was lost or the backend re-read the level itself.
 * `lost`: edges are missing before this one (a gap in the sequence, an overflow): re-read. */
struct line_edge {
    int64_t at;
    bool active;
    bool lost;
    uint32_t seq; /* per line, from 1 (v1 has none: counted here) */
};

/* Says which line, which chip, what is wrong and what to do; for a person. */
struct line_error {
    char text[384];
};

/* Opens one line. `name` ("switch front") is used in messages. `bus` serves simulated lines and
 * outlives them; NULL refuses them. NULL with errno and error->text: ENOENT (no such chip or
 * line), EBUSY (taken: by whom is said), EACCES (not permitted), EINVAL (the address, or a name or
 * label that several share), ENOTSUP (a bias the chip cannot give), or what the kernel said. */
struct line *line_open(const char *name, const struct line_spec *spec, struct sim_bus *bus,
                       struct line_error *error);
void line_free(struct line *l); /* NULL is safe */

/* Readable (POLLIN) when edges may wait; read then, even if nothing comes of it: a simulated line's
 * also wakes for the bus, whose packets are taken in line_read. -1 for an output. */
int line_fd(const struct line *l);

/* Up to `max` (at least 2) waiting edges, oldest first; never blocks. Their number (0: none), or -1
 * with errno (the chip is gone: ENODEV; free the line then). */
ssize_t line_read(struct line *l, struct line_edge *edges, size_t max);

/* The battery of a button, in percent, as the kernel last reported it; -1: not known, or it has
 * none. Never waits: the kernel may ask the button itself, so that another thread reads it. */
int line_battery(struct line *l);

/* The level now, or of a button the one after the last edge that was read: 1 active, 0 not, -1 with
 * errno. Takes no edge away. */
int line_get(struct line *l);

/* Drives an output. 0 or -1 with errno. */
int line_set(struct line *l, bool active);

/* Whether an address is a simulated one, or a button's. */
bool line_is_simulated(const char *address);
bool line_is_button(const char *address);

/* An fd that is readable when a button may have come, or may be opened by now: worth a line_open of
 * one that was missing. `root` as in struct line_spec. -1 with errno. Close it with close(2). */
int line_arrivals_open(const char *root);
/* Takes what is waiting there. */
void line_arrivals_take(int fd, const char *root);

/* The version of the libgpiod that serves real lines, such as "2.2.1". Static storage. */
const char *line_library_version(void);

#endif
