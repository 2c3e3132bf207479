#include "kiosk/alertd/input_line.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { EDGES = 16 };

_Static_assert((int)CONFIG_BUTTON_KEYS_MAX == (int)LINE_KEYS_MAX,
               "what the config accepts can be opened");

void input_line_init(struct input_line *w, const char *kind, const char *name,
                     const struct config_line *c, enum line_direction direction, int64_t debounce)
{
    static const enum line_bias bias[] = {[CONFIG_BIAS_AS_IS] = LINE_BIAS_AS_IS,
                                          [CONFIG_BIAS_PULL_UP] = LINE_BIAS_PULL_UP,
                                          [CONFIG_BIAS_PULL_DOWN] = LINE_BIAS_PULL_DOWN,
                                          [CONFIG_BIAS_NONE] = LINE_BIAS_DISABLED};
    *w = (struct input_line){.spec = {.direction = direction,
                                      .bias = bias[c->bias],
                                      .active_low = c->active_low,
                                      .debounce = debounce / 4}};
    snprintf(w->who, sizeof w->who, "%s %s", kind, name);
    snprintf(w->spec.address, sizeof w->spec.address, "%s", c->address);
}

int input_line_open(struct input_line *w, struct sim_bus *bus)
{
    if (w->spec.address[0] == '\0')
        return 0;
    w->line = line_open(w->who, &w->spec, bus, &w->why);
    bool taken = !w->line && errno == EBUSY;
    if (!w->line && (!w->complained || (taken && !w->taken)))
        log_error("%s", w->why.text);
    w->complained = !w->line;
    w->taken = taken;
    return w->line ? 0 : -1;
}

int input_line_watch(struct input_line *w, struct sim_bus *bus, struct loop *loop,
                     loop_fn *on_edges, void *context)
{
    if (input_line_open(w, bus) != 0)
        return -1;
    if (!w->line || loop_add(loop, line_fd(w->line), POLLIN, on_edges, context) == 0)
        return 0;
    log_error("%s: its line cannot be watched: %s", w->who, strerror(errno));
    input_line_close(w);
    return -1;
}

/* Hands on each edge that waits. Their number, or -1 with errno; *lost: others are missing. */
static ssize_t edges_hand_on(const struct input_line *w, input_line_level *level, void *context,
                             bool *lost)
{
    struct line_edge edges[EDGES];
    ssize_t n, all = 0;
    while (w->line && (n = line_read(w->line, edges, EDGES)) != 0) {
        if (n < 0)
            return -1;
        for (ssize_t i = 0; i < n; i++) {
            level(context, edges[i].active, edges[i].at);
            *lost = *lost || edges[i].lost;
        }
        all += n;
    }
    return all;
}

/* An edge that came before or while the level was read counts at its own time: the level alone
 * would begin a press late, which may then be too short to count, or to be seen at all. */
void input_line_reread(const struct input_line *w, input_line_level *level, void *context)
{
    bool lost = false;
    int64_t at = clock_now();
    int now = w->line ? line_get(w->line) : -1;
    if (now >= 0 && edges_hand_on(w, level, context, &lost) == 0)
        level(context, now == 1, at);
}

int input_line_read(const struct input_line *w, input_line_level *level, void *context)
{
    bool lost = false;
    if (edges_hand_on(w, level, context, &lost) < 0)
        return -1;
    if (lost)
        input_line_reread(w, level, context);
    return 0;
}

void input_line_lost(struct input_line *w)
{
    snprintf(w->why.text, sizeof w->why.text,
             "%s: its line is gone (%s); check the cable and the chip. It is opened again as soon "
             "as it is back",
             w->who, strerror(errno));
    log_error("%s", w->why.text);
    input_line_close(w);
    w->complained = true;
}

bool input_line_is_missing(const struct input_line *w)
{
    return w->spec.address[0] != '\0' && !w->line;
}

const char *input_line_why(const struct input_line *w)
{
    size_t name = strlen(w->who) + strlen(": ");
    if (!input_line_is_missing(w))
        return NULL;
    return strlen(w->why.text) > name ? w->why.text + name : "its line is missing";
}

void input_line_close(struct input_line *w)
{
    line_free(w->line);
    w->line = NULL;
}

bool input_line_closed_level(const struct config_line *c)
{
    return c->active_low != (c->bias == CONFIG_BIAS_PULL_DOWN);
}
