#include "kiosk/mqtt/dial.h"

#include <errno.h>
#include <netdb.h>
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
