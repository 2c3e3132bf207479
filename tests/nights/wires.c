#include "tests/nights/wires.h"

#include "hw/line.h"
#include "tests/nights/fds.h"
#include "tests/nights/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRES = 32, WAITING = 16 };

struct wire {
    const struct machine *machine;
    char address[LINE_ADDRESS_MAX];
    bool active, gone;
    struct line *line; /* NULL: nobody has it open */
};

struct line {
    struct wire *wire;
    int fd;
    bool output;
    struct line_edge edges[WAITING];
    size_t count;
    uint32_t seq;
};

static struct wire wires[WIRES];
static size_t wires_count;

void wires_begin(void)
{
    wires_count = 0;
}

static struct wire *wire_of(const struct machine *m, const char *address)
{
    for (size_t i = 0; i < wires_count; i++)
        if (wires[i].machine == m && strcmp(wires[i].address, address) == 0)
            return &wires[i];
    struct wire *w = &wires[wires_count++];
    *w = (struct wire){.machine = m};
    snprintf(w->address, sizeof w->address, "%s", address);
    return w;
}

void wire_set_unseen(struct machine *m, const char *address, bool active)
{
    wire_of(m, address)->active = active;
}

void wire_set(struct machine *m, const char *address, bool active)
{
    struct wire *w = wire_of(m, address);
    struct line *l = w->line;
    bool changed = w->active != active;
    w->active = active;
    if (!l || !changed || w->gone)
        return;
    bool lost = l->count == WAITING;
    if (lost)
        l->count--;
    l->edges[l->count++] = (struct line_edge){
        .at = machine_monotonic(m), .active = active, .lost = lost, .seq = ++l->seq};
    fd_changed(l->fd);
}

bool wire_get(const struct machine *m, const char *address)
{
    return wire_of(m, address)->active;
}

void wire_pull(struct machine *m, const char *address, bool gone)
{
    struct wire *w = wire_of(m, address);
    w->gone = gone;
    if (w->line)
        fd_changed(w->line->fd);
}

/* --- hw/line.h ------------------------------------------------------------------------------- */

static bool line_readable(void *object)
{
    const struct line *l = object;
    return l->count > 0 || l->wire->gone;
}

static void line_closed(void *object, bool cut, bool power)
{
    struct line *l = object;
    (void)power;
    if (cut)
        l->wire->line = NULL;
}

static const struct fd_kind line_kind = {.readable = line_readable, .closed = line_closed};

struct sim_bus *sim_bus_new(const char *sim_path)
{
    (void)sim_path;
    static char bus;
    return (struct sim_bus *)&bus;
}

void sim_bus_free(struct sim_bus *b)
{
    (void)b;
}

struct line *line_open(const char *name, const struct line_spec *spec, struct sim_bus *bus,
                       struct line_error *error)
{
    (void)bus;
    struct wire *w = wire_of(machine_now(), spec->address);
    if (w->gone) {
        snprintf(error->text, sizeof error->text, "%s: no such line", name);
        errno = ENOENT;
        return NULL;
    }
    struct line *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->wire = w;
    l->output = spec->direction == LINE_OUTPUT;
    l->fd = l->output ? -1 : fd_open(&line_kind, l);
    if (!l->output)
        w->line = l;
    return l;
}

void line_free(struct line *l)
{
    int __wrap_close(int fd);
    if (!l)
        return;
    if (!l->output) {
        l->wire->line = NULL;
        __wrap_close(l->fd);
    }
    free(l);
}

int line_fd(const struct line *l)
{
    return l->fd;
}

ssize_t line_read(struct line *l, struct line_edge *edges, size_t max)
{
    if (l->wire->gone) {
        errno = ENODEV;
        return -1;
    }
    size_t n = l->count < max ? l->count : max;
    memcpy(edges, l->edges, n * sizeof *edges);
    memmove(l->edges, l->edges + n, (l->count - n) * sizeof *edges);
    l->count -= n;
    return (ssize_t)n;
}

int line_get(struct line *l)
{
    if (!l->wire->gone)
        return l->wire->active;
    errno = ENODEV;
    return -1;
}

int line_set(struct line *l, bool active)
{
    l->wire->active = active;
    watch_output(l->wire->machine, active);
    return 0;
}

bool line_is_simulated(const char *address)
{
    return strncmp(address, "sim:", 4) == 0;
}

bool line_is_button(const char *address)
{
    return strncmp(address, "key:", 4) == 0;
}

int line_battery(struct line *l)
{
    (void)l;
    return -1;
}

int line_arrivals_open(const char *root)
{
    (void)root;
    errno = ENOENT;
    return -1;
}

void line_arrivals_take(int fd, const char *root)
{
    (void)fd;
    (void)root;
}

const char *line_library_version(void)
{
    return "simulated";
}
