#include "hw/line_edges.h"
#include "hw/line_gpiod.h"

#include "kiosk/common/clock.h"

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

struct gpiod_line1 {
    struct line line;
    struct gpiod_chip *chip;
    struct gpiod_line *handle; /* belongs to the chip */
    int fd;                    /* belongs to the handle; -1 for an output */
    struct line_v1 watch;
};

/* --- edges and levels --- */

static void gpiod1_release(struct line *l)
{
    struct gpiod_line1 *g = (struct gpiod_line1 *)l;
    gpiod_chip_close(g->chip); /* releases the line too */
    free(g);
}

static int gpiod1_fd(const struct line *l)
{
    return ((const struct gpiod_line1 *)l)->fd;
}

static int gpiod1_get(struct line *l)
{
    return gpiod_line_get_value(((struct gpiod_line1 *)l)->handle);
}

static int gpiod1_set(struct line *l, bool active)
{
    return gpiod_line_set_value(((struct gpiod_line1 *)l)->handle, active);
}

static int take_edge(struct gpiod_line1 *g, struct line_edge *edge)
{
    struct gpiod_line_event e;
    if (gpiod_line_event_read_fd(g->fd, &e) < 0)
        return -1;
    int64_t at = (int64_t)e.ts.tv_sec * 1000000000 + e.ts.tv_nsec;
    *edge = line_v1_edge(&g->watch, e.event_type == GPIOD_LINE_EVENT_RISING_EDGE, at, clock_now());
    return 0;
}

/* Reads until the queue is empty or `max` is reached; keeps one place for the re-read level, which
 * replaces the edges that a full queue has dropped. */
static ssize_t gpiod1_read(struct line *l, struct line_edge *edges, size_t max)
{
    struct gpiod_line1 *g = (struct gpiod_line1 *)l;
    size_t n = 0;
    int ready = 0;
    while (n < max - 1 && (ready = line_poll(g->fd)) > 0)
        if (take_edge(g, &edges[n++]) < 0)
            return -1;
    if (ready < 0)
        return -1;
    if (ready > 0 || !line_v1_drained(&g->watch))
        return (ssize_t)n;
    int level = gpiod1_get(l);
    if (level < 0)
        return -1;
    edges[n++] = line_v1_reread(&g->watch, level, clock_now());
    return (ssize_t)n;
}

static const struct line_ops ops = {gpiod1_release, gpiod1_fd,  gpiod1_read,
                                    gpiod1_get,     gpiod1_set, NULL};

/* --- finding the line --- */

static void report_lines(struct line_find *f, struct gpiod_chip *chip, const char *path,
                         unsigned lines)
{
    for (unsigned i = 0; i < lines; i++) {
        struct gpiod_line *line = gpiod_chip_get_line(chip, i);
        if (line)
            line_find_line(f, path, i, gpiod_line_name(line));
    }
}

void line_gpiod_report(struct line_find *f, const char *path)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip) {
        line_find_closed(f, path, errno);
        return;
    }
    unsigned lines = gpiod_chip_num_lines(chip);
    line_find_chip(f, path, gpiod_chip_name(chip), gpiod_chip_label(chip), lines);
    if (f->want->kind == LINE_BY_NAME)
        report_lines(f, chip, path, lines);
    gpiod_chip_close(chip);
}

/* --- asking for it --- */

static const int biases[] = {
    [LINE_BIAS_AS_IS] = 0,
    [LINE_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
    [LINE_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
    [LINE_BIAS_DISABLED] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
};

static int request_line(struct gpiod_line1 *g, const char *name, const struct line_spec *spec)
{
    char consumer[LINE_CONSUMER_MAX];
    int flags = biases[spec->bias] | (spec->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
    line_gpiod_consumer(name, consumer);
    if (spec->direction == LINE_OUTPUT)
        return gpiod_line_request_output_flags(g->handle, consumer, flags, 0);
    if (gpiod_line_request_both_edges_events_flags(g->handle, consumer, flags) < 0)
        return -1;
    g->fd = gpiod_line_event_get_fd(g->handle);
    int level = gpiod_line_get_value(g->handle);
    g->watch.active = level > 0;
    return level < 0 ? -1 : g->fd < 0 ? -1 : 0;
}

struct line *line_gpiod_open_at(const struct line_find *at, const char *name,
                                const struct line_spec *spec, struct line_error *e)
{
    struct gpiod_line1 *g = calloc(1, sizeof *g);
    if (!g)
        return line_refuse(e, name, spec->address, LINE_OTHER, "memory");
    g->line = (struct line){.ops = &ops, .direction = spec->direction};
    g->fd = -1;
    g->chip = gpiod_chip_open(at->path);
    if (!g->chip) {
        line_refuse(e, name, spec->address, LINE_OTHER, at->path);
        goto free_line;
    }
    g->handle = gpiod_chip_get_line(g->chip, at->offset);
    if (!g->handle) {
        line_refuse(e, name, spec->address, LINE_OTHER, at->path);
        goto close_chip;
    }
    if (request_line(g, name, spec) == 0)
        return &g->line;
    line_gpiod_refuse(name, spec, gpiod_line_consumer(g->handle), e);
close_chip:;
    int saved = errno;
    gpiod_chip_close(g->chip);
    errno = saved;
free_line:
    free(g);
    return NULL;
}

const char *line_library_version(void)
{
    return gpiod_version_string();
}
