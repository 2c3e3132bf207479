#include "kiosk/common/file.h"

#include "kiosk/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close(int fd)
{
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
}

int file_write_all(int fd, const void *bytes, size_t len)
{
    const char *from = bytes;
    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return -1;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t file_read_all(int fd, void *bytes, size_t most)
{
    size_t len = 0;
    while (len < most) {
        ssize_t n = read(fd, (char *)bytes + len, most - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

char *file_read(const char *path, size_t most, size_t *len)
{
    struct stat st;
    ssize_t n = -1;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        errno = EINVAL;
    else if ((text = malloc(most + 1)))
        n = file_read_all(fd, text, most + 1);
    if (n > (ssize_t)most) {
        errno = EFBIG;
        n = -1;
    }
    file_close(fd);
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    *len = (size_t)n;
    return text;
}

/* --- writing --------------------------------------------------------------------------------- */

int file_sync(int fd)
{
    int result;
    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

static int file_write_fresh(int folder, const char *name, const void *bytes, size_t len,
                            mode_t mode)
{
    if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
        return -1;
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    bool good = fchmod(fd, mode) == 0 && file_write_all(fd, bytes, len) == 0 && file_sync(fd) == 0;
    file_close(fd);
    if (good)
        return 0;
    int saved = errno;
    unlinkat(folder, name, 0);
    errno = saved;
    return -1;
}

int file_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
    return file_write_fresh(AT_FDCWD, path, bytes, len, mode);
}

int file_replace_at(int folder, const char *name, const void *bytes, size_t len, mode_t mode)
{
    char fresh[NAME_MAX + 1];
    if (snprintf(fresh, sizeof fresh, "%s.new", name) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (file_write_fresh(folder, fresh, bytes, len, mode) < 0)
        return -1;
    if (renameat(folder, fresh, folder, name) == 0)
        return file_sync(folder);
    int saved = errno;
    unlinkat(folder, fresh, 0);
    errno = saved;
    return -1;
}

/* The folder of that path, open, or -1. */
static int file_open_folder_of(const char *path)
{
    char folder[2 * PATH_LEN] = ".";
    const char *slash = strrchr(path, '/');
    if (slash && snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path) >=
                     (int)sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
    const char *slash = strrchr(path, '/');
    int folder = file_open_folder_of(path), result = -1;
    if (folder >= 0)
        result = file_replace_at(folder, slash ? slash + 1 : path, bytes, len, mode);
    file_close(folder);
    return result;
}

static int file_folder_sync_and_close(int folder)
{
    int result = folder < 0 ? -1 : file_sync(folder);
    file_close(folder);
    return result;
}

int file_sync_folder(const char *folder)
{
    return file_folder_sync_and_close(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int file_sync_folder_of(const char *path)
{
    return file_folder_sync_and_close(file_open_folder_of(path));
}
