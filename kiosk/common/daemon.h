#ifndef PORCHLIGHT_COMMON_DAEMON_H
#define PORCHLIGHT_COMMON_DAEMON_H

#include "kiosk/common/option_table.h"
#include "kiosk/common/paths.h"

#include <stdbool.h>
#include <stdint.h>

/* How every daemon starts, takes signals and reports to systemd. A main reads:
 *
 *     struct daemon_options common;
 *     struct own_options own = {.config = NULL};
 *     int status = daemon_begin(&program, &own, &common, argc, argv);
 *     if (status >= 0)
 *         return status;
 *
 * and goes on as daemon_loop.h says, or where one loop does not fit by itself:
 *
 *     int signals = daemon_signals((const int[]){SIGHUP, 0});
 *     ... open everything ...
 *     daemon_ready();
 *     ... loop: daemon_signal_next, daemon_watchdog_feed ...
 *     daemon_stopping();
 */

struct daemon_program {
    const char *name;                 /* "porchlightd" */
    const char *summary;              /* one or two sentences, for --help */
    const struct cli_option *options; /* its own */
    const char *more;                 /* below the options in --help; may be "" */
};

/* The options that every daemon takes, besides --help and --version. */
struct daemon_options {
    const char *prefix; /* "" unless given */
    bool verbose;       /* daemon_begin has set the log to it */
    bool help, version;
};

/* Reads the command line into *own (as the program's table says) and *common, and begins the log.
 * SIGPIPE and SIGXFSZ are ignored from here on: a closed pipe or a full quota is the error of one
 * write, not the end of the program. -1: go on; otherwise the status to exit with: 0 after --help
 * or --version, 2 after a complaint about the command line. */
int daemon_begin(const struct daemon_program *p, void *own, struct daemon_options *common, int argc,
                 char **argv);

/* The file given on the command line, or `usual` below the prefix. 0, or -1 with errno
 * ENAMETOOLONG. */
int daemon_path(const struct daemon_options *common, const char *given, const char *usual,
                char out[PATH_LEN]);

/* Blocks SIGINT, SIGTERM and those of `more` (ends with 0), for threads started later too. A
 * non-blocking descriptor for them, or -1 with errno. */
int daemon_signals(const int *more);

/* The next signal that has come, or 0. */
int daemon_signal_next(int signals);

/* What is reported to systemd: nothing, if systemd did not start us. */
void daemon_ready(void);
void daemon_reloading(void); /* until daemon_ready */
void daemon_stopping(void);

/* daemon_ready, and waits until systemd has taken it in, at most a minute: units that are ordered
 * after this one may then have started. */
void daemon_ready_and_wait(void);

/* The one listening socket that systemd handed over, made non-blocking; -1: it handed over `*found`
 * of them, which is not one. */
int daemon_socket(int *found);

/* systemd's watchdog (WatchdogSec=): call feed after each whole turn of the loop. It returns when
 * it has to be called next, ns of CLOCK_MONOTONIC: three times within the watchdog's time;
 * INT64_MAX where nobody watches. */
struct daemon_watchdog {
    int64_t every, due; /* ns; every 0: nobody watches */
};
struct daemon_watchdog daemon_watchdog(void);
int64_t daemon_watchdog_feed(struct daemon_watchdog *w, int64_t now);

#endif
