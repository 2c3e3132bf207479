#include "kiosk/wipe/scope_mounts.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/place_look.h"
#include "kiosk/wipe/plan.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The keys wait so long for a server that may be gone, and so long for our own child to end. */
enum { ANSWER_MS = 300, END_MS = 100 };

bool scope_is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The mount that a path is in, by its text alone: nothing is asked that may not answer. */
static bool mount_of(const char *mounts, const char *path, struct place_mount *found)
{
    struct place_mount m;
    size_t longest = 0;

    while (mounts && place_next_mount(&mounts, &m)) {
        size_t len = strcmp(m.where, "/") == 0 ? 1 : strlen(m.where) + 1;
        /* The same mount point again is what was mounted over it. */
        if (len >= longest && (len == 1 || scope_is_in(path, m.where))) {
            longest = len;
            *found = m;
        }
    }
    return longest > 0;
}

bool scope_mounts_automount(const char *mounts, const char *path)
{
    struct place_mount m;
    return mount_of(mounts, path, &m) && strcmp(m.type, "autofs") == 0;
}

bool scope_mounts_same(const char *mounts, const char *a, const char *b)
{
    struct place_mount of_a, of_b;
    return mount_of(mounts, a, &of_a) && mount_of(mounts, b, &of_b) && of_a.id == of_b.id;
}

/* --- whether it answers ---------------------------------------------------------------------- */

static _Noreturn void ask_and_exit(const char *path)
{
    struct statfs fs;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _exit(fd < 0 || fstatfs(fd, &fs) < 0);
}

/* Killed, it ends at once, unless the kernel itself waits. */
static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    for (int i = 0; i < END_MS && waitpid(child, NULL, WNOHANG) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Another process asks, since whoever asks may wait without end. An error is an answer too. */
static bool answers(const char *path)
{
    struct pollfd end = {.events = POLLIN};
    bool answered;
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return true;
    child = fork();
    if (child == 0)
        ask_and_exit(path);
    close(ends[1]);
    end.fd = ends[0];
    answered = child < 0 || poll(&end, 1, ANSWER_MS) == 1;
    close(ends[0]);
    if (child > 0)
        end_child(child);
    return answered;
}

bool scope_mounts_answers(const char *mounts, const char *path)
{
    struct place_mount m;
    return !mount_of(mounts, path, &m) || !place_is_served(m.type) || answers(m.where);
}

/* --- what is to be mounted ------------------------------------------------------------------- */

/* A mount point as somebody has written it, as the plan would: without a symbolic link, an empty
 * part or a final slash. */
static bool spell_out(const char *prefix, const char *written, char out[PLAN_PATH_MAX])
{
    char full[PLAN_PATH_MAX + PLAN_PATH_MAX], *real;
    bool fits = written[0] == '/' &&
                snprintf(full, sizeof full, "%s%s", prefix, written) < (int)sizeof full;

    if (!fits)
        return false;
    real = realpath(full, NULL);
    if (real && !scope_is_in(real, prefix)) { /* a link out of a moved prefix */
        free(real);
        real = NULL;
    }
    fits =
        snprintf(out, PLAN_PATH_MAX, "%s", real ? real + strlen(prefix) : written) < PLAN_PATH_MAX;
    free(real);
    place_tidy_path(out);
    return fits && out[1];
}

/* True if `written` is a mount point at or above `path`, and nothing is mounted there. */
static bool is_awaited(const char *mounts, const char *prefix_path, int prefix, const char *written,
                       const char *path)
{
    char where[PLAN_PATH_MAX], full[PLACE_WITHIN_MAX];
    struct place_mount m;
    struct statx st;

    snprintf(full, sizeof full, "%s%s", prefix_path, written);
    place_tidy_path(full);
    if (mount_of(mounts, full, &m) && (strcmp(m.where, full) == 0 || place_is_served(m.type)))
        return false; /* mounted, or nothing that can be looked at without its server */
    return spell_out(prefix_path, written, where) && scope_is_in(path, where) &&
           statx(prefix, where + 1, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &st) == 0 &&
           (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
           !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static bool fstab_awaits(const char *mounts, const char *prefix_path, int prefix, const char *path)
{
    int fd = openat(prefix, "etc/fstab", O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    const struct mntent *m;
    bool awaits = false;

    if (!f)
        file_close(fd);
    while (f && !awaits && (m = getmntent(f)))
        awaits = is_awaited(mounts, prefix_path, prefix, m->mnt_dir, path);
    if (f)
        fclose(f);
    return awaits;
}

/* The Where= of a mount unit. */
static bool unit_awaits(const char *mounts, const char *prefix_path, int prefix, int fd,
                        const char *path)
{
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    char line[2 * PLAN_PATH_MAX];
    bool awaits = false;

    if (!f)
        file_close(fd);
    while (f && !awaits && fgets(line, sizeof line, f)) {
        char *value = line + strspn(line, " \t");
        if (strncmp(value, "Where", 5) != 0)
            continue;
        value += 5 + strspn(value + 5, " \t");
        if (*value++ != '=')
            continue;
        value += strspn(value, " \t");
        value[strcspn(value, "\r\n")] = '\0';
        awaits = is_awaited(mounts, prefix_path, prefix, value, path);
    }
    if (f)
        fclose(f);
    return awaits;
}

/* Units that the host or a generator has put there; those that a package ships are no promise that
 * anything will be mounted. */
static bool units_await(const char *mounts, const char *prefix_path, int prefix, const char *path)
{
    static const char *const folders[] = {"etc/systemd/system", "run/systemd/system",
                                          "run/systemd/generator"};
    bool awaits = false;

    for (size_t i = 0; i < sizeof folders / sizeof *folders && !awaits; i++) {
        int folder = openat(prefix, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = folder < 0 ? NULL : fdopendir(folder);
        struct dirent *e;
        if (!d)
            file_close(folder);
        while (d && !awaits && (e = readdir(d))) {
            const char *dot = strrchr(e->d_name, '.');
            if (dot && strcmp(dot, ".mount") == 0)
                awaits =
                    unit_awaits(mounts, prefix_path, prefix,
                                openat(folder, e->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path);
        }
        if (d)
            closedir(d);
    }
    return awaits;
}

bool scope_mounts_awaited(const char *mounts, const char *prefix_path, const char *path)
{
    int prefix = open(prefix_path[0] ? prefix_path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool awaits = prefix >= 0 && (fstab_awaits(mounts, prefix_path, prefix, path) ||
                                  units_await(mounts, prefix_path, prefix, path));
    file_close(prefix);
    return awaits;
}

bool scope_awaits_mount(const char *prefix_path, const char *path)
{
    char *mounts = place_look_mounts(AT_FDCWD);
    bool awaits = scope_mounts_awaited(mounts, prefix_path, path);
    free(mounts);
    return awaits;
}
