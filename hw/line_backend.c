#include "hw/line_backend.h"

#include <errno.h>
#include <poll.h>

int line_poll(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = poll(&p, 1, 0);
    if (ready <= 0 || p.revents & POLLIN)
        return ready;
    errno = ENODEV;
    return -1;
}
