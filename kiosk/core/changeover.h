#ifndef PORCHLIGHT_CORE_CHANGEOVER_H
#define PORCHLIGHT_CORE_CHANGEOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A supervised switch: one plunger moves a changeover contact on two lines. At rest `nc` (normally
 * closed) is closed and `no` (normally open) is open; pressed, the other way round. While the
 * plunger moves, for at most throw_time, both or neither may be closed, and the switch keeps the
 * position it had (so a worn contact that flickers during a hold does not end the press). Longer
 * than that is a fault and never a press: neither closed means a cut wire, both closed a short.
 *
 * A faulty switch may still work as a plain one: with its nc wire cut, its rest is "neither
 * closed", and `no` alone is a true press. So once a fault has not changed for CHANGEOVER_WORN,
 * presses get through although the fault continues. Contacts that change from one fault to the
 * other, or to pressed, before that mean that somebody is working on the wires: tamper. Only the
 * true rest (nc alone closed) ends a fault.
 *
 * The caller debounces both lines; levels are "closed". All times in ns. */
enum changeover_event_kind {
    CHANGEOVER_PRESSED,
    CHANGEOVER_RELEASED,
    CHANGEOVER_CUT,      /* a fault begins: neither closed */
    CHANGEOVER_SHORT,    /* a fault begins: both closed */
    CHANGEOVER_TAMPER,   /* a fault changed its kind, or turned into a press too soon */
    CHANGEOVER_REPAIRED, /* the fault's end */
};

struct changeover_event {
    enum changeover_event_kind kind;
    int64_t at; /* when it became certain; never before an earlier event's */
};

/* How long a fault must not change before a press during it counts: longer than anybody working on
 * a cable keeps it still, shorter than it takes to walk to the switch. */
#define CHANGEOVER_WORN (5 * INT64_C(1000000000))

struct changeover {
    int64_t throw_time;
    bool no, nc;
    bool pressed; /* what counts now; pass it to gesture_start after changeover_start */
    bool fault;   /* the switch has a fault */
    enum changeover_event_kind named; /* which one */
    bool known;                       /* the position of no and nc has been judged */
    int rest;                         /* the position in which a worn switch rests; -1: none */
    int64_t since;                    /* when no or nc last changed */
    int64_t unsound;                  /* when they left the last position that was judged */
};

enum { CHANGEOVER_MAX = 4 }; /* most events of one call */

/* The levels found at start. Both or neither becomes a fault after throw_time like any other. */
void changeover_start(struct changeover *c, int64_t throw_time, bool no, bool nc, int64_t now);

/* Levels at `at`; unchanged ones are harmless. What time alone decided before comes first.
 * Returns the number of events in out. */
size_t changeover_levels(struct changeover *c, bool no, bool nc, int64_t at,
                         struct changeover_event out[CHANGEOVER_MAX]);

/* What time alone decides up to `now`. */
size_t changeover_time(struct changeover *c, int64_t now,
                       struct changeover_event out[CHANGEOVER_MAX]);

/* When to call changeover_time next; NS_NEVER at rest. */
int64_t changeover_deadline(const struct changeover *c);

/* The name of a fault in messages ("cut", "short", "tamper", "repaired"; also "pressed",
 * "released"). Static storage. */
const char *changeover_event_name(enum changeover_event_kind k);

#endif
