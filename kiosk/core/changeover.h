#ifndef PORCHLIGHT_CORE_CHANGEOVER_H
#define PORCHLIGHT_CORE_CHANGEOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The supervised switch: one plunger, a changeover contact on two lines. At rest `nc` (normally
 * closed) is closed and `no` (normally open) is open; pressed, the other way round. Between them,
 * for no longer than throw_time, both or neither may be closed: the plunger is on its way, and
 * what stood before still stands (so a worn contact that flickers in a hold ends no press).
 * Longer than that is a fault, never a press: neither is a cut wire, both are a short.
 *
 * A switch at fault may still work as a plain one: with its nc wire cut, neither is its rest and
 * `no` alone a true press. So a fault that has stood unchanged for CHANGEOVER_WORN lets presses
 * through while it goes on being a fault. Contacts that go from one fault to the other, or to
 * pressed, before that are hands at the wires: tamper. Only the true rest (nc alone) ends a fault.
 *
 * Both lines are debounced by the caller; levels are "closed". All times in ns. */
enum changeover_event_kind {
    CHANGEOVER_PRESSED,
    CHANGEOVER_RELEASED,
    CHANGEOVER_CUT,    /* a fault begins: neither closed */
    CHANGEOVER_SHORT,  /* a fault begins: both closed */
    CHANGEOVER_TAMPER, /* a fault changed its kind, or turned into a press too soon */
    CHANGEOVER_MENDED, /* the fault's end */
};

struct changeover_event {
    enum changeover_event_kind kind;
    int64_t at; /* when it became certain; never before an earlier event's */
};

/* How long one fault must have stood unchanged before a press through it is believed: longer than
 * anyone fumbling with a cable keeps it still, shorter than it takes to walk to the switch. */
#define CHANGEOVER_WORN (5 * INT64_C(1000000000))

struct changeover {
    int64_t throw_time;
    bool no, nc;
    bool pressed; /* what counts now; give it to gesture_start after changeover_start */
    bool fault;   /* a fault stands */
    enum changeover_event_kind named; /* that fault */
    bool known;                       /* no and nc, as they are, have been given their meaning */
    int rest;                         /* which contacts are the rest of a worn switch; -1: none */
    int64_t since;                    /* when no or nc last changed */
    int64_t unsound;                  /* when they left the last position that had a meaning */
};

enum { CHANGEOVER_MAX = 4 }; /* most events of one call */

/* The levels found at start. Both or neither becomes a fault after throw_time like any other. */
void changeover_start(struct changeover *c, int64_t throw_time, bool no, bool nc, int64_t now);

/* Levels at `at`; unchanged ones do no harm. What time alone had decided before comes first.
 * Returns the number of events in out. */
size_t changeover_levels(struct changeover *c, bool no, bool nc, int64_t at,
                         struct changeover_event out[CHANGEOVER_MAX]);

/* What time alone decides up to `now`. */
size_t changeover_time(struct changeover *c, int64_t now,
                       struct changeover_event out[CHANGEOVER_MAX]);

/* When changeover_time next has something to say; NS_NEVER at rest. */
int64_t changeover_deadline(const struct changeover *c);

/* The fault's word in messages ("cut", "short", "tamper", "mended"; also "pressed", "released").
 * Static storage. */
const char *changeover_event_name(enum changeover_event_kind k);

#endif
