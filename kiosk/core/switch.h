#ifndef PORCHLIGHT_CORE_SWITCH_H
#define PORCHLIGHT_CORE_SWITCH_H

#include "kiosk/core/changeover.h"
#include "kiosk/core/debounce.h"
#include "kiosk/core/gesture.h"

/* One switch, from its wires to the gesture: debounced contacts, the changeover contact where there
 * are two, then the recogniser of gestures. Levels are raw ("closed"), times those of the edges. */
struct switch_rules {
    int64_t debounce; /* ns; for a press, and for a contact that rests */
    int64_t release; /* ns; a contact that was closed and opens for less than this has not opened */
    int64_t dropout; /* ns; the same in a hold that is already longer than press_max, where no
                        finger lets go so briefly: a worn contact or a wire that is pulled does. Of
                        an unsupervised switch alone; of a supervised one the other contact shows
                        whether it was let go */
    int64_t throw_time; /* ns; of a supervised switch */
    bool supervised;    /* a changeover contact on two lines */
    struct gesture_rules gesture;
};

enum switch_contact { SWITCH_NO, SWITCH_NC, SWITCH_CONTACTS };

struct switch_state {
    struct debounce contact[SWITCH_CONTACTS];
    struct changeover changeover;
    struct gesture_state gesture;
};

struct switch_event {
    bool wires; /* true: `fault` counts, else `gesture` */
    enum gesture gesture;
    enum changeover_event_kind
        fault; /* CHANGEOVER_CUT, CHANGEOVER_SHORT, CHANGEOVER_TAMPER or CHANGEOVER_REPAIRED */
};

enum { SWITCH_MAX = 24 }; /* most events of one call */

/* The levels found at start; `nc` is ignored where the switch is not supervised. Returns the
 * number of events in out. */
size_t switch_start(struct switch_state *s, const struct switch_rules *r, bool no, bool nc,
                    int64_t now, struct switch_event out[SWITCH_MAX]);

/* An edge, or a level re-read after lost edges (an unchanged one is harmless). What time
 * decided before `at` comes first. */
size_t switch_level(struct switch_state *s, const struct switch_rules *r, enum switch_contact c,
                    bool closed, int64_t at, struct switch_event out[SWITCH_MAX]);

/* The line of an unsupervised switch is gone since `now`: gesture_lost. A release that has not
 * counted yet never does: a device that is pulled out may release its keys first. */
size_t switch_lost(struct switch_state *s, const struct switch_rules *r, int64_t now,
                   struct switch_event out[SWITCH_MAX]);

/* What time alone decides up to `now`. Pass all waiting edges first. */
size_t switch_time(struct switch_state *s, const struct switch_rules *r, int64_t now,
                   struct switch_event out[SWITCH_MAX]);

/* When to call switch_time next; NS_NEVER at rest. */
int64_t switch_deadline(const struct switch_state *s, const struct switch_rules *r);

/* True while the switch cannot be trusted: its wires have a fault, it is stuck or was found
 * pressed. */
bool switch_at_fault(const struct switch_state *s);

#endif
