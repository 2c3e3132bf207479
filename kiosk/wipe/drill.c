#include "kiosk/wipe/drill.h"

#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void drill_plan(const struct plan *plan, struct plan *decoys)
{
    *decoys = *plan;
    for (size_t i = 0; i < decoys->targets_count; i++) {
        struct plan_target *t = &decoys->targets[i];
        /* There is only the one chip, the one partition: its decoy is a file. */
        if (t->root < 0 && (t->kind == PLAN_CELL || t->kind == PLAN_LUKS) && plan->roots_count > 0)
            t->root = 0;
        if (t->kind == PLAN_LUKS && t->mapping[0])
            snprintf(t->mapping, sizeof t->mapping, "porchlight-drill-%s", t->name);
        if (t->kind == PLAN_UNIT)
            snprintf(t->word, sizeof t->word, "porchlight-drill-%s.service", t->name);
        if (t->root < 0)
            continue;
        snprintf(t->below, sizeof t->below, DRILL_FOLDER "/%s", t->name);
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
    unlinkat(root, DRILL_FOLDER, AT_REMOVEDIR);
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
        if (mkdirat(s->roots[t->root], DRILL_FOLDER, 0700) < 0 && errno != EEXIST)
            return -1;
    }
    return ops->decoy(s, t);
}

enum run_result drill_run(const struct run *r, const struct plan *plan)
{
    struct run as = *r;
    struct plan decoys;
    struct progress record = {.fd = -1};
    struct scope scope;
    enum run_result result;
    char dir[PATH_LEN];
    uint32_t worst;
    size_t made = 0;

    drill_plan(plan, &decoys);
    if (scope_init(&scope, r->prefix, plan) < 0) {
        run_end(r, plan, WIPE_FAILED);
        return RUN_NOT_PROVED;
    }
    clear_folders(&scope, plan);
    for (size_t i = 0; i < decoys.targets_count; i++) {
        if (make_decoy(&scope, &decoys.targets[i]) == 0)
            decoys.targets[made++] = decoys.targets[i];
        else
            log_warning("drill: no decoy for %s %s could be made: %s; the wipe itself may meet "
                        "the same",
                        plan_kind_name(decoys.targets[i].kind), decoys.targets[i].name,
                        strerror(errno));
    }
    result = made == decoys.targets_count ? RUN_GOOD : RUN_NOT_PROVED;
    decoys.targets_count = made;
    as.credentials = true;
    as.resume = false;
    if (path_under(r->prefix, PATH_WIPE_DIR, dir) == 0 &&
        progress_open(&record, dir, RUN_RECORD_DRILL, r->owner, false) == 0 &&
        progress_intend(&record, &decoys, true) < 0)
        progress_close(&record);
    if (run_plan(&as, &decoys, &record, &worst) != RUN_GOOD)
        result = RUN_NOT_PROVED;
    progress_close(&record);
    clear_folders(&scope, plan);
    scope_finish(&scope);
    if (result != RUN_GOOD && worst < WIPE_UNVERIFIED)
        worst = WIPE_UNVERIFIED; /* a target that has no decoy was not rehearsed */
    run_end(&as, &decoys, worst);
    return result;
}
