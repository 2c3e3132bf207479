#include "kiosk/wipe/run_judge.h"

#include "kiosk/wipe/belongings.h"
#include "kiosk/wipe/target_place.h"

#include <errno.h>
#include <stdio.h>

bool run_is_good(uint32_t outcome)
{
    return outcome == WIPE_DESTROYED || outcome == WIPE_ALREADY_GONE;
}

/* What it means that nothing is at a target's path. */
static uint32_t judge_absence(const struct run *r, const struct scope *s,
                              const struct plan_target *t, const struct target_place *p,
                              const struct remembered_target *seen, struct target_report *report)
{
    switch (target_place_absence(p, t->kind, seen, target_place_alive(s, t, seen))) {
    case ABSENCE_COVERED:
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "nothing is at its path, but another file system is mounted there below this "
                     "one, and was not reached");
        return PROGRESS_WAITS;
    case ABSENCE_ALIVE:
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "nothing is at its path, but what was there is still in its file system: it "
                     "was moved, or a program has it open");
        return PROGRESS_UNSEEN;
    case ABSENCE_ELSEWHERE:
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "nothing is at its path now, but it was on another file system, which is not "
                     "mounted there");
        return PROGRESS_WAITS;
    case ABSENCE_UNSEEN:
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "nothing is at its path, and nothing ever was seen there: it may be on "
                     "something that is not mounted");
        return PROGRESS_UNSEEN;
    case ABSENCE_UNPROVED:
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "an earlier wipe removed it, and could not prove that it is destroyed");
        return 0;
    case ABSENCE_GONE:
        break;
    }
    /* Gone since this wipe began, perhaps by this wipe. */
    if (r->resume && p->verdict.may == PLACE_UNSURE)
        target_lower(report, WIPE_UNVERIFIED, p->verdict.error, p->verdict.why);
    return 0;
}

uint32_t run_judge_place(const struct run *r, const struct scope *s, const struct plan_target *t,
                         const struct target_place *p, const struct remembered_target *seen,
                         struct target_report *report)
{
    uint32_t marks = 0;

    if (r->drill || t->root < 0)
        target_place_lower(p, report);
    if (!r->drill && target_place_swapped(t, p, seen)) {
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "what is at its device now was destroyed, but it is another container than "
                     "when the plan was accepted");
        return PROGRESS_WAITS;
    }
    if (r->drill || t->root < 0)
        return 0;
    /* A lease that is not given up ends by itself, 45 s after the kernel asked. */
    if (report->outcome == WIPE_FAILED && report->error == EAGAIN)
        return PROGRESS_WAITS;
    if (scope_is_away(s, t->root))
        return PROGRESS_WAITS;
    if (p->missing && report->outcome == WIPE_ALREADY_GONE)
        marks = judge_absence(r, s, t, p, seen, report);
    target_place_lower(p, report);
    if ((!p->missing || report->outcome == WIPE_DESTROYED) &&
        place_memory(seen ? &seen->at : NULL, &p->at) == MEMORY_OTHER) {
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "what is at its path now was destroyed, but it was on another file system, "
                     "which is not mounted there");
        marks = PROGRESS_WAITS;
    }
    if (target_place_replaced(s, t, p, seen)) {
        target_lower(report, WIPE_UNVERIFIED, 0, target_replaced);
        marks |= PROGRESS_UNSEEN;
    }
    if (target_place_unmounted(s, t, seen)) {
        target_lower(report, WIPE_UNVERIFIED, 0,
                     "a file system that was mounted in it is not mounted now");
        marks = PROGRESS_WAITS;
    }
    if (report->outcome == WIPE_ALREADY_GONE && seen && seen->destroyed)
        snprintf(report->why, sizeof report->why, "An earlier wipe destroyed it.");
    return marks;
}

static bool is_in(const struct plan_target *a, const struct plan_target *b)
{
    bool whole = b->kind == PLAN_TREE || b->kind == PLAN_TMPFS || b->kind == PLAN_JOURNAL;
    return belongings_is_in(remembered_path(a), remembered_path(b), whole);
}

bool run_judge_overlap(const struct plan_target *a, const struct plan_target *b)
{
    return remembered_path(a)[0] && remembered_path(b)[0] && (is_in(a, b) || is_in(b, a));
}

void run_judge_shared(uint32_t outcome, uint32_t marks, const char *name,
                      struct target_report *report)
{
    char why[TARGET_WHY_MAX];

    if (!(marks & PROGRESS_LOST))
        return;
    snprintf(why, sizeof why,
             "some of it is what %s names too, which could not be proved destroyed", name);
    target_lower(report, outcome, 0, why);
    report->lost = true;
}

void run_judge_old(struct progress_slot *slot)
{
    if ((slot->marks & PROGRESS_JUDGED) || slot->kind == PLAN_UNIT || !run_is_good(slot->outcome))
        return;
    snprintf(slot->why, sizeof slot->why,
             "version 0.1.0 of porchlight-wipe did this and called it \"%s\", without a look at "
             "what its file system does with an overwrite",
             wipe_outcome_name(slot->outcome));
    slot->outcome = WIPE_UNVERIFIED;
    slot->error = 0;
}

void run_judge_before(const struct progress_slot *before, struct target_report *report)
{
    bool judged = before->marks & PROGRESS_JUDGED;

    if (report->outcome == WIPE_ALREADY_GONE && judged &&
        (before->outcome == WIPE_DESTROYED ||
         (before->outcome == WIPE_UNVERIFIED && before->error == EBUSY &&
          !(before->marks & PROGRESS_LOST))))
        report->outcome = WIPE_DESTROYED;
    if (report->outcome == WIPE_ALREADY_GONE && !judged && before->outcome == WIPE_UNVERIFIED)
        target_lower(report, before->outcome, before->error, before->why);
    if (before->marks & PROGRESS_LOST) {
        target_lower(report, before->outcome, before->error, before->why);
        report->lost = true;
    }
}
