#include "kiosk/wipe/scope.h"

#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
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

int scope_peek(const struct scope *s, const char *path)
{
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

static bool is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool scope_awaits_mount(const char *prefix_path, const char *path)
{
    int prefix = open(prefix_path[0] ? prefix_path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(prefix, "etc/fstab", O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    const struct mntent *m;
    bool awaits = false;

    if (!f && fd >= 0)
        close(fd);
    while (f && !awaits && (m = getmntent(f))) {
        struct statx st;
        if (m->mnt_dir[0] != '/' || !m->mnt_dir[1] || !is_in(path, m->mnt_dir))
            continue;
        awaits = statx(prefix, m->mnt_dir + 1, AT_SYMLINK_NOFOLLOW, 0, &st) == 0 &&
                 (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
                 !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
    }
    if (f)
        fclose(f);
    file_close(prefix);
    return awaits;
}

int scope_init(struct scope *s, const char *prefix, const struct plan *p)
{
    for (size_t i = 0; i < PLAN_ROOTS_MAX; i++)
        s->roots[i] = -1;
    s->plan = p;
    s->slow = false;
    s->prefix = open(prefix[0] ? prefix : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->prefix < 0)
        return -1;
    for (size_t i = 0; i < p->roots_count; i++) {
        /* A root may be a mount of its own: only what is below it may not be. */
        s->roots[i] = open_folder(s->prefix, p->roots[i].path + 1, 0);
        s->errors[i] = s->roots[i] < 0 ? errno : 0;
        if (s->roots[i] >= 0 && scope_awaits_mount(prefix, p->roots[i].path)) {
            close(s->roots[i]);
            s->roots[i] = -1;
            s->errors[i] = ENODEV;
        }
    }
    return 0;
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
