#include "kiosk/wipe/device.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/luks_users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* True if the kernel knows of users of the device, and all of them are mappings of cryptsetup. */
static bool held_by_crypt_alone(const struct scope *s, dev_t device)
{
    struct luks_users u = {.count = 0};

    luks_users_of_device(s, device, &u);
    for (size_t i = 0; i < u.count; i++)
        if (u.list[i].direct && !u.list[i].crypt)
            return false;
    return u.count > 0 && !u.many;
}

/* O_EXCL on a block device asks the kernel for a claim of its own, which mounts, swap, arrays and
 * mappings hold too. */
static int device_claim(const struct scope *s, int dev, const char *name)
{
    int fd = scope_open(dev, name, O_RDWR | O_EXCL | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 && errno == EBUSY && fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISBLK(st.st_mode)) {
        if (held_by_crypt_alone(s, st.st_rdev))
            fd = scope_open(dev, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
        else
            errno = EBUSY;
    }
    return fd;
}

int device_open(const struct scope *s, const char *word)
{
    int dev = openat(s->prefix, "dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    char name[PLAN_WORD_MAX];
    struct stat st;

    if (dev < 0)
        return -1;
    if (node_of(dev, word, name) == 0 && fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = ENOTBLK;
        if (S_ISBLK(st.st_mode))
            fd = device_claim(s, dev, name);
    }
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode))) {
        close(fd);
        fd = -1;
        errno = ENOTBLK;
    }
    file_close(dev);
    return fd;
}
