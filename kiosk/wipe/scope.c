#include "kiosk/wipe/scope.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/place_look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* EAGAIN: a file server, or whoever owns the file, holds a lease on it and has been asked by the
 * kernel to let go, for which it may take 45 s. It gets 150 ms. */
static bool pause_for_lease(int *tries)
{
    int saved = errno;
    if (++*tries > 30)
        return false;
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    errno = saved;
    return true;
}

static int open_how(int folder, const char *name, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
        .resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    int tries = 0;

    do {
        fd = syscall(SYS_openat2, folder, name, &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && pause_for_lease(&tries))));
    return (int)fd;
}

/* A symlink where a folder was asked for is ENOTDIR to the kernel. To a person it is a symlink. */
static int open_folder(int folder, const char *name, uint64_t resolve)
{
    int fd = open_how(folder, name, O_RDONLY | O_DIRECTORY, resolve), there;
    struct stat st;

    if (fd >= 0 || errno != ENOTDIR)
        return fd;
    there = open_how(folder, name, O_PATH, resolve);
    if (there < 0)
        return -1;
    errno = fstat(there, &st) == 0 && S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
    file_close(there);
    return -1;
}

int scope_open(int folder, const char *name, int flags)
{
    if (flags == (O_RDONLY | O_DIRECTORY))
        return open_folder(folder, name, RESOLVE_NO_XDEV);
    return open_how(folder, name, flags, RESOLVE_NO_XDEV);
}

static bool is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* An automount on the way that has mounted nothing yet: to open what is below it could take as long
 * as its device takes to come, and the keys do not wait for that. */
static bool is_automount(const char *mounts, const char *path)
{
    struct place_mount m;
    size_t longest = 0;
    bool automount = false;

    while (mounts && place_next_mount(&mounts, &m)) {
        size_t len = strcmp(m.where, "/") == 0 ? 1 : strlen(m.where) + 1;
        /* The same mount point again is what was mounted over it. */
        if (len >= longest && (len == 1 || is_in(path, m.where))) {
            longest = len;
            automount = strcmp(m.type, "autofs") == 0;
        }
    }
    return automount;
}

int scope_peek(const struct scope *s, const char *path)
{
    char full[PLACE_WITHIN_MAX];

    snprintf(full, sizeof full, "%s%s", s->path, path);
    if (is_automount(s->mounts, full)) {
        errno = ENODEV;
        return -1;
    }
    return open_how(s->prefix, path[1] ? path + 1 : ".", O_RDONLY | O_DIRECTORY, 0);
}

int scope_folder(const struct scope *s, const char *path)
{
    int root = plan_root_of(s->plan, path);
    const char *below;

    if (root < 0 || s->roots[root] < 0) {
        errno = root < 0 ? ENOENT : s->errors[root];
        return -1;
    }
    below = path + strlen(s->plan->roots[root].path);
    return scope_open(s->roots[root], *below ? below + 1 : ".", O_RDONLY | O_DIRECTORY);
}

DIR *scope_list(int folder)
{
    int own = scope_open(folder, ".", O_RDONLY | O_DIRECTORY);
    DIR *d = own >= 0 ? fdopendir(own) : NULL;
    if (!d)
        file_close(own);
    return d;
}

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
    if (real && !is_in(real, prefix)) { /* a link out of a moved prefix */
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
static bool is_awaited(const char *prefix_path, int prefix, const char *written, const char *path)
{
    char where[PLAN_PATH_MAX];
    struct statx st;

    return spell_out(prefix_path, written, where) && is_in(path, where) &&
           statx(prefix, where + 1, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &st) == 0 &&
           (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
           !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static bool fstab_awaits(const char *prefix_path, int prefix, const char *path)
{
    int fd = openat(prefix, "etc/fstab", O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    const struct mntent *m;
    bool awaits = false;

    if (!f)
        file_close(fd);
    while (f && !awaits && (m = getmntent(f)))
        awaits = is_awaited(prefix_path, prefix, m->mnt_dir, path);
    if (f)
        fclose(f);
    return awaits;
}

/* The Where= of a mount unit. */
static bool unit_awaits(const char *prefix_path, int prefix, int fd, const char *path)
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
        awaits = is_awaited(prefix_path, prefix, value, path);
    }
    if (f)
        fclose(f);
    return awaits;
}

/* Units that the host or a generator has put there; those that a package ships are no promise that
 * anything will be mounted. */
static bool units_await(const char *prefix_path, int prefix, const char *path)
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
                    unit_awaits(prefix_path, prefix,
                                openat(folder, e->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path);
        }
        if (d)
            closedir(d);
    }
    return awaits;
}

bool scope_awaits_mount(const char *prefix_path, const char *path)
{
    int prefix = open(prefix_path[0] ? prefix_path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool awaits = prefix >= 0 && (fstab_awaits(prefix_path, prefix, path) ||
                                  units_await(prefix_path, prefix, path));
    file_close(prefix);
    return awaits;
}

/* Where a root is, by itself or by the deepest folder above it that exists. */
static void look_at_place(struct scope *s, size_t i, const char *root)
{
    char above[PLAN_PATH_MAX], full[PLACE_WITHIN_MAX];
    int fd = s->roots[i], opened = -1;
    char *slash;

    memcpy(above, root, strlen(root) + 1);
    while (fd < 0 && (slash = strrchr(above, '/'))) {
        *slash = '\0';
        fd = opened = open_how(s->prefix, above[0] ? above + 1 : ".", O_RDONLY | O_DIRECTORY, 0);
        if (!above[0])
            break;
    }
    snprintf(full, sizeof full, "%s%s", s->path, root);
    place_look(&s->places[i], s->mounts, fd, full);
    file_close(opened);
}

/* A root may be a mount of its own: only what is below it may not be. */
static void open_root(struct scope *s, size_t i, const char *root)
{
    char full[PLACE_WITHIN_MAX];

    snprintf(full, sizeof full, "%s%s", s->path, root);
    s->errors[i] = 0;
    if (is_automount(s->mounts, full) || scope_awaits_mount(s->path, root))
        s->errors[i] = ENODEV;
    else if ((s->roots[i] = open_folder(s->prefix, root + 1, 0)) < 0)
        s->errors[i] = errno;
    look_at_place(s, i, root);
}

int scope_init(struct scope *s, const char *prefix, const struct plan *p)
{
    for (size_t i = 0; i < PLAN_ROOTS_MAX; i++)
        s->roots[i] = -1;
    s->plan = p;
    s->slow = false;
    s->mounts = NULL;
    s->path = prefix;
    s->prefix = open(prefix[0] ? prefix : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->prefix < 0)
        return -1;
    s->mounts = place_look_mounts();
    for (size_t i = 0; i < p->roots_count; i++)
        open_root(s, i, p->roots[i].path);
    return 0;
}

void scope_place(const struct scope *s, const struct plan_target *t, struct place *at)
{
    size_t len;

    *at = (struct place){.known = false};
    if (t->root < 0)
        return;
    *at = s->places[t->root].at;
    len = strlen(at->within);
    if (snprintf(at->within + len, sizeof at->within - len, "/%s", t->below) >=
        (int)(sizeof at->within - len))
        at->known = false;
    place_tidy_path(at->within);
}

void scope_each_mount(const struct scope *s, const struct plan_target *t,
                      void (*visit)(void *context, const char *path), void *context)
{
    const char *mounts = s->mounts, *path = t->path[0] ? t->path : t->word + strlen("file:");
    char full[PLACE_WITHIN_MAX];
    struct place_mount m;

    if (t->root < 0)
        return;
    snprintf(full, sizeof full, "%s%s", s->path, path);
    while (mounts && place_next_mount(&mounts, &m)) {
        if (is_in(m.where, full) && strcmp(m.where, full) != 0)
            visit(context, m.where + strlen(s->path));
    }
}

void scope_finish(struct scope *s)
{
    for (size_t i = 0; i < PLAN_ROOTS_MAX; i++) {
        if (s->roots[i] >= 0)
            close(s->roots[i]);
        s->roots[i] = -1;
    }
    if (s->prefix >= 0)
        close(s->prefix);
    s->prefix = -1;
    free(s->mounts);
    s->mounts = NULL;
}

int scope_parent(const struct scope *s, const struct plan_target *t, char leaf[PLAN_PATH_MAX])
{
    char folder[PLAN_PATH_MAX];
    const char *slash = strrchr(t->below, '/');
    if (s->roots[t->root] < 0) {
        errno = s->errors[t->root];
        return -1;
    }
    if (!t->below[0]) {
        memcpy(leaf, ".", 2);
        return scope_open(s->roots[t->root], ".", O_RDONLY | O_DIRECTORY);
    }
    if (!slash) {
        memcpy(leaf, t->below, strlen(t->below) + 1);
        return scope_open(s->roots[t->root], ".", O_RDONLY | O_DIRECTORY);
    }
    memcpy(folder, t->below, (size_t)(slash - t->below));
    folder[slash - t->below] = '\0';
    memcpy(leaf, slash + 1, strlen(slash + 1) + 1);
    return scope_open(s->roots[t->root], folder, O_RDONLY | O_DIRECTORY);
}

static int sync_and_close(int fd)
{
    int result = file_sync(fd);
    file_close(fd);
    return result;
}

/* Where even the root is missing, the folders above it are walked from the prefix. */
static int sync_above_root(const struct scope *s, const char *root)
{
    char path[PLAN_PATH_MAX];
    char *slash;
    memcpy(path, root, strlen(root) + 1);
    while ((slash = strrchr(path, '/'))) {
        int fd;
        *slash = '\0';
        fd = open_how(s->prefix, path[0] ? path + 1 : ".", O_RDONLY | O_DIRECTORY, 0);
        if (fd >= 0)
            return sync_and_close(fd);
        if (errno != ENOENT || !path[0])
            return -1;
    }
    return -1;
}

int scope_sync_absence(const struct scope *s, const struct plan_target *t)
{
    struct plan_target at = *t;
    char leaf[PLAN_PATH_MAX];

    if (s->roots[t->root] < 0) {
        errno = s->errors[t->root];
        return errno == ENOENT ? sync_above_root(s, t->path[0] ? t->path : t->word + 5) : -1;
    }
    for (;;) {
        char *slash = strrchr(at.below, '/');
        int fd = scope_parent(s, &at, leaf);

        if (fd >= 0)
            return sync_and_close(fd);
        if (errno != ENOENT || !at.below[0])
            return -1;
        if (slash)
            *slash = '\0';
        else
            at.below[0] = '\0';
    }
}

void scope_stub(const struct plan_target *t, char out[SCOPE_STUB_MAX])
{
    unsigned char hash[16];
    char hex[33];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)t->name, strlen(t->name), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(out, SCOPE_STUB_MAX, ".wiped%s", hex);
}
