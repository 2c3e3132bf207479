#ifndef PORCHLIGHT_HW_SIM_SIM_LINE_H
#define PORCHLIGHT_HW_SIM_SIM_LINE_H

#include "hw/line_address.h"
#include "hw/line_backend.h"

/* One simulated line: its level, the edges that wait to be read, its last changes. Inside hw/sim/
 * only: sim_command.c drives it, sim_backend.c shows it through line.h. */
enum { SIM_QUEUE = 64, SIM_HISTORY = 32, SIM_BUSY_MAX = 8 };

struct sim_change {
    bool active;
    int64_t at; /* ns of CLOCK_MONOTONIC */
};

struct sim_line {
    struct line line;
    struct sim_bus *bus;
    struct sim_line *next;
    char name[LINE_SIM_NAME_MAX + 1];
    bool active, gone;
    int poll_fd; /* epoll: wake_fd and the bus; what line_fd gives. -1 for an output */
    int wake_fd; /* eventfd, readable while edges wait or the line is gone. -1 for an output */
    uint32_t seq, last_read;
    int64_t last_at;
    struct line_edge queue[SIM_QUEUE];
    size_t first, waiting;
    struct sim_change history[SIM_HISTORY];
    size_t changes; /* ever; history keeps the last SIM_HISTORY */
};

/* The lines that are open, and the names that look taken. */
struct sim_lines {
    struct sim_line *first;
    char busy[SIM_BUSY_MAX][LINE_SIM_NAME_MAX + 1];
};

/* The open line of that name, or NULL. */
struct sim_line *sim_lines_find(const struct sim_lines *lines, const char *name);
bool sim_lines_is_busy(const struct sim_lines *lines, const char *name);

/* The level changes without an edge: an output is driven. */
void sim_line_remember(struct sim_line *s, bool active, int64_t at);
/* An edge to `active` at `at`, into the queue or, `lost`, past it. */
void sim_line_edge(struct sim_line *s, bool active, int64_t at, bool lost);
/* Takes up to `max` edges out of the queue, oldest first. */
size_t sim_line_take(struct sim_line *s, struct line_edge *edges, size_t max);
/* The chip is gone. */
void sim_line_gone(struct sim_line *s);

#endif
