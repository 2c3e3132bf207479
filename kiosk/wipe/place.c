#include "kiosk/wipe/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is longer is cut, and layers are not seen. */
enum { OVERLAY_OPTIONS_MAX = 8192 };

#define OTHER_FOLDER                                                                               \
    "Keep it on an ext4 partition of its own, or keep it in a vault whose key is in a cell."

#define SETTLE "And write settle = yes in its root: the journal keeps what was written until now."

/* --- what each file system does with an overwrite -------------------------------------------- */

enum habit {
    IN_PLACE,
    IN_MEMORY,
    SHARES, /* in place, unless blocks are shared */
    ELSEWHERE,
    FAR,
    BY_A_PROGRAM,
    LAYERED,
    STACKED,
    NEVER_WRITES,
    NOT_MOUNTED_YET,
    UNKNOWN,
};

static const struct {
    const char *type; /* with a final ".": all that begin so */
    enum habit habit;
} habits[] = {
    {"ext2", IN_PLACE},
    {"ext3", IN_PLACE},
    {"ext4", IN_PLACE},
    {"vfat", IN_PLACE},
    {"msdos", IN_PLACE},
    {"exfat", IN_PLACE},
    {"xfs", SHARES},
    {"tmpfs", IN_MEMORY},
    {"ramfs", IN_MEMORY},
    {"btrfs", ELSEWHERE},
    {"bcachefs", ELSEWHERE},
    {"zfs", ELSEWHERE},
    {"f2fs", ELSEWHERE},
    {"nilfs2", ELSEWHERE},
    {"ubifs", ELSEWHERE},
    {"jffs2", ELSEWHERE},
    {"nfs", FAR},
    {"nfs4", FAR},
    {"cifs", FAR},
    {"smb3", FAR},
    {"9p", FAR},
    {"ceph", FAR},
    {"afs", FAR},
    {"virtiofs", FAR},
    {"fuse", BY_A_PROGRAM},
    {"fuse.", BY_A_PROGRAM},
    {"fuseblk", BY_A_PROGRAM},
    {"fuseblk.", BY_A_PROGRAM},
    {"overlay", LAYERED},
    {"aufs", LAYERED},
    {"unionfs", LAYERED},
    {"ecryptfs", STACKED},
    {"squashfs", NEVER_WRITES},
    {"erofs", NEVER_WRITES},
    {"iso9660", NEVER_WRITES},
    {"cramfs", NEVER_WRITES},
    {"romfs", NEVER_WRITES},
    {"autofs", NOT_MOUNTED_YET},
};

static enum habit habit_of(const char *type)
{
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
        size_t len = strlen(habits[i].type);
        if (habits[i].type[len - 1] == '.' ? strncmp(type, habits[i].type, len) == 0
                                           : strcmp(type, habits[i].type) == 0)
            return habits[i].habit;
    }
    return UNKNOWN;
}

static struct place_verdict judge_habit(enum habit h)
{
    static const struct place_verdict verdicts[] = {
        [IN_PLACE] = {PLACE_OVERWRITES, 0, "", ""},
        [IN_MEMORY] = {PLACE_OVERWRITES, 0, "", ""},
        [SHARES] = {PLACE_OVERWRITES, 0, "", ""},
        [ELSEWHERE] = {PLACE_UNSURE, 0,
                       "its file system writes every change to a new place, so the old blocks stay "
                       "on the disk, and in snapshots",
                       OTHER_FOLDER},
        [FAR] = {PLACE_UNSURE, 0,
                 "it is on another machine, which alone decides what happens to the old blocks",
                 OTHER_FOLDER},
        [BY_A_PROGRAM] = {PLACE_UNSURE, 0,
                          "a program (FUSE) serves its file system, and may keep the old blocks",
                          "Name it where that program keeps it, or keep it on an ext4 partition of "
                          "its own."},
        [LAYERED] = {PLACE_REFUSED, 0,
                     "it is on an overlay: only the upper layer can be changed, and the file below "
                     "is whole again after a restart",
                     "Keep it on a writable partition of its own, or name it where the lower layer "
                     "is mounted, if that can be written."},
        [STACKED] = {PLACE_UNSURE, 0,
                     "its file system is stacked on another one, which was not looked at",
                     OTHER_FOLDER},
        [NEVER_WRITES] = {PLACE_REFUSED, EROFS, "its file system can never be written",
                          OTHER_FOLDER},
        [NOT_MOUNTED_YET] = {PLACE_REFUSED, ENODEV,
                             "its file system is not mounted yet (automount)",
                             "Have it mounted at boot: without x-systemd.automount."},
        [UNKNOWN] = {PLACE_UNSURE, 0, "its file system is not known to overwrite in place",
                     OTHER_FOLDER},
    };
    return verdicts[h];
}

struct place_verdict place_worse(struct place_verdict a, struct place_verdict b)
{
    return b.may > a.may ? b : a;
}

struct place_verdict place_judge(const struct place_facts *f)
{
    static const struct place_verdict
        fine = {PLACE_OVERWRITES, 0, "", ""},
        unknown = {PLACE_UNSURE, 0, "it is not known which file system it is on",
                   "Look at it with findmnt."},
        read_only = {PLACE_REFUSED, EROFS, "its file system is read-only",
                     "Mount it writable. If the kernel made it read-only after an error, see "
                     "dmesg."},
        journal =
            {PLACE_UNSURE, 0,
             "its file system also writes contents to its journal (data=journal), which keeps "
             "them",
             "Mount it without data=journal. " SETTLE},
        swapped = {PLACE_UNSURE, 0,
                   "it is in memory, and swap is on: some of it may be on the disk",
                   "Switch swap off, as sudo porchlight doctor says, and restart: what is swapped "
                   "out by now stays there. Or mount it with noswap."},
        covers = {PLACE_UNSURE, 0,
                  "another file system is mounted at its path, below this one, and is not reached",
                  "Look at both with findmnt, and unmount one of them."};
    struct place_verdict v;

    if (!f->at.known)
        return unknown;
    v = place_worse(judge_habit(habit_of(f->at.type)), place_judge_device(f->below));
    v = place_worse(v, f->journals_data ? journal : fine);
    v = place_worse(v, f->swaps && strcmp(f->at.type, "tmpfs") == 0 ? swapped : fine);
    v = place_worse(v, f->covers ? covers : fine);
    return place_worse(v, f->read_only ? read_only : fine);
}

struct place_verdict place_judge_file(const struct place_file *file)
{
    const struct {
        bool found;
        struct place_verdict verdict;
    } rules[] = {
        {!file->regular,
         {PLACE_REFUSED, EINVAL, "it is not a regular file",
          "Name a file, or name a folder with [tree NAME]."}},
        {file->links > 1,
         {PLACE_REFUSED, EMLINK, "it has a second name (hard link)",
          "Remove the other name. To find it: sudo find / -xdev -samefile FILE"}},
        {file->sealed,
         {PLACE_REFUSED, EPERM, "it is sealed by fs-verity and cannot be written",
          "Copy it and delete the sealed one."}},
        {file->runs,
         {PLACE_REFUSED, ETXTBSY, "a program runs from it",
          "Name that program's unit in the plan, so that it is stopped first."}},
        {file->leased,
         {PLACE_REFUSED, EAGAIN, "a program holds a lease on it and does not let go",
          "Name that program's unit in the plan, so that it is stopped first."}},
        {file->swap,
         {PLACE_REFUSED, ETXTBSY, "the kernel swaps to it",
          "Switch that swap off (swapoff), and name another place in /etc/fstab."}},
        {file->shared,
         {PLACE_UNSURE, 0, "another file or a snapshot shares its blocks, and keeps them",
          "Delete the other copies and snapshots first."}},
        {file->encoded,
         {PLACE_UNSURE, 0,
          "it is compressed, so an overwrite goes to new blocks and the old ones "
          "stay",
          "Take the attribute off with chattr -c and write the file again."}},
        {file->in_inode,
         {PLACE_UNSURE, 0,
          "its file system keeps small files in inodes (inline_data), and its journal keeps what "
          "they had",
          "Keep it in a file system without inline_data."}},
        {file->journaled,
         {PLACE_UNSURE, 0, "its contents go through the file system's journal, which keeps them",
          "Take the attribute off with chattr -j. " SETTLE}},
        {file->noted,
         {PLACE_UNSURE, 0,
          "it has notes of programs (extended attributes), which the journal of its file system "
          "keeps",
          "Write settle = yes in its root (ext4), or look at them with getfattr -d."}},
        {file->loop_reads_it,
         {PLACE_UNSURE, EBUSY, "a loop device uses it, and may write the old contents again",
          "Name what unmounts it in the plan, as a [unit NAME]."}},
        {file->kept,
         {PLACE_UNSURE, EBUSY, "a program has a deleted file of it open, whose contents stay",
          "Name that program's unit in the plan, so that it is stopped first."}},
        {file->written,
         {PLACE_UNSURE, EBUSY, "a program has it open, and may write its contents again",
          "Name that program's unit in the plan, so that it is stopped first."}},
    };
    struct place_verdict v = {PLACE_OVERWRITES, 0, "", ""};

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].found)
            v = place_worse(v, rules[i].verdict);
    }
    return v;
}

bool place_is_overlay(const struct place *at)
{
    return habit_of(at->type) == LAYERED;
}

bool place_is_served(const char *type)
{
    enum habit h = habit_of(type);
    return h == FAR || h == BY_A_PROGRAM;
}

/* --- the same place ------------------------------------------------------------------------- */

bool place_same(const struct place *a, const struct place *b)
{
    if (!a->known || !b->known || strcmp(a->type, b->type) != 0 ||
        strcmp(a->within, b->within) != 0)
        return false;
    switch (habit_of(a->type)) {
    case IN_MEMORY: /* another one after each boot */
        return true;
    case FAR:
    case BY_A_PROGRAM:
        return strcmp(a->source, b->source) == 0;
    default:
        break;
    }
    /* Newer kernels show the file system's own id. Without it statfs's has to do. */
    if (a->uuid[0] && b->uuid[0])
        return strcmp(a->uuid, b->uuid) == 0;
    return a->fsid[0] && strcmp(a->fsid, b->fsid) == 0;
}

bool place_id_is_number(const unsigned char id[8], unsigned major, unsigned minor)
{
    uint32_t number = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12, parts[2];

    memcpy(parts, id, sizeof parts);
    return parts[0] == number && parts[1] == 0;
}

enum place_memory place_memory(const struct place *seen, const struct place *now)
{
    if (!seen || !seen->known)
        return MEMORY_NONE;
    return place_same(seen, now) ? MEMORY_SAME : MEMORY_OTHER;
}

/* --- mountinfo ------------------------------------------------------------------------------ */

/* The next word of a line, \040 and its like decoded; too long a one is cut. */
static const char *take_word(const char *at, char *out, size_t size)
{
    size_t len = 0;
    while (*at == ' ' || *at == '\t')
        at++;
    while (*at && *at != ' ' && *at != '\t' && *at != '\n') {
        char c = *at++;
        if (c == '\\' && at[0] >= '0' && at[0] <= '3' && at[1] >= '0' && at[1] <= '7' &&
            at[2] >= '0' && at[2] <= '7') {
            c = (char)((at[0] - '0') * 64 + (at[1] - '0') * 8 + (at[2] - '0'));
            at += 3;
        }
        if (len + 1 < size)
            out[len++] = c;
    }
    out[len] = '\0';
    return at;
}

static bool place_has_option(const char *list, const char *option)
{
    size_t len = strlen(option);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, option, len) == 0 && (at[len] == ',' || !at[len]))
            return true;
    }
    return false;
}

static bool read_mount(const char *at, struct place_mount *m)
{
    char word[PLACE_WITHIN_MAX], options[PLACE_WITHIN_MAX] = "";
    char *end;

    at = take_word(at, word, sizeof word);
    m->id = strtoull(word, &end, 10);
    if (end == word || *end)
        return false;
    at = take_word(at, word, sizeof word); /* the parent */
    at = take_word(at, m->device, sizeof m->device);
    at = take_word(at, m->root, sizeof m->root);
    at = take_word(at, m->where, sizeof m->where);
    at = take_word(at, options, sizeof options);
    m->read_only = place_has_option(options, "ro");
    do
        at = take_word(at, word, sizeof word);
    while (word[0] && strcmp(word, "-") != 0);
    at = take_word(at, m->type, sizeof m->type);
    at = take_word(at, m->source, sizeof m->source);
    take_word(at, options, sizeof options);
    m->read_only |= place_has_option(options, "ro");
    m->journals_data = place_has_option(options, "data=journal");
    m->no_swap = place_has_option(options, "noswap");
    return m->root[0] == '/' && m->where[0] == '/' && m->type[0];
}

bool place_next_mount(const char **text, struct place_mount *m)
{
    while (**text) {
        const char *line = *text, *end = strchr(line, '\n');
        *text = end ? end + 1 : line + strlen(line);
        if (read_mount(line, m))
            return true;
    }
    return false;
}

/* What is left of `path` below `folder`, with its "/"; NULL if it is not below it. */
static const char *rest_below(const char *path, const char *folder)
{
    size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    if (strncmp(path, folder, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    return path + len;
}

/* The value of an option in `list`, up to the next comma. NULL if it has none. */
static const char *place_option_value(const char *list, const char *option)
{
    size_t len = strlen(option);

    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, option, len) == 0)
            return at + len;
    }
    return NULL;
}

/* What is left of `path` below one of the folders in a value such as "/a:/b". NULL: it is in none.
 */
static const char *rest_below_any(const char *path, const char *folders)
{
    const char *rest = NULL;
    size_t len;

    for (const char *at = folders; at && !rest; at = at[len] == ':' ? at + len + 1 : NULL) {
        char one[PLACE_WITHIN_MAX];
        len = strcspn(at, ":,");
        if (len < sizeof one) {
            snprintf(one, sizeof one, "%.*s", (int)len, at);
            rest = rest_below(path, one);
        }
    }
    return rest;
}

bool place_next_upper(const char **text, const char *path, char out[PLACE_WITHIN_MAX])
{
    static const char mark[] = " - overlay ";

    while (**text) {
        char source[PLACE_SOURCE_MAX], options[OVERLAY_OPTIONS_MAX] = "";
        const char *end = strchr(*text, '\n'), *at = strstr(*text, mark), *upper, *rest;

        *text = end ? end + 1 : *text + strlen(*text);
        if (at && at < *text)
            take_word(take_word(at + strlen(mark), source, sizeof source), options, sizeof options);
        upper = place_option_value(options, "upperdir=");
        rest = upper ? rest_below_any(path, place_option_value(options, "lowerdir=")) : NULL;
        if (rest && snprintf(out, PLACE_WITHIN_MAX, "%.*s%s", (int)strcspn(upper, ","), upper,
                             rest) < PLACE_WITHIN_MAX)
            return true;
    }
    return false;
}

bool place_next_swap(const char **text, struct place_swap *swap)
{
    while (**text) {
        const char *end = strchr(*text, '\n');
        char kind[16];
        take_word(take_word(*text, swap->path, sizeof swap->path), kind, sizeof kind);
        *text = end ? end + 1 : *text + strlen(*text);
        swap->file = strcmp(kind, "file") == 0;
        if (swap->path[0] == '/')
            return true;
    }
    return false;
}

bool place_within(const struct place_mount *m, const char *path, char out[PLACE_WITHIN_MAX])
{
    const char *rest = rest_below(path, m->where);
    int n;
    if (!rest)
        return false;
    n = snprintf(out, PLACE_WITHIN_MAX, "%s%s", strcmp(m->root, "/") == 0 ? "" : m->root, rest);
    place_tidy_path(out);
    return n < PLACE_WITHIN_MAX;
}

bool place_covers(const char *mounts, const struct place_mount *m, const char *path)
{
    struct place_mount other;

    while (mounts && place_next_mount(&mounts, &other)) {
        bool same = strcmp(other.device, m->device) == 0 && strcmp(other.root, m->root) == 0;
        if (other.id != m->id && !same && strcmp(other.type, "autofs") != 0 && other.where[1] &&
            rest_below(path, other.where) && rest_below(other.where, m->where))
            return true;
    }
    return false;
}

void place_tidy_path(char *path)
{
    char *to = path;
    for (const char *at = path; *at;) {
        size_t len;
        while (*at == '/')
            at++;
        len = strcspn(at, "/");
        if (len > 0 && !(len == 1 && *at == '.')) {
            *to++ = '/';
            memmove(to, at, len);
            to += len;
        }
        at += len;
    }
    if (to == path)
        *to++ = '/';
    *to = '\0';
}
