#include "kiosk/wipe/run.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/wipe/run_judge.h"
#include "kiosk/wipe/run_memory.h"
#include "kiosk/wipe/run_record.h"
#include "kiosk/wipe/target.h"
#include "kiosk/wipe/target_place.h"
#include "kiosk/wipe/trim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* True if the record holds a result for each target: the run was not cut short, but some failed. */
static bool is_complete(const struct run *r, const struct plan *plan, const struct progress *record)
{
    struct progress_slot slot;

    for (size_t i = 0; i < plan->targets_count; i++) {
        if (plan_phase_of(plan->targets[i].kind) == PLAN_LAST && !r->credentials)
            continue;
        if (!progress_get(record, i, &slot) || strcmp(slot.name, plan->targets[i].name) != 0 ||
            (slot.marks & PROGRESS_BEGUN))
            return false;
    }
    return true;
}

static void log_target(const struct run *r, const struct plan_target *t,
                       const struct target_report *report)
{
    const char *what = r->drill ? "drill: " : "";
    if (run_is_good(report->outcome))
        log_info("%s%s %s: %s", what, plan_kind_name(t->kind), t->name,
                 wipe_outcome_name(report->outcome));
    else
        log_warning("%s%s %s: %s: %s%s%s", what, plan_kind_name(t->kind), t->name,
                    wipe_outcome_name(report->outcome), report->why,
                    run_cause(report->error)[0] ? ": " : "", run_cause(report->error));
}

/* --- the walk through a plan ----------------------------------------------------------------- */

struct walk {
    const struct run *run;
    const struct plan *plan;
    struct progress *record;
    struct remembered *memory; /* NULL: there is none */
    struct scope scope;
    bool
        failed_only; /* an earlier start got to the end: only what failed or waits is tried again */
    bool keys_done, settled, credentials_wait;
    bool unrecorded; /* a result is not on the record, which may hold a better one */
    uint32_t kept;   /* the worst result of an earlier start that stays as it is */
    uint32_t outcomes[PLAN_TARGETS_MAX];
    uint32_t marks[PLAN_TARGETS_MAX];
};

static enum plan_phase phase_of(const struct walk *w, size_t i)
{
    return plan_phase_of(w->plan->targets[i].kind);
}

/* --- one target ------------------------------------------------------------------------------ */

/* What is on the record before a target's contents or name go: that its bytes may stay. */
struct keeper {
    const struct run *run;
    const struct plan_target *target;
    size_t index;
    struct progress *record;
    bool kept;
};

static struct progress_slot run_slot(const struct run *r, const struct plan_target *t,
                                     const struct target_report *report, uint32_t marks)
{
    struct progress_slot slot = {.outcome = report->outcome,
                                 .error = report->error,
                                 .kind = t->kind,
                                 .marks = marks | PROGRESS_JUDGED |
                                          (report->lost ? PROGRESS_LOST : 0) |
                                          (report->noted ? PROGRESS_NOTED : 0),
                                 .took_ns = clock_now() - r->began};
    memcpy(slot.name, t->name, sizeof slot.name);
    memcpy(slot.why, report->why, sizeof slot.why);
    return slot;
}

static void keep_loss(void *context, const struct target_report *report)
{
    struct keeper *k = context;
    struct progress_slot slot = run_slot(k->run, k->target, report, PROGRESS_BEGUN);

    if (k->kept || k->record->fd < 0)
        return;
    k->kept = true;
    if (progress_put(k->record, k->index, &slot) < 0 || progress_sync(k->record) < 0)
        log_warning("the result of %s could not be recorded: %s", k->target->name, strerror(errno));
}

/* Where an overwrite is no proof, that is on the record before it: afterwards the file may look
 * like any other. */
static void keep_doubt(struct keeper *k, const struct target_place *p)
{
    struct target_report report = {.outcome = WIPE_NOTHING, .lost = true};

    if (k->run->drill || p->missing || p->verdict.may != PLACE_UNSURE)
        return;
    target_lower(&report, WIPE_UNVERIFIED, p->verdict.error, p->verdict.why);
    keep_loss(k, &report);
}

/* For the next wipe, which finds nothing at the target's path. */
static void note_place(struct walk *w, const struct plan_target *t, const struct target_place *p,
                       const struct target_report *report)
{
    struct remembered_target *one;

    if (!w->memory || !(report->lost || report->outcome == WIPE_DESTROYED))
        return;
    target_place_remember(&w->scope, t, p, w->memory, report->lost || w->run->drill);
    one = remembered_find(w->memory, t);
    if (one) {
        one->unproved = report->lost;
        one->destroyed = report->outcome == WIPE_DESTROYED;
    }
}

/* Makes a result durable, and reports it. */
static uint32_t record_result(struct walk *w, size_t i, const struct target_report *report,
                              uint32_t marks)
{
    const struct plan_target *t = &w->plan->targets[i];
    struct progress_slot slot = run_slot(w->run, t, report, marks);

    w->marks[i] = slot.marks;
    log_target(w->run, t, report);
    if (w->record->fd >= 0 && progress_put(w->record, i, &slot) < 0) {
        log_warning("the result of %s could not be recorded: %s", t->name, strerror(errno));
        w->unrecorded = true;
    }
    run_report(w->run, WIPE_TARGET, (uint32_t)i, slot.outcome, t->name, slot.took_ns);
    return slot.outcome;
}

/* What this wipe has said of the other targets before, also at an earlier start. */
static void judge_shared(const struct walk *w, size_t i, struct target_report *report)
{
    const struct plan_target *targets = w->plan->targets;
    struct progress_slot slot;

    for (size_t k = 0; k < w->plan->targets_count; k++) {
        if (k == i || !run_judge_overlap(&targets[k], &targets[i]))
            continue;
        if (w->record->fd < 0 || !progress_get(w->record, k, &slot))
            slot = (struct progress_slot){.outcome = w->outcomes[k], .marks = w->marks[k]};
        run_judge_shared(slot.outcome, slot.marks, targets[k].name, report);
    }
}

/* One target, from its destruction to its durable result. */
static uint32_t wipe_target(struct walk *w, size_t i)
{
    const struct plan_target *t = &w->plan->targets[i];
    struct keeper keeper = {w->run, t, i, w->record, false};
    struct target_report report = {.losing = keep_loss, .context = &keeper};
    struct target_report more;
    struct progress_slot before;
    struct target_place place;
    uint32_t marks = 0;
    bool had = w->record->fd >= 0 && progress_get(w->record, i, &before) &&
               strcmp(before.name, t->name) == 0;

    target_place_look(&w->scope, t, &place);
    if (phase_of(w, i) > PLAN_KEYS) /* before its folders have other names */
        target_place_look_closer(&w->scope, t, false, &place);
    keep_doubt(&keeper, &place);
    target_wipe(&w->scope, t, &report);
    if (had) {
        report.noted |= (before.marks & PROGRESS_NOTED) != 0;
        run_judge_old(&before);
        run_judge_before(&before, &report);
    }
    /* It may be what belongs to it that is gone, or the target itself, which was moved to there.
     * Keys do not wait for the trash. */
    more = (struct target_report){.outcome = report.outcome};
    if (phase_of(w, i) != PLAN_KEYS || w->scope.slow)
        target_also(&w->scope, t, &more);
    if (!had || before.outcome != WIPE_DESTROYED || !place.missing)
        marks = run_judge_place(w->run, &w->scope, t, &place,
                                w->memory ? remembered_find(w->memory, t) : NULL, &report);
    if (report.outcome == WIPE_ALREADY_GONE && more.outcome == WIPE_DESTROYED)
        report.outcome = WIPE_DESTROYED;
    target_lower(&report, more.outcome, more.error, more.why);
    target_place_lower(&place, &report);
    judge_shared(w, i, &report);
    if (w->run->at_best)
        target_lower(&report, w->run->at_best[i].outcome, w->run->at_best[i].error,
                     w->run->at_best[i].why);
    note_place(w, t, &place, &report);
    return record_result(w, i, &report, marks);
}

static void walk_keys_done(struct walk *w)
{
    if (!w->keys_done && w->run->keys_done)
        w->run->keys_done(w->run->context);
    w->keys_done = true;
}

/* What may wait of a key that is destroyed, and what belongs to it. */
static void walk_also(struct walk *w, size_t i)
{
    const struct plan_target *t = &w->plan->targets[i];
    struct target_report report = {.outcome = WIPE_DESTROYED};
    const struct target_ops *ops = target_ops(t->kind);
    struct target_place kept = {.counts = true, .verdict = {.why = "", .better = ""}};

    if (ops->settle)
        ops->settle(&w->scope, t, &report);
    target_also(&w->scope, t, &report);
    if (t->kind != PLAN_FSCRYPT) /* whatever is open in it no longer opens */
        target_place_look_closer(&w->scope, t, false, &kept);
    target_place_lower(&kept, &report);
    if (report.outcome > WIPE_ALREADY_GONE)
        w->outcomes[i] = record_result(w, i, &report, 0);
}

static const char journal_keeps[] =
    "it had notes of programs (extended attributes), and the journal of its file system keeps them";

/* What the file systems of the roots may still hold of it. */
static void settle_root(struct walk *w, size_t root)
{
    const struct plan_root *own = &w->plan->roots[root];
    bool asked = own->settle && w->scope.roots[root] >= 0;
    bool journal = asked && trim_journal(w->scope.roots[root]);

    if (asked && (!trim_free(w->scope.roots[root]) || !journal))
        log_info("the file system of root %s does not zero its journal or trim: earlier copies "
                 "there may stay",
                 own->name);
    for (size_t i = 0; i < w->plan->targets_count && !journal; i++) {
        const struct plan_target *t = &w->plan->targets[i];
        struct target_report report = {.outcome = WIPE_UNVERIFIED, .lost = true, .noted = true};
        struct remembered_target *one = w->memory ? remembered_find(w->memory, t) : NULL;

        if (t->root != (int)root || !(w->marks[i] & PROGRESS_NOTED) || !run_is_good(w->outcomes[i]))
            continue;
        snprintf(report.why, sizeof report.why, "%s", journal_keeps);
        w->outcomes[i] = record_result(w, i, &report, 0);
        if (one) {
            one->unproved = true;
            one->destroyed = false;
        }
    }
}

/* What the keys did not wait for, a mount that was still stopping or a mapping in use, is looked at
 * once more now that waiting costs nothing; then the file systems themselves. */
static void walk_settle(struct walk *w)
{
    if (w->settled)
        return;
    w->scope.slow = true;
    for (size_t i = 0; i < w->plan->targets_count; i++) {
        if (phase_of(w, i) < PLAN_REST && w->outcomes[i] >= WIPE_UNVERIFIED)
            w->outcomes[i] = wipe_target(w, i);
        else if (phase_of(w, i) == PLAN_KEYS)
            walk_also(w, i);
    }
    for (size_t i = 0; i < w->plan->roots_count; i++)
        settle_root(w, i);
    w->settled = true;
}

/* Keys first: one sync for the results of all of them, once they are destroyed. */
static bool is_sync_due(const struct walk *w, size_t i)
{
    return phase_of(w, i) != PLAN_KEYS || i + 1 == w->plan->targets_count ||
           phase_of(w, i + 1) != PLAN_KEYS;
}

static void walk_target(struct walk *w, size_t i)
{
    const struct plan_target *t = &w->plan->targets[i];
    struct progress_slot slot;

    if (phase_of(w, i) == PLAN_LAST && !w->run->credentials) {
        w->credentials_wait = true;
        run_report(w->run, WIPE_TARGET, (uint32_t)i, WIPE_NOTHING, t->name,
                   clock_now() - w->run->began);
        return;
    }
    if (w->failed_only && progress_get(w->record, i, &slot) && slot.outcome != WIPE_FAILED &&
        (slot.marks & (PROGRESS_WAITS | PROGRESS_UNSEEN | PROGRESS_JUDGED)) == PROGRESS_JUDGED)
        w->kept = slot.outcome > w->kept ? slot.outcome : w->kept;
    else
        w->outcomes[i] = wipe_target(w, i);
    if (w->record->fd >= 0 && is_sync_due(w, i) && progress_sync(w->record) < 0)
        log_warning("the results so far could not be recorded: %s", strerror(errno));
}

static void walk_all(struct walk *w)
{
    for (size_t i = 0; i < w->plan->targets_count; i++) {
        if (w->run->drill && w->run->give_way && w->run->give_way(w->run->context))
            break;
        if (phase_of(w, i) > PLAN_KEYS)
            walk_keys_done(w);
        if (phase_of(w, i) == PLAN_LAST)
            walk_settle(w);
        walk_target(w, i);
    }
    walk_keys_done(w);
    walk_settle(w);
}

static uint32_t walk_worst(const struct walk *w)
{
    uint32_t worst = w->kept;
    for (size_t i = 0; i < w->plan->targets_count; i++)
        worst = w->outcomes[i] > worst ? w->outcomes[i] : worst;
    return worst;
}

struct run_conclusion run_conclude(const struct run_facts *f)
{
    bool again = f->waits || ((f->worst == WIPE_FAILED || f->unseen) && f->runs < RUN_STARTS_MAX);
    struct run_conclusion c = {
        .store = f->recorded && !again,
        .state = f->credentials_wait ? PROGRESS_LAST : PROGRESS_THROUGH,
        .worst = f->worst,
    };
    if (!f->recorded && c.worst < WIPE_UNVERIFIED)
        c.worst = WIPE_UNVERIFIED; /* without a record nothing would resume it */
    c.result = run_is_good(c.worst) || c.worst == WIPE_NOTHING ? RUN_GOOD : RUN_NOT_PROVED;
    return c;
}

static uint32_t walk_marks(const struct walk *w)
{
    uint32_t marks = 0;
    for (size_t i = 0; i < w->plan->targets_count; i++)
        marks |= w->marks[i];
    return marks;
}

static struct run_conclusion walk_conclude(const struct walk *w, struct progress *record)
{
    uint32_t marks = walk_marks(w);
    struct run_facts facts = {.worst = walk_worst(w),
                              .recorded = record->fd >= 0 && !w->unrecorded,
                              .runs = record->fd >= 0 ? record->head.runs : 0,
                              .credentials_wait = w->credentials_wait,
                              .waits = marks & PROGRESS_WAITS,
                              .unseen = marks & PROGRESS_UNSEEN};
    struct run_conclusion c = run_conclude(&facts);

    if (c.store && progress_set_state(record, c.state) < 0) {
        progress_close(record);
        facts.recorded = false;
        c = run_conclude(&facts);
    }
    return c;
}

enum run_result run_plan(const struct run *r, const struct plan *plan, struct progress *record,
                         uint32_t *worst)
{
    struct walk w = {.run = r, .plan = plan, .record = record};
    struct run_conclusion c;

    w.failed_only = r->resume && record->fd >= 0 && is_complete(r, plan, record);
    if (scope_init(&w.scope, r->prefix, plan) < 0) {
        log_error("%s cannot be opened: %s", r->prefix[0] ? r->prefix : "/", strerror(errno));
        *worst = WIPE_FAILED;
        return RUN_NOT_PROVED;
    }
    w.memory = run_memory_load(r);
    walk_all(&w);
    scope_finish(&w.scope);
    if (w.memory && record->fd >= 0)
        run_memory_save(r, w.memory);
    free(w.memory);
    c = walk_conclude(&w, record);
    *worst = c.worst;
    return c.result;
}

/* --- a wipe ---------------------------------------------------------------------------------- */

/* Makes the intent durable before anything is touched. A record that cannot be written must not
 * save the data: the wipe goes on without one, and says so. */
static void intend(const struct run *r, const struct plan *plan, struct progress *record)
{
    enum progress_state as = r->credentials ? PROGRESS_FINISHING : PROGRESS_INTENT;

    if (record->fd >= 0 &&
        (r->resume ? progress_resume(record, plan, as) : progress_intend(record, plan, false)) == 0)
        return;
    log_error("the record of the wipe cannot be written (%s): going on without one, so a power "
              "cut now would leave the rest undone",
              strerror(errno));
    progress_close(record);
}

/* Whoever else is working on it, and however long that takes: the keys are destroyed now. */
static void kill_keys(const struct run *r, const struct plan *plan)
{
    struct progress none = {.fd = -1};
    struct plan keys = *plan;
    struct run quiet = *r;
    uint32_t worst;

    keys.targets_count = 0;
    while (keys.targets_count < plan->targets_count &&
           plan_phase_of(plan->targets[keys.targets_count].kind) <= PLAN_KEYS)
        keys.targets_count++;
    for (size_t i = 0; i < keys.roots_count; i++)
        keys.roots[i].settle = false;
    quiet.tell = NULL;
    quiet.keys_done = NULL;
    run_plan(&quiet, &keys, &none, &worst);
}

/* At boot the slow rest of an interrupted wipe may still be under way in a process of its own. */
static void wait_for_turn(const struct run *r, const struct plan *plan, struct progress *record)
{
    bool waits = false;
    while (record->fd >= 0 && progress_lock(record) == 0) {
        if (!waits)
            kill_keys(r, plan);
        waits = true;
        if (r->give_way)
            r->give_way(r->context);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

enum run_result run_wipe(const struct run *r)
{
    struct progress record;
    struct plan plan;
    enum run_result result;
    uint32_t worst;

    if (!run_load(r, &plan))
        return RUN_REFUSED;
    run_record_open(r, &record, false, false);
    wait_for_turn(r, &plan, &record);
    intend(r, &plan, &record);
    result = run_plan(r, &plan, &record, &worst);
    progress_close(&record);
    run_end(r, &plan, worst);
    return result;
}
