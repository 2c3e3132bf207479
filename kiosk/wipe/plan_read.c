#include "kiosk/wipe/plan_read.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libinih hands over keys without their line and forgets sections that hold none; the lines are
 * therefore counted, and sections opened, where it fetches them. */
struct reading {
    const char *path;
    struct plan *plan;
    plan_complain *complain;
    void *context;
    const char *at, *end;
    int line;
    int complaints;
    struct plan_root *root;     /* the section we are in; NULL: it is a target's */
    struct plan_target *target; /* NULL: a root's, or none that counts */
};

static void __attribute__((format(printf, 3, 4)))
complain(struct reading *r, int line, const char *format, ...)
{
    char what[512], sentence[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (line > 0)
        snprintf(sentence, sizeof sentence, "%s:%d: %s", r->path, line, what);
    else
        snprintf(sentence, sizeof sentence, "%s: %s", r->path, what);
    r->complaints++;
    r->complain(r->context, sentence);
}

static bool name_taken(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->plan->targets_count; i++) {
        if (strcmp(r->plan->targets[i].name, name) == 0)
            return true;
    }
    for (size_t i = 0; i < r->plan->roots_count; i++) {
        if (strcmp(r->plan->roots[i].name, name) == 0)
            return true;
    }
    return false;
}

static void open_section(struct reading *r, const char *kind, const char *name)
{
    struct plan *p = r->plan;
    enum plan_kind k = plan_kind_of(kind);

    r->root = NULL;
    r->target = NULL;
    if (strcmp(kind, "root") != 0 && k == PLAN_KINDS) {
        complain(r, r->line,
                 "[%s %s]: there is no such kind; expected root, unit, cell, key, luks, fscrypt, "
                 "tmpfs, file, tree, journal or credential",
                 kind, name);
    } else if (name_taken(r, name)) {
        complain(r, r->line, "[%s %s]: the name %s stands twice; give each its own", kind, name,
                 name);
    } else if (strcmp(kind, "root") == 0 && p->roots_count < PLAN_ROOTS_MAX) {
        r->root = &p->roots[p->roots_count++];
        memcpy(r->root->name, name, strlen(name) + 1);
        r->root->line = r->line;
    } else if (strcmp(kind, "root") != 0 && p->targets_count < PLAN_TARGETS_MAX) {
        r->target = &p->targets[p->targets_count++];
        memcpy(r->target->name, name, strlen(name) + 1);
        r->target->kind = k;
        r->target->line = r->line;
    } else {
        complain(r, r->line, "[%s %s]: too many; expected at most %d roots and %d targets", kind,
                 name, PLAN_ROOTS_MAX, PLAN_TARGETS_MAX);
    }
}

/* A line that begins with "[". */
static void read_section(struct reading *r, const char *line)
{
    char kind[16], name[PLAN_NAME_MAX], rest[2];
    size_t len = strcspn(line, "\r\n");
    int end = 0;
    int n = sscanf(line, "[%15[a-z] %63[a-zA-Z0-9_-]]%n", kind, name, &end);
    if (end > 0)
        n += sscanf(line + end, " %1[^;#\r\n]", rest) == 1;

    r->root = NULL;
    r->target = NULL;
    if (n == 2 && end > 0)
        open_section(r, kind, name);
    else
        complain(r, r->line,
                 "%.*s is not understood; expected [kind NAME], the name of letters, digits, - "
                 "and _, at most %d",
                 (int)(len > 60 ? 60 : len), line, PLAN_NAME_MAX - 1);
}

/* libinih's fgets. */
static char *fetch_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    size_t room = (size_t)size - 1, left = (size_t)(r->end - r->at), len;
    const char *newline;

    if (left == 0)
        return NULL;
    if (r->line++ == 0 && left >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0) {
        r->at += 3; /* the mark that some editors begin a file with */
        left -= 3;
    }
    newline = memchr(r->at, '\n', left);
    len = newline ? (size_t)(newline - r->at) + 1 : left;
    if (len > room) {
        complain(r, r->line, "the line has %zu bytes; expected at most %zu", len, room);
        r->at += len;
        out[0] = '\n';
        out[1] = '\0';
        return out;
    }
    memcpy(out, r->at, len);
    out[len] = '\0';
    r->at += len;
    if (memchr(out, '\0', len)) {
        complain(r, r->line, "it holds a zero byte; expected plain text");
        out[0] = '\n';
        out[1] = '\0';
    } else if (out[0] == '[') {
        read_section(r, out);
    } else if ((out[0] == ' ' || out[0] == '\t') && out[strspn(out, " \t\r\n;#")] != '\0') {
        complain(r, r->line, "the line is indented; expected key = value at the margin");
        out[0] = '\n';
        out[1] = '\0';
    }
    return out;
}

static void set_text(struct reading *r, const char *key, const char *value, char *slot, size_t size,
                     const char *wrong)
{
    if (slot[0])
        complain(r, r->line, "%s = stands twice in this section; expected once", key);
    else if (!value[0])
        complain(r, r->line, "%s = is empty", key);
    else if (wrong)
        complain(r, r->line, "%s = %s: %s", key, value, wrong);
    else if (strlen(value) >= size)
        complain(r, r->line, "%s = %s: it is too long; expected at most %zu bytes", key, value,
                 size - 1);
    else
        memcpy(slot, value, strlen(value) + 1);
}

static void read_target_key(struct reading *r, const char *key, const char *value)
{
    struct plan_target *t = r->target;

    if (strcmp(key, "path") == 0 && plan_kind_has_path(t->kind))
        set_text(r, key, value, t->path, sizeof t->path, plan_path_wrong(value));
    else if (strcmp(key, "unit") == 0 && t->kind == PLAN_UNIT)
        set_text(r, key, value, t->word, sizeof t->word, plan_unit_wrong(value));
    else if (strcmp(key, "cell") == 0 && t->kind == PLAN_CELL)
        set_text(r, key, value, t->word, sizeof t->word, plan_cell_wrong(value));
    else if (strcmp(key, "device") == 0 && t->kind == PLAN_LUKS)
        set_text(r, key, value, t->word, sizeof t->word, plan_device_wrong(value));
    else if (strcmp(key, "mapping") == 0 && t->kind == PLAN_LUKS)
        set_text(
            r, key, value, t->mapping, sizeof t->mapping,
            strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                    strlen(value)
                ? NULL
                : "a mapping's name is letters, digits, - and _");
    else
        complain(r, r->line, "%s = is no key of [%s %s]; expected %s", key, plan_kind_name(t->kind),
                 t->name,
                 t->kind == PLAN_UNIT   ? "unit"
                 : t->kind == PLAN_CELL ? "cell"
                 : t->kind == PLAN_LUKS ? "path, device or mapping"
                                        : "path");
}

static void read_root_key(struct reading *r, const char *key, const char *value)
{
    struct plan_root *root = r->root;

    if (strcmp(key, "path") == 0)
        set_text(r, key, value, root->path, sizeof root->path, plan_root_wrong(value));
    else if (strcmp(key, "settle") != 0)
        complain(r, r->line, "%s = is no key of [root %s]; expected path or settle", key,
                 root->name);
    else if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        complain(r, r->line, "settle = %s; expected yes or no", value);
    else
        root->settle = value[0] == 'y';
}

static int plan_read_take_key(void *context, const char *section, const char *key,
                              const char *value)
{
    struct reading *r = context;

    if (r->target)
        read_target_key(r, key, value);
    else if (r->root)
        read_root_key(r, key, value);
    else if (!section[0])
        complain(r, r->line, "%s = stands before the first section; expected [kind NAME]", key);
    return 1;
}

int plan_parse(const char *path, const char *text, size_t len, struct plan *p, plan_complain *say,
               void *context)
{
    struct reading r = {.path = path,
                        .plan = p,
                        .complain = say,
                        .context = context,
                        .at = text,
                        .end = text + len};
    const char *why;
    int line;

    *p = (struct plan){0};
    line = ini_parse_stream(fetch_line, &r, plan_read_take_key, &r);
    if (line != 0 && r.complaints == 0)
        complain(&r, line > 0 ? line : 0, "the line is not understood; expected key = value");
    for (size_t i = 0; i < p->roots_count && r.complaints == 0; i++) {
        if (!p->roots[i].path[0])
            complain(&r, p->roots[i].line, "[root %s]: it has no path =", p->roots[i].name);
    }
    if (r.complaints == 0 && !plan_finish(p, &line, &why)) {
        const char *name = "", *kind = "";
        for (size_t i = 0; i < p->targets_count; i++) {
            if (p->targets[i].line == line && line > 0) {
                name = p->targets[i].name;
                kind = plan_kind_name(p->targets[i].kind);
            }
        }
        if (line > 0)
            complain(&r, line, "[%s %s]: %s", kind, name, why);
        else
            complain(&r, 0, "%s", why);
    }
    crypto_generichash(p->hash, sizeof p->hash, (const unsigned char *)text, len, NULL, 0);
    errno = EINVAL;
    return r.complaints == 0 ? 0 : -1;
}

/* What the opened file must be, judged by fstat: a name can be swapped, an open file cannot. */
static bool is_trusted(int fd, uid_t owner, struct reading *r)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        complain(r, 0, "it is not a regular file; expected one");
    else if (st.st_uid != owner)
        complain(r, 0, "it belongs to user %u; expected user %u: chown it", (unsigned)st.st_uid,
                 (unsigned)owner);
    else if (st.st_mode & (S_IWGRP | S_IWOTH))
        complain(r, 0, "its mode is %04o; expected that only its owner writes: chmod 0644",
                 (unsigned)st.st_mode & 07777);
    else if (st.st_size > PLAN_FILE_MAX)
        complain(r, 0, "it has %lld bytes; expected at most %d", (long long)st.st_size,
                 PLAN_FILE_MAX);
    return r->complaints == 0;
}

int plan_read(const char *path, uid_t owner, struct plan *p, plan_complain *say, void *context)
{
    struct reading r = {.path = path, .complain = say, .context = context};
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t len = 0;
    char *text;
    int result = -1, saved;

    *p = (struct plan){0};
    if (fd < 0 && errno == ENOENT)
        return -1;
    if (fd < 0) {
        complain(&r, 0, "it cannot be opened (%s); expected a file and no symlink",
                 strerror(errno));
        errno = EINVAL;
        return -1;
    }
    text = malloc(PLAN_FILE_MAX + 1);
    if (!text || !is_trusted(fd, owner, &r))
        goto out;
    for (;;) {
        ssize_t n = read(fd, text + len, PLAN_FILE_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || len + (size_t)n > PLAN_FILE_MAX) {
            complain(&r, 0, "it cannot be read whole: %s", n < 0 ? strerror(errno) : "too long");
            goto out;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    result = plan_parse(path, text, len, p, say, context);
out:
    saved = result < 0 ? EINVAL : 0;
    free(text);
    close(fd);
    errno = saved;
    return result;
}
