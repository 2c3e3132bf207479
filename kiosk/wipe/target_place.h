#ifndef PORCHLIGHT_WIPE_TARGET_PLACE_H
#define PORCHLIGHT_WIPE_TARGET_PLACE_H

#include "kiosk/wipe/holder.h"
#include "kiosk/wipe/place.h"
#include "kiosk/wipe/remembered.h"
#include "kiosk/wipe/target.h"

/* A target and the place where it is: looked at before a plan is accepted and, by the same rules,
 * just before the target is destroyed. */
struct target_place {
    bool counts;  /* what becomes of it depends on the place: it has a path, or it is a device */
    bool missing; /* its path leads to nothing */
    bool overlay;
    bool covers; /* another mount is hidden at its path */
    struct place at;
    char handle[PLACE_HANDLE_MAX]; /* of what is there */
    struct place_verdict verdict;
    char holder[HOLDER_MAX]; /* who has a file of it open to write to it; empty: nobody is known */
    char keeper[HOLDER_MAX]; /* who has a deleted one open */
};

/* Touches nothing, and does not look into folders. */
void target_place_look(const struct scope *s, const struct plan_target *t, struct target_place *p);

/* Looks for what takes some milliseconds, so that no key waits for it: programs that have a deleted
 * file of it open, and whether its file system's journal may have it. Lowers the verdict. `asleep`:
 * programs whose units the plan stops first do not count. */
void target_place_look_closer(const struct scope *s, const struct plan_target *t, bool asleep,
                              struct target_place *p);

/* The same, and looks into the folders of a tree: lowers the verdict to that of the worst file in
 * it. `go_on` is asked for each entry, and ends the walk; it may be NULL. */
void target_place_walk(const struct scope *s, const struct plan_target *t, struct target_place *p,
                       bool (*go_on)(void *context), void *context);

/* What the place means for a target before anything is touched: lowers the view. True if the host
 * has to do something about it, or the target is not destroyed. */
bool target_place_view(const struct scope *s, const struct plan_target *t,
                       const struct target_place *p, const struct remembered_target *seen,
                       struct target_view *v);

/* What the place means for a result: "destroyed" is lowered where the place cannot promise that. */
void target_place_lower(const struct target_place *p, struct target_report *r);

/* Whether a device holds another container than the remembered one: names such as /dev/sda2 go by
 * the order in which disks are found. */
bool target_place_swapped(const struct plan_target *t, const struct target_place *p,
                          const struct remembered_target *seen);

/* Whether what was there is still in its file system: moved, or deleted and open in a program. */
bool target_place_alive(const struct scope *s, const struct plan_target *t,
                        const struct remembered_target *seen);

/* Whether something else is at its path than was seen there, while that is alive; and what is said
 * of it. */
bool target_place_replaced(const struct scope *s, const struct plan_target *t,
                           const struct target_place *p, const struct remembered_target *seen);
extern const char target_replaced[];

/* Whether a missing target is gone, by what is remembered of it (NULL: nothing). Pure. */
enum target_absence {
    ABSENCE_GONE,      /* it was seen there, and is not there any more */
    ABSENCE_UNPROVED,  /* an earlier wipe removed it, unproved */
    ABSENCE_UNSEEN,    /* it was never seen: the plan may be wrong, or something is not mounted */
    ABSENCE_ELSEWHERE, /* it was seen on something that is not there now */
    ABSENCE_COVERED,   /* another mount is hidden at its path */
    ABSENCE_ALIVE,     /* target_place_alive */
};
enum target_absence target_place_absence(const struct target_place *p, enum plan_kind kind,
                                         const struct remembered_target *seen, bool alive);

/* A mount that was below it when it was accepted, and is not there now; NULL if there is none. */
const char *target_place_unmounted(const struct scope *s, const struct plan_target *t,
                                   const struct remembered_target *seen);

/* Notes where a target is that is there now. `again`: also if it was seen elsewhere before. True if
 * there was something to note. */
bool target_place_remember(const struct scope *s, const struct plan_target *t,
                           const struct target_place *p, struct remembered *m, bool again);

#endif
