#ifndef PORCHLIGHT_CLI_SETUP_TERMINAL_H
#define PORCHLIGHT_CLI_SETUP_TERMINAL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* The host may leave at any question, by Ctrl-C or by closing the terminal, and nothing is changed:
 * the signals for this are blocked except in the waits below. */

/* The console that the kiosk's picture takes over, where the login ends while set-up starts it.
 * `name`: ttyname's, or NULL. */
bool terminal_is_taken(const char *name);

void terminal_hold(sigset_t *before);
/* One arrived while nothing waited. */
bool terminal_ended(void);
/* From here on they end the program. */
void terminal_release(const sigset_t *before);

/* ppoll for `ms`, or without an end (-1). -1 with EINTR: the host leaves. */
int terminal_wait(struct pollfd *fds, nfds_t count, int ms);

/* One line, without its end; what does not fit is dropped. -1: the host leaves, or the terminal is
 * gone. */
int terminal_line(char *out, size_t size);

#endif
