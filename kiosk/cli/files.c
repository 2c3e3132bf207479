#include "kiosk/cli/files.h"

#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 16 };

int files_make_folders(const char *path, mode_t mode)
{
    char part[PATH_LEN];
    int n = snprintf(part, sizeof part, "%s", path);
    if (n < 0 || (size_t)n >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(part, 0755) < 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -1;
    }
    return mkdir(path, mode) < 0 && errno != EEXIST ? -1 : 0;
}

/* --- walking -------------------------------------------------------------------------------- */

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int below(const char *folder, const char *name, char out[PATH_LEN])
{
    int n = snprintf(out, PATH_LEN, "%s/%s", folder, name);
    if (n > 0 && n < PATH_LEN)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* Called for each entry, with its own `st`: for folders before what is in them, and again, with
 * `after` set, after it. */
typedef int visit(void *context, const char *path, const struct stat *st, bool after);

static int walk(const char *folder, visit *v, void *context, int depth)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(folder) : NULL;
    struct dirent *e;
    int result = dir ? 0 : -1;

    while (result == 0 && (errno = 0, e = readdir(dir))) {
        char path[PATH_LEN];
        struct stat st;
        if (is_dots(e->d_name))
            continue;
        if (below(folder, e->d_name, path) < 0 || lstat(path, &st) < 0) {
            result = -1;
            break;
        }
        result = v(context, path, &st, false);
        if (result == 0 && S_ISDIR(st.st_mode)) {
            result = walk(path, v, context, depth + 1);
            if (result == 0)
                result = v(context, path, &st, true);
        }
    }
    if (result == 0 && dir && errno != 0)
        result = -1;
    int saved = errno;
    if (dir)
        closedir(dir);
    errno = saved;
    return result;
}

static int files_remove_entry(void *context, const char *path, const struct stat *st, bool after)
{
    (void)context;
    if (!S_ISDIR(st->st_mode))
        return unlink(path);
    return after ? rmdir(path) : chmod(path, 0700);
}

int files_empty(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : -1;
    return walk(path, files_remove_entry, NULL, 0);
}

int files_remove(const char *path)
{
    if (files_empty(path) < 0)
        return -1;
    return rmdir(path) < 0 && errno != ENOENT ? -1 : 0;
}

struct copying {
    const char *from, *to;
};

static int copy_link(const char *path, const char *to)
{
    char target[PATH_LEN];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n < 0)
        return -1;
    target[n] = '\0';
    return symlink(target, to);
}

static int copy_folder(const char *to, const struct stat *st)
{
    if (mkdir(to, 0700) < 0)
        return -1;
    if (geteuid() == 0 && chown(to, st->st_uid, st->st_gid) < 0)
        return -1;
    return chmod(to, st->st_mode & 07777);
}

static int copy_entry(void *context, const char *path, const struct stat *st, bool after)
{
    const struct copying *c = context;
    char to[PATH_LEN];

    if (after)
        return 0;
    if (below(c->to, path + strlen(c->from) + 1, to) < 0)
        return -1;
    if (S_ISDIR(st->st_mode))
        return copy_folder(to, st);
    if (S_ISREG(st->st_mode))
        return link(path, to);
    if (S_ISLNK(st->st_mode))
        return copy_link(path, to);
    errno = EINVAL;
    return -1;
}

int files_copy(const char *from, const char *to)
{
    struct copying c = {from, to};
    struct stat st;

    if (lstat(from, &st) < 0)
        return -1;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    return copy_folder(to, &st) < 0 ? -1 : walk(from, copy_entry, &c, 0);
}

static int sync_entry(void *context, const char *path, const struct stat *st, bool after)
{
    (void)context;
    return S_ISDIR(st->st_mode) && after ? file_sync_folder(path) : 0;
}

int files_sync_all(const char *folder)
{
    return walk(folder, sync_entry, NULL, 0) < 0 ? -1 : file_sync_folder(folder);
}

struct walking {
    const char *folder;
    files_file *each;
    void *context;
};

static int report_file(void *context, const char *path, const struct stat *st, bool after)
{
    const struct walking *t = context;

    if (after || !S_ISREG(st->st_mode))
        return 0;
    return t->each(t->context, path + strlen(t->folder) + 1, st->st_mode & 07777);
}

int files_walk(const char *folder, files_file *each, void *context)
{
    struct walking t = {folder, each, context};

    return walk(folder, report_file, &t, 0);
}
