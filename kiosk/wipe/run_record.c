#include "kiosk/wipe/run_record.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/wipe/plan_read.h"
#include "kiosk/wipe/run_judge.h"
#include "kiosk/wipe/scope.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

int run_record_open(const struct run *r, struct progress *record, bool drill, bool read_only)
{
    char dir[PATH_LEN];
    record->fd = -1;
    if (path_under(r->prefix, PATH_WIPE_DIR, dir) < 0)
        return -1;
    return progress_open(record, dir, drill ? RUN_RECORD_DRILL : RUN_RECORD, r->owner, read_only);
}

void run_report(const struct run *r, enum wipe_kind kind, uint32_t index, uint32_t outcome,
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

void run_end(const struct run *r, const struct plan *plan, uint32_t worst)
{
    run_report(r, WIPE_END, (uint32_t)plan->targets_count, worst, "", clock_now() - r->began);
}

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
            log_error("%s is missing, so nothing can be wiped. To write it, see: "
                      "man porchlight-wipe",
                      path);
        return -1;
    }
    return 0;
}

bool run_load(const struct run *r, struct plan *plan)
{
    const char *why = NULL;
    if (load_plan(r, plan) < 0)
        why = errno == ENOENT ? "there is no wipe.plan" : "wipe.plan has an error; see the log";
    if (why)
        run_report(r, WIPE_REFUSED, 0, WIPE_FAILED, why, 0);
    return !why;
}

const char *run_cause(int error)
{
    static const int told[] = {0,     EAGAIN, EBUSY,  EEXIST,  EINVAL, EINPROGRESS,
                               ELOOP, EMLINK, ENODEV, ENOTBLK, EXDEV,  EHOSTDOWN};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (error == told[i])
            return "";
    }
    return strerror(error);
}

enum progress_state run_pending(const struct run *r)
{
    struct progress record;
    enum progress_state state;

    if (run_record_open(r, &record, false, true) < 0)
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
    if (run_record_open(r, &record, false, true) == 0)
        sodium_bin2hex(hex, sizeof hex, record.head.run, sizeof record.head.run);
    snprintf(out, RUN_MARK, "%s:%u", hex, record.head.turn);
    progress_close(&record);
}

void run_prepare(const struct run *r)
{
    struct progress record;

    for (int drill = 0; drill < 2; drill++) {
        if (run_record_open(r, &record, drill, false) < 0)
            log_warning("the record of a wipe cannot be made ready: %s; a wipe will still "
                        "destroy, but it would not be finished after a power cut",
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
        snprintf(text, sizeof text, "%s",
                 slot->why[0] ? slot->why
                              : "Nothing was left to destroy at its place; what was removed "
                                "earlier was not looked for.");
    else if (run_is_good(slot->outcome))
        snprintf(text, sizeof text, "%s%s%s", ops ? ops->kept : "", slot->why[0] ? " " : "",
                 slot->why);
    else
        snprintf(text, sizeof text, "%s: %s%s%s.",
                 slot->outcome == WIPE_UNVERIFIED ? "Not proved" : "Not destroyed", slot->why,
                 run_cause(slot->error)[0] ? ": " : "", run_cause(slot->error));
    r->say(r->context, text);
}

/* The last wipe's record, or else the last drill's. 0, or -1: there is neither. */
static int open_last(const struct run *r, struct progress *record)
{
    for (int drill = 0; drill < 2; drill++) {
        if (run_record_open(r, record, drill, true) == 0 && record->head.state != PROGRESS_NONE)
            return 0;
        progress_close(record);
    }
    return -1;
}

int run_status(const struct run *r)
{
    struct run as = *r;
    struct progress record;
    uint32_t worst = WIPE_NOTHING, count;

    if (open_last(r, &record) < 0)
        return -1;
    as.drill = record.head.drill;
    count = record.head.count;
    for (uint32_t i = 0; i < count; i++) {
        struct progress_slot slot;
        if (!progress_get(&record, i, &slot))
            continue;
        run_judge_old(&slot);
        if (slot.outcome > worst)
            worst = slot.outcome;
        slot.name[sizeof slot.name - 1] = '\0';
        run_report(&as, WIPE_TARGET, i, slot.outcome, slot.name, slot.took_ns);
        if (r->say)
            say_result(&as, &slot);
    }
    if (record.head.state == PROGRESS_INTENT || record.head.state == PROGRESS_FINISHING)
        worst = worst > WIPE_UNVERIFIED ? worst : WIPE_NOTHING; /* not through */
    run_report(&as, WIPE_END, count, worst, "", 0);
    progress_close(&record);
    return 0;
}
