#ifndef PORCHLIGHT_WIPE_RUN_JUDGE_H
#define PORCHLIGHT_WIPE_RUN_JUDGE_H

#include "kiosk/wipe/run.h"
#include "kiosk/wipe/target_place.h"

/* What a run makes of a target's result: by where the target is and was, and by what the same run
 * has said of it before it was cut short. Touches nothing. */

/* Destroyed, or already gone. Pure. */
bool run_is_good(uint32_t outcome);

/* Lowers the result by where the target is and was. What is to be marked in its slot. */
uint32_t run_judge_place(const struct run *r, const struct scope *s, const struct plan_target *t,
                         const struct target_place *p, const struct remembered_target *seen,
                         struct target_report *report);

/* What this same wipe has said of the target before it was cut short: proved destroyed is more than
 * missing, and lost is never better. */
void run_judge_before(const struct progress_slot *before, struct target_report *report);

/* Whether two targets have bytes in common: they have the same path, or one is a folder that the
 * other is in. Pure. */
bool run_judge_overlap(const struct plan_target *a, const struct plan_target *b);

/* What the same run has lost of another target that this one has bytes in common with (`outcome`
 * and `marks` are that one's): those bytes are nobody's to call destroyed or gone. Pure. */
void run_judge_shared(uint32_t outcome, uint32_t marks, const char *name,
                      struct target_report *report);

/* A result of 0.1.0, which did not look at where a target is, is worth no more than "unverified".
 * Pure. */
void run_judge_old(struct progress_slot *slot);

#endif
