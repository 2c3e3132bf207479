#include "kiosk/wipe/device.h"

#include "kiosk/common/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The node's name below /dev. 0, or -1 with errno. */
static int node_of(int dev, const char *word, char name[PLAN_WORD_MAX])
{
    const char *below = word + strlen("/dev/"), *plain;
    char link[PLAN_WORD_MAX];
    ssize_t n;
    if (!strchr(below, '/')) {
        snprintf(name, PLAN_WORD_MAX, "%s", below);
        return 0;
    }
    n = readlinkat(dev, below, link, sizeof link - 1);
    if (n < 0)
        return -1;
    link[n] = '\0';
    plain = link + strlen("../../");
    errno = ELOOP;
    if (strncmp(link, "../../", 6) != 0 || !*plain || strchr(plain, '/') || plain[0] == '.')
        return -1;
    snprintf(name, PLAN_WORD_MAX, "%s", plain);
    return 0;
}

static bool is_mapping(int holders, const char *holder, const char *mapping)
{
    char path[300], name[PLAN_WORD_MAX + 1];
    ssize_t n;
    int fd;
    snprintf(path, sizeof path, "%s/dm/name", holder);
    fd = openat(holders, path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, name, sizeof name - 1);
    file_close(fd);
    if (n <= 0)
        return false;
    name[n] = '\0';
    name[strcspn(name, "\n")] = '\0';
    return strcmp(name, mapping) == 0;
}

/* True if the kernel knows one holder of the device alone, and it is this mapping. */
static bool held_by_mapping_alone(const struct scope *s, dev_t device, const char *mapping)
{
    char path[80];
    int fd, count = 0;
    bool ours = true;
    struct dirent *e;
    DIR *d;

    snprintf(path, sizeof path, "sys/dev/block/%u:%u/holders", major(device), minor(device));
    fd = mapping[0] ? openat(s->prefix, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        file_close(fd);
        return false;
    }
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        count++;
        ours = ours && is_mapping(fd, e->d_name, mapping);
    }
    closedir(d);
    return count == 1 && ours;
}

/* O_EXCL on a block device asks the kernel for a claim of its own, which mounts, swap, arrays and
 * mappings hold too. */
static int device_claim(const struct scope *s, int dev, const char *name, const char *mapping)
{
    int fd = scope_open(dev, name, O_RDWR | O_EXCL | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 && errno == EBUSY && fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISBLK(st.st_mode)) {
        if (held_by_mapping_alone(s, st.st_rdev, mapping))
            fd = scope_open(dev, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
        else
            errno = EBUSY;
    }
    return fd;
}

int device_open(const struct scope *s, const char *word, const char *mapping)
{
    int dev = openat(s->prefix, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    char name[PLAN_WORD_MAX];
    struct stat st;

    if (dev < 0)
        return -1;
    if (node_of(dev, word, name) == 0 && fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = ENOTBLK;
        if (S_ISBLK(st.st_mode))
            fd = device_claim(s, dev, name, mapping);
    }
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode))) {
        close(fd);
        fd = -1;
        errno = ENOTBLK;
    }
    file_close(dev);
    return fd;
}
