#ifndef PORCHLIGHT_CORE_VIEW_H
#define PORCHLIGHT_CORE_VIEW_H

#include "kiosk/core/freshness.h"
#include "kiosk/core/message.h"
#include "kiosk/core/root_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a member's phone believes about one kiosk, and shows. Pure. The phone page does the same in
 * JavaScript; tests/vectors/view.json holds both to the same rules. Times are ns of the listener's
 * own monotonic clock.
 *
 * What is believed:
 * - The caller has opened sealed messages and checked their signatures. This file judges whether
 * they are newer than what was received before (epoch, then seq), and what they change.
 * - Marks are kept: a message that changes the state (alert, state) must be newer than the last of
 * these, a notice than the last notice, counts than the last counts, and what was pressed at the
 * door than the last of that, for staff read it on two topics; a sign of life (beat, online) must
 * be newer than every message. So a beat that overtakes an alert on another broker does not make
 * the alert look old, and nobody can replay an old beat for a kiosk that is dead.
 * - A will (lost) carries no useful seq; one of an earlier connection is old.
 * - What was pressed at the door (code, duress, nothing) reaches staff phones alone: sealed to
 * them, on the topics notice and staff. Code and duress look the same in all that members read.
 * - A real lockdown and a duress stay until a staff phone's signature proves their end (cert.h).
 *   Whatever the kiosk says by itself (quiet, caution, drill, all-clear) makes a lockdown at most
 *   unconfirmed.
 * - The root key's message (root_word.h) ends an alert without the kiosk: from then on, whatever
 * the kiosk says of that alert and of earlier ones changes nothing. What is fresh and of another
 * alert counts. A proof by an account that the root revoked proves nothing, whenever it was made:
 * it has no date. What such a proof ended before the word came stays ended.
 * - Quiet needs a sign of life within `lost_after` and the state within `stale_after`, both by the
 *   time at which the kiosk sent them, not at which they came (freshness.h): what a broker delays
 * is none. Nor is there quiet while messages are held back, nor after that or a silence before the
 * state that beats name has come: who holds back several could let go the oldest, which is quiet.
 * - An alarm is never refused for its epoch or order alone. Out of order and fresh (the kiosk lost
 * its record), it counts. Out of order and late, it is shown as "late: check", and calls at most
 * once in VIEW_LATE_EVERY; not if its end was seen. Until it counts, its end is seen, or it has not
 * come again for `all_clear_lasts`, nothing reads quiet: it may go on. */

enum view_show { /* a greater one is worse: several kiosks show the worst */
                 VIEW_QUIET,
                 VIEW_ALL_CLEAR,   /* an alert ended not long ago */
                 VIEW_DRILL,       /* a drill runs */
                 VIEW_RETIRED,     /* the venue's root disowned this kiosk */
                 VIEW_UNKNOWN,     /* nothing fresh is known: never shown as quiet */
                 VIEW_LOST,        /* no sign of life from the kiosk */
                 VIEW_CAUTION,     /* do not come */
                 VIEW_UNCONFIRMED, /* an alert is active; all-clear was pressed at the door and
                                      not confirmed */
                 VIEW_LOCKDOWN,
};

struct view_rules {
    int64_t lost_after;      /* VIEW_LOST_AFTER */
    int64_t stale_after;     /* VIEW_STALE_AFTER */
    int64_t all_clear_lasts; /* VIEW_ALL_CLEAR_LASTS */
    bool staff;              /* a staff phone: it shows what was pressed at the door */
    bool plain;              /* a plain venue: nothing is signed, so nothing can be proved */
};

/* Three missed beats of 5 s; two and a half times the 60 s after which the state is sent again;
 * long enough to be seen by somebody who looks a quarter of an hour later. */
#define VIEW_LOST_AFTER      (15 * INT64_C(1000000000))
#define VIEW_STALE_AFTER     (150 * INT64_C(1000000000))
#define VIEW_ALL_CLEAR_LASTS (15 * 60 * INT64_C(1000000000))

/* What is played again calls nobody more often than this. */
#define VIEW_LATE_EVERY (3600 * INT64_C(1000000000))

enum view_verdict {
    VIEW_ACCEPTED, /* accepted; nothing new for a person */
    VIEW_TOLD,     /* something new: show it, ring */
    VIEW_REPEATED, /* the same alert again, or the same message: no new sound */
    VIEW_OLD,      /* refused: older than what was received; late, or replayed */
    VIEW_UNPROVED, /* says that a lockdown is over, but no staff phone did: it stays */
    VIEW_DISOWNED, /* refused: the kiosk is retired */
    VIEW_LATE,     /* an alarm out of order, and old or of unknown age: say "late: check", call */
};

/* One opened message as it arrived. */
struct view_message {
    const struct message *message;
    bool retained;    /* the broker kept it: no sign of life */
    int64_t wall_age; /* ns from its `at` to now, by a clock that is known to be right, of a kiosk
                         that says its own is; -1: not known */
    bool proved;      /* its proof holds (cert_proof_read), for: */
    struct alert_id proved_id;
    uint64_t proved_epoch, proved_seq;
    uint8_t proved_account[ENVELOPE_ID]; /* whose proof it is */
};

/* After an outage a kiosk sends all that it could not send at once: of so many alerts that were
 * shown and have ended none begins again by a copy that is out of order. */
enum { VIEW_PAST = 4 };

/* An alert or duress, from its first message on. */
struct view_latch {
    struct alert_id id;
    uint64_t epoch, seq;
};

/* What was pressed at the door last, from its first message on. */
struct view_press {
    enum message_kind kind; /* MSG_CODE, MSG_DURESS; MSG_NOTHING: neither, ever */
    struct alert_id id;
    char at[MESSAGE_AT_MAX];
    uint64_t epoch, seq;
    bool over;   /* a duress that a proof covers, or either by the root key's message: what the
                    kiosk says again of it changes nothing */
    bool lifted; /* the kiosk has said "nothing" since, as after a restart, and not this again */
};

/* One kiosk. A page keeps all of it between runs, except linked and the times. */
struct view_kiosk {
    bool retired;
    struct root_word root; /* all that the root said of this kiosk; nothing of it is taken back */
    bool rooted;           /* the last alert was ended by it */
    uint64_t epoch;        /* the highest received */
    uint64_t told_next, live_next; /* the lowest seq of that epoch not yet received */
    uint64_t notice_next, door_next, counts_next;
    struct alert_id help_id; /* of the alert of which staff were told that so many need help: */
    uint32_t help;
    uint64_t connection; /* the highest received in that epoch */
    enum alert_state state;
    bool drill, unconfirmed, duress;
    struct view_press press;
    struct view_latch alert, dangered; /* valid while state is not quiet, while duress */
    struct alert_id past[VIEW_PAST];   /* alerts that were shown before `alert`, newest first */
    bool linked;
    int64_t linked_at;
    int64_t life_at;  /* the last sign of life; NS_NEVER: none since linked */
    int64_t state_at; /* when the kiosk sent the state; NS_NEVER: not known */
    int64_t clear_at; /* when an alert was seen to end; NS_NEVER: not seen */
    struct freshness fresh;
    bool behind;         /* after a silence, or once messages were held back, until the state that
                            beats name has come */
    int64_t received_at; /* when the last sign of life came, old or not */
    int64_t doubted_at;  /* since when signs of life come whose age is not known; NS_NEVER: they do
                            not */
    bool undated;        /* how old the state is shows when a beat has echoed a nonce: */
    uint64_t undated_epoch, undated_up_ms;
    struct view_latch proved; /* the newest that a proof covers */
    struct view_latch late;   /* the last alarm that was late, and has neither counted nor ended */
    int64_t late_at;          /* when it came last; NS_NEVER: there is none */
    int64_t called_at;        /* when a late alarm called last; NS_NEVER */
};

struct view_shown {
    enum view_show show;
    bool duress; /* shown to staff only, as is: */
    bool code;   /* it was the code that was pressed at the door last */
    bool drill;
    bool silent;  /* no sign of life, whatever the state */
    bool stale;   /* the state is old or unknown, whatever it was */
    bool delayed; /* silent, although signs of life come: they are old, or nothing has dated them
                     for lost_after */
    bool undated; /* silent, although signs of life come: how old they are is not known yet */
    bool held;    /* messages are held back */
    bool late;    /* an alarm came late, not long ago */
    bool rooted;  /* all-clear: by the root key's message */
};

/* Nothing received, not linked. */
void view_init(struct view_kiosk *v);

/* The connection to the brokers: linked through at least one of them, or through none. What was
 * received before it was lost is no sign of life afterwards. Calling it without a change is
 * harmless. */
void view_link(struct view_kiosk *v, bool linked, int64_t now);

/* The one transition. A `retired` JSON message changes nothing: only the root retires a kiosk. */
enum view_verdict view_step(struct view_kiosk *v, const struct view_rules *r,
                            const struct view_message *came, int64_t now);

/* A message of the root key of this kiosk, whose key is `public`, arrived. Permanent. VIEW_TOLD: it
 * ended what was shown. */
enum view_verdict view_root(struct view_kiosk *v, const struct root_word *w,
                            const uint8_t public[ENVELOPE_PUBLIC], int64_t now);

/* Whether a ping should be sent now (freshness.h). A staff phone asks as long as it has no sign of
 * life, too: its ping names the epoch that a kiosk which lost its record has to go above. */
bool view_wants_ping(const struct view_kiosk *v, const struct view_rules *r, int64_t now);

struct view_shown view_look(const struct view_kiosk *v, const struct view_rules *r, int64_t now);

/* What a venue of several kiosks shows: the worst; retired ones count only if all are. Of none:
 * unknown. */
enum view_show view_worst(const enum view_show *shows, size_t count);

/* "quiet", "all-clear", "drill", "retired", "unknown", "lost", ... Static storage. */
const char *view_show_name(enum view_show s);
/* "accepted", "told", "repeated", "old", "unproved", "disowned". Static storage. */
const char *view_verdict_name(enum view_verdict v);

#endif
