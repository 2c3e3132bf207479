#include "kiosk/wipe/holder.h"

#include "kiosk/common/file.h"
#include "kiosk/common/utf8.h"
#include "kiosk/wipe/belongings.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What is looked for: a file, or deleted ones that were at a path. */
struct wanted {
    dev_t device;
    ino_t inode;
    bool writes;      /* only who has it open to write */
    const char *path; /* NULL: the file */
    bool below;       /* also what was below that path */
};

static bool was_at(int folder, const char *name, const struct wanted *w)
{
    static const char mark[] = " (deleted)";
    char path[PATH_MAX];
    ssize_t n = readlinkat(folder, name, path, sizeof path - 1);
    size_t end = n > (ssize_t)sizeof mark - 1 ? (size_t)n - (sizeof mark - 1) : 0;

    path[n > 0 ? n : 0] = '\0';
    if (strcmp(path + end, mark) == 0)
        path[end] = '\0';
    return belongings_is_in(path, w->path, w->below);
}

/* No server is asked, which may be gone: what the kernel knows of an open file is enough. */
static bool holder_is_wanted(int folder, const char *name, const struct wanted *w)
{
    struct statx st;

    if ((w->path && !was_at(folder, name, w)) ||
        statx(folder, name, AT_STATX_DONT_SYNC, STATX_INO | STATX_NLINK | STATX_TYPE, &st) < 0 ||
        makedev(st.stx_dev_major, st.stx_dev_minor) != w->device)
        return false;
    return w->path ? S_ISREG(st.stx_mode) && st.stx_nlink == 0 : st.stx_ino == w->inode;
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

static bool holds(int process, const struct wanted *w)
{
    int folder;
    DIR *d;
    struct dirent *e;
    bool found = !w->writes && holder_is_wanted(process, "exe", w);

    folder = found ? -1 : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    d = folder < 0 ? NULL : fdopendir(folder);
    if (!d)
        file_close(folder);
    while (d && !found && (e = readdir(d)))
        found = e->d_name[0] != '.' && holder_is_wanted(dirfd(d), e->d_name, w) &&
                (!w->writes || may_write(process, e->d_name));
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

bool holder_writes(int fd, const struct plan *plan, char out[HOLDER_MAX])
{
    struct holder h = {plan, out, false};
    struct wanted w = {.writes = true};
    struct stat st;

    out[0] = '\0';
    if (!is_lease_refused(fd) || fstat(fd, &st) < 0)
        return false;
    w.device = st.st_dev;
    w.inode = st.st_ino;
    return holder_each(&w, holder_take_lasting, &h) || !h.seen;
}

bool holder_keeps_deleted(dev_t device, const char *path, bool below, const struct plan *plan,
                          char out[HOLDER_MAX])
{
    const struct wanted w = {.device = device, .path = path, .below = below};
    struct holder h = {plan, out, false};

    out[0] = '\0';
    return holder_each(&w, holder_take_lasting, &h);
}
