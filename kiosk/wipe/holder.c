#include "kiosk/wipe/holder.h"

#include "kiosk/common/file.h"
#include "kiosk/common/utf8.h"
#include "kiosk/wipe/belongings.h"
#include "kiosk/wipe/place_look.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char deleted_mark[] = " (deleted)";

/* What is looked for: a file, or deleted ones that were at a path. */
struct wanted {
    dev_t device;
    ino_t inode;
    bool writes;        /* only who has it open to write */
    const char *path;   /* NULL: the file */
    const char *within; /* the same path in its file system; empty: not known */
    bool below;         /* also what was below that path */
};

enum was { WAS_ELSEWHERE, WAS_UNKNOWN, WAS_THERE };

/* Whether `path` is one of those by the mounts of a process's folder in /proc: where they were
 * opened, their file system may be mounted at another place, as in a container. Unknown: by none of
 * them the path is on that device. */
static enum was was_in(int process, const char *path, const struct wanted *w)
{
    char device[PLACE_DEVICE_MAX], within[PLACE_WITHIN_MAX];
    char *mounts = place_look_mounts(process);
    const char *next = mounts;
    enum was was = WAS_UNKNOWN;
    struct place_mount m;

    snprintf(device, sizeof device, "%u:%u", major(w->device), minor(w->device));
    while (next && was != WAS_THERE && place_next_mount(&next, &m)) {
        if (strcmp(m.device, device) != 0 || !place_within(&m, path, within))
            continue;
        was = (w->below && strcmp(w->within, "/") == 0) ||
                      belongings_is_in(within, w->within, w->below)
                  ? WAS_THERE
                  : WAS_ELSEWHERE;
    }
    free(mounts);
    return was;
}

/* `path`: as the kernel has it of an open file, with its mark, which is taken off. `process`: its
 * folder in /proc. In a chroot the mounts that it sees say nothing of the path, nor does a mount
 * that was taken away: then ours say it, if they are its own, and else it may have been there. */
static bool was_at(int process, char *path, const struct wanted *w)
{
    struct stat its, ours;

    path[strlen(path) - strlen(deleted_mark)] = '\0';
    if (belongings_is_in(path, w->path, w->below))
        return true;
    enum was was = was_in(process, path, w);
    if (was == WAS_UNKNOWN && fstatat(process, "ns/mnt", &its, 0) != 0)
        was = WAS_ELSEWHERE; /* it has ended, and keeps nothing */
    else if (was == WAS_UNKNOWN && stat("/proc/self/ns/mnt", &ours) == 0 &&
             its.st_dev == ours.st_dev && its.st_ino == ours.st_ino)
        was = was_in(AT_FDCWD, path, w);
    return was != WAS_ELSEWHERE;
}

static bool is_marked(const char *path)
{
    size_t len = strlen(path), end = strlen(deleted_mark);
    return len > end && strcmp(path + len - end, deleted_mark) == 0;
}

/* No server is asked, which may be gone: what the kernel knows of an open file is enough. */
static bool holder_is_wanted(int process, int folder, const char *name, const struct wanted *w)
{
    char path[PATH_MAX];
    struct statx st;
    ssize_t n = w->path ? readlinkat(folder, name, path, sizeof path - 1) : 0;

    path[n > 0 ? n : 0] = '\0';
    if ((w->path && !is_marked(path)) ||
        statx(folder, name, AT_STATX_DONT_SYNC, STATX_INO | STATX_NLINK | STATX_TYPE, &st) < 0 ||
        makedev(st.stx_dev_major, st.stx_dev_minor) != w->device)
        return false;
    return w->path ? S_ISREG(st.stx_mode) && st.stx_nlink == 0 && was_at(process, path, w)
                   : st.stx_ino == w->inode;
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

/* `list`: a folder of links in the process's own, "fd" or "map_files". */
static bool holds_in(int process, const char *list, const struct wanted *w)
{
    int folder = openat(process, list, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = folder < 0 ? NULL : fdopendir(folder);
    struct dirent *e;
    bool found = false;

    if (!d)
        file_close(folder);
    while (d && !found && (e = readdir(d)))
        found = e->d_name[0] != '.' && holder_is_wanted(process, dirfd(d), e->d_name, w) &&
                (!w->writes || may_write(process, e->d_name));
    if (d)
        closedir(d);
    return found;
}

/* Its list of mappings is read at once; each as a link takes longer. */
static bool maps_deleted(int process)
{
    int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (f && !found && getline(&line, &room, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        found = is_marked(line);
    }
    free(line);
    if (f)
        fclose(f);
    else
        file_close(fd);
    return found;
}

/* A file that is mapped has no descriptor any more, and is as open as one that has. */
static bool holds(int process, const struct wanted *w)
{
    return (!w->writes && holder_is_wanted(process, process, "exe", w)) ||
           holds_in(process, "fd", w) ||
           (w->path && maps_deleted(process) && holds_in(process, "map_files", w));
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
    utf8_clean(out); /* a program may call itself anything */
}

/* Calls `visit` with the name of each other process that has the file, until it returns true. */
static bool holder_each(const struct wanted *w, bool (*visit)(void *context, const char *who),
                        void *context)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    bool found = false;

    while (d && !found && (e = readdir(d))) {
        char who[HOLDER_MAX];
        int process = isdigit((unsigned char)e->d_name[0]) && atoi(e->d_name) != getpid()
                          ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                          : -1;
        if (process >= 0 && holds(process, w)) {
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
    const struct wanted w = {.device = device, .inode = inode};

    out[0] = '\0';
    return holder_each(&w, holder_take_name, out);
}

/* --- who is not stopped first, and writes
 * ------------------------------------------------------------------------------ */

struct holder {
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

static bool holder_take_lasting(void *context, const char *who)
{
    struct holder *h = context;

    h->seen = true;
    return !is_stopped_first(h->plan, who) && holder_take_name(h->out, who);
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

bool holder_lasts(const struct stat *st, bool writes, const struct plan *plan, char out[HOLDER_MAX])
{
    const struct wanted w = {.device = st->st_dev, .inode = st->st_ino, .writes = writes};
    struct holder h = {plan, out, false};

    out[0] = '\0';
    return holder_each(&w, holder_take_lasting, &h) || !h.seen;
}

bool holder_writes(int fd, const struct plan *plan, char out[HOLDER_MAX])
{
    struct stat st;

    out[0] = '\0';
    return is_lease_refused(fd) && fstat(fd, &st) == 0 && holder_lasts(&st, true, plan, out);
}

struct loop_search {
    const struct wanted *wanted;
    int self; /* this process's folder in /proc */
    char *out;
};

/* Whether the kernel says that the file of a loop device is on another file system: mounts that are
 * gone, or a container's, tell nothing of its path. */
static bool is_loop_elsewhere(const char *name, dev_t device)
{
    char path[PATH_MAX];
    struct loop_info64 loop;

    snprintf(path, sizeof path, "/dev/%s", name);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool elsewhere =
        fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &loop) == 0 && loop.lo_device != device;
    file_close(fd);
    return elsewhere;
}

static bool holder_take_loop(void *context, const char *device, char *path)
{
    const struct loop_search *search = context;
    bool found = is_marked(path) && was_at(search->self, path, search->wanted) &&
                 !is_loop_elsewhere(device, search->wanted->device);

    if (found)
        snprintf(search->out, HOLDER_MAX, "%.48s", device);
    return found;
}

/* A loop device keeps its file, as a program does. */
static bool is_in_a_loop(const struct wanted *w, char out[HOLDER_MAX])
{
    struct loop_search search = {w, open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC), out};
    bool found = place_look_each_loop(holder_take_loop, &search);

    file_close(search.self);
    return found;
}

bool holder_keeps_deleted(dev_t device, const char *path, const char *within, bool below,
                          const struct plan *plan, char out[HOLDER_MAX])
{
    const struct wanted w = {.device = device, .path = path, .within = within, .below = below};
    struct holder h = {plan, out, false};

    out[0] = '\0';
    return holder_each(&w, holder_take_lasting, &h) || is_in_a_loop(&w, out);
}
