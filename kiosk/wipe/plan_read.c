#include "kiosk/wipe/plan_read.h"

#include "config/reader.h"
#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- kinds of value ------------------------------------------------------------------------ */

/* Empty is allowed where the table allows it. */
static bool set_if_right(const struct key *k, const char *text, void *base, const char **hint,
                         const char *(*wrong)(const char *text))
{
    *hint = text[0] ? wrong(text) : NULL;
    return !*hint && value_put_text(k, text, base, hint);
}

static const char *mapping_wrong(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    return text[strspn(text, letters)] ? "it has another character" : NULL;
}

/* One kind of value: the check of plan.h, and what is expected. */
#define PLAN_VALUE(name, wrong, expected)                                                          \
    static bool set_##name(const struct key *k, const char *text, void *base, const char **hint)   \
    {                                                                                              \
        return set_if_right(k, text, base, hint, wrong);                                           \
    }                                                                                              \
    static void expect_##name(const struct key *k, char *out, size_t size)                         \
    {                                                                                              \
        (void)k;                                                                                   \
        snprintf(out, size, "%s", expected);                                                       \
    }                                                                                              \
    static const struct value_type value_##name = {set_##name, expect_##name, false}

PLAN_VALUE(target, plan_path_wrong, "the full path of something in a root");
PLAN_VALUE(root, plan_root_wrong, "the full path of a folder");
PLAN_VALUE(unit, plan_unit_wrong, "a systemd unit such as venue-book.service");
PLAN_VALUE(cell, plan_cell_wrong, "nvmem:NAME, tpm:INDEX or file:/PATH");
PLAN_VALUE(device, plan_device_wrong, "/dev/NAME or /dev/disk/by-partuuid/ID");
PLAN_VALUE(mapping, mapping_wrong, "a mapping's name of letters, digits, - and _");

/* --- the table ------------------------------------------------------------------------------ */

#define MANY(field, type)                                                                          \
    offsetof(struct plan, field), sizeof(struct type), offsetof(struct plan, field##_count)
#define TARGET(kind)                                                                               \
    {                                                                                              \
        kind, PLAN_TARGETS_MAX, MANY(targets, plan_target), false, "", false                       \
    }

static const struct section plan_sections[] = {
    [PLAN_UNIT] = TARGET("unit"),
    [PLAN_CELL] = TARGET("cell"),
    [PLAN_KEY] = TARGET("key"),
    [PLAN_LUKS] = TARGET("luks"),
    [PLAN_FSCRYPT] = TARGET("fscrypt"),
    [PLAN_TMPFS] = TARGET("tmpfs"),
    [PLAN_FILE] = TARGET("file"),
    [PLAN_TREE] = TARGET("tree"),
    [PLAN_JOURNAL] = TARGET("journal"),
    [PLAN_CREDENTIAL] = TARGET("credential"),
    [PLAN_KINDS] = {"root", PLAN_ROOTS_MAX, MANY(roots, plan_root), false, "", false},
};
_Static_assert(sizeof plan_sections / sizeof plan_sections[0] == PLAN_KINDS + 1, "all kinds");
_Static_assert(PLAN_TARGETS_MAX + PLAN_ROOTS_MAX <= READER_INSTANCES_MAX, "all sections");

#define PATH    offsetof(struct plan_target, path), 0, 0, PLAN_PATH_MAX, NULL
#define WORD    offsetof(struct plan_target, word), 0, 0, PLAN_WORD_MAX, NULL
#define MAPPING offsetof(struct plan_target, mapping), 0, 0, PLAN_WORD_MAX, NULL
#define HEADER  offsetof(struct plan_target, header), 0, 0, PLAN_PATH_MAX, NULL

#define ALSO "also", &value_yes_no, "no", offsetof(struct plan_target, also), 0, 0, 0, NULL

static const struct key plan_keys[] = {
    {"root", "path", &value_root, NULL, offsetof(struct plan_root, path), 0, 0, PLAN_PATH_MAX,
     NULL},
    {"root", "settle", &value_yes_no, "no", offsetof(struct plan_root, settle), 0, 0, 0, NULL},
    {"unit", "unit", &value_unit, NULL, WORD},
    {"cell", "cell", &value_cell, NULL, WORD},
    {"cell", ALSO},
    {"key", "path", &value_target, NULL, PATH},
    {"key", ALSO},
    {"luks", "path", &value_target, "", PATH},
    {"luks", "device", &value_device, "", WORD},
    {"luks", "mapping", &value_mapping, "", MAPPING},
    {"luks", "header", &value_target, "", HEADER},
    {"luks", ALSO},
    {"fscrypt", "path", &value_target, NULL, PATH},
    {"tmpfs", "path", &value_target, NULL, PATH},
    {"file", "path", &value_target, NULL, PATH},
    {"file", ALSO},
    {"tree", "path", &value_target, NULL, PATH},
    {"tree", ALSO},
    {"journal", "path", &value_target, NULL, PATH},
    {"credential", "path", &value_target, NULL, PATH},
    {"credential", ALSO},
};

/* Names are one namespace: the drill and the report know a target by its name alone. */
static void complain_same_name(struct reader *r, const struct instance *in)
{
    for (const struct instance *other = r->instances; other < in; other++)
        if (strcmp(other->name, in->name) == 0)
            reader_complain(r, in, in->line, NULL,
                            "[%s %s] at line %d has this name too; give each its own",
                            other->section->name, other->name, other->line);
}

static void plan_rules(struct reader *r)
{
    struct plan *p = r->base;
    const char *why;
    int line;

    for (size_t i = 0; i < r->count; i++) {
        struct instance *in = &r->instances[i];
        struct plan_target *t = in->base;
        complain_same_name(r, in);
        if (in->section == &plan_sections[PLAN_KINDS])
            continue;
        t->kind = (enum plan_kind)(in->section - plan_sections);
        t->line = in->line;
    }
    if (r->complaints > 0 || plan_finish(p, &line, &why))
        return;
    const struct instance *at = NULL;
    for (size_t i = 0; i < r->count; i++)
        if (r->instances[i].line == line)
            at = &r->instances[i];
    reader_complain(r, at, line, NULL, "%s", why);
}

static const struct table plan_table = {
    TABLE_ROWS(plan_sections, plan_keys),
    .size = sizeof(struct plan),
    .name_size = PLAN_NAME_MAX,
    .name_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
    .name_expected = "letters, digits, - and _",
    .rules = plan_rules,
};

int plan_parse(const char *path, const char *text, size_t len, struct plan *p, config_complain *say,
               void *context)
{
    int result = reader_parse(&plan_table, p, path, text, len, say, context);
    crypto_generichash(p->hash, sizeof p->hash, (const unsigned char *)text, len, NULL, 0);
    return result;
}

/* --- the file ------------------------------------------------------------------------------- */

struct plan_file {
    const char *path;
    config_complain *say;
    void *context;
};

static void __attribute__((format(printf, 2, 3)))
plan_file_complain(const struct plan_file *f, const char *format, ...)
{
    char what[256], sentence[768];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(sentence, sizeof sentence, "%.480s: %s", f->path, what);
    f->say(f->context, sentence);
}

/* What the opened file must be, judged by fstat: a name can be swapped, an open file cannot. */
static bool is_trusted(const struct plan_file *f, int fd, uid_t owner)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        plan_file_complain(f, "it is not a regular file; expected one");
    else if (st.st_uid != owner)
        plan_file_complain(f, "it belongs to user %u; expected user %u: chown it",
                           (unsigned)st.st_uid, (unsigned)owner);
    else if (st.st_mode & (S_IWGRP | S_IWOTH))
        plan_file_complain(f,
                           "its mode is %04o; expected that only its owner can write it: chmod "
                           "0644",
                           (unsigned)st.st_mode & 07777);
    else if (st.st_size > PLAN_FILE_MAX)
        plan_file_complain(f, "it has %lld bytes; expected at most %d", (long long)st.st_size,
                           PLAN_FILE_MAX);
    else
        return true;
    return false;
}

int plan_read(const char *path, uid_t owner, struct plan *p, config_complain *say, void *context)
{
    struct plan_file f = {path, say, context};
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), result = -1;
    char *text;

    *p = (struct plan){0};
    if (fd < 0 && errno == ENOENT)
        return -1;
    if (fd < 0) {
        plan_file_complain(&f, "it cannot be opened (%s); expected a file that is no symbolic link",
                           strerror(errno));
        errno = EINVAL;
        return -1;
    }
    text = malloc(PLAN_FILE_MAX + 1);
    if (text && is_trusted(&f, fd, owner)) {
        ssize_t len = file_read_all(fd, text, PLAN_FILE_MAX + 1);
        if (len < 0 || len > PLAN_FILE_MAX)
            plan_file_complain(&f, "it cannot be read as a whole: %s",
                               len < 0 ? strerror(errno) : "it is too long");
        else
            result = plan_parse(path, text, (size_t)len, p, say, context);
    }
    free(text);
    close(fd);
    errno = result < 0 ? EINVAL : 0;
    return result;
}
