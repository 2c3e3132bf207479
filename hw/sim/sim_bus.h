#ifndef PORCHLIGHT_HW_SIM_SIM_BUS_H
#define PORCHLIGHT_HW_SIM_SIM_BUS_H

#include "hw/line_address.h"
#include "hw/line_backend.h"
#include "hw/sim/sim_line.h"

/* What the simulated make keeps; inside hw/ only. line_bus.c has the socket, line_sim.c the lines,
 * line_sim_command.c the grammar. */
struct sim_change {
    bool active;
    int64_t at;
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
    size_t changes; /* ever; the last SIM_HISTORY stand in history */
};

/* An edge to `active` at `at`, into the queue or, `lost`, past it. */
void sim_line_edge(struct sim_line *s, bool active, int64_t at, bool lost);
void sim_line_gone(struct sim_line *s);

enum { SIM_BUSY_MAX = 8 };

struct sim_bus {
    char path[512];
    int listen_fd; /* -1 while no line is open */
    int poll_fd;   /* epoll over listen_fd and the clients */
    int clients[SIM_CLIENTS_MAX];
    struct sim_line *lines;
    char busy[SIM_BUSY_MAX][LINE_SIM_NAME_MAX + 1];
};

/* Puts a line on the bus; the first opens the socket. 0 or -1 with errno. */
int sim_bus_join(struct sim_bus *b, struct sim_line *s);
/* Takes it off; the last closes the socket. */
void sim_bus_leave(struct sim_bus *b, struct sim_line *s);
/* Takes every command that waits; never blocks. */
void sim_bus_serve(struct sim_bus *b);

struct sim_line *sim_bus_find(const struct sim_bus *b, const char *name);
bool sim_bus_is_busy(const struct sim_bus *b, const char *name);

/* Does what one packet says and writes the answer. `now`: its arrival. */
void sim_command(struct sim_bus *b, const char *packet, size_t len, int64_t now,
                 char reply[SIM_REPLY_MAX]);

#endif
