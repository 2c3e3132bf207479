#ifndef PORCHLIGHT_WIPE_SCOPE_H
#define PORCHLIGHT_WIPE_SCOPE_H

#include "kiosk/wipe/place.h"
#include "kiosk/wipe/plan.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

/* The only way to a target: openat2 from the registered roots, with RESOLVE_BENEATH,
 * RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS and RESOLVE_NO_XDEV. What this file opens is in a
 * root, on the root's own mount; nothing else in the program opens a target by path. */
struct scope {
    const struct plan *plan;   /* whose roots these are */
    int prefix;                /* the folder that all paths are below; "/" on a real kiosk */
    int roots[PLAN_ROOTS_MAX]; /* -1: not there */
    int errors[PLAN_ROOTS_MAX];
    bool slow; /* the keys are destroyed: what takes long may be done now */
    struct place_facts
        places[PLAN_ROOTS_MAX]; /* also of a root that is missing: where it would be */
    char *mounts;               /* /proc/self/mountinfo when the scope was made; NULL: not known */
    char silent[PLACE_WITHIN_MAX]; /* a root's path whose file system did not answer; empty: none */
    const char *path;              /* the prefix as the caller has it, not copied */
};

/* Opens prefix and roots, and looks at what they are on. A root that is missing or may not be
 * opened is kept as its errno, for scope_parent to report. 0, or -1 with errno if the prefix itself
 * cannot be opened. */
int scope_init(struct scope *s, const char *prefix, const struct plan *p);
void scope_finish(struct scope *s);

/* True if /etc/fstab or a mount unit has a file system for `path`, or for a folder above it, that
 * is not mounted now. What is there is then its empty mount point, and all in it would look
 * "already gone". Both are below `prefix`. */
bool scope_awaits_mount(const char *prefix, const char *path);

/* Whether a root's file system is known and cannot be reached now: ENODEV or EHOSTDOWN. */
bool scope_is_away(const struct scope *s, int root);

/* The folder that holds the target, opened for reading, and the target's own name in it. For a
 * target that is a root: the root, and "." as name. The caller closes it. -1 with errno: ENOENT
 * (missing), ELOOP (a symlink on the way), EXDEV (another mount, or out of the root), ENODEV (the
 * root's file system is known and not mounted: scope_awaits_mount), EHOSTDOWN (its server does not
 * answer). */
int scope_parent(const struct scope *s, const struct plan_target *t, char leaf[PLAN_PATH_MAX]);

/* Opens `name` below `folder` with the same rules. */
int scope_open(int folder, const char *name, int flags);

/* Opens the folder `path` of the plan's kind, which may be outside of all roots and on any mount,
 * to look at it and at no more: nothing may be destroyed through it. -1 with errno. */
int scope_peek(const struct scope *s, const char *path);

/* Opens the folder `path` within the root that it is in, by scope_open's rules, so that what is in
 * it may be destroyed. -1 with errno; ENOENT also if it is in none. */
int scope_folder(const struct scope *s, const char *path);

/* Opens the deepest folder above a root that exists, to look at its file system and at no more. -1:
 * there is none. */
int scope_above(const struct scope *s, int root);

/* Where the target is, or would be: its root's place and its path below that. */
void scope_place(const struct scope *s, const struct plan_target *t, struct place *at);

/* Calls `visit` for each mount point below the target, with its path as the plan writes it. */
void scope_each_mount(const struct scope *s, const struct plan_target *t,
                      void (*visit)(void *context, const char *path), void *context);

/* The names in an open folder, from the first on; closedir does not close `folder`. NULL with
 * errno. */
DIR *scope_list(int folder);

/* Makes the absence of the target durable: the deepest folder on its way that exists is synced,
 * so that a name that is missing now is missing after a power cut too. 0 or -1 with errno. */
int scope_sync_absence(const struct scope *s, const struct plan_target *t);

/* The stand-in name a target gets before it is unlinked: the same on every run, so that a run that
 * was killed in between is finished by the next. */
enum { SCOPE_STUB_MAX = 40 };
void scope_stub(const struct plan_target *t, char out[SCOPE_STUB_MAX]);

#endif
