#include "kiosk/wipe/wipe_drill.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/wipe/run_memory.h"
#include "kiosk/wipe/target_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void wipe_drill_plan(const struct plan *plan, struct plan *decoys)
{
    *decoys = *plan;
    for (size_t i = 0; i < decoys->targets_count; i++) {
        struct plan_target *t = &decoys->targets[i];
        /* There is only the one chip, the one partition: its decoy is a file. */
        if (t->root < 0 && (t->kind == PLAN_CELL || t->kind == PLAN_LUKS) && plan->roots_count > 0)
            t->root = 0;
        if (t->kind == PLAN_LUKS && t->mapping[0])
            snprintf(t->mapping, sizeof t->mapping, "porchlight-drill-%s", t->name);
        t->header[0] = '\0'; /* the decoy has its header in front */
        if (t->kind == PLAN_UNIT)
            snprintf(t->word, sizeof t->word, "porchlight-drill-%s.service", t->name);
        if (t->root < 0)
            continue;
        snprintf(t->below, sizeof t->below, DRILL_FOLDER "/%s", t->name);
        /* What belongs to the real target is not the decoy's. */
        if (snprintf(t->path, sizeof t->path, "%s/%s", plan->roots[t->root].path, t->below) >=
            (int)sizeof t->path)
            t->path[0] = '\0';
    }
}

/* Removes what an earlier drill that was cut short has left in the root. */
static void clear_folder(int root, struct target_report *r)
{
    int fd = scope_open(root, DRILL_FOLDER, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return;
    target_tree_empty(fd, 0, false, r);
    close(fd);
    target_remove_name(root, DRILL_FOLDER, DRILL_FOLDER, AT_REMOVEDIR);
}

static void clear_folders(const struct scope *s, const struct plan *plan)
{
    for (size_t i = 0; i < plan->roots_count; i++) {
        struct target_report r = {.outcome = WIPE_DESTROYED};
        if (s->roots[i] >= 0)
            clear_folder(s->roots[i], &r);
        if (r.outcome == WIPE_FAILED)
            log_warning("drill: the decoys of root %s could not all be cleared: %s",
                        plan->roots[i].name, r.why);
    }
}

static int make_decoy(const struct scope *s, const struct plan_target *t)
{
    const struct target_ops *ops = target_ops(t->kind);

    if (t->root >= 0) {
        if (s->roots[t->root] < 0) {
            errno = s->errors[t->root];
            return -1;
        }
        if (target_make_folder(s->roots[t->root], DRILL_FOLDER) < 0 && errno != EEXIST)
            return -1;
    }
    return ops->decoy(s, t);
}

/* Leaves in `decoys` those that could be made. True if all could. */
static bool make_decoys(const struct scope *s, struct plan *decoys)
{
    size_t wanted = decoys->targets_count;
    decoys->targets_count = 0;
    for (size_t i = 0; i < wanted; i++) {
        struct plan_target t = decoys->targets[i];
        if (make_decoy(s, &t) == 0)
            decoys->targets[decoys->targets_count++] = t;
        else
            log_warning("drill: no decoy for %s %s could be made: %s; the wipe itself may meet "
                        "the same",
                        plan_kind_name(t.kind), t.name, strerror(errno));
    }
    return decoys->targets_count == wanted;
}

static enum run_result destroy_decoys(const struct run *r, const struct plan *decoys,
                                      uint32_t *worst)
{
    struct progress record = {.fd = -1};
    enum run_result result;
    char dir[PATH_LEN];

    if (path_under(r->prefix, PATH_WIPE_DIR, dir) == 0 &&
        progress_open(&record, dir, RUN_RECORD_DRILL, r->owner, false) == 0 &&
        (progress_lock(&record) != 1 || progress_intend(&record, decoys, true) < 0))
        progress_close(&record);
    result = run_plan(r, decoys, &record, worst);
    progress_close(&record);
    return result;
}

static bool has_journal(const struct plan *plan)
{
    for (size_t i = 0; i < plan->targets_count; i++) {
        if (plan->targets[i].kind == PLAN_JOURNAL)
            return true;
    }
    return false;
}

static bool is_wanted(void *context)
{
    const struct run *r = context;
    return !r->give_way || !r->give_way(r->context);
}

/* What the real target of each decoy could reach at best: a drill promises no more. */
static void see_real_targets(const struct run *r, const struct scope *s, const struct plan *plan,
                             const struct plan *decoys, struct target_report *at_best)
{
    struct remembered *m = run_memory_load(r);
    size_t j = 0;

    for (size_t i = 0; m && i < plan->targets_count && j < decoys->targets_count; i++) {
        const struct plan_target *t = &plan->targets[i];
        struct target_view view;
        struct target_place place;

        if (strcmp(t->name, decoys->targets[j].name) != 0)
            continue;
        target_look(s, t, &view);
        target_place_look(s, t, &place);
        target_place_walk(s, t, &place, is_wanted, (void *)r);
        target_place_view(s, t, &place, remembered_find(m, t), &view);
        if (view.best >= WIPE_UNVERIFIED)
            target_lower(&at_best[j], view.best, place.verdict.error, view.why);
        j++;
    }
    free(m);
}

enum run_result wipe_drill_run(const struct run *r)
{
    struct target_report at_best[PLAN_TARGETS_MAX] = {{.outcome = WIPE_NOTHING}};
    struct run as = *r;
    struct plan plan, decoys;
    struct scope scope;
    enum run_result result;
    uint32_t worst;
    bool all;

    as.drill = as.credentials = true;
    if (!run_load(&as, &plan))
        return RUN_REFUSED;
    wipe_drill_plan(&plan, &decoys);
    if (scope_init(&scope, r->prefix, &plan) < 0) {
        run_end(&as, &plan, WIPE_FAILED);
        return RUN_NOT_PROVED;
    }
    clear_folders(&scope, &plan);
    all = make_decoys(&scope, &decoys);
    see_real_targets(r, &scope, &plan, &decoys, at_best);
    as.at_best = at_best;
    as.began = clock_now(); /* a wipe has no decoys to make first */
    result = destroy_decoys(&as, &decoys, &worst);
    clear_folders(&scope, &plan);
    if (has_journal(&decoys))
        target_journal_give_back(&scope);
    scope_finish(&scope);
    if (!all && worst < WIPE_UNVERIFIED)
        worst = WIPE_UNVERIFIED; /* a target that has no decoy was not rehearsed */
    run_end(&as, &decoys, worst);
    return all ? result : RUN_NOT_PROVED;
}
