#ifndef PORCHLIGHT_COMMON_UNIX_SOCKET_H
#define PORCHLIGHT_COMMON_UNIX_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

/* The local sockets' two ends. Every fd is CLOEXEC; a server's is non-blocking. */

/* The listener that systemd handed over for exactly `path` (a .socket unit; owner, group and mode
 * are that unit's). Where there is none: binds and listens at `path` (SOCK_SEQPACKET) with `mode`;
 * a stale socket file is replaced, a live one refused with EADDRINUSE. The fd, or -1 with errno. */
int unix_socket_listen(const char *path, mode_t mode);

/* Accepts one client, non-blocking. The fd, or -1 with errno (EAGAIN: none waits). */
int unix_socket_accept(int listen_fd);

/* Connects; -1 with errno (ENOENT, ECONNREFUSED: nobody is there; EAGAIN: others have filled the
 * queue, and none was accepted for 1 s). A blocking fd, whose sends give up after 1 s (EAGAIN). */
int unix_socket_connect(const char *path);

/* One packet into buf. Its length; 0 when the peer has closed (or sent nothing at all); -1 with
 * errno (EMSGSIZE: it was longer than `size`, and is gone). */
ssize_t unix_socket_receive(int fd, void *buf, size_t size);

/* One packet out, never SIGPIPE. 0 or -1 with errno. */
int unix_socket_send(int fd, const void *buf, size_t len);

/* Waits up to timeout_ms for fd to be readable. 1, 0 on timeout, -1 with errno. */
int unix_socket_wait(int fd, int timeout_ms);

/* The peer's uid through SO_PEERCRED; (uid_t)-1 with errno if it is unknown. */
uid_t unix_socket_peer_uid(int fd);

#endif
