#include "kiosk/wipe/holder.h"

#include "kiosk/common/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum use { USE_ANY, USE_WRITES };

static bool is_held_file(int folder, const char *name, dev_t device, ino_t inode)
{
    struct stat st;
    return fstatat(folder, name, &st, 0) == 0 && st.st_dev == device && st.st_ino == inode;
}

static void read_some(int process, const char *name, char *out, size_t size)
{
    int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : file_read_all(fd, out, size - 1);
    file_close(fd);
    out[n > 0 ? n : 0] = '\0';
}

/* Whether its descriptor `number` is open to write. */
static bool may_write(int process, const char *number)
{
    char name[300], text[1024];
    const char *flags;

    snprintf(name, sizeof name, "fdinfo/%s", number);
    read_some(process, name, text, sizeof text);
    flags = strstr(text, "flags:");
    return flags && (strtoul(flags + strlen("flags:"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

static bool holds(int process, enum use use, dev_t device, ino_t inode)
{
    int folder;
    DIR *d;
    struct dirent *e;
    bool found = use == USE_ANY && is_held_file(process, "exe", device, inode);

    folder = found ? -1 : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    d = folder < 0 ? NULL : fdopendir(folder);
    if (!d)
        file_close(folder);
    while (d && !found && (e = readdir(d)))
        found = e->d_name[0] != '.' && is_held_file(dirfd(d), e->d_name, device, inode) &&
                (use == USE_ANY || may_write(process, e->d_name));
    if (d)
        closedir(d);
    return found;
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

/* Calls `visit` with the name of each process that has the file, until it returns true. */
static bool holder_each(dev_t device, ino_t inode, enum use use,
                        bool (*visit)(void *context, const char *who), void *context)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    bool found = false;

    while (d && !found && (e = readdir(d))) {
        char who[HOLDER_MAX];
        int process = isdigit((unsigned char)e->d_name[0])
                          ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                          : -1;
        if (process >= 0 && holds(process, use, device, inode)) {
            name_of(process, e->d_name, who);
            found = visit(context, who);
        }
        file_close(process);
    }
    if (d)
        closedir(d);
    return found;
}

static bool holder_take_name(void *context, const char *who)
{
    snprintf(context, HOLDER_MAX, "%s", who);
    return true;
}

bool holder_of(dev_t device, ino_t inode, char out[HOLDER_MAX])
{
    out[0] = '\0';
    return holder_each(device, inode, USE_ANY, holder_take_name, out);
}

/* --- who writes ------------------------------------------------------------------------------ */

struct writer {
    const struct plan *plan;
    char *out;
    bool seen;
};

static bool is_stopped_first(const struct plan *p, const char *who)
{
    for (size_t i = 0; p && i < p->targets_count; i++) {
        size_t len = strlen(p->targets[i].word);
        if (p->targets[i].kind == PLAN_UNIT && strncmp(who, p->targets[i].word, len) == 0 &&
            who[len] == ' ')
            return true;
    }
    return false;
}

static bool holder_take_writer(void *context, const char *who)
{
    struct writer *w = context;

    w->seen = true;
    return !is_stopped_first(w->plan, who) && holder_take_name(w->out, who);
}

/* The kernel grants a lease for reading only where nobody has the file open to write. It says by a
 * signal that somebody wants to: by one that is ignored unless somebody asks for it. */
static bool is_lease_refused(int fd)
{
    bool refused;

    if (fcntl(fd, F_SETSIG, SIGURG) < 0)
        return false;
    refused = fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN;
    if (!refused)
        fcntl(fd, F_SETLEASE, F_UNLCK);
    return refused;
}

bool holder_writes(int fd, const struct plan *plan, char out[HOLDER_MAX])
{
    struct writer w = {plan, out, false};
    struct stat st;

    out[0] = '\0';
    if (!is_lease_refused(fd) || fstat(fd, &st) < 0)
        return false;
    return holder_each(st.st_dev, st.st_ino, USE_WRITES, holder_take_writer, &w) || !w.seen;
}
