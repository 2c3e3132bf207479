#ifndef PORCHLIGHT_CORE_PAIR_H
#define PORCHLIGHT_CORE_PAIR_H

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
 * `no` alone a true press. So a fault that has stood unchanged for PAIR_WORN lets presses through
 * while it goes on being a fault. Contacts that go from one fault to the other, or to pressed,
 * before that are hands at the wires: tamper. Only the true rest (nc alone) ends a fault.
 *
 * Both lines are debounced by the caller; levels are "closed". All times in ns. */
enum pair_event_kind {
    PAIR_PRESSED,
    PAIR_RELEASED,
    PAIR_CUT,    /* a fault begins: neither closed */
    PAIR_SHORT,  /* a fault begins: both closed */
    PAIR_TAMPER, /* a fault changed its kind, or turned into a press too soon */
    PAIR_MENDED, /* the fault's end */
};

struct pair_event {
    enum pair_event_kind kind;
    int64_t at; /* when it became certain; never before an earlier event's */
};

/* How long one fault must have stood unchanged before a press through it is believed: longer than
 * anyone fumbling with a cable keeps it still, shorter than it takes to walk to the switch. */
#define PAIR_WORN (5 * INT64_C(1000000000))

struct pair {
    int64_t throw_time;
    bool no, nc;
    bool pressed;               /* what counts now; give it to gesture_start after pair_start */
    bool fault;                 /* a fault stands */
    enum pair_event_kind named; /* that fault */
    bool known;                 /* no and nc, as they are, have been given their meaning */
    int rest;                   /* which contacts are the rest of a worn switch; -1: none */
    int64_t since;              /* when no or nc last changed */
    int64_t unsound;            /* when they left the last position that had a meaning */
};

enum { PAIR_MAX = 4 }; /* most events of one call */

/* The levels found at start. Both or neither becomes a fault after throw_time like any other. */
void pair_start(struct pair *p, int64_t throw_time, bool no, bool nc, int64_t now);

/* Levels at `at`; unchanged ones do no harm. What time alone had decided before comes first.
 * Returns the number of events in out. */
size_t pair_levels(struct pair *p, bool no, bool nc, int64_t at, struct pair_event out[PAIR_MAX]);

/* What time alone decides up to `now`. */
size_t pair_time(struct pair *p, int64_t now, struct pair_event out[PAIR_MAX]);

/* When pair_time next has something to say; NS_NEVER at rest. */
int64_t pair_deadline(const struct pair *p);

/* The fault's word in messages ("cut", "short", "tamper", "mended"; also "pressed", "released").
 * Static storage. */
const char *pair_event_name(enum pair_event_kind k);

#endif
