#include "kiosk/wipe/run.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/wipe/plan_read.h"
#include "kiosk/wipe/target.h"
#include "kiosk/wipe/trim.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A target that keeps failing is tried at this many starts, then only reported. */
enum { RUNS_MAX = 6 };

static void run_complain_to_log(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

static int load_plan(const struct run *r, struct plan *p)
{
    char path[PATH_LEN];
    if (path_under(r->prefix, PATH_PLAN, path) < 0)
        return -1;
    if (plan_read(path, r->owner, p, run_complain_to_log, NULL) < 0) {
        if (errno == ENOENT)
            log_error("%s is missing: nothing can be wiped; write one, then look at it with "
                      "`porchlight wipe --plan`",
                      path);
        return -1;
    }
    return 0;
}

static int run_open_record(const struct run *r, struct progress *record, bool drill, bool read_only)
{
    char dir[PATH_LEN];
    record->fd = -1;
    if (path_under(r->prefix, PATH_WIPE_DIR, dir) < 0)
        return -1;
    return progress_open(record, dir, drill ? RUN_RECORD_DRILL : RUN_RECORD, r->owner, read_only);
}

static void run_tell_one(const struct run *r, enum wipe_kind kind, uint32_t index, uint32_t outcome,
                         const char *name, int64_t took)
{
    struct wipe_progress p = {
        .magic = WIPE_MAGIC,
        .kind = kind,
        .outcome = outcome,
        .drill = r->drill,
        .index = index,
        .took_ns = took,
    };

    snprintf(p.name, sizeof p.name, "%s", name);
    if (r->tell)
        r->tell(r->context, &p);
}

static bool is_good(uint32_t outcome)
{
    return outcome == WIPE_DESTROYED || outcome == WIPE_ALREADY_GONE;
}

/* True if the record holds a result for each target: the run was not cut short, but some failed. */
static bool is_complete(const struct run *r, const struct plan *plan, const struct progress *record)
{
    struct progress_slot slot;

    for (size_t i = 0; i < plan->targets_count; i++) {
        if (plan_phase_of(plan->targets[i].kind) == PLAN_LAST && !r->credentials)
            continue;
        if (!progress_get(record, i, &slot) || strcmp(slot.name, plan->targets[i].name) != 0)
            return false;
    }
    return true;
}

/* What the system says of an error, unless the reason that stands with it tells the same. */
static const char *cause(int error)
{
    static const int told[] = {0,     EAGAIN, EBUSY,  EEXIST,  EINVAL,
                               ELOOP, EMLINK, ENODEV, ENOTBLK, EXDEV};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (error == told[i])
            return "";
    }
    return strerror(error);
}

static void log_target(const struct run *r, const struct plan_target *t,
                       const struct target_report *report)
{
    const char *what = r->drill ? "drill: " : "";
    if (is_good(report->outcome))
        log_info("%s%s %s: %s", what, plan_kind_name(t->kind), t->name,
                 wipe_outcome_name(report->outcome));
    else
        log_warning("%s%s %s: %s: %s%s%s", what, plan_kind_name(t->kind), t->name,
                    wipe_outcome_name(report->outcome), report->why,
                    cause(report->error)[0] ? ": " : "", cause(report->error));
}

/* One target, from its destruction to its durable result. */
static uint32_t wipe_one(const struct run *r, const struct scope *s, const struct plan_target *t,
                         size_t i, struct progress *record)
{
    struct progress_slot slot = {0}, before;
    struct target_report report = {.outcome = WIPE_NOTHING};
    bool had =
        record->fd >= 0 && progress_get(record, i, &before) && strcmp(before.name, t->name) == 0;

    target_wipe(s, t, &report);
    slot.outcome = report.outcome;
    slot.error = report.error;
    slot.kind = t->kind;
    slot.took_ns = clock_now() - r->began;
    memcpy(slot.name, t->name, sizeof slot.name);
    memcpy(slot.why, report.why, sizeof slot.why);
    /* What this same wipe had proved destroyed before it was cut short was not just missing; nor
     * was that of which somebody had not yet let go. */
    if (had && report.outcome == WIPE_ALREADY_GONE &&
        (before.outcome == WIPE_DESTROYED ||
         (before.outcome == WIPE_UNVERIFIED && before.error == EBUSY)))
        slot.outcome = WIPE_DESTROYED;
    log_target(r, t, &report);
    if (record->fd >= 0 && progress_put(record, i, &slot) < 0)
        log_warning("the result of %s could not be recorded: %s", t->name, strerror(errno));
    run_tell_one(r, WIPE_TARGET, (uint32_t)i, slot.outcome, t->name, slot.took_ns);
    return slot.outcome;
}

/* After the slow rest: what the file systems of the roots may still hold of it. */
static void settle_roots(const struct plan *plan, const struct scope *s)
{
    for (size_t i = 0; i < plan->roots_count; i++) {
        if (plan->roots[i].settle && s->roots[i] >= 0 && !trim_filesystem(s->roots[i]))
            log_info("the file system of root %s does not zero its journal or trim: earlier "
                     "copies there may stay",
                     plan->roots[i].name);
    }
}

/* What keys did not wait for, a mount that was still stopping or a mapping in use, is looked at
 * once more now that waiting costs nothing. */
static void look_again(const struct run *r, const struct scope *s, const struct plan *plan,
                       struct progress *record, uint32_t outcomes[PLAN_TARGETS_MAX])
{
    for (size_t i = 0; i < plan->targets_count; i++) {
        if (plan_phase_of(plan->targets[i].kind) < PLAN_REST && outcomes[i] >= WIPE_UNVERIFIED)
            outcomes[i] = wipe_one(r, s, &plan->targets[i], i, record);
    }
}

static void keys_done(const struct run *r)
{
    if (r->keys_done)
        r->keys_done(r->context);
}

enum run_result run_plan(const struct run *r, const struct plan *plan, struct progress *record,
                         uint32_t *result)
{
    bool failed_only = r->resume && record->fd >= 0 && is_complete(r, plan, record);
    bool credentials_wait = false, settled = false, keys = true;
    uint32_t worst = WIPE_NOTHING, outcomes[PLAN_TARGETS_MAX] = {WIPE_NOTHING};
    struct scope scope;

    if (scope_init(&scope, r->prefix, plan) < 0) {
        log_error("%s cannot be opened: %s", r->prefix[0] ? r->prefix : "/", strerror(errno));
        *result = WIPE_FAILED;
        return RUN_NOT_PROVED;
    }
    for (size_t i = 0; i < plan->targets_count; i++) {
        const struct plan_target *t = &plan->targets[i];
        struct progress_slot slot;

        if (r->drill && r->give_way && r->give_way(r->context))
            break;
        if (keys && plan_phase_of(t->kind) > PLAN_KEYS) {
            keys = false;
            keys_done(r);
        }
        if (plan_phase_of(t->kind) == PLAN_LAST && !settled) {
            look_again(r, &scope, plan, record, outcomes);
            settle_roots(plan, &scope);
            settled = true;
        }
        if (plan_phase_of(t->kind) == PLAN_LAST && !r->credentials) {
            credentials_wait = true;
            run_tell_one(r, WIPE_TARGET, (uint32_t)i, WIPE_NOTHING, t->name,
                         clock_now() - r->began);
            continue;
        }
        if (failed_only && progress_get(record, i, &slot) && slot.outcome != WIPE_FAILED)
            worst = slot.outcome > worst ? slot.outcome : worst;
        else
            outcomes[i] = wipe_one(r, &scope, t, i, record);
        /* Keys first: one sync for the results of all of them, once they are dead. */
        if (record->fd >= 0 &&
            (plan_phase_of(t->kind) != PLAN_KEYS || i + 1 == plan->targets_count ||
             plan_phase_of(plan->targets[i + 1].kind) != PLAN_KEYS) &&
            progress_sync(record) < 0)
            log_warning("the results so far could not be recorded: %s", strerror(errno));
    }
    if (keys)
        keys_done(r);
    if (!settled) {
        look_again(r, &scope, plan, record, outcomes);
        settle_roots(plan, &scope);
    }
    for (size_t i = 0; i < plan->targets_count; i++)
        worst = outcomes[i] > worst ? outcomes[i] : worst;
    scope_finish(&scope);
    if (record->fd >= 0 && (worst != WIPE_FAILED || record->head.runs >= RUNS_MAX) &&
        progress_set_state(record, credentials_wait ? PROGRESS_LAST : PROGRESS_THROUGH) < 0)
        progress_close(record);
    if (record->fd < 0 && worst < WIPE_UNVERIFIED)
        worst = WIPE_UNVERIFIED; /* without a record nothing would resume it */
    *result = worst;
    return is_good(worst) || worst == WIPE_NOTHING ? RUN_GOOD : RUN_NOT_PROVED;
}

void run_end(const struct run *r, const struct plan *plan, uint32_t worst)
{
    run_tell_one(r, WIPE_END, (uint32_t)plan->targets_count, worst, "", clock_now() - r->began);
}

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

bool run_load(const struct run *r, struct plan *plan)
{
    const char *why = NULL;
    if (load_plan(r, plan) < 0)
        why = errno == ENOENT ? "there is no wipe.plan" : "wipe.plan has an error; see the log";
    if (why)
        run_tell_one(r, WIPE_REFUSED, 0, WIPE_FAILED, why, 0);
    return !why;
}

enum run_result run_check(const struct run *r)
{
    struct plan plan;

    if (!run_load(r, &plan))
        return RUN_REFUSED;
    run_end(r, &plan, WIPE_NOTHING);
    return RUN_GOOD;
}

/* Whoever else is at it, and however long: the keys die now. */
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
    run_open_record(r, &record, false, false);
    wait_for_turn(r, &plan, &record);
    intend(r, &plan, &record);
    result = run_plan(r, &plan, &record, &worst);
    progress_close(&record);
    run_end(r, &plan, worst);
    return result;
}

enum progress_state run_pending(const struct run *r)
{
    struct progress record;
    enum progress_state state;

    if (run_open_record(r, &record, false, true) < 0)
        return errno == ENOENT && !scope_awaits_mount(r->prefix, PATH_WIPE_DIR)
                   ? PROGRESS_NONE
                   : PROGRESS_UNREADABLE;
    state = record.unreadable ? PROGRESS_UNREADABLE : record.head.state;
    progress_close(&record);
    return state;
}

void run_mark(const struct run *r, char out[RUN_MARK])
{
    struct progress record;
    char hex[2 * sizeof record.head.run + 1] = "none";

    record.head.turn = 0;
    if (run_open_record(r, &record, false, true) == 0)
        sodium_bin2hex(hex, sizeof hex, record.head.run, sizeof record.head.run);
    snprintf(out, RUN_MARK, "%s:%u", hex, record.head.turn);
    progress_close(&record);
}

void run_prepare(const struct run *r)
{
    struct progress record;

    for (int drill = 0; drill < 2; drill++) {
        if (run_open_record(r, &record, drill, false) < 0)
            log_warning("the record of a wipe cannot be made ready: %s; a wipe will still "
                        "destroy, but a power cut in it would not be made good",
                        strerror(errno));
        progress_close(&record);
    }
}

static void say_result(const struct run *r, struct progress_slot *slot)
{
    const struct target_ops *ops = target_ops(slot->kind);
    char text[WIPE_TEXT_MAX];

    slot->why[sizeof slot->why - 1] = '\0';
    if (slot->outcome == WIPE_ALREADY_GONE)
        snprintf(text, sizeof text, "There was nothing left to destroy.");
    else if (is_good(slot->outcome))
        snprintf(text, sizeof text, "%s", ops ? ops->kept : "");
    else
        snprintf(text, sizeof text, "%s: %s%s%s.",
                 slot->outcome == WIPE_UNVERIFIED ? "Not proved" : "Not destroyed", slot->why,
                 cause(slot->error)[0] ? ": " : "", cause(slot->error));
    r->say(r->context, text);
}

int run_status(const struct run *r)
{
    struct run as = *r;
    struct progress record;
    uint32_t worst = WIPE_NOTHING, count;

    if (run_open_record(r, &record, false, true) < 0 || record.head.state == PROGRESS_NONE) {
        progress_close(&record);
        if (run_open_record(r, &record, true, true) < 0 || record.head.state == PROGRESS_NONE) {
            progress_close(&record);
            return -1;
        }
    }
    as.drill = record.head.drill;
    count = record.head.count;
    for (uint32_t i = 0; i < count; i++) {
        struct progress_slot slot;
        if (!progress_get(&record, i, &slot))
            continue;
        if (slot.outcome > worst)
            worst = slot.outcome;
        slot.name[sizeof slot.name - 1] = '\0';
        run_tell_one(&as, WIPE_TARGET, i, slot.outcome, slot.name, slot.took_ns);
        if (r->say)
            say_result(&as, &slot);
    }
    if (record.head.state == PROGRESS_INTENT || record.head.state == PROGRESS_FINISHING)
        worst = worst > WIPE_UNVERIFIED ? worst : WIPE_NOTHING; /* not through */
    run_tell_one(&as, WIPE_END, count, worst, "", 0);
    progress_close(&record);
    return 0;
}
