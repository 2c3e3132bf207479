#ifndef PORCHLIGHT_WIPE_PLAN_H
#define PORCHLIGHT_WIPE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* wipe.plan as a value, and what may be in one. Pure: no file is looked at here.
 *
 * The file is INI. [root NAME] path = DIR registers a folder; nothing outside of a registered root
 * is ever touched. With settle = yes its whole file system is asked, after the slow rest, to zero
 * its journal and to trim its free blocks. Every other section is a target, "[kind NAME]":
 *
 *   [unit NAME]        unit = venue-book.service       stopped first, so that nothing holds data
 *   [cell NAME]        cell = nvmem:ds1307_nvram0 | tpm:1800001 | file:/path   of a vault's key
 *   [key NAME]         path = a file that has a key in it
 *   [luks NAME]        path = a LUKS container, or device = a partition, /dev/mmcblk0p3 or
 *                      /dev/disk/by-partuuid/ID; mapping = its name below /dev/mapper; header = the
 *                      file that its header is in, if that is another one
 *   [fscrypt NAME]     path = an encrypted directory
 *   [tmpfs NAME]       path = a folder of a tmpfs
 *   [file NAME]        path = a file
 *   [tree NAME]        path = a folder; the folder goes too, unless it is itself a root
 *   [journal NAME]     path = systemd's journal folder
 *   [credential NAME]  path = a file; destroyed last, when porchlightd asks to FINISH
 *
 * also = yes, in key, luks, file, tree and credential: what programs made of it is destroyed too,
 * SQLite's -wal, editors' copies, thumbnails, its entries in the trash (companions.h). Without it
 * they are listed, and the target is not called destroyed while they are there.
 *
 * Paths are absolute and taken literally: no "..", no ".", no "//", no glob, no symlink on the
 * way. Below a moved prefix (--prefix) they are taken below that prefix. */

enum {
    PLAN_NAME_MAX = 64, /* WIPE_NAME_MAX of messages.h */
    PLAN_PATH_MAX = 192,
    PLAN_WORD_MAX = 128,
    PLAN_ROOTS_MAX = 8,
    PLAN_TARGETS_MAX = 64,
    PLAN_HASH = 32,
};

enum plan_kind {
    PLAN_UNIT,
    PLAN_CELL,
    PLAN_KEY,
    PLAN_LUKS,
    PLAN_FSCRYPT,
    PLAN_TMPFS,
    PLAN_FILE,
    PLAN_TREE,
    PLAN_JOURNAL,
    PLAN_CREDENTIAL,
    PLAN_KINDS,
};

/* The order of a wipe: who holds data, keys, the slow rest, and last the broker's credential. */
enum plan_phase { PLAN_STOP, PLAN_KEYS, PLAN_REST, PLAN_LAST };

struct plan_root {
    char name[PLAN_NAME_MAX];
    char path[PLAN_PATH_MAX];
    bool settle; /* settle = yes: see trim.h; it reaches the root's whole file system */
};

struct plan_target {
    char name[PLAN_NAME_MAX]; /* first, as config/keys.h wants it */
    enum plan_kind kind;
    char path[PLAN_PATH_MAX];    /* as written; empty for unit and most cells */
    char word[PLAN_WORD_MAX];    /* unit =, cell = or device = */
    char mapping[PLAN_WORD_MAX]; /* luks; may be empty */
    char header[PLAN_PATH_MAX];  /* luks; may be empty */
    bool also;                   /* what belongs to it is destroyed too: see companions.h */
    int root;                    /* index into roots; -1: the kind has no path */
    char below[PLAN_PATH_MAX];   /* the path below its root; empty: the root itself */
    int header_root;             /* the same two of `header` */
    char header_below[PLAN_PATH_MAX];
    int line;
};

struct plan {
    struct plan_root roots[PLAN_ROOTS_MAX];
    size_t roots_count;
    struct plan_target targets[PLAN_TARGETS_MAX]; /* after plan_finish: in the order of work */
    size_t targets_count;
    uint8_t hash[PLAN_HASH]; /* of the file's bytes: a changed plan is another plan */
};

/* "unit", "cell", ... as the section says it. */
const char *plan_kind_name(enum plan_kind k);
enum plan_phase plan_phase_of(enum plan_kind k);

/* NULL if `path` may be in a plan; otherwise what is wrong with it, static storage. */
const char *plan_path_wrong(const char *path);

/* NULL if `path` may be a root: below /srv, /home, /var, /mnt, /media, /opt, /tmp, /run or
 * /etc/porchlight/credentials, with at least one folder of its own there. */
const char *plan_root_wrong(const char *path);

/* NULL, or why this word is no systemd unit (unit =) or no cell (cell =). */
const char *plan_unit_wrong(const char *word);
const char *plan_cell_wrong(const char *word);

/* NULL, or why this word is no block device's (device =). A link that is named by what the device
 * holds, such as by-uuid, would go with it: those are refused. */
const char *plan_device_wrong(const char *word);

/* The root that `path` is in, the longest one; -1: none. */
int plan_root_of(const struct plan *p, const char *path);

/* The file of a luks target's header as a target of its own. */
struct plan_target plan_header(const struct plan_target *t);

/* Finds each target's root (the longest that holds it), checks what only the whole plan can show,
 * and sorts by phase, otherwise as written. True, or false with the line and reason of the first
 * target that is refused. */
bool plan_finish(struct plan *p, int *line, const char **why);

#endif
