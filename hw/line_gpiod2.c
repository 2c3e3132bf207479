#include "hw/line_edges.h"
#include "hw/line_gpiod.h"

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

/* What the kernel is asked to queue for a line, and what one read takes at most. */
enum { QUEUE = 256, READ_MAX = 64 };

struct gpiod_line2 {
    struct line line;
    struct gpiod_line_request *request;
    struct gpiod_edge_event_buffer *buffer; /* NULL for an output */
    unsigned offset;
    uint32_t last_seq;
};

/* --- edges and levels --- */

static void gpiod2_release(struct line *l)
{
    struct gpiod_line2 *g = (struct gpiod_line2 *)l;
    gpiod_edge_event_buffer_free(g->buffer);
    gpiod_line_request_release(g->request);
    free(g);
}

static int gpiod2_fd(const struct line *l)
{
    return gpiod_line_request_get_fd(((const struct gpiod_line2 *)l)->request);
}

static struct line_edge edge_of(struct gpiod_line2 *g, struct gpiod_edge_event *e)
{
    uint32_t seq = (uint32_t)gpiod_edge_event_get_line_seqno(e);
    return (struct line_edge){
        .at = (int64_t)gpiod_edge_event_get_timestamp_ns(e),
        .active = gpiod_edge_event_get_event_type(e) == GPIOD_EDGE_EVENT_RISING_EDGE,
        .lost = line_seq_gap(&g->last_seq, seq),
        .seq = seq,
    };
}

static ssize_t gpiod2_read(struct line *l, struct line_edge *edges, size_t max)
{
    struct gpiod_line2 *g = (struct gpiod_line2 *)l;
    int ready = line_poll(gpiod2_fd(l));
    if (ready <= 0)
        return ready;
    int n =
        gpiod_line_request_read_edge_events(g->request, g->buffer, max < READ_MAX ? max : READ_MAX);
    for (int i = 0; i < n; i++)
        edges[i] = edge_of(g, gpiod_edge_event_buffer_get_event(g->buffer, (unsigned long)i));
    return n;
}

static int gpiod2_get(struct line *l)
{
    struct gpiod_line2 *g = (struct gpiod_line2 *)l;
    enum gpiod_line_value v = gpiod_line_request_get_value(g->request, g->offset);
    return v == GPIOD_LINE_VALUE_ERROR ? -1 : v == GPIOD_LINE_VALUE_ACTIVE;
}

static int gpiod2_set(struct line *l, bool active)
{
    struct gpiod_line2 *g = (struct gpiod_line2 *)l;
    return gpiod_line_request_set_value(
        g->request, g->offset, active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
}

static const struct line_ops ops = {gpiod2_release, gpiod2_fd,  gpiod2_read,
                                    gpiod2_get,     gpiod2_set, NULL};

/* --- finding the line --- */

static void report_lines(struct line_find *f, struct gpiod_chip *chip, const char *path,
                         unsigned lines)
{
    for (unsigned i = 0; i < lines; i++) {
        struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, i);
        if (!info)
            continue;
        line_find_line(f, path, i, gpiod_line_info_get_name(info));
        gpiod_line_info_free(info);
    }
}

void line_gpiod_report(struct line_find *f, const char *path)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip) {
        line_find_closed(f, path, errno);
        return;
    }
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    if (info) {
        unsigned lines = (unsigned)gpiod_chip_info_get_num_lines(info);
        line_find_chip(f, path, gpiod_chip_info_get_name(info), gpiod_chip_info_get_label(info),
                       lines);
        if (f->want->kind == LINE_BY_NAME)
            report_lines(f, chip, path, lines);
        gpiod_chip_info_free(info);
    }
    gpiod_chip_close(chip);
}

/* --- asking for it --- */

static const enum gpiod_line_bias biases[] = {
    [LINE_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
    [LINE_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
    [LINE_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
    [LINE_BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
};

static int make_settings(struct gpiod_line_settings *s, const struct line_spec *spec,
                         int64_t debounce)
{
    gpiod_line_settings_set_active_low(s, spec->active_low);
    if (gpiod_line_settings_set_bias(s, biases[spec->bias]) < 0)
        return -1;
    if (spec->direction == LINE_OUTPUT) {
        if (gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_OUTPUT) < 0)
            return -1;
        return gpiod_line_settings_set_output_value(s, GPIOD_LINE_VALUE_INACTIVE);
    }
    gpiod_line_settings_set_debounce_period_us(s, (unsigned long)(debounce / 1000));
    if (gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_INPUT) < 0 ||
        gpiod_line_settings_set_event_clock(s, GPIOD_LINE_CLOCK_MONOTONIC) < 0)
        return -1;
    return gpiod_line_settings_set_edge_detection(s, GPIOD_LINE_EDGE_BOTH);
}

static struct gpiod_line_request *request_line(struct gpiod_chip *chip, unsigned offset,
                                               const char *name, const struct line_spec *spec,
                                               int64_t debounce)
{
    char consumer[LINE_CONSUMER_MAX];
    struct gpiod_line_request *r = NULL;
    struct gpiod_line_settings *s = gpiod_line_settings_new();
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_request_config *config = gpiod_request_config_new();
    if (s && lines && config && make_settings(s, spec, debounce) == 0 &&
        gpiod_line_config_add_line_settings(lines, &offset, 1, s) == 0) {
        gpiod_request_config_set_consumer(config, line_gpiod_consumer(name, consumer));
        gpiod_request_config_set_event_buffer_size(config, QUEUE);
        r = gpiod_chip_request_lines(chip, config, lines);
    }
    int saved = errno;
    gpiod_request_config_free(config);
    gpiod_line_config_free(lines);
    gpiod_line_settings_free(s);
    errno = saved;
    return r;
}

/* A driver may refuse to debounce in its hardware in its own way; the caller's own debouncing is
 * then enough. Errors that a request without debouncing would meet too are not retried. */
static bool may_be_the_debounce(int error)
{
    return error != EBUSY && error != EPERM && error != EACCES && error != ENODEV;
}

/* Names whoever holds a busy line. errno says why the request was refused. */
static void refuse_request(struct gpiod_chip *chip, unsigned offset, const char *name,
                           const struct line_spec *spec, struct line_error *e)
{
    int error = errno;
    struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
    errno = error;
    line_gpiod_refuse(name, spec, info ? gpiod_line_info_get_consumer(info) : NULL, e);
    error = errno;
    gpiod_line_info_free(info);
    errno = error;
}

static struct line *open_on(struct gpiod_chip *chip, unsigned offset, const char *name,
                            const struct line_spec *spec, struct line_error *e)
{
    struct gpiod_line2 *g = calloc(1, sizeof *g);
    if (!g)
        return line_refuse(e, name, spec->address, LINE_OTHER, "memory");
    g->line = (struct line){.ops = &ops, .direction = spec->direction};
    g->offset = offset;
    g->request = request_line(chip, offset, name, spec, spec->debounce);
    if (!g->request && spec->debounce > 0 && may_be_the_debounce(errno))
        g->request = request_line(chip, offset, name, spec, 0);
    if (!g->request) {
        refuse_request(chip, offset, name, spec, e);
        goto free_line;
    }
    if (spec->direction == LINE_OUTPUT)
        return &g->line;
    g->buffer = gpiod_edge_event_buffer_new(READ_MAX);
    if (g->buffer)
        return &g->line;
    line_refuse(e, name, spec->address, LINE_OTHER, "memory for edges");
    gpiod_line_request_release(g->request);
free_line:
    free(g);
    return NULL;
}

struct line *line_gpiod_open_at(const struct line_find *at, const char *name,
                                const struct line_spec *spec, struct line_error *e)
{
    struct gpiod_chip *chip = gpiod_chip_open(at->path);
    if (!chip)
        return line_refuse(e, name, spec->address, LINE_OTHER, at->path);
    struct line *l = open_on(chip, at->offset, name, spec, e);
    int saved = errno;
    gpiod_chip_close(chip);
    errno = saved;
    return l;
}

const char *line_library_version(void)
{
    return gpiod_api_version();
}
