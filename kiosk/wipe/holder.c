#include "kiosk/wipe/holder.h"

#include "kiosk/common/file.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_held_file(int folder, const char *name, dev_t device, ino_t inode)
{
    struct stat st;
    return fstatat(folder, name, &st, 0) == 0 && st.st_dev == device && st.st_ino == inode;
}

static bool holds(int process, dev_t device, ino_t inode)
{
    int folder;
    DIR *d;
    struct dirent *e;
    bool found = is_held_file(process, "exe", device, inode);

    folder = found ? -1 : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    d = folder < 0 ? NULL : fdopendir(folder);
    if (!d)
        file_close(folder);
    while (d && !found && (e = readdir(d)))
        found = e->d_name[0] != '.' && is_held_file(dirfd(d), e->d_name, device, inode);
    if (d)
        closedir(d);
    return found;
}

static void read_some(int process, const char *name, char *out, size_t size)
{
    int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : file_read_all(fd, out, size - 1);
    file_close(fd);
    out[n > 0 ? n : 0] = '\0';
}

static void name_of(int process, const char *id, char out[HOLDER_MAX])
{
    char text[4096];
    char *end, *unit;

    read_some(process, "cgroup", text, sizeof text);
    end = strstr(text, ".service");
    if (end) {
        end[strlen(".service")] = '\0';
        unit = strrchr(text, '/');
        snprintf(out, HOLDER_MAX, "%.48s (%.10s)", unit ? unit + 1 : text, id);
        return;
    }
    read_some(process, "comm", text, sizeof text);
    text[strcspn(text, "\n")] = '\0';
    snprintf(out, HOLDER_MAX, "%.48s (%.10s)", text, id);
}

bool holder_of(dev_t device, ino_t inode, char out[HOLDER_MAX])
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    bool found = false;

    out[0] = '\0';
    while (d && !found && (e = readdir(d))) {
        int process = isdigit((unsigned char)e->d_name[0])
                          ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                          : -1;
        found = process >= 0 && holds(process, device, inode);
        if (found)
            name_of(process, e->d_name, out);
        file_close(process);
    }
    if (d)
        closedir(d);
    return found;
}
