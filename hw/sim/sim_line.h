#ifndef PORCHLIGHT_HW_SIM_SIM_LINE_H
#define PORCHLIGHT_HW_SIM_SIM_LINE_H

/* sim.sock: how simulated lines are driven. AF_UNIX, SOCK_SEQPACKET, mode 0600, up to
 * SIM_CLIENTS_MAX clients at once. One packet is one command: ASCII words separated by one space,
 * no terminator, at most SIM_COMMAND_MAX bytes. Each is answered by one packet of at most
 * SIM_REPLY_MAX bytes, "ok", "ok" and what was asked for, or "error: " and a sentence. NAME is the
 * address without "sim:" and "=1".
 *
 *   set NAME 0|1 [NS]  an input becomes inactive or active; the edge (none if it was so already)
 *                      is stamped on arrival, or with NS: ns of CLOCK_MONOTONIC, not after now,
 *                      not before the line's last edge
 *   pulses NAME N FROM ON OFF  N times active for ON ns each, OFF ns behind each, from FROM (ns of
 *                      CLOCK_MONOTONIC) and until now at most, told at once
 *   get NAME           "ok 0" or "ok 1": the level, of an output too
 *   chatter NAME N     N edges at once, 1 to 1000; the queue holds SIM_QUEUE, the oldest fall out
 *                      as they do from the kernel's
 *   lose NAME N        N edges happen and are lost: the level moves, the sequence advances, nobody
 *                      is woken
 *   gone NAME          the chip is taken away: reads fail with ENODEV from now on
 *   busy NAME          the next opening of NAME finds it taken, until `free NAME`
 *   free NAME
 *   history NAME       "ok LEVEL@NS LEVEL@NS ...", the last changes, at most SIM_HISTORY, oldest
 *                      first; of an output: what was driven
 *   list               "ok NAME:in:0 NAME:out:1 ..."
 *
 * Commands are taken when the program that holds the lines next reads one of them (their fds wake
 * for it); edges then wait in the line until they are read. */
enum {
    SIM_COMMAND_MAX = 96,
    SIM_REPLY_MAX = 1024,
    SIM_CLIENTS_MAX = 16,
    SIM_QUEUE = 64,
    SIM_HISTORY = 32,
};

#endif
