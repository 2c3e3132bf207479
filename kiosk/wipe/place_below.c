#include "kiosk/wipe/place_below.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/dm_crypt.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* How many devices may be below each other. */
enum { DEPTH = 8 };

bool place_read_line(int folder, const char *name, char *out, size_t size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    file_close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return n > 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

static enum place_below look_below(const char *sys, dev_t device, place_of_file of_file, int depth);

/* A volume of LVM, by the names that it gives to what is below it. */
static bool is_snapshot(int slave)
{
    char name[256];
    return place_read_line(slave, "dm/name", name, sizeof name) &&
           (ends_with(name, "-real") || ends_with(name, "-tpool") || ends_with(name, "-vpool"));
}

static enum place_below look_at_slaves(const char *sys, int device, place_of_file of_file,
                                       int depth)
{
    int folder = openat(device, "slaves", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = folder < 0 ? NULL : fdopendir(folder);
    enum place_below below = PLACE_DISK;
    struct dirent *e;

    if (!d)
        file_close(folder);
    while (d && below == PLACE_DISK && (e = readdir(d))) {
        char number[32];
        unsigned a, b;
        int slave = e->d_name[0] == '.'
                        ? -1
                        : openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (slave >= 0 && is_snapshot(slave))
            below = PLACE_SNAPSHOT;
        else if (slave >= 0 && place_read_line(slave, "dev", number, sizeof number) &&
                 sscanf(number, "%u:%u", &a, &b) == 2)
            below = look_below(sys, makedev(a, b), of_file, depth + 1);
        file_close(slave);
    }
    if (d)
        closedir(d);
    return below;
}

/* How NVMe reaches its disk: "pcie", "tcp". A disk with several paths has a subsystem for its
 * device, with a link to the controller of each path; one that is not in this machine counts. */
static void look_at_transport(int device, char *out, size_t size)
{
    int folder = openat(device, "device", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = folder < 0 ? NULL : fdopendir(folder);
    struct dirent *e;

    out[0] = '\0';
    if (!d) {
        file_close(folder);
        return;
    }
    if (!place_read_line(folder, "transport", out, size)) {
        while ((out[0] == '\0' || strcmp(out, "pcie") == 0) && (e = readdir(d))) {
            char name[280], more[32];
            snprintf(name, sizeof name, "%s/transport", e->d_name);
            if (strncmp(e->d_name, "nvme", 4) == 0 &&
                place_read_line(folder, name, more, sizeof more))
                snprintf(out, size, "%s", more);
        }
    }
    closedir(d);
}

/* What the kind of device itself means, before what it is made of. */
static enum place_below look_at_kind(int device, const char *path)
{
    char text[256], transport[32];
    enum place_below below;

    look_at_transport(device, transport, sizeof transport);
    below = place_of_disk(path, transport);
    if (below != PLACE_DISK)
        return below;
    if (place_read_line(device, "md/consistency_policy", text, sizeof text) &&
        strcmp(text, "journal") == 0)
        return PLACE_SNAPSHOT;
    if (place_read_line(device, "md/degraded", text, sizeof text) && strcmp(text, "0") != 0)
        return PLACE_DEGRADED;
    if (place_read_line(device, "backing_dev", text, sizeof text) && strcmp(text, "none") != 0)
        return PLACE_SNAPSHOT; /* zram writes pages out to it */
    return place_read_line(device, "dm/name", text, sizeof text) ? dm_below(text) : PLACE_DISK;
}

/* The device's folder in sysfs, or that of the whole disk whose partition it is. */
static int open_whole(const char *sys, dev_t device, char link[PLACE_WITHIN_MAX])
{
    char path[PLACE_WITHIN_MAX], *end;
    struct stat st;
    ssize_t n;
    int fd, disk;

    snprintf(path, sizeof path, "%s/dev/block/%u:%u", sys, major(device), minor(device));
    n = readlink(path, link, PLACE_WITHIN_MAX - 1);
    fd = n > 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return -1;
    link[n] = '\0';
    if (fstatat(fd, "partition", &st, 0) == 0) {
        disk = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = disk;
        end = strrchr(link, '/');
        if (end)
            *end = '\0';
    }
    return fd;
}

static enum place_below look_below(const char *sys, dev_t device, place_of_file of_file, int depth)
{
    char path[PLACE_WITHIN_MAX], file[PLACE_WITHIN_MAX];
    enum place_below below;
    int fd = depth < DEPTH ? open_whole(sys, device, path) : -1;

    if (fd < 0)
        return PLACE_DISK; /* no block device: the file system's own habit is judged */
    if (place_read_line(fd, "loop/backing_file", file, sizeof file))
        below = of_file(file);
    else
        below = look_at_kind(fd, path);
    if (below == PLACE_DISK)
        below = look_at_slaves(sys, fd, of_file, depth);
    close(fd);
    return below;
}

enum place_below place_below_device(const char *sys, dev_t device, place_of_file of_file)
{
    return look_below(sys, device, of_file, 0);
}
