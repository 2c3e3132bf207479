#include "kiosk/common/unix_socket.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/service_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* How long a client waits for a place in a server's queue, or for its packet to be taken: well
 * below the watchdog of the programs whose loop this holds up (10 s). */
#define PATIENCE ((struct timeval){.tv_sec = 1})

static void unix_socket_close_keeping_errno(int fd)
{
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
}

/* Fills *a for path. A path that is too long for sun_path is reached through its folder's fd
 * (*folder, to be closed afterwards; -1: none). */
static int address_of(const char *path, struct sockaddr_un *a, int *folder)
{
    const char *slash = strrchr(path, '/');
    char above[4096];
    *folder = -1;
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) < sizeof a->sun_path) {
        memcpy(a->sun_path, path, strlen(path) + 1);
        return 0;
    }
    if (!slash || (size_t)(slash - path) >= sizeof above) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
    *folder = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return -1;
    int n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d%s", *folder, slash);
    if (n < 0 || (size_t)n >= sizeof a->sun_path) {
        close(*folder);
        *folder = -1;
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

/* True if nobody answers at this address and the file there is a socket: it may be replaced. */
static bool unix_socket_is_stale(const struct sockaddr_un *a)
{
    struct stat st;
    bool refused;

    if (lstat(a->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    refused = connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/* The file never has a wider mode than `mode`: the socket's own mode, less the umask, is what
 * bind(2) makes it with. */
static int bind_at(int fd, const struct sockaddr_un *a, mode_t mode)
{
    const struct sockaddr *sa = (const struct sockaddr *)a;

    if (fchmod(fd, mode) < 0)
        return -1;
    if (bind(fd, sa, sizeof *a) < 0) {
        if (errno != EADDRINUSE)
            return -1;
        if (!unix_socket_is_stale(a)) {
            errno = EADDRINUSE;
            return -1;
        }
        if (unlink(a->sun_path) < 0 || bind(fd, sa, sizeof *a) < 0)
            return -1;
    }
    return chmod(a->sun_path, mode);
}

/* Whether this is a listening SOCK_SEQPACKET at that path. */
static bool listens_at(int fd, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNSPEC};
    int type = 0, listening = 0;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &(socklen_t){sizeof listening}) ==
               0 &&
           getsockname(fd, (struct sockaddr *)&a, &(socklen_t){sizeof a}) == 0 &&
           a.sun_family == AF_UNIX && type == SOCK_SEQPACKET && listening &&
           strncmp(a.sun_path, path, sizeof a.sun_path) == 0;
}

/* The listener that systemd made for this very path; -1: none. */
static int handed_over(const char *path)
{
    int count = service_handed_over();
    for (int fd = SERVICE_FIRST_FD; fd < SERVICE_FIRST_FD + count; fd++) {
        if (!listens_at(fd, path))
            continue;
        int flags = fcntl(fd, F_GETFL);
        return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -1 : fd;
    }
    return -1;
}

int unix_socket_listen(const char *path, mode_t mode)
{
    struct sockaddr_un a;
    int folder;
    int handed = handed_over(path);

    if (handed >= 0)
        return handed;
    if (address_of(path, &a, &folder) < 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind_at(fd, &a, mode) < 0 || listen(fd, 8) < 0)) {
        unix_socket_close_keeping_errno(fd);
        fd = -1;
    }
    unix_socket_close_keeping_errno(folder);
    return fd;
}

int unix_socket_accept(int listen_fd)
{
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 || (errno != EINTR && errno != ECONNABORTED))
            return fd;
    }
}

int unix_socket_connect(const char *path)
{
    struct sockaddr_un a;
    int folder;

    if (address_of(path, &a, &folder) < 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &PATIENCE, sizeof PATIENCE) < 0 ||
                    connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)) {
        unix_socket_close_keeping_errno(fd);
        fd = -1;
    }
    unix_socket_close_keeping_errno(folder);
    return fd;
}

ssize_t unix_socket_receive(int fd, void *buf, size_t size)
{
    ssize_t n;
    do
        n = recv(fd, buf, size, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n > 0 && (size_t)n > size) {
        errno = EMSGSIZE;
        return -1;
    }
    return n;
}

int unix_socket_send(int fd, const void *buf, size_t len)
{
    ssize_t n;
    do
        n = send(fd, buf, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

int unix_socket_wait(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t end = clock_now() + (int64_t)timeout_ms * 1000000;

    for (;;) {
        int n = poll(&p, 1, timeout_ms);
        if (n >= 0)
            return n;
        if (errno != EINTR)
            return -1;
        if (timeout_ms > 0) {
            int64_t left = (end - clock_now()) / 1000000;
            timeout_ms = left > 0 ? (int)left : 0;
        }
    }
}

uid_t unix_socket_peer_uid(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return (uid_t)-1;
    return peer.uid;
}
