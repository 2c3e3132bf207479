#include "tests/kit/input_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The facts' file of a FIFO, open; -1: it is something else. */
static int facts_open(int fd)
{
    struct stat st;
    char link[64], path[512];
    if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
        return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - sizeof ".facts");
    if (len <= 0)
        return -1;
    memcpy(path + len, ".facts", sizeof ".facts");
    return open(path, O_RDWR | O_CLOEXEC);
}

static int answer(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

static int grab(struct device_facts *f, int file, int on)
{
    int me = (int)getpid();
    if (on && f->grabbed != 0 && (f->grabbed == me || kill(f->grabbed, 0) == 0))
        return answer(EBUSY);
    f->grabbed = on ? me : 0;
    return answer(pwrite(file, f, sizeof *f, 0) == sizeof *f ? 0 : EIO);
}

static int put(const void *from, size_t have, unsigned long request, void *arg)
{
    size_t room = _IOC_SIZE(request);
    memcpy(arg, from, have < room ? have : room);
    return (int)(have < room ? have : room);
}

/* What the kernel does before it says which keys are down. */
static void drop_waiting(int fd)
{
    struct input_event events[16];
    while (read(fd, events, sizeof events) > 0)
        continue;
}

static int device_ioctl(struct device_facts *f, int fd, int file, unsigned long request, void *arg)
{
    static const unsigned char types[] = {1 << EV_SYN | 1 << EV_KEY};
    unsigned nr = _IOC_NR(request);
    if (request == EVIOCGRAB)
        return grab(f, file, arg != NULL);
    if (request == EVIOCSCLOCKID)
        return 0;
    if (_IOC_DIR(request) != _IOC_READ)
        return answer(EINVAL);
    memset(arg, 0, _IOC_SIZE(request));
    if (nr == _IOC_NR(EVIOCGNAME(0)))
        return put(f->name, strlen(f->name) + 1, request, arg);
    if (nr == _IOC_NR(EVIOCGUNIQ(0)) || nr == _IOC_NR(EVIOCGPHYS(0))) {
        const char *text = nr == _IOC_NR(EVIOCGUNIQ(0)) ? f->uniq : f->phys;
        return text[0] ? put(text, strlen(text) + 1, request, arg) : answer(ENOENT);
    }
    if (nr == _IOC_NR(EVIOCGBIT(0, 0)))
        return put(types, sizeof types, request, arg);
    if (nr == _IOC_NR(EVIOCGBIT(EV_KEY, 0)))
        return put(f->keys, sizeof f->keys, request, arg);
    if (nr == _IOC_NR(EVIOCGKEY(0))) {
        drop_waiting(fd);
        return put(f->down, sizeof f->down, request, arg);
    }
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    struct device_facts f;
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    int file = _IOC_TYPE(request) == 'E' ? facts_open(fd) : -1;
    if (file < 0)
        return (int)syscall(SYS_ioctl, fd, request, arg);
    int result = pread(file, &f, sizeof f, 0) == sizeof f ? device_ioctl(&f, fd, file, request, arg)
                                                          : answer(ENODEV);
    int saved = errno;
    close(file);
    errno = saved;
    return result;
}
