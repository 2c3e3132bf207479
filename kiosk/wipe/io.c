#include "kiosk/wipe/io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int io_write(int fd, const void *bytes, size_t len, int64_t at)
{
    const char *from = bytes;
    while (len > 0) {
        ssize_t n = pwrite(fd, from, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return -1;
        from += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
}

int io_read(int fd, void *bytes, size_t len, int64_t at)
{
    char *to = bytes;
    while (len > 0) {
        ssize_t n = pread(fd, to, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return -1;
        to += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
}

int io_sync_data(int fd)
{
    int result;
    do
        result = fdatasync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

int io_forget(int fd, int64_t from, int64_t len)
{
    int64_t page = sysconf(_SC_PAGESIZE), first = from / page * page;
    int error = posix_fadvise(fd, first, from + len - first + page - 1, POSIX_FADV_DONTNEED);
    errno = error;
    return error ? -1 : 0;
}
