#ifndef PORCHLIGHT_WIPE_PROGRESS_H
#define PORCHLIGHT_WIPE_PROGRESS_H

#include "kiosk/common/messages.h"
#include "kiosk/wipe/plan.h"
#include "kiosk/wipe/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The durable record of one wipe: its intent, then one result for each target as it is destroyed.
 * Fixed size, made once and then only overwritten in place, so that a wipe needs no free space:
 *
 *   page 0, 1    struct progress_head, written in turn; the valid one with the higher turn counts
 *   page 2 + i   struct progress_slot of target i
 *
 * A page is PROGRESS_PAGE bytes; each value carries a BLAKE2b-128 of itself, and a slot the run it
 * belongs to. A slot that is torn, or of another run, reads as "not begun": its target is done
 * again, which is always safe. What it names are the plan's section names, no paths. */

enum {
    PROGRESS_PAGE = 4096,
    PROGRESS_SIZE = (2 + PLAN_TARGETS_MAX) * PROGRESS_PAGE,
    PROGRESS_SUM = 16,
};

enum progress_state {
    PROGRESS_NONE = 0,         /* no wipe was ever asked for */
    PROGRESS_INTENT,           /* asked for and not through: resume it */
    PROGRESS_LAST,             /* all but the credentials is through; they wait for FINISH */
    PROGRESS_FINISHING,        /* FINISH was asked for: resume it, credentials too */
    PROGRESS_THROUGH,          /* nothing is left to do */
    PROGRESS_UNREADABLE = 255, /* never stored: there is a record, and it cannot be read */
};

struct progress_head {
    uint32_t magic, version;
    uint32_t turn;
    uint32_t state; /* enum progress_state */
    uint32_t drill;
    uint32_t count; /* targets of the plan */
    uint32_t runs;  /* how often it was begun or resumed */
    uint32_t reserved;
    uint8_t run[16]; /* random, of this wipe */
    uint8_t plan[PLAN_HASH];
    uint8_t sum[PROGRESS_SUM];
};

enum progress_mark {
    PROGRESS_WAITS = 1,  /* it is on something that is not there now: tried again when that comes */
    PROGRESS_UNSEEN = 2, /* nothing is at its path, and nothing ever was seen there */
    PROGRESS_LOST = 4,   /* a name of it went whose contents are not proved to be: the outcome of
                            this wipe stays no better than this one */
    PROGRESS_BEGUN = 8,  /* noted before the target was destroyed: it is not its result */
    PROGRESS_JUDGED = 16, /* the place of the target was looked at too: always set since 0.2 */
    PROGRESS_NOTED =
        32, /* it had notes of programs, which are in the journal until settle zeroes it */
};

struct progress_slot {
    uint32_t magic, index;
    uint32_t outcome; /* enum wipe_outcome */
    int32_t error;
    uint32_t kind;  /* enum plan_kind */
    uint32_t marks; /* enum progress_mark; 0.1.0 wrote 0 */
    int64_t took_ns;
    uint8_t run[16];
    char name[PLAN_NAME_MAX];
    char why[TARGET_WHY_MAX];
    uint8_t sum[PROGRESS_SUM];
};

struct progress {
    int fd; /* -1: not open */
    struct progress_head head;
    bool unreadable; /* neither head is whole, though one was written: head is then a fresh one */
};

/* Opens the record `name` in the folder `dir` (made, 0700, if missing; it must belong to `owner`
 * and be no symlink), making an empty one first if there is none; reads its head. 0, or -1 with
 * errno. `read_only`: neither is made; errno ENOENT if missing. */
int progress_open(struct progress *p, const char *dir, const char *name, uid_t owner,
                  bool read_only);
void progress_close(struct progress *p);

/* Only one program at a time carries out the wipe of a record. 1: it is ours until
 * progress_close, and the head is read again; 0: another program has it; -1 with errno. */
int progress_lock(struct progress *p);

/* Durable when it returns 0: a fresh run over this plan. -1 with errno. */
int progress_intend(struct progress *p, const struct plan *plan, bool drill);

/* Durable when it returns 0: the same run goes on over the plan as it is now, in `state`, INTENT or
 * FINISHING. */
int progress_resume(struct progress *p, const struct plan *plan, enum progress_state state);

int progress_set_state(struct progress *p, enum progress_state state);

/* Target i's slot. True if it holds a result of this run. What is put is durable only after
 * progress_sync; a result that a power cut loses is found again by doing its target again. */
bool progress_get(const struct progress *p, size_t i, struct progress_slot *out);
int progress_put(struct progress *p, size_t i, const struct progress_slot *slot);
int progress_sync(struct progress *p);

#endif
