#include "hw/line_find.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void line_find_init(struct line_find *f, const struct line_address *want)
{
    *f = (struct line_find){.want = want};
}

void line_find_list(char words[LINE_SEEN_MAX], const char *word)
{
    size_t used = strlen(words), left = LINE_SEEN_MAX - used;
    const char *comma = used ? ", " : "";
    if (strlen(comma) + strlen(word) + sizeof ", ..." <= left)
        snprintf(words + used, left, "%s%s", comma, word);
    else if (used >= 3 && strcmp(words + used - 3, "...") != 0)
        snprintf(words + used, left, ", ...");
}

static void line_find_fit(struct line_find *f, const char *path, unsigned offset, const char *word)
{
    if (f->found++ == 0) {
        snprintf(f->path, sizeof f->path, "%s", path);
        f->offset = offset;
    }
    line_find_list(f->fits, word);
}

/* n of "GPIOn", or -1; a Pi's header has 2 to 27, and 0 and 1 for a board on top. */
static int header_line_of(const char *name)
{
    char *end;
    if (strncmp(name, "GPIO", 4) != 0 || name[4] < '0' || name[4] > '9')
        return -1;
    long n = strtol(name + 4, &end, 10);
    return *end == '\0' && n <= 27 ? (int)n : -1;
}

static bool is_header_chip(const char *label)
{
    static const char *const labels[] = {"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(label, labels[i]) == 0)
            return true;
    return false;
}

void line_find_chip(struct line_find *f, const char *path, const char *name, const char *label,
                    unsigned lines)
{
    char word[LINE_SEEN_MAX / 2];
    f->chips++;
    snprintf(word, sizeof word, "%s (%s)", name, label);
    line_find_list(f->seen, word);
    if (f->want->kind == LINE_BY_NAME && is_header_chip(label) &&
        header_line_of(f->want->name) >= 0) {
        snprintf(f->header, sizeof f->header, "%s", path);
        f->header_line = (unsigned)header_line_of(f->want->name);
    }
    if (f->want->kind != LINE_BY_OFFSET)
        return;
    bool by_name = line_is_chip_name(f->want->chip);
    if (strcmp(f->want->chip, by_name ? name : label) != 0)
        return;
    if (f->found == 0)
        f->lines = lines;
    line_find_fit(f, path, f->want->offset, name);
}

void line_find_line(struct line_find *f, const char *path, unsigned offset, const char *name)
{
    if (!name || strcmp(name, f->want->name) != 0)
        return;
    const char *slash = strrchr(path, '/');
    char word[LINE_PATH_MAX + 16];
    snprintf(word, sizeof word, "%s:%u", slash ? slash + 1 : path, offset);
    line_find_fit(f, path, offset, word);
}

void line_find_closed(struct line_find *f, const char *path, int error)
{
    snprintf(f->closed, sizeof f->closed, "%s", path);
    f->closed_error = error;
}

enum line_trouble line_find_verdict(const struct line_find *f, char detail[LINE_SEEN_MAX])
{
    bool by_name = f->want->kind == LINE_BY_NAME;
    detail[0] = '\0';
    if (f->found > 1) {
        snprintf(detail, LINE_SEEN_MAX, "%s", f->fits);
        return by_name ? LINE_MANY_NAMES : LINE_MANY_CHIPS;
    }
    if (f->found == 1 && !by_name && f->offset >= f->lines) {
        snprintf(detail, LINE_SEEN_MAX, "%u", f->lines - 1);
        return LINE_NO_OFFSET;
    }
    if (f->found == 1)
        return LINE_FINE;
    /* What was sought may be on the chip that stayed closed. */
    if (f->closed[0]) {
        snprintf(detail, LINE_SEEN_MAX, "%s", f->closed);
        errno = f->closed_error;
        return errno == EACCES || errno == EPERM ? LINE_DENIED : LINE_OTHER;
    }
    if (f->chips == 0)
        return LINE_NO_GPIO;
    snprintf(detail, LINE_SEEN_MAX, "%s", f->seen);
    return by_name ? LINE_NO_NAME : LINE_NO_CHIP;
}

static int by_number(const void *a, const void *b)
{
    return strverscmp(a, b);
}

static bool is_chip(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

size_t line_find_paths(const char *dev, char paths[LINE_CHIPS_MAX][LINE_PATH_MAX])
{
    size_t n = 0;
    DIR *d = opendir(dev);
    if (!d)
        return 0;
    for (struct dirent *e; n < LINE_CHIPS_MAX && (e = readdir(d));) {
        if (!line_is_chip_name(e->d_name))
            continue;
        int len = snprintf(paths[n], LINE_PATH_MAX, "%s/%s", dev, e->d_name);
        if (len < LINE_PATH_MAX && is_chip(paths[n]))
            n++;
    }
    closedir(d);
    qsort(paths, n, LINE_PATH_MAX, by_number);
    return n;
}

void line_find_follow(const char *dev, struct line_address *a)
{
    char path[LINE_ADDRESS_MAX * 2], target[LINE_ADDRESS_MAX];
    if (a->kind != LINE_BY_OFFSET || !line_is_chip_name(a->chip))
        return;
    snprintf(path, sizeof path, "%s/%s", dev, a->chip);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len <= 0)
        return;
    target[len] = '\0';
    const char *slash = strrchr(target, '/');
    const char *last = slash ? slash + 1 : target;
    if (line_is_chip_name(last))
        memcpy(a->chip, last, strlen(last) + 1);
}

void line_find_end(struct line_find *f)
{
    if (f->found == 0 && f->header[0])
        line_find_fit(f, f->header, f->header_line, f->want->name);
}

enum line_trouble line_find_on(const char *dev, struct line_find *f, struct line_address *want,
                               line_find_report *report, char detail[LINE_SEEN_MAX])
{
    char paths[LINE_CHIPS_MAX][LINE_PATH_MAX];
    line_find_follow(dev, want);
    line_find_init(f, want);
    size_t n = line_find_paths(dev, paths);
    for (size_t i = 0; i < n; i++)
        report(f, paths[i]);
    line_find_end(f);
    return line_find_verdict(f, detail);
}
