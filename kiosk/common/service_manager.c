#include "kiosk/common/service_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE ((struct timeval){.tv_sec = 5})

/* A number from the environment; 0: none. */
static int64_t service_number(const char *variable)
{
    const char *text = getenv(variable);
    char *end = NULL;
    errno = 0;
    long long n = text ? strtoll(text, &end, 10) : 0;
    return text && errno == 0 && end != text && *end == '\0' && n > 0 ? n : 0;
}

/* $NOTIFY_SOCKET: a path, or an abstract name that begins with "@". Its length, or 0: there is none
 * that can be used. */
static socklen_t notify_address(struct sockaddr_un *a)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name ? strlen(name) : 0;
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len < 2 || len >= sizeof a->sun_path || (name[0] != '/' && name[0] != '@'))
        return 0;
    memcpy(a->sun_path, name, len);
    if (name[0] == '@')
        a->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* Sends the message, and with it `fd` unless that is -1. 0 or -1 with errno. */
static int notify_send(const char *message, int fd, int flags)
{
    struct sockaddr_un to;
    struct iovec text = {.iov_base = (char *)message, .iov_len = strlen(message)};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } with = {.head = {.cmsg_level = SOL_SOCKET,
                       .cmsg_type = SCM_RIGHTS,
                       .cmsg_len = CMSG_LEN(sizeof fd)}};
    struct msghdr m = {
        .msg_name = &to, .msg_namelen = notify_address(&to), .msg_iov = &text, .msg_iovlen = 1};
    if (m.msg_namelen == 0)
        return 0;
    if (fd >= 0) {
        m.msg_control = &with;
        m.msg_controllen = sizeof with;
        memcpy(CMSG_DATA(&with.head), &fd, sizeof fd);
    }
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &PATIENCE, sizeof PATIENCE);
    ssize_t n;
    do
        n = sendmsg(s, &m, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    close(s);
    return n < 0 ? -1 : 0;
}

void service_notify(const char *message, enum service_patience patience)
{
    notify_send(message, -1, patience == SERVICE_AT_ONCE ? MSG_DONTWAIT : 0);
}

/* systemd closes the end that it was given when it has come to this message. */
void service_notify_barrier(int timeout_ms)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    int sent = notify_send("BARRIER=1", ends[1], 0);
    close(ends[1]);
    if (sent == 0)
        poll(&(struct pollfd){.fd = ends[0]}, 1, timeout_ms); /* POLLHUP needs no asking */
    close(ends[0]);
}

int service_handed_over(void)
{
    int64_t count = service_number("LISTEN_PID") == getpid() ? service_number("LISTEN_FDS") : 0;
    int fd = SERVICE_FIRST_FD;
    while (fd - SERVICE_FIRST_FD < count && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        fd++;
    return fd - SERVICE_FIRST_FD;
}

int64_t service_watchdog(void)
{
    int64_t us = service_number("WATCHDOG_USEC");
    if (us > INT64_MAX / 1000 ||
        (getenv("WATCHDOG_PID") && service_number("WATCHDOG_PID") != getpid()))
        return 0;
    return us * 1000;
}
