#include "kiosk/mqtt/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connected, non-blocking socket, or -1 with errno. */
static int dial_address(const struct addrinfo *to, int64_t timeout)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int error = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof error;
        if (poll(&p, 1, (int)(timeout / 1000000)) != 1)
            error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

int mqtt_dial(const char *host, int port, int64_t timeout, struct mqtt_dialled *d)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    char service[8];
    int fd = -1;
    snprintf(service, sizeof service, "%d", port);
    *d = (struct mqtt_dialled){.fault = MQTT_FAULT_DNS};
    d->error = getaddrinfo(host, service, &hints, &found);
    if (d->error != 0)
        return -1;
    d->fault = MQTT_FAULT_ROUTE;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        fd = dial_address(a, timeout);
        d->error = errno;
        if (fd >= 0 && getnameinfo(a->ai_addr, a->ai_addrlen, d->address, sizeof d->address, NULL,
                                   0, NI_NUMERICHOST) == 0)
            d->fault = MQTT_FAULT_FINE;
    }
    freeaddrinfo(found);
    return fd;
}

const char *mqtt_dial_why(const struct mqtt_dialled *d)
{
    return d->fault == MQTT_FAULT_DNS ? gai_strerror(d->error) : strerror(d->error);
}

bool mqtt_dial_is_here(int fd)
{
    struct sockaddr_storage peer = {0}, own = {0};
    socklen_t peer_len = sizeof peer, own_len = sizeof own;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 || peer.ss_family != own.ss_family)
        return true;
    if (peer.ss_family == AF_INET)
        return ((struct sockaddr_in *)&peer)->sin_addr.s_addr ==
               ((struct sockaddr_in *)&own)->sin_addr.s_addr;
    return memcmp(&((struct sockaddr_in6 *)&peer)->sin6_addr,
                  &((struct sockaddr_in6 *)&own)->sin6_addr, sizeof(struct in6_addr)) == 0;
}
