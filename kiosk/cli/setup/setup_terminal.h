#ifndef PORCHLIGHT_CLI_SETUP_TERMINAL_H
#define PORCHLIGHT_CLI_SETUP_TERMINAL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* Whoever sets up may leave at any question, by Ctrl-C or by closing the terminal, and nothing is
 * changed: the signals that say so are held back, but for the waits below. */

void terminal_hold(sigset_t *before);
/* One came while nobody waited. */
bool terminal_ended(void);
/* From here on they end the program. */
void terminal_release(const sigset_t *before);

/* ppoll for `ms`, or without an end (-1). -1 with EINTR: they leave. */
int terminal_wait(struct pollfd *fds, nfds_t count, int ms);

/* One line, without its end; what does not fit is dropped. -1: they leave, or the terminal is gone.
 */
int terminal_line(char *out, size_t size);

/* A paragraph, indented, in lines that fit a terminal of eighty columns. */
void terminal_say(const char *text);

#endif
