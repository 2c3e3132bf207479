#include "hw/line.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#define MADE (IN_CREATE | IN_MOVED_TO)

static int arrivals_watch(int fd, const char *root, const char *folder, uint32_t what)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", root ? root : "", folder);
    return inotify_add_watch(fd, path, what | IN_ONLYDIR);
}

/* A device's file is made first, and udev then gives it its owner. */
static int arrivals_watch_input(int fd, const char *root)
{
    return arrivals_watch(fd, root, "/dev/input", MADE | IN_ATTRIB);
}

/* /dev/input is there only while some input device is: until then /dev shows when it comes. */
int line_arrivals_open(const char *root)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return -1;
    bool watched = arrivals_watch(fd, root, "/dev", MADE) >= 0;
    watched |= arrivals_watch_input(fd, root) >= 0;
    if (watched)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

void line_arrivals_take(int fd, const char *root)
{
    char events[4096];
    while (read(fd, events, sizeof events) > 0)
        continue;
    arrivals_watch_input(fd, root);
}
