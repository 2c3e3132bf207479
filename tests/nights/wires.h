#ifndef PORCHLIGHT_NIGHTS_WIRES_H
#define PORCHLIGHT_NIGHTS_WIRES_H

#include "tests/nights/machine.h"

/* Switches, doors and the silent output: hw/line.h, simulated. A level is the wire's own, so that
 * it outlives the program. */

void wires_begin(void);

/* A contact closes or opens now. `address` is the config's: "sim:front". */
void wire_set(struct machine *m, const char *address, bool active);
bool wire_get(const struct machine *m, const char *address);

/* Its edge is lost, as in an overflow of the kernel's queue: only reading the level again helps. */
void wire_set_unseen(struct machine *m, const char *address, bool active);

/* The chip is gone, or back. */
void wire_pull(struct machine *m, const char *address, bool gone);

#endif
