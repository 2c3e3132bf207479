#ifndef PORCHLIGHT_WIPE_RUN_H
#define PORCHLIGHT_WIPE_RUN_H

#include "kiosk/common/messages.h"
#include "kiosk/wipe/plan.h"
#include "kiosk/wipe/progress.h"

#include <stdbool.h>
#include <sys/types.h>

/* One wipe, drill or resume, from the plan to its end. */
struct run {
    const char *prefix; /* "" on a real kiosk */
    uid_t owner;        /* of plan and record */
    bool drill;
    bool credentials; /* the last phase too (FINISH, and a drill) */
    bool resume;      /* go on with the record's run */
    int64_t began;    /* clock_now() of the request */

    /* A drill: what the wipe's own target of the same index could reach at best; PLAN_TARGETS_MAX
     * of them. NULL otherwise. */
    const struct target_report *at_best;

    /* Called after each target, and with kind WIPE_END. May be NULL. */
    void (*tell)(void *context, const struct wipe_progress *p);
    /* run_status: after each tell, what was proved of the target, in one sentence. May be NULL. */
    void (*say)(void *context, const char *sentence);
    /* Called once, when the users of the data and the keys are done with. May be NULL. */
    void (*keys_done)(void *context);
    /* Asked between targets of a drill: true ends it (a real wipe is waiting); and
     * while another process carries out a wipe, for which this one waits. May be NULL. */
    bool (*give_way)(void *context);
    void *context;
};

enum run_result {
    RUN_GOOD = 0,       /* everything destroyed or already gone */
    RUN_NOT_PROVED = 1, /* something is unverified or failed */
    RUN_REFUSED = 2,    /* no plan, or one with an error; nothing was touched */
};

/* Reads the plan below r->prefix into *p. True, or false: its complaints went to the log, and the
 * refusal with its reason to tell. */
bool run_load(const struct run *r, struct plan *p);

/* Destroys what the plan names. */
enum run_result run_wipe(const struct run *r);

/* Destroys target by target what `plan` says, in `record`; *worst is the worst outcome. The part
 * that wipe and drill share. run_end then reports WIPE_END. */
enum run_result run_plan(const struct run *r, const struct plan *plan, struct progress *record,
                         uint32_t *worst);
void run_end(const struct run *r, const struct plan *plan, uint32_t worst);

/* How a walk through the plan ended, and what follows from it. Pure. */
struct run_facts {
    uint32_t worst;        /* outcome of all targets, enum wipe_outcome */
    bool recorded;         /* the record is open and was written so far */
    uint32_t runs;         /* how often this wipe was begun or resumed, this time included */
    bool credentials_wait; /* for FINISH */
    bool waits;            /* a target is on something that is not there now */
    bool unseen;           /* a target was never seen */
};

struct run_conclusion {
    bool store; /* the record goes to `state`; otherwise it stays, and the next start tries again */
    enum progress_state state;
    uint32_t worst; /* what may be claimed */
    enum run_result result;
};

/* A target that keeps failing, or was never seen, is tried at so many starts, then only reported.
 * One that is on something that is not there now is waited for without end: until that comes, or
 * the plan no longer names it. */
enum { RUN_STARTS_MAX = 6 };
struct run_conclusion run_conclude(const struct run_facts *f);

/* The record's results as progress packets, then WIPE_END. 0, or -1 if there is no record. */
int run_status(const struct run *r);

/* How far the record says the last wipe came; PROGRESS_NONE also if there is none,
 * PROGRESS_UNREADABLE if there is one that cannot be read. */
enum progress_state run_pending(const struct run *r);

/* The record's run and turn as text, another one after each step of a wipe. */
enum { RUN_MARK = 48 };
void run_mark(const struct run *r, char out[RUN_MARK]);

/* Makes the records' files, so that a wipe only overwrites them. Failures go to the log. */
void run_prepare(const struct run *r);

/* Names of the record of a wipe and of a drill, in PATH_WIPE_DIR below the prefix. */
#define RUN_RECORD       "progress"
#define RUN_RECORD_DRILL "drill"

#endif
