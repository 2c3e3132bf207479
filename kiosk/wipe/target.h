#ifndef PORCHLIGHT_WIPE_TARGET_H
#define PORCHLIGHT_WIPE_TARGET_H

#include "kiosk/common/messages.h"
#include "kiosk/wipe/plan.h"
#include "kiosk/wipe/scope.h"

#include <stdbool.h>

/* One kind of target: what is claimed of it, how it is destroyed, how that is proved. A new kind is
 * one file, one row in target.c and one name in plan.c. What kinds share: what they report is in
 * target_report.c, how a name goes is in target_name.c. */

enum { TARGET_WHY_MAX = 160, TARGET_NOTES_MAX = 2048 };

struct target_report {
    enum wipe_outcome outcome;
    int error;                /* errno behind an unverified or failed outcome; 0 if there is none */
    char why[TARGET_WHY_MAX]; /* one plain clause; of what is destroyed, a sentence that adds to
                                 `kept`, or empty. No file names in it */
    bool noted; /* it had notes of programs, which went through the file system's journal */
    bool lost;  /* contents or a name go that are not proved to be: no later attempt changes that */
    /* Called before they go, so that it is on the record even if it is cut short. May be NULL. */
    void (*losing)(void *context, const struct target_report *r);
    void *context;
};

/* What plan, check and doctor say of a target before anything is touched. */
struct target_view {
    const char *seen;         /* "there", "missing", or why it would be refused; static storage */
    enum wipe_outcome best;   /* the best result a wipe could report of it as it is now */
    char why[TARGET_WHY_MAX]; /* why that is no better than `best`; empty if it is WIPE_DESTROYED */
    char notes[TARGET_NOTES_MAX]; /* what else there is to know, a line each */
};

struct target_ops {
    const char *promise; /* what it will be, one sentence, for `porchlight wipe --plan` */
    const char *kept;    /* what was shown, one sentence, once it is destroyed */

    /* Destroys and syncs. Leaves outcome WIPE_DESTROYED if every step succeeded and was read back,
     * WIPE_ALREADY_GONE if there was nothing, WIPE_UNVERIFIED or WIPE_FAILED with why. Safe to
     * call again after any interruption. */
    void (*destroy)(const struct scope *s, const struct plan_target *t, struct target_report *r);

    /* Looks at the world afresh, after destroy: may only lower the outcome. */
    void (*prove)(const struct scope *s, const struct plan_target *t, struct target_report *r);

    /* What may wait until all keys are destroyed, of a target that is; may only lower the outcome.
     * NULL: nothing. */
    void (*settle)(const struct scope *s, const struct plan_target *t, struct target_report *r);

    /* Looks closer at a target that is there, or at one that has no path: may set `seen` and only
     * lower `best`. Touches nothing. NULL: a path is all there is to see. */
    void (*look)(const struct scope *s, const struct plan_target *t, struct target_view *v);

    /* Makes a decoy of the same kind for a drill; *t already names its place. 0, or -1 with
     * errno. */
    int (*decoy)(const struct scope *s, const struct plan_target *t);
};

const struct target_ops *target_ops(enum plan_kind k);

/* Fills *v, through the same door as the wipe. */
void target_look(const struct scope *s, const struct plan_target *t, struct target_view *v);

/* Opens the file or device of a luks target to read it. The fd, or -1 with errno. */
int target_open_to_look(const struct scope *s, const struct plan_target *t);

/* What belongs to a target (companions.h): destroyed where the plan says also = yes, otherwise a
 * reason not to call the target destroyed. */
void target_also(const struct scope *s, const struct plan_target *t, struct target_report *r);
void target_also_look(const struct scope *s, const struct plan_target *t, struct target_view *v);

/* Lowers v->best, never lifts it, and notes why. */
void target_view_lower(struct target_view *v, enum wipe_outcome best, const char *why);

/* Adds a line to v->notes. */
void __attribute__((format(printf, 2, 3)))
target_view_note(struct target_view *v, const char *format, ...);

/* destroy, prove, and again up to three times in all while the outcome is not a good one; a unit is
 * reported once. */
void target_wipe(const struct scope *s, const struct plan_target *t, struct target_report *r);

/* Lowers the outcome, never lifts it, and notes errno `error` and why. */
void target_lower(struct target_report *r, enum wipe_outcome outcome, int error, const char *why);

/* A fresh report of a part of what r reports, and what the part means for the whole. */
struct target_report target_part(const struct target_report *r);
void target_join(struct target_report *r, const struct target_report *part);

/* The target could not be reached: failed, with the reason that errno `error` means. */
void target_unreached(struct target_report *r, int error);

/* For kinds that have a path: calls `destroy` with the folder that holds the target, for the stub
 * that a killed run may have left, then for the name itself, and lays the results together. The
 * root itself is the name "." and has no stub. */
typedef void target_named(int folder, const char *name, const char *stub, struct target_report *r);
void target_by_name(const struct scope *s, const struct plan_target *t, target_named *destroy,
                    struct target_report *r);

/* It is not there: already gone, once its absence is durable. */
void target_absent(const struct scope *s, const struct plan_target *t, struct target_report *r);

/* Fails if the target's name or its stub is still there. */
void target_prove_gone(const struct scope *s, const struct plan_target *t, struct target_report *r);

extern const struct target_ops target_unit, target_cell, target_key, target_luks, target_fscrypt,
    target_tmpfs, target_file, target_tree, target_journal, target_credential;

/* After a rehearsal: journald writes where it wrote before. */
void target_journal_give_back(const struct scope *s);

/* Overwrites, renames and unlinks the regular file `name` in `folder`, syncs the folder. For the
 * kinds that are made of files. Hard-linked files are refused and left as they are. */
void target_file_destroy(int folder, const char *name, const char *stub, bool sync_folder,
                         struct target_report *r);

/* Overwrites what programs have noted about an open file or folder in its extended attributes:
 * where it comes from, comments, tags. */
void target_overwrite_notes(int fd, struct target_report *r);

/* Whether there are any that say something: the time at which journald made a file does not. */
bool target_has_notes(int fd);

/* Takes chattr's +i and +a off an open file or folder. What was taken off, 0 if nothing was. */
int target_unlock(int fd);

/* Opens the file `name` for reading and writing. One that chattr's +i or +a protects, and that has
 * no second name, loses that first. The fd, or -1 with errno as scope_open. */
int target_open_writable(int folder, const char *name);

/* Makes the folder `name`, also where chattr's +i or +a keeps the names in `folder`: it loses that
 * meanwhile. 0, or -1 with errno. */
int target_make_folder(int folder, const char *name);

/* Renames the entry to `stub`, so that its name goes too, and removes that; where it cannot be
 * renamed, removes it as it is. A folder that keeps its names by chattr's +i or +a loses that
 * meanwhile. `flags` are unlinkat's. 0 (also if it was not there), or -1 with errno. */
int target_remove_name(int folder, const char *name, const char *stub, int flags);

/* A new file of `size` random bytes (at most TARGET_DECOY_MAX), synced, for decoys. 0 or -1 with
 * errno. */
enum { TARGET_DECOY_MAX = 8192 };

/* How many folders may be in each other: each holds two descriptors. Deeper ones stay. */
enum { TARGET_DEPTH_MAX = 200 };
int target_decoy_file(int folder, const char *name, size_t size);

/* Removes the entry `name`, whatever it is: files are overwritten, folders emptied first. */
void target_tree_entry(int folder, const char *name, struct target_report *r);

/* Empties the folder that fd is, which stays open; `depth` folders are above it in the target. */
void target_tree_empty(int fd, int depth, bool overwrite, struct target_report *r);

/* The tree kind's three, for kinds that are trees with a step before or after. */
void target_tree_destroy(const struct scope *s, const struct plan_target *t,
                         struct target_report *r);
void target_tree_prove(const struct scope *s, const struct plan_target *t, struct target_report *r);
int target_tree_decoy(const struct scope *s, const struct plan_target *t);

#endif
