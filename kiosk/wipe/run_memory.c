#include "kiosk/wipe/run_memory.h"

#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/wipe/plan_read.h"
#include "kiosk/wipe/run_record.h"
#include "kiosk/wipe/target_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A drill remembers its decoys apart: what is remembered of the targets decides at night. */
static const char *memory_name(const struct run *r)
{
    return r->drill ? REMEMBERED_DRILL : REMEMBERED_NAME;
}

struct remembered *run_memory_load(const struct run *r)
{
    struct remembered *m = calloc(1, sizeof *m);
    char dir[PATH_LEN];

    if (m && (path_under(r->prefix, PATH_WIPE_DIR, dir) < 0 ||
              remembered_load(dir, memory_name(r), r->owner, m) < 0))
        log_warning("%s/%s cannot be read: %s. Until you accept the plan again "
                    "(porchlight wipe --plan), a target that is missing is not taken for gone",
                    PATH_WIPE_DIR, memory_name(r),
                    errno == EBADMSG ? "it is damaged" : strerror(errno));
    return m;
}

void run_memory_save(const struct run *r, const struct remembered *m)
{
    char dir[PATH_LEN];

    if (path_under(r->prefix, PATH_WIPE_DIR, dir) < 0 ||
        remembered_save(dir, memory_name(r), r->owner, m) < 0)
        log_warning("where the targets are could not be written to %s/%s: %s", PATH_WIPE_DIR,
                    memory_name(r), strerror(errno));
}

static void say_nothing(void *context, const char *sentence)
{
    (void)context, (void)sentence;
}

/* The plan without a word: whoever needs it complains. */
static bool load_quietly(const struct run *r, struct plan *p)
{
    char path[PATH_LEN];
    return path_under(r->prefix, PATH_PLAN, path) == 0 &&
           plan_read(path, r->owner, p, say_nothing, NULL) == 0;
}

static void remember_all(const struct run *r, const struct plan *plan, const struct scope *s,
                         struct remembered *m, bool accept)
{
    bool changed = accept;

    if (accept)
        remembered_keep(m, plan);
    for (size_t i = 0; i < plan->targets_count; i++) {
        struct target_place place;
        target_place_look(s, &plan->targets[i], &place);
        changed |= target_place_remember(s, &plan->targets[i], &place, m, accept);
    }
    if (changed)
        run_memory_save(r, m);
}

void run_remember(const struct run *r, bool accept)
{
    struct remembered *m = run_memory_load(r);
    struct plan plan;
    struct scope s;

    if (m && load_quietly(r, &plan) && scope_init(&s, r->prefix, &plan) == 0) {
        remember_all(r, &plan, &s, m, accept);
        scope_finish(&s);
    }
    free(m);
}

/* Logs what is wrong with each, and writes a refusal for the first. True if nothing is wrong. */
static bool check_targets(const struct plan *plan, const struct scope *s, struct remembered *m,
                          char refusal[WIPE_NAME_MAX])
{
    bool right = true;

    for (size_t i = 0; i < plan->targets_count; i++) {
        const struct plan_target *t = &plan->targets[i];
        struct target_view view;
        struct target_place place;

        if (t->kind == PLAN_UNIT)
            continue;
        target_look(s, t, &view);
        target_place_look(s, t, &place);
        if (!target_place_view(s, t, &place, remembered_find(m, t), &view) &&
            view.best != WIPE_FAILED)
            continue;
        if (right)
            snprintf(refusal, WIPE_NAME_MAX, "%.16s: not safe: porchlight wipe --plan", t->name);
        right = false;
        log_warning("%s %s would be reported as %s: %s", plan_kind_name(t->kind), t->name,
                    wipe_outcome_name(view.best), view.why);
    }
    return right;
}

enum run_result run_check(const struct run *r)
{
    struct remembered *m;
    struct plan plan;
    struct scope s;
    char refusal[WIPE_NAME_MAX];
    bool right = true;

    if (!run_load(r, &plan))
        return RUN_REFUSED;
    m = run_memory_load(r);
    if (m && scope_init(&s, r->prefix, &plan) == 0) {
        right = check_targets(&plan, &s, m, refusal);
        remember_all(r, &plan, &s, m, false);
        scope_finish(&s);
    }
    free(m);
    if (right)
        run_end(r, &plan, WIPE_NOTHING);
    else
        run_report(r, WIPE_REFUSED, 0, WIPE_FAILED, refusal, 0);
    return right ? RUN_GOOD : RUN_REFUSED;
}

static bool is_over(const struct scope *s, const struct plan_target *t, struct remembered *m,
                    uint32_t marks)
{
    const struct remembered_target *seen = remembered_find(m, t);
    struct target_place now;

    if (!(marks & (PROGRESS_WAITS | PROGRESS_UNSEEN)) ||
        (t->root >= 0 && (scope_is_away(s, t->root) || target_place_unmounted(s, t, seen))))
        return false;
    target_place_look(s, t, &now);
    if (t->root < 0)
        return seen && strcmp(seen->handle, now.handle) == 0;
    return marks & PROGRESS_UNSEEN
               ? !now.missing
               : !now.covers && place_memory(seen ? &seen->at : NULL, &now.at) != MEMORY_OTHER;
}

bool run_wait_is_over(const struct run *r)
{
    struct remembered *m = NULL;
    struct progress record;
    struct progress_slot slot;
    struct plan plan;
    struct scope s;
    bool over = false;

    if (run_record_open(r, &record, false, true) < 0)
        return false;
    if (load_quietly(r, &plan) && (m = run_memory_load(r)) &&
        scope_init(&s, r->prefix, &plan) == 0) {
        for (size_t i = 0; i < plan.targets_count && !over; i++)
            over = progress_get(&record, i, &slot) && (slot.marks & PROGRESS_WAITS) &&
                   strcmp(slot.name, plan.targets[i].name) == 0 &&
                   is_over(&s, &plan.targets[i], m, slot.marks);
        scope_finish(&s);
    }
    free(m);
    progress_close(&record);
    return over;
}
