#include "kiosk/wipe/companions.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/belongings.h"
#include "kiosk/wipe/luks_header.h"
#include "kiosk/wipe/remembered.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A thumbnail has a few dozen kB, and says at its beginning what it shows. */
enum { THUMBNAIL_READ = 64 * 1024, TRASHINFO_READ = 16 * 1024 };

/* How far copies of a container's header are looked for: folders deep in a root, entries in all.
 * LUKS1's header, without key slots, has so many bytes. */
enum { HEADERS_DEPTH = 40, HEADERS_LOOKED = 50000, LUKS_HEADER_LEAST = 592 };

struct companions {
    const struct scope *scope;
    const struct plan_target *target;
    companion_fn *each;
    void *context;
    bool tree;                                   /* what is below its path counts too */
    char under_prefix[PLAN_PATH_MAX + PATH_MAX]; /* its path as programs see it; maybe empty */
    char uuid[LUKS_UUID];
    bool *blind; /* set once something could not be looked at */
    int looked;  /* entries of the roots that were looked at for copies of the header */
};

/* --- folders --------------------------------------------------------------------------------- */

struct companions_folder {
    const struct companions *of;
    const char *path;
    DIR *list; /* NULL: not there */
    bool inside;
};

/* What is not there, or not this machine's or this user's to look at, hides nothing that could be
 * destroyed; all else that fails may. */
static void note_blind(const struct companions *c)
{
    static const int fine[] = {ENOENT,    ENOTDIR, ELOOP, EXDEV, ENODEV,
                               EHOSTDOWN, EACCES,  EPERM, ENXIO};

    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        if (errno == fine[i])
            return;
    }
    *c->blind = true;
}

static struct companions_folder companions_open(const struct companions *c, const char *path)
{
    struct companions_folder f = {.of = c, .path = path};
    int fd = scope_folder(c->scope, path);

    f.inside = fd >= 0;
    if (fd < 0)
        note_blind(c);
    if (fd < 0)
        fd = scope_peek(c->scope, path);
    f.list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!f.list) {
        note_blind(c);
        file_close(fd);
    }
    return f;
}

static const char *companions_next(const struct companions_folder *f)
{
    struct dirent *e;

    errno = 0;
    while (f->list && (e = readdir(f->list)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            return e->d_name;
    if (f->list && errno != 0)
        note_blind(f->of);
    return NULL;
}

static void companions_close(struct companions_folder *f)
{
    if (f->list)
        closedir(f->list);
}

/* The beginning of a regular file, at most `size` bytes: how many. */
static size_t companions_read(const struct companions_folder *f, const char *name, char *out,
                              size_t size)
{
    int fd = openat(dirfd(f->list), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    ssize_t n =
        fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? file_read_all(fd, out, size) : 0;
    if (fd < 0 || n < 0)
        note_blind(f->of);
    file_close(fd);
    return n > 0 ? (size_t)n : 0;
}

/* Whether the plan destroys it anyway, as a target or in one. */
static bool is_covered(const struct companions *c, const char *path)
{
    const struct plan *p = c->scope->plan;

    for (size_t i = 0; i < p->targets_count; i++) {
        const struct plan_target *t = &p->targets[i];
        bool whole = t->kind == PLAN_TREE || t->kind == PLAN_TMPFS || t->kind == PLAN_JOURNAL;
        if (belongings_is_in(path, remembered_path(t), whole) ||
            belongings_is_in(path, t->header, false))
            return true;
    }
    return false;
}

static void companions_found(const struct companions *c, const struct companions_folder *f,
                             const char *name)
{
    struct companion one = {.folder = dirfd(f->list), .name = name, .inside = f->inside};

    snprintf(one.path, sizeof one.path, "%s/%s", f->path, name);
    if (!is_covered(c, one.path))
        c->each(c->context, &one);
}

/* --- in its folder --------------------------------------------------------------------------- */

static bool is_header_copy(const struct companions *c, const struct companions_folder *f,
                           const char *name)
{
    int fd = openat(dirfd(f->list), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char uuid[LUKS_UUID];
    bool same = fd >= 0 && luks_header_uuid(fd, uuid) && strcmp(uuid, c->uuid) == 0;
    if (fd < 0)
        note_blind(c);
    file_close(fd);
    return same;
}

static void search_folder(const struct companions *c, const char *path, const char *leaf)
{
    struct companions_folder f = companions_open(c, path);
    const char *name;

    while ((name = companions_next(&f)))
        if (belongings_of_name(name, leaf))
            companions_found(c, &f, name);
    companions_close(&f);
}

/* Copies of its header in a root, by their contents. What the plan destroys anyway is passed over.
 */
static void search_headers(struct companions *c, const char *path, int depth)
{
    struct companions_folder f = companions_open(c, path);
    char below[COMPANION_PATH];
    const char *name;
    struct stat st;

    while (f.list && c->looked < HEADERS_LOOKED && (name = companions_next(&f))) {
        if (fstatat(dirfd(f.list), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        c->looked++;
        if (S_ISREG(st.st_mode) && st.st_size >= LUKS_HEADER_LEAST && is_header_copy(c, &f, name))
            companions_found(c, &f, name);
        else if (!S_ISDIR(st.st_mode))
            continue;
        else if (snprintf(below, sizeof below, "%s/%s", path, name) >= (int)sizeof below ||
                 depth == 0)
            *c->blind = true;
        else if (!is_covered(c, below))
            search_headers(c, below, depth - 1);
    }
    if (c->looked >= HEADERS_LOOKED)
        *c->blind = true;
    companions_close(&f);
}

static void search_beside(const struct companions *c, const char *path)
{
    char folder[PLAN_PATH_MAX];
    char *slash;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return;
    *slash = '\0';
    search_folder(c, folder, slash + 1);
}

/* --- thumbnails ------------------------------------------------------------------------------ */

static bool is_thumbnail(const struct companions *c, const struct companions_folder *f,
                         const char *name, char *room)
{
    const char *paths[] = {remembered_path(c->target), c->under_prefix};
    char own[BELONGINGS_THUMBNAIL];
    size_t n = strlen(name);

    if (n < 5 || strcmp(name + n - 4, ".png") != 0)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (paths[i][0] && belongings_thumbnail(paths[i], own) && strcmp(name, own) == 0)
            return true;
    if (!c->tree) /* which files are in a tree only the pictures say */
        return false;
    n = companions_read(f, name, room, THUMBNAIL_READ);
    return belongings_pictured(room, n, paths[0], c->tree) ||
           (paths[1][0] && belongings_pictured(room, n, paths[1], c->tree));
}

/* The folders of a cache are one or two deep: normal/, fail/gnome-thumbnail-factory/. */
static void search_thumbnails(const struct companions *c, const char *path, int depth, char *room)
{
    struct companions_folder f = companions_open(c, path);
    char below[COMPANION_PATH];
    const char *name;

    while ((name = companions_next(&f))) {
        if (is_thumbnail(c, &f, name, room))
            companions_found(c, &f, name);
        else if (depth > 0 && !strchr(name, '.') &&
                 snprintf(below, sizeof below, "%s/%s", path, name) < (int)sizeof below)
            search_thumbnails(c, below, depth - 1, room);
    }
    companions_close(&f);
}

/* --- the trash ------------------------------------------------------------------------------- */

/* What was trashed under `name`, or what is `below` in it. */
static void found_in_files(const struct companions *c, const char *trash, const char *name,
                           const char *below)
{
    char path[COMPANION_PATH];
    struct companions_folder files;
    struct stat st;
    char *slash;

    if (snprintf(path, sizeof path, "%s/files/%s%s", trash, name, below) >= (int)sizeof path)
        return;
    slash = strrchr(path, '/');
    *slash = '\0';
    files = companions_open(c, path);
    if (files.list && fstatat(dirfd(files.list), slash + 1, &st, AT_SYMLINK_NOFOLLOW) == 0)
        companions_found(c, &files, slash + 1);
    companions_close(&files);
}

/* `was`: where it was before. It may have been the target, in it, or a folder above it. */
static void found_in_trash(const struct companions *c, const struct companions_folder *info,
                           const char *name, const char *trash, const char *was)
{
    const char *paths[] = {remembered_path(c->target), c->under_prefix};
    char what[NAME_MAX + 1];

    snprintf(what, sizeof what, "%.*s", (int)(strlen(name) - strlen(".trashinfo")), name);
    for (size_t i = 0; i < 2; i++) {
        if (!paths[i][0])
            continue;
        if (belongings_is_in(was, paths[i], c->tree)) {
            found_in_files(c, trash, what, "");
            companions_found(c, info, name);
            return;
        }
        if (belongings_is_in(paths[i], was, true)) {
            found_in_files(c, trash, what, paths[i] + strlen(was));
            return;
        }
    }
}

/* `top`: what a Path= that does not begin with / is below. */
static void search_trash(const struct companions *c, const char *trash, const char *top, char *room)
{
    char path[COMPANION_PATH], was[BELONGINGS_PATH_MAX];
    struct companions_folder f;
    const char *name;

    snprintf(path, sizeof path, "%s/info", trash);
    f = companions_open(c, path);
    while ((name = companions_next(&f))) {
        size_t n = strlen(name);
        if (n > 10 && strcmp(name + n - 10, ".trashinfo") == 0 &&
            belongings_trashed(room, companions_read(&f, name, room, TRASHINFO_READ), top, was))
            found_in_trash(c, &f, name, trash, was);
    }
    companions_close(&f);
}

/* TOP/.Trash-1000 and TOP/.Trash/1000, where a file system keeps what was deleted on it. */
static void search_trash_of_top(const struct companions *c, const char *top, char *room)
{
    struct companions_folder f = companions_open(c, top[0] ? top : "/"), users;
    char path[COMPANION_PATH], shared[COMPANION_PATH];
    const char *name;

    while ((name = companions_next(&f)))
        if (strncmp(name, ".Trash-", 7) == 0 &&
            snprintf(path, sizeof path, "%s/%s", top, name) < (int)sizeof path)
            search_trash(c, path, top, room);
    companions_close(&f);
    snprintf(shared, sizeof shared, "%s/.Trash", top);
    users = companions_open(c, shared);
    while ((name = companions_next(&users)))
        if (snprintf(path, sizeof path, "%s/%s", shared, name) < (int)sizeof path)
            search_trash(c, path, top, room);
    companions_close(&users);
}

/* --- where people's programs keep such things ------------------------------------------------- */

/* Where editors keep swap, undo and backup files of all folders. */
static void search_editors(const struct companions *c, const char *home)
{
    static const char *const folders[] = {
        ".local/state/nvim/swap",
        ".local/state/nvim/undo",
        ".local/state/nvim/backup",
        ".local/share/nvim/swap",
        ".vim/swap",
        ".vim/undo",
        ".vim/backup",
        ".cache/vim/swap",
        ".cache/vim/undo",
        ".cache/vim/backup",
        ".emacs.d/backups",
        ".emacs.d/auto-save-list",
        ".emacs.d/autosaves",
    };
    const char *paths[] = {remembered_path(c->target), c->under_prefix};
    char path[COMPANION_PATH];
    const char *name;

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct companions_folder f;
        snprintf(path, sizeof path, "%s/%s", home, folders[i]);
        f = companions_open(c, path);
        while ((name = companions_next(&f)))
            if (belongings_of_path(name, paths[0]) ||
                (paths[1][0] && belongings_of_path(name, paths[1])))
                companions_found(c, &f, name);
        companions_close(&f);
    }
}

static void search_home(const struct companions *c, const char *home, char *room)
{
    char path[COMPANION_PATH];

    snprintf(path, sizeof path, "%s/.local/share/Trash", home);
    search_trash(c, path, home, room);
    search_editors(c, home);
    if (c->target->kind != PLAN_FILE && c->target->kind != PLAN_TREE)
        return;
    snprintf(path, sizeof path, "%s/.cache/thumbnails", home);
    search_thumbnails(c, path, 2, room);
    snprintf(path, sizeof path, "%s/.thumbnails", home);
    search_thumbnails(c, path, 2, room);
}

static void search_homes(const struct companions *c, char *room)
{
    struct companions_folder homes = companions_open(c, "/home");
    char path[COMPANION_PATH];
    const char *name;

    while ((name = companions_next(&homes)))
        if (snprintf(path, sizeof path, "/home/%s", name) < (int)sizeof path)
            search_home(c, path, room);
    companions_close(&homes);
    search_home(c, "/root", room);
}

/* Its root and the folders above: one of them is the top of its file system. */
static void search_tops(const struct companions *c, char *room)
{
    char top[PLAN_PATH_MAX];
    char *slash;

    snprintf(top, sizeof top, "%s", c->scope->plan->roots[c->target->root].path);
    search_trash_of_top(c, top, room);
    while ((slash = strrchr(top, '/'))) {
        *slash = '\0';
        search_trash_of_top(c, top, room);
    }
}

/* Roots that are homes in themselves are searched with the others. */
static void search_roots(struct companions *c, char *room)
{
    const struct plan *p = c->scope->plan;

    for (size_t i = 0; i < p->roots_count; i++) {
        if (strncmp(p->roots[i].path, "/home/", 6) != 0)
            search_home(c, p->roots[i].path, room);
        if (c->uuid[0])
            search_headers(c, p->roots[i].path, HEADERS_DEPTH);
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

/* Of its header, or of the mark that a wipe left in its place. */
static void find_uuid(struct companions *c)
{
    struct plan_target header = plan_header(c->target);
    const struct plan_target *t = c->target->header[0] ? &header : c->target;
    int fd = target_open_to_look(c->scope, t);

    if (fd < 0 || !luks_header_uuid(fd, c->uuid))
        c->uuid[0] = '\0';
    file_close(fd);
}

/* Programs that ran below a moved prefix wrote the whole path. */
static void find_path_under_prefix(struct companions *c)
{
    char link[64], prefix[PATH_MAX];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", c->scope->prefix);
    n = readlink(link, prefix, sizeof prefix - 1);
    if (n > 1 && remembered_path(c->target)[0])
        snprintf(c->under_prefix, sizeof c->under_prefix, "%.*s%s", (int)n, prefix,
                 remembered_path(c->target));
}

bool companions_each(const struct scope *s, const struct plan_target *t, companion_fn *each,
                     void *context)
{
    bool blind = false;
    struct companions c = {.scope = s,
                           .target = t,
                           .each = each,
                           .context = context,
                           .tree = t->kind == PLAN_TREE,
                           .blind = &blind};
    char *room;

    bool is_file_cell = t->kind == PLAN_CELL && t->root >= 0;

    if (t->kind != PLAN_KEY && t->kind != PLAN_LUKS && t->kind != PLAN_FILE &&
        t->kind != PLAN_TREE && t->kind != PLAN_CREDENTIAL && !is_file_cell)
        return true;
    room = malloc(THUMBNAIL_READ);
    if (!room)
        return false;
    if (t->kind == PLAN_LUKS)
        find_uuid(&c);
    find_path_under_prefix(&c);
    if (remembered_path(t)[0])
        search_beside(&c, remembered_path(t));
    if (t->header[0])
        search_beside(&c, t->header);
    search_roots(&c, room);
    if (remembered_path(t)[0])
        search_homes(&c, room);
    if (t->root >= 0)
        search_tops(&c, room);
    free(room);
    return !blind;
}
