#include "hw/sim/sim_line.h"

#include "hw/line_edges.h"

#include <string.h>
#include <sys/eventfd.h>

struct sim_line *sim_lines_find(const struct sim_lines *lines, const char *name)
{
    struct sim_line *s = lines->first;
    while (s && strcmp(s->name, name) != 0)
        s = s->next;
    return s;
}

bool sim_lines_is_busy(const struct sim_lines *lines, const char *name)
{
    for (size_t i = 0; i < SIM_BUSY_MAX; i++)
        if (strcmp(lines->busy[i], name) == 0)
            return true;
    return false;
}

static void sim_line_wake(struct sim_line *s)
{
    if (s->wake_fd >= 0)
        eventfd_write(s->wake_fd, 1);
}

void sim_line_remember(struct sim_line *s, bool active, int64_t at)
{
    s->active = active;
    s->last_at = at;
    s->history[s->changes++ % SIM_HISTORY] = (struct sim_change){active, at};
}

void sim_line_edge(struct sim_line *s, bool active, int64_t at, bool lost)
{
    sim_line_remember(s, active, at);
    s->seq++;
    if (lost || s->gone)
        return;
    if (s->waiting == SIM_QUEUE) {
        s->first = (s->first + 1) % SIM_QUEUE;
        s->waiting--;
    }
    s->queue[(s->first + s->waiting) % SIM_QUEUE] =
        (struct line_edge){.at = at, .active = active, .seq = s->seq};
    s->waiting++;
    sim_line_wake(s);
}

size_t sim_line_take(struct sim_line *s, struct line_edge *edges, size_t max)
{
    size_t n = 0;
    eventfd_t count;
    for (; n < max && s->waiting > 0; n++) {
        edges[n] = s->queue[s->first];
        edges[n].lost = line_seq_gap(&s->last_read, edges[n].seq);
        s->first = (s->first + 1) % SIM_QUEUE;
        s->waiting--;
    }
    if (s->waiting == 0 && !s->gone)
        eventfd_read(s->wake_fd, &count);
    return n;
}

void sim_line_gone(struct sim_line *s)
{
    s->gone = true;
    sim_line_wake(s);
}
