#ifndef PORCHLIGHT_COMMON_DAEMON_LOOP_H
#define PORCHLIGHT_COMMON_DAEMON_LOOP_H

#include "kiosk/common/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* The life of a daemon that does everything in one loop: it takes signals, feeds systemd's watchdog
 * after each whole turn, and ends on SIGINT or SIGTERM. */
struct daemon_loop {
    struct loop *loop; /* NULL: not begun */
    int signals;       /* descriptor; only while there is a loop */
    bool stop;
    void (*reload)(void *context); /* on SIGHUP; NULL: SIGHUP ends the process as usual */
    void *context;                 /* of reload */
};

/* Makes the loop and blocks the signals: call it before any thread starts, so that no thread sees
 * one. `reload` and `context` are set by the caller, the rest is zero. 0, or -1 after log_error. */
int daemon_loop_begin(struct daemon_loop *d);

/* Reports to systemd that the daemon is ready, and turns the loop until a signal ends it. `time` is
 * called before each turn: it does what is due at `now`, and gives the moment at which it has to be
 * called again (ns of CLOCK_MONOTONIC, as loop_deadline takes it). 0, or -1 after log_error. */
int daemon_loop_run(struct daemon_loop *d, int64_t (*time)(void *context, int64_t now),
                    void *context);

/* Frees the loop; begun or not. */
void daemon_loop_end(struct daemon_loop *d);

#endif
