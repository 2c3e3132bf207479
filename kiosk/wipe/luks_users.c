#include "kiosk/wipe/luks_users.h"

#include "kiosk/common/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A device on a device on a device ...: nobody builds more than a few. */
enum { FLOORS_MAX = 8 };

/* The first line of a file of sysfs, without its end. False if there is none. */
static bool sysfs_line(int folder, const char *path, char *out, size_t size)
{
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : file_read_all(fd, out, size - 1);

    file_close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return n > 0;
}

static DIR *sysfs_list(int folder, const char *path)
{
    int fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d)
        file_close(fd);
    return d;
}

static void add_user(int device, const char *name, bool direct, struct luks_users *u)
{
    char uuid[160];
    struct luks_user *one;

    if (u->count == LUKS_USERS_MAX) {
        u->many = true;
        return;
    }
    one = &u->list[u->count++];
    one->direct = direct;
    if (!sysfs_line(device, "dm/name", one->name, sizeof one->name))
        snprintf(one->name, sizeof one->name, "%.100s", name);
    one->crypt =
        sysfs_line(device, "dm/uuid", uuid, sizeof uuid) && strncmp(uuid, "CRYPT-", 6) == 0;
}

/* `device`: its folder in sysfs. */
static void walk_holders(int device, int floor, struct luks_users *u)
{
    DIR *d = sysfs_list(device, "holders");
    struct dirent *e;

    if (floor == FLOORS_MAX)
        u->many = true;
    while (d && floor < FLOORS_MAX && (e = readdir(d))) {
        int holder;
        if (e->d_name[0] == '.')
            continue;
        holder = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (holder < 0) {
            u->many = true;
            continue;
        }
        add_user(holder, e->d_name, floor == 0, u);
        walk_holders(holder, floor + 1, u);
        close(holder);
    }
    if (d)
        closedir(d);
}

void luks_users_of_device(const struct scope *s, dev_t device, struct luks_users *u)
{
    char path[80];
    int fd;

    snprintf(path, sizeof path, "sys/dev/block/%u:%u", major(device), minor(device));
    fd = openat(s->prefix, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        walk_holders(fd, 0, u);
    file_close(fd);
}

static bool is_same(const struct stat *file, const struct stat *st)
{
    if (S_ISBLK(file->st_mode))
        return S_ISBLK(st->st_mode) && st->st_rdev == file->st_rdev;
    return st->st_dev == file->st_dev && st->st_ino == file->st_ino;
}

static void walk_loops(const struct scope *s, const struct stat *file, int floor,
                       struct luks_users *u);

/* `loop`: the folder of a loop device in sysfs. */
static void add_loop(const struct scope *s, int loop, const struct stat *file, int floor,
                     struct luks_users *u)
{
    struct stat st, device = {.st_mode = S_IFBLK};
    char path[4096], number[32];
    unsigned high, low;

    if (!sysfs_line(loop, "loop/backing_file", path, sizeof path) || stat(path, &st) < 0 ||
        !is_same(file, &st))
        return;
    u->loop = true;
    walk_holders(loop, 0, u);
    if (sysfs_line(loop, "dev", number, sizeof number) &&
        sscanf(number, "%u:%u", &high, &low) == 2) {
        device.st_rdev = makedev(high, low);
        walk_loops(s, &device, floor + 1, u);
    }
}

static void walk_loops(const struct scope *s, const struct stat *file, int floor,
                       struct luks_users *u)
{
    DIR *d = floor < FLOORS_MAX ? sysfs_list(s->prefix, "sys/block") : NULL;
    struct dirent *e;

    while (d && (e = readdir(d))) {
        int loop;
        if (strncmp(e->d_name, "loop", 4) != 0)
            continue;
        loop = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (loop >= 0)
            add_loop(s, loop, file, floor, u);
        file_close(loop);
    }
    if (d)
        closedir(d);
}

void luks_users_find(const struct scope *s, int fd, struct luks_users *u)
{
    struct stat file;

    *u = (struct luks_users){.count = 0};
    if (fstat(fd, &file) < 0)
        return;
    if (S_ISBLK(file.st_mode))
        luks_users_of_device(s, file.st_rdev, u);
    walk_loops(s, &file, 0, u);
}

/* cryptsetup calls a mapping CRYPT-LUKS2-UUID-NAME, with the UUID's dashes left out. */
static bool is_mapping_of(const char *mapping, const char *uuid)
{
    size_t skip = strlen("CRYPT-LUKS2-");

    if (strncmp(mapping, "CRYPT-LUKS", 10) != 0 || strlen(mapping) < skip)
        return false;
    for (mapping += skip; *uuid; uuid++)
        if (*uuid != '-' && *mapping++ != *uuid)
            return false;
    return *mapping == '-';
}

void luks_users_of_uuid(const struct scope *s, const char *uuid, struct luks_users *u)
{
    DIR *d = sysfs_list(s->prefix, "sys/block");
    struct dirent *e;
    char path[300], found[160];

    *u = (struct luks_users){.count = 0};
    while (d && uuid[0] && (e = readdir(d)) && u->count < LUKS_USERS_MAX) {
        snprintf(path, sizeof path, "%s/dm/uuid", e->d_name);
        if (!sysfs_line(dirfd(d), path, found, sizeof found) || !is_mapping_of(found, uuid))
            continue;
        snprintf(path, sizeof path, "%s/dm/name", e->d_name);
        u->list[u->count].crypt = true;
        u->count += sysfs_line(dirfd(d), path, u->list[u->count].name, sizeof u->list[0].name);
    }
    if (d)
        closedir(d);
}
