#ifndef PORCHLIGHT_HW_SIM_SIM_BUS_H
#define PORCHLIGHT_HW_SIM_SIM_BUS_H

#include "hw/sim/sim_command.h"
#include "hw/sim/sim_line.h"

/* The socket on which commands for simulated lines arrive; inside hw/sim/ only (sim_bus_new and
 * sim_bus_free: line.h). */
struct sim_bus {
    char path[512];
    int listen_fd; /* -1 while no line is open */
    int poll_fd;   /* epoll over listen_fd and the clients */
    int clients[SIM_CLIENTS_MAX];
    struct sim_lines lines;
};

/* Puts a line on the bus; the first opens the socket. 0 or -1 with errno. */
int sim_bus_join(struct sim_bus *b, struct sim_line *s);
/* Takes it off; the last closes the socket. */
void sim_bus_leave(struct sim_bus *b, struct sim_line *s);
/* Takes every command that waits; never blocks. */
void sim_bus_serve(struct sim_bus *b);

#endif
