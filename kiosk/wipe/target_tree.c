#include "kiosk/common/file.h"
#include "kiosk/wipe/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A program that keeps making new names for so many passes is too fast for us. */
enum { PASSES_MAX = 50 };

static void fresh_name(char out[SCOPE_STUB_MAX])
{
    unsigned char bytes[12];
    char hex[25];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    snprintf(out, SCOPE_STUB_MAX, ".wiped%s", hex);
}

/* Renames an entry that has no contents, or none left, and removes it. */
static void remove_entry(int folder, const char *name, bool is_folder, struct target_report *r)
{
    char stub[SCOPE_STUB_MAX];
    fresh_name(stub);
    if (target_remove_name(folder, name, stub, is_folder ? AT_REMOVEDIR : 0) < 0)
        target_lower(r, WIPE_FAILED, errno, "a name in it could not be removed");
}

static void wipe_folder(int folder, const char *name, int depth, bool overwrite,
                        struct target_report *r)
{
    struct target_report in = target_part(r);
    int fd = scope_open(folder, name, O_RDONLY | O_DIRECTORY);

    if (fd < 0 && errno == ENOENT)
        return;
    if (fd < 0) {
        target_lower(r, WIPE_FAILED, errno,
                     errno == EXDEV ? "a folder in it is another mount; left alone"
                                    : "a folder in it could not be opened");
        return;
    }
    in.outcome = WIPE_DESTROYED;
    target_tree_empty(fd, depth + 1, overwrite, &in);
    close(fd);
    target_join(r, &in);
    if (in.outcome != WIPE_FAILED)
        remove_entry(folder, name, true, r);
}

static void wipe_entry(int folder, const char *name, int depth, bool overwrite,
                       struct target_report *r)
{
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            target_lower(r, WIPE_FAILED, errno, "an entry in it could not be looked at");
    } else if (S_ISDIR(st.st_mode)) {
        wipe_folder(folder, name, depth, overwrite, r);
    } else if (S_ISREG(st.st_mode) && overwrite) {
        struct target_report one = target_part(r);
        char stub[SCOPE_STUB_MAX];
        fresh_name(stub);
        target_file_destroy(folder, name, stub, false, &one);
        if (one.outcome != WIPE_ALREADY_GONE)
            target_join(r, &one);
    } else if (S_ISREG(st.st_mode) && st.st_nlink != 1) {
        target_lower(r, WIPE_FAILED, EMLINK,
                     "a file in it has a second name (hard link); left alone");
    } else {
        remove_entry(folder, name, false, r);
    }
}

void target_tree_entry(int folder, const char *name, struct target_report *r)
{
    wipe_entry(folder, name, 0, true, r);
}

/* One pass over the names. How many there were, or -1 with errno. */
static int empty_once(DIR *d, int depth, bool overwrite, struct target_report *r)
{
    struct dirent *e;
    int seen = 0;

    rewinddir(d);
    for (;;) {
        errno = 0;
        e = readdir(d);
        if (!e)
            return errno ? -1 : seen;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        seen++;
        wipe_entry(dirfd(d), e->d_name, depth, overwrite, r);
    }
}

void target_tree_empty(int fd, int depth, bool overwrite, struct target_report *r)
{
    DIR *d = scope_list(fd);
    int seen = 0, passes = 0;

    if (!d || depth > TARGET_DEPTH_MAX) {
        target_lower(r, WIPE_FAILED, d ? ELOOP : errno, "a folder in it is too deep or unreadable");
        if (d)
            closedir(d);
        return;
    }
    target_unlock(fd);
    if (overwrite)
        target_overwrite_notes(fd, r);
    /* Names made while reading may be missed by one pass: go on until a pass finds none. What is
     * refused stays, so a pass that only meets failures is the last. */
    do
        seen = empty_once(d, depth, overwrite, r);
    while (seen > 0 && r->outcome != WIPE_FAILED && ++passes < PASSES_MAX);
    if (seen > 0)
        target_lower(r, WIPE_FAILED, EBUSY,
                     "a program keeps making files in it: add its unit to the plan");
    if (seen < 0)
        target_lower(r, WIPE_FAILED, errno, "a folder in it could not be read");
    if (file_sync(dirfd(d)) < 0)
        target_lower(r, WIPE_UNVERIFIED, errno, "a folder could not be synced");
    closedir(d);
}

/* Empties the folder `name`, and removes it unless it is the root itself. */
static void wipe_top(int folder, const char *name, const char *stub, struct target_report *r)
{
    int fd = scope_open(folder, name, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        target_lower(r, errno == ENOENT ? WIPE_ALREADY_GONE : WIPE_FAILED, errno,
                     errno == ENOENT  ? ""
                     : errno == EXDEV ? "it is another mount; left alone"
                                      : "it is not a folder, or a symlink; left alone");
        return;
    }
    target_lower(r, WIPE_DESTROYED, 0, "");
    target_tree_empty(fd, 0, true, r);
    close(fd);
    if (r->outcome == WIPE_FAILED || strcmp(name, ".") == 0)
        return;
    if (target_remove_name(folder, name, stub, AT_REMOVEDIR) < 0)
        target_lower(r, WIPE_FAILED, errno, "its name could not be removed");
    else if (file_sync(folder) < 0)
        target_lower(r, WIPE_UNVERIFIED, errno, "the folder above could not be synced");
}

void target_tree_destroy(const struct scope *s, const struct plan_target *t,
                         struct target_report *r)
{
    target_by_name(s, t, wipe_top, r);
}

static bool is_empty(int fd)
{
    DIR *d = scope_list(fd);
    struct dirent *e;
    bool empty = d;

    errno = 0;
    while (d && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            empty = false;
    }
    if (d && errno != 0)
        empty = false;
    if (d)
        closedir(d);
    return empty;
}

void target_tree_prove(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    char leaf[PLAN_PATH_MAX];
    int folder;
    if (t->below[0]) {
        target_prove_gone(s, t, r);
        return;
    }
    folder = scope_parent(s, t, leaf);
    if (folder < 0 && errno != ENOENT)
        target_unreached(r, errno);
    else if (folder >= 0 && !is_empty(folder))
        target_lower(r, WIPE_FAILED, EEXIST, "it is not empty");
    file_close(folder);
}

int target_tree_decoy(const struct scope *s, const struct plan_target *t)
{
    char leaf[PLAN_PATH_MAX];
    int folder = scope_parent(s, t, leaf), top = -1, sub = -1, result = -1;
    if (folder < 0)
        return -1;
    if (mkdirat(folder, leaf, 0700) < 0)
        goto out;
    top = scope_open(folder, leaf, O_RDONLY | O_DIRECTORY);
    if (top < 0 || mkdirat(top, "folder", 0700) < 0)
        goto out;
    sub = scope_open(top, "folder", O_RDONLY | O_DIRECTORY);
    if (sub < 0 || target_decoy_file(top, "one", 300) < 0 ||
        target_decoy_file(sub, "two", 8192) < 0 ||
        (symlinkat("one", top, "link") < 0 && errno != EPERM && errno != EOPNOTSUPP))
        goto out; /* FAT has no links */
    result = file_sync(sub) == 0 && file_sync(top) == 0 && file_sync(folder) == 0 ? 0 : -1;
out:
    file_close(sub);
    file_close(top);
    file_close(folder);
    return result;
}

const struct target_ops target_tree = {
    .promise = "Best effort: every file in it is overwritten, renamed and deleted, then the "
               "folders; earlier copies, on worn blocks or in other places of the disk, stay.",
    .kept = "Best effort: nothing in it opens any more; earlier copies of its files were not "
            "looked for.",
    .destroy = target_tree_destroy,
    .prove = target_tree_prove,
    .decoy = target_tree_decoy,
};
