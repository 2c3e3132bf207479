#include "kiosk/cli/setup/setup_before.h"

#include "kiosk/cli/backup/backup_read.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/setup/setup_units.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEFORE_FILES PATH_BEFORE "/files"

/* --- the list --------------------------------------------------------------------------------- */

static const char *behind_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 && text[len] == ' ' ? text + len + 1 : NULL;
}

static bool before_parse_path(struct before_entry *e, enum before_kind kind, const char *path)
{
    enum backup_place place = backup_place_of(path, &e->etc);
    e->kind = kind;
    e->name = path;
    return place == BACKUP_ETC || (kind != BEFORE_FOLDER && strcmp(path, PATH_ACCOUNTS) == 0);
}

static bool before_parse_unit(struct before_entry *e, const char *text)
{
    const char *enabled = behind_word(text, "enabled"), *disabled = behind_word(text, "disabled");
    const char *rest = enabled ? enabled : disabled ? disabled : "";
    const char *active = behind_word(rest, "active"), *inactive = behind_word(rest, "inactive");
    e->kind = BEFORE_UNIT;
    e->enabled = enabled;
    e->active = active;
    e->name = active ? active : inactive;
    return e->name && setup_unit_is_known(e->name);
}

bool before_parse(char *line, struct before_entry *e)
{
    char *end;
    const char *rest;
    *e = (struct before_entry){0};
    line[strcspn(line, "\n")] = '\0';
    if ((rest = behind_word(line, "new")))
        return before_parse_path(e, BEFORE_NEW, rest);
    if ((rest = behind_word(line, "folder")))
        return before_parse_path(e, BEFORE_FOLDER, rest);
    if ((rest = behind_word(line, "unit")))
        return before_parse_unit(e, rest);
    if (!(rest = behind_word(line, "kept")))
        return false;
    unsigned long mode = strtoul(rest, &end, 8);
    e->mode = (mode_t)mode;
    return end > rest && *end == ' ' && mode <= 0777 && before_parse_path(e, BEFORE_KEPT, end + 1);
}

struct searching {
    enum before_kind kind;
    const char *name;
};

static int before_is_it(void *context, const struct before_entry *e)
{
    const struct searching *s = context;
    return e->kind == s->kind && strcmp(e->name, s->name) == 0;
}

bool before_has(const char *list, enum before_kind kind, const char *name)
{
    struct searching s = {kind, name};
    return list && before_each(list, before_is_it, &s) == 1;
}

int before_each(const char *list, before_each_entry *each, void *context)
{
    int result = 0;
    /* All are read before any is used. */
    for (int pass = 0; pass < 2; pass++)
        for (const char *at = list; *at && result == 0; at += strcspn(at, "\n") + 1) {
            struct before_entry e;
            char line[2 * PATH_LEN];
            size_t len = strcspn(at, "\n");
            snprintf(line, sizeof line, "%.*s", (int)len, at);
            if (at[len] == '\0' || len >= sizeof line || !before_parse(line, &e)) {
                errno = EBADMSG;
                return -1;
            }
            if (pass == 1)
                result = each(context, &e);
        }
    return result;
}

/* --- in its folder ---------------------------------------------------------------------------- */

char *before_read(const char *prefix)
{
    char path[PATH_LEN];
    size_t len;
    return path_under(prefix, PATH_BEFORE_LIST, path) < 0 ? NULL
                                                          : file_read(path, FILES_READ_MAX, &len);
}

static int before_copy_path(const char *prefix, const char *path, char out[PATH_LEN])
{
    char whole[2 * PATH_LEN];
    snprintf(whole, sizeof whole, BEFORE_FILES "%s", path);
    return path_under(prefix, whole, out);
}

char *before_copy(const char *prefix, const char *path, size_t *len)
{
    char from[PATH_LEN];
    return before_copy_path(prefix, path, from) < 0 ? NULL : file_read(from, FILES_READ_MAX, len);
}

static int before_complain(void)
{
    log_error("Nothing was changed: what set-up would change could not be kept in " PATH_BEFORE
              ": %s. Without that, porchlight setup --undo could not bring it back.",
              strerror(errno));
    return -1;
}

/* --- keep ------------------------------------------------------------------------------------- */

struct keeping {
    const char *prefix;
    const struct etc_transaction *stage;
    const char *old; /* the list so far, or NULL */
    FILE *list;
};

static bool before_is_noted(const struct keeping *k, const char *path)
{
    return before_has(k->old, BEFORE_KEPT, path) || before_has(k->old, BEFORE_NEW, path);
}

/* Folders that lead to a new file and are not there, the deepest first. */
static int note_folders(const struct keeping *k, const char *path)
{
    char part[PATH_LEN], whole[PATH_LEN];
    struct stat st;
    snprintf(part, sizeof part, "%s", path);
    for (;;) {
        *strrchr(part, '/') = '\0';
        if (strcmp(part, PATH_ETC) == 0)
            return 0;
        if (path_under(k->prefix, part, whole) < 0)
            return -1;
        if (lstat(whole, &st) < 0)
            fprintf(k->list, "folder %s\n", part);
    }
}

static int note_copy(const struct keeping *k, const char *path, const char *whole, mode_t mode)
{
    char to[PATH_LEN], folder[PATH_LEN];
    size_t len;
    char *bytes = file_read(whole, FILES_READ_MAX, &len);
    if (!bytes)
        return -1;
    int result = before_copy_path(k->prefix, path, to);
    if (result == 0) {
        snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(to, '/') - to), to);
        result = files_make_folders(folder, 0700);
    }
    if (result == 0 && (result = file_write(to, bytes, len, 0600)) == 0)
        fprintf(k->list, "kept %o %s\n", (unsigned)mode & 0777, path);
    sodium_memzero(bytes, len);
    free(bytes);
    return result;
}

/* One that set-up replaces, removes or makes. */
static int note_file(const struct keeping *k, const char *path)
{
    char whole[PATH_LEN];
    struct stat st;
    if (before_is_noted(k, path))
        return 0;
    if (path_under(k->prefix, path, whole) < 0)
        return -1;
    if (lstat(whole, &st) == 0)
        return note_copy(k, path, whole, st.st_mode);
    if (errno != ENOENT)
        return -1;
    fprintf(k->list, "new %s\n", path);
    return strcmp(path, PATH_ACCOUNTS) == 0 ? 0 : note_folders(k, path);
}

/* A file's path, and its state in use and in the stage. 1: it is none of set-up's. */
static int before_look_at(const struct keeping *k, const char *name, char path[PATH_LEN],
                          struct stat *now, struct stat *staged)
{
    char live[PATH_LEN];
    if (name[0] == '.')
        return 1;
    if ((size_t)snprintf(path, PATH_LEN, PATH_ETC "/%s", name) >= PATH_LEN ||
        path_under(k->prefix, path, live) < 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (lstat(live, now) < 0)
        *now = (struct stat){0};
    if (lstat(etc_transaction_path(k->stage, name), staged) < 0)
        *staged = (struct stat){0};
    return 0;
}

/* Notes a file of the stage that is another than the one in use, or (`dropped`) one in use that the
 * stage has no more. An untouched file of the stage is a link to the one that is in use. */
static int note_if(const struct keeping *k, const char *name, bool dropped)
{
    char path[PATH_LEN];
    struct stat staged, now;
    int result = before_look_at(k, name, path, &now, &staged);
    if (result != 0)
        return result < 0 ? -1 : 0;
    bool same = staged.st_ino == now.st_ino && staged.st_dev == now.st_dev;
    return (dropped ? staged.st_ino != 0 : same) ? 0 : note_file(k, path);
}

static int note_if_staged(void *context, const char *name, mode_t mode)
{
    (void)mode;
    return note_if(context, name, false);
}

static int note_if_dropped(void *context, const char *name, mode_t mode)
{
    (void)mode;
    return note_if(context, name, true);
}

static int note_all(const struct keeping *k)
{
    char staged[PATH_LEN], live[PATH_LEN];
    snprintf(staged, sizeof staged, "%s", etc_transaction_path(k->stage, ""));
    staged[strlen(staged) - 1] = '\0';
    if (!k->old)
        setup_units_note(k->prefix, k->list);
    return path_under(k->prefix, PATH_ETC, live) < 0 ||
                   files_walk(staged, note_if_staged, (void *)k) != 0 ||
                   files_walk(live, note_if_dropped, (void *)k) != 0 ||
                   (etc_transaction_has_beside(k->stage) && note_file(k, PATH_ACCOUNTS) < 0)
               ? -1
               : 0;
}

static int before_write(const char *prefix, const char *text)
{
    char folder[PATH_LEN], path[PATH_LEN];
    return path_under(prefix, PATH_BEFORE, folder) < 0 ||
                   path_under(prefix, PATH_BEFORE_LIST, path) < 0 || files_sync_all(folder) < 0 ||
                   file_replace(path, text, strlen(text), 0600) < 0
               ? -1
               : 0;
}

/* The list's text as it will be; you free it. NULL with errno. */
static char *before_text(const char *prefix, const struct etc_transaction *stage, const char *old)
{
    size_t size;
    char *text = NULL;
    FILE *f = open_memstream(&text, &size);
    struct keeping k = {prefix, stage, old, f};
    if (!f)
        return NULL;
    fputs(old ? old : "", f);
    int result = note_all(&k);
    if (fclose(f) == 0 && result == 0)
        return text;
    free(text);
    return NULL;
}

static int before_make_folders(const char *prefix)
{
    char folder[PATH_LEN], above[PATH_LEN], begun[PATH_LEN];
    if (path_under(prefix, PATH_BEFORE, folder) < 0 ||
        path_under(prefix, PATH_BEFORE_BEGUN, begun) < 0)
        return -1;
    snprintf(above, sizeof above, "%.*s", (int)(strrchr(folder, '/') - folder), folder);
    if (files_make_folders(above, 0700) < 0 || files_make_folders(folder, 0700) < 0)
        return -1;
    return unlink(begun) < 0 && errno != ENOENT ? -1 : 0;
}

int before_keep(const char *prefix, const struct etc_transaction *stage, bool first)
{
    char *old = before_read(prefix), *text = NULL;
    if (!old && errno == ENOENT && !first)
        return 0;
    int result = -1;
    if ((old || errno == ENOENT) && before_make_folders(prefix) == 0 &&
        (text = before_text(prefix, stage, old)) && before_write(prefix, text) == 0)
        result = !old;
    if (result < 0)
        before_complain();
    free(text);
    free(old);
    return result;
}

void before_forget(const char *prefix)
{
    char folder[PATH_LEN], list[PATH_LEN];
    if (path_under(prefix, PATH_BEFORE, folder) < 0 ||
        path_under(prefix, PATH_BEFORE_LIST, list) < 0)
        return;
    /* Copies without a list are of no use, but a list without its copies is in the way. */
    if (unlink(list) == 0)
        file_sync_folder(folder);
    if (files_remove(folder) < 0)
        return;
    *strrchr(folder, '/') = '\0';
    rmdir(folder);
}
