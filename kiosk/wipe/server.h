#ifndef PORCHLIGHT_WIPE_SERVER_H
#define PORCHLIGHT_WIPE_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/* wipe.sock's server: one request a connection, one at a time. While a wipe runs, others that
 * connect are answered between targets if they ask for STATUS or REPORT; a WIPE waits its turn and
 * then finds everything gone. A peer that closes the connection changes nothing: the wipe goes on.
 */
struct server {
    const char *prefix;
    uid_t owner;
    uid_t porchlight; /* the daemon's user; (uid_t)-1: there is none */
    int listen_fd;
};

/* Until a signal is readable on signal_fd. 0, or -1 with errno if the socket itself fails. */
int server_run(const struct server *s, int signal_fd);

#endif
