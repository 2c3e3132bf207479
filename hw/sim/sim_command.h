#ifndef PORCHLIGHT_HW_SIM_SIM_COMMAND_H
#define PORCHLIGHT_HW_SIM_SIM_COMMAND_H

#include <stddef.h>
#include <stdint.h>

/* The commands that drive simulated lines, as sim.sock takes them: AF_UNIX, SOCK_SEQPACKET, mode
 * 0600, up to SIM_CLIENTS_MAX clients at once. One packet is one command: ASCII words separated by
 * one space, no terminator, at most SIM_COMMAND_MAX bytes. Each is answered by one packet of at
 * most SIM_REPLY_MAX bytes: "ok", "ok" and what was asked for, or "error: " and a sentence. NAME is
 * the address without "sim:" and "=1".
 *
 *   set NAME 0|1 [NS]  makes an input inactive or active; the edge (none if it was so already) is
 *                      stamped on arrival, or with NS: ns of CLOCK_MONOTONIC, not after now, not
 *                      before the line's last edge
 *   pulses NAME N FROM ON OFF  N times active for ON ns each, then inactive for OFF ns each, from
 *                      FROM (ns of CLOCK_MONOTONIC); all of it must be over now
 *   get NAME           "ok 0" or "ok 1": the level, of an output too
 *   chatter NAME N     N edges at once, 1 to 1000; the queue keeps the last SIM_QUEUE, as the
 *                      kernel's does
 *   lose NAME N        N edges happen and are lost: the level moves, the sequence advances, nobody
 *                      is woken
 *   gone NAME          the chip is taken away: reads fail with ENODEV from now on
 *   busy NAME          the next opening of NAME fails with EBUSY, until `free NAME`
 *   free NAME
 *   history NAME       "ok LEVEL@NS LEVEL@NS ...", the last changes, at most SIM_HISTORY (see
 *                      sim_line.h), oldest first; of an output: what was driven
 *   list               "ok NAME:in:0 NAME:out:1 ..."
 *
 * The program that holds the lines takes commands when it next reads one of them (their fds wake
 * it); edges then wait in the line until they are read. */
enum {
    SIM_COMMAND_MAX = 96,
    SIM_REPLY_MAX = 1024,
    SIM_CLIENTS_MAX = 16,
};

struct sim_lines;

/* Does what one packet says and writes the answer. `now`: its arrival. */
void sim_command(struct sim_lines *lines, const char *packet, size_t len, int64_t now,
                 char reply[SIM_REPLY_MAX]);

#endif
