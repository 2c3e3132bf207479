#ifndef PORCHLIGHT_CORE_VIEW_H
#define PORCHLIGHT_CORE_VIEW_H

#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a member's phone believes of one kiosk, and shows. Pure. The phone page does the same in
 * its own language; both are held to tests/vectors/view.json. Times are ns of the listener's own
 * monotonic clock.
 *
 * What is believed:
 * - Sealed messages were opened and found signed by the caller. Here it is judged whether they are
 *   newer than what was heard (epoch, then seq), and what they change.
 * - Two marks are kept. What tells the standing state (alert, notice, state) must be newer than
 *   the last of these; a sign of life (beat, online) newer than the last of everything. So a beat
 *   that overtakes an alert, on another broker, does not make the alert look old, and no old beat
 *   can be played again for a kiosk that is dead.
 * - A will (lost) carries no seq of use; one of an earlier connection is old.
 * - A real lockdown, and a duress, stand until a staff phone's word proves their end (cert.h). What
 *   a kiosk says alone, quiet, caution, drill, all-clear, makes a lockdown at most unconfirmed.
 * - Quiet needs a sign of life within `lost_after` and the state within `stale_after`, heard live
 *   or, if retained, dated by a clock that both sides have. Without: lost, or unknown. */

enum view_show { /* a greater one is worse: several kiosks show the worst */
                 VIEW_QUIET,
                 VIEW_ALL_CLEAR,   /* an alert ended not long ago */
                 VIEW_DRILL,       /* a drill runs */
                 VIEW_RETIRED,     /* the venue's root disowned this kiosk */
                 VIEW_UNKNOWN,     /* nothing fresh is known: say so, never quiet */
                 VIEW_LOST,        /* no sign of life from the kiosk */
                 VIEW_CAUTION,     /* do not come */
                 VIEW_UNCONFIRMED, /* an alert stands; all-clear was pressed at the door, not
                                      confirmed */
                 VIEW_LOCKDOWN,
};

struct view_rules {
    int64_t lost_after;      /* VIEW_LOST_AFTER */
    int64_t stale_after;     /* VIEW_STALE_AFTER */
    int64_t all_clear_lasts; /* VIEW_ALL_CLEAR_LASTS */
    bool staff;              /* duress is shown */
    bool plain;              /* a plain venue: nothing is signed, so nothing can be proved */
};

/* Three beats of 5 s missed, as DESIGN fixes it for presence; two and a half times the 60 s at
 * which state is said again; long enough to be seen by who looks after the hour's news. */
#define VIEW_LOST_AFTER      (15 * INT64_C(1000000000))
#define VIEW_STALE_AFTER     (150 * INT64_C(1000000000))
#define VIEW_ALL_CLEAR_LASTS (15 * 60 * INT64_C(1000000000))

enum view_verdict {
    VIEW_HEARD,    /* taken; nothing new for a person */
    VIEW_TOLD,     /* something new stands: tell it, ring */
    VIEW_REPEATED, /* the same alert again, or the same message: no new sound */
    VIEW_OLD,      /* refused: older than what was heard; late, or replayed */
    VIEW_UNPROVED, /* says that a lockdown is over, and staff did not: it stands */
    VIEW_DISOWNED, /* refused: the kiosk is retired */
};

/* One opened message as it came. */
struct view_word {
    const struct message *message;
    bool retained;    /* the broker kept it: no sign of life */
    int64_t wall_age; /* retained alone: ns from its `at` to the wall clock now; -1: not known */
    bool proved;      /* its proof holds (cert_proof_read), for: */
    struct alert_id proved_id;
    uint64_t proved_epoch, proved_seq;
};

/* An alert or duress from its first word on. */
struct view_latch {
    struct alert_id id;
    uint64_t epoch, seq;
};

/* One kiosk. All of it is worth keeping between runs of a page, but for linked and the times. */
struct view_kiosk {
    bool retired;
    uint64_t epoch;                /* the highest heard */
    uint64_t told_next, live_next; /* the lowest seq of that epoch not yet heard */
    uint64_t connection;           /* the highest heard in that epoch */
    enum alert_state state;
    bool drill, unconfirmed, duress;
    struct view_latch alert, dangered; /* valid while state is not quiet, while duress */
    bool linked;
    int64_t linked_at;
    int64_t life_at;  /* the last sign of life; NS_NEVER: none since linked */
    int64_t state_at; /* when the state was said; NS_NEVER: not known */
    int64_t clear_at; /* when an alert was seen to end; NS_NEVER: not seen */
};

struct view_shown {
    enum view_show show;
    bool duress; /* staff alone */
    bool drill;
    bool silent; /* no sign of life, whatever stands */
    bool stale;  /* the state is old or unknown, whatever stands */
};

/* Nothing heard, not linked. */
void view_init(struct view_kiosk *v);

/* The way to the brokers: linked through at least one of them, or through none. What was heard
 * before a cut is no sign of life after it. No change does no harm. */
void view_link(struct view_kiosk *v, bool linked, int64_t now);

/* The one transition. A `retired` JSON message changes nothing: that word is the root's. */
enum view_verdict view_step(struct view_kiosk *v, const struct view_rules *r,
                            const struct view_word *w, int64_t now);

/* The root's notice came (cert_is_retired). For ever. */
void view_retire(struct view_kiosk *v);

struct view_shown view_look(const struct view_kiosk *v, const struct view_rules *r, int64_t now);

/* What a venue of several kiosks shows: the worst; retired ones count only if all are. Of none:
 * unknown. */
enum view_show view_worst(const enum view_show *shows, size_t count);

/* "quiet", "all-clear", "drill", "retired", "unknown", "lost", ... Static storage. */
const char *view_show_name(enum view_show s);
/* "heard", "told", "repeated", "old", "unproved", "disowned". Static storage. */
const char *view_verdict_name(enum view_verdict v);

#endif
