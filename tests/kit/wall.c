#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* A wall clock that can be stepped under a running program, and a slow disk: preloaded, it adds the
 * seconds that the file $WALL_CLOCK holds (an int64_t) to what the kernel says; each flush takes as
 * many milliseconds as the second int64_t there says, or ends when it becomes 0; and the kernel
 * says that the clock is synchronised (1) or that it is not (-1), if the third one is not 0. Every
 * other clock, and every timer, is the kernel's own; libfaketime steps those of timerfd_settime
 * along. */

static const volatile int64_t *ahead; /* ahead[1]: of the disk; ahead[2]: synchronised */

static void __attribute__((constructor)) begin(void)
{
    const char *path = getenv("WALL_CLOCK");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, 3 * sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        ahead = page;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = (int)syscall(SYS_clock_gettime, id, t);
    if (rc == 0 && ahead != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        t->tv_sec += *ahead;
    return rc;
}

time_t time(time_t *out)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out != NULL)
        *out = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}

int adjtimex(struct timex *t)
{
    int rc = (int)syscall(SYS_adjtimex, t);
    if (rc < 0 || ahead == NULL || ahead[2] == 0)
        return rc;
    t->status = ahead[2] > 0 ? t->status & ~STA_UNSYNC : t->status | STA_UNSYNC;
    return ahead[2] > 0 ? TIME_OK : TIME_ERROR;
}

static void disk_waits(void)
{
    for (int64_t ms = 0; ahead != NULL && ms < ahead[1]; ms += 10)
        usleep(10000);
}

int fsync(int fd)
{
    disk_waits();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    disk_waits();
    return (int)syscall(SYS_fdatasync, fd);
}
