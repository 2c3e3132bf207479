#include "kiosk/cli/backup/same_card.h"

#include "kiosk/common/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A device on a device on a device: nobody builds more. */
enum { DEPTH_MAX = 8, MOUNTINFO_MAX = 1 << 20, LINE = 4096 };

static void cards_walk(const char *system, dev_t device, int depth, struct cards *c);
static int cards_walk_path(const char *system, const char *path, int depth, struct cards *c);

static bool read_line(const char *path, char out[LINE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : file_read_all(fd, out, LINE - 1);

    file_close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return n > 0;
}

/* "8:1" in a file. */
static bool read_number(const char *path, dev_t *device)
{
    char line[LINE];
    unsigned high, low;

    if (!read_line(path, line) || sscanf(line, "%u:%u", &high, &low) != 2)
        return false;
    *device = makedev(high, low);
    return true;
}

static void add_card(dev_t device, struct cards *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i] == device)
            return;
    if (c->count < CARDS_MAX)
        c->list[c->count++] = device;
}

/* What device-mapper or an array is made of. */
static bool walk_slaves(const char *system, const char *folder, int depth, struct cards *c)
{
    char path[LINE];
    struct dirent *e;
    dev_t below;
    bool any = false;
    DIR *d;

    snprintf(path, sizeof path, "%.2000s/slaves", folder);
    d = opendir(path);
    while (d && (e = readdir(d))) {
        snprintf(path, sizeof path, "%.2000s/slaves/%s/dev", folder, e->d_name);
        if (e->d_name[0] == '.' || !read_number(path, &below))
            continue;
        any = true;
        cards_walk(system, below, depth + 1, c);
    }
    if (d)
        closedir(d);
    return any;
}

static void cards_walk(const char *system, dev_t device, int depth, struct cards *c)
{
    char folder[LINE], path[LINE + 32], line[LINE];
    dev_t whole = device;

    snprintf(folder, sizeof folder, "%.2000s/sys/dev/block/%u:%u", system, major(device),
             minor(device));
    if (depth >= DEPTH_MAX || walk_slaves(system, folder, depth, c))
        return;
    snprintf(path, sizeof path, "%s/loop/backing_file", folder);
    if (read_line(path, line) && cards_walk_path(system, line, depth + 1, c) == 0)
        return;
    snprintf(path, sizeof path, "%s/partition", folder);
    if (access(path, F_OK) == 0) {
        snprintf(path, sizeof path, "%s/../dev", folder);
        if (read_number(path, &whole) && whole != device) {
            cards_walk(system, whole, depth + 1, c);
            return;
        }
    }
    add_card(device, c);
}

void cards_add(const char *system, dev_t device, struct cards *c)
{
    cards_walk(system, device, 0, c);
}

/* --- file systems without a device number of their own --------------------------------------- */

/* The word at `at`, without mountinfo's \040 for a blank. Behind it. */
static const char *mount_word(const char *at, char *out, size_t size)
{
    size_t len = 0;
    unsigned code;

    while (*at && *at != ' ' && *at != '\n') {
        char letter = *at++;
        if (letter == '\\' && sscanf(at, "%3o", &code) == 1) {
            letter = (char)code;
            at += 3;
        }
        if (len + 1 < size)
            out[len++] = letter;
    }
    out[len] = '\0';
    return *at == ' ' ? at + 1 : at;
}

/* "... 0:31 / / rw - overlay overlay rw,upperdir=/u,workdir=/w" */
static void cards_read_mount(const char *line, struct mount_source *m)
{
    char word[LINE];
    const char *at = strstr(line, " - "), *upper;

    if (!at)
        return;
    at = mount_word(at + 3, word, sizeof word);
    at = mount_word(at, m->source, sizeof m->source);
    mount_word(at, word, sizeof word);
    upper = strstr(word, "upperdir=");
    if (upper)
        snprintf(m->upper, sizeof m->upper, "%.*s", (int)strcspn(upper + 9, ","), upper + 9);
}

bool mount_source_of(const char *mountinfo, dev_t filesystem, struct mount_source *m)
{
    char text[LINE];
    unsigned high, low;

    *m = (struct mount_source){.source = ""};
    for (const char *line = mountinfo; *line;) {
        size_t len = strcspn(line, "\n");
        if (sscanf(line, "%*d %*d %u:%u", &high, &low) == 2 && makedev(high, low) == filesystem) {
            snprintf(text, sizeof text, "%.*s", (int)len, line);
            cards_read_mount(text, m);
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

/* btrfs, overlay and others have a number that is no device's. */
static void walk_mount(const char *system, dev_t filesystem, int depth, struct cards *c)
{
    char path[LINE];
    struct mount_source m;
    struct stat st;
    char *text = malloc(MOUNTINFO_MAX);
    int fd;
    ssize_t n;

    snprintf(path, sizeof path, "%.2000s/proc/self/mountinfo", system);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 && text ? file_read_all(fd, text, MOUNTINFO_MAX - 1) : -1;
    file_close(fd);
    if (n > 0) {
        text[n] = '\0';
        if (mount_source_of(text, filesystem, &m)) {
            if (m.upper[0])
                cards_walk_path(system, m.upper, depth + 1, c);
            else if (stat(m.source, &st) == 0 && S_ISBLK(st.st_mode))
                cards_walk(system, st.st_rdev, depth + 1, c);
        }
    }
    free(text);
}

static int cards_walk_path(const char *system, const char *path, int depth, struct cards *c)
{
    struct statfs fs;
    struct stat st;

    if (stat(path, &st) < 0 || statfs(path, &fs) < 0)
        return -1;
    if (depth == 0)
        c->filesystem = st.st_dev;
    if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
        c->memory = true;
    else if (depth < DEPTH_MAX && major(st.st_dev) == 0)
        walk_mount(system, st.st_dev, depth, c);
    else
        cards_walk(system, st.st_dev, depth, c);
    return 0;
}

int cards_of(const char *system, const char *path, struct cards *c)
{
    *c = (struct cards){.count = 0};
    return cards_walk_path(system, path, 0, c);
}

bool cards_share(const struct cards *a, const struct cards *b)
{
    if (a->filesystem == b->filesystem)
        return true;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (a->list[i] == b->list[j])
                return true;
    return false;
}
