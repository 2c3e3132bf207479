#include "kiosk/wipe/scope.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/place_look.h"
#include "kiosk/wipe/scope_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
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

int scope_peek(const struct scope *s, const char *path)
{
    char full[PLACE_WITHIN_MAX];

    snprintf(full, sizeof full, "%s%s", s->path, path);
    if (scope_mounts_automount(s->mounts, full) || !scope_mounts_answers(s->mounts, full)) {
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

int scope_above(const struct scope *s, int root)
{
    char above[PLAN_PATH_MAX];
    int fd = -1;
    char *slash;

    snprintf(above, sizeof above, "%s", s->plan->roots[root].path);
    while (fd < 0 && (slash = strrchr(above, '/'))) {
        *slash = '\0';
        fd = open_how(s->prefix, above[0] ? above + 1 : ".", O_RDONLY | O_DIRECTORY, 0);
        if (!above[0])
            break;
    }
    return fd;
}

/* Where a root is, by itself or by the deepest folder above it that exists. */
static void look_at_place(struct scope *s, size_t i, const char *root)
{
    int above = s->roots[i] < 0 ? scope_above(s, (int)i) : -1;
    char full[PLACE_WITHIN_MAX];

    snprintf(full, sizeof full, "%s%s", s->path, root);
    place_look(&s->places[i], s->mounts, above >= 0 ? above : s->roots[i], full);
    file_close(above);
}

/* Several roots may be on what does not answer: it is waited for once. */
static bool root_answers(struct scope *s, const char *full)
{
    if (s->silent[0] && scope_mounts_same(s->mounts, s->silent, full))
        return false;
    if (scope_mounts_answers(s->mounts, full))
        return true;
    snprintf(s->silent, sizeof s->silent, "%s", full);
    return false;
}

/* A root may be a mount of its own: only what is below it may not be. */
static void open_root(struct scope *s, size_t i, const char *root)
{
    char full[PLACE_WITHIN_MAX];

    snprintf(full, sizeof full, "%s%s", s->path, root);
    s->errors[i] = 0;
    if (scope_mounts_automount(s->mounts, full) || scope_mounts_awaited(s->mounts, s->path, root))
        s->errors[i] = ENODEV;
    else if (!root_answers(s, full))
        s->errors[i] = EHOSTDOWN;
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
    s->silent[0] = '\0';
    s->path = prefix;
    s->prefix = open(prefix[0] ? prefix : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->prefix < 0)
        return -1;
    s->mounts = place_look_mounts(AT_FDCWD);
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
        if (scope_is_in(m.where, full) && (t->below[0] || strcmp(m.where, full) != 0))
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

bool scope_is_away(const struct scope *s, int root)
{
    return s->errors[root] == ENODEV || s->errors[root] == EHOSTDOWN;
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
