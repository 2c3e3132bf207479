#ifndef PORCHLIGHT_CORE_PATTERN_H
#define PORCHLIGHT_CORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How one output shows things: trains of pulses, one after the other, and below them a rhythm for
 * as long as something lasts. Pure: time in, level out. A step that comes late is never left out,
 * so that pulses can be counted by whoever feels them. All times in ns. */
struct pattern {
    int pulses;      /* 0: a rhythm */
    int64_t on, off; /* of one pulse; on 0: steady */
};

enum { PATTERN_WAITING = 4 }; /* trains that wait for their turn; more are dropped */

struct pattern_player {
    struct pattern waiting[PATTERN_WAITING];
    size_t count;
    struct pattern train; /* the one that is played */
    int halves;           /* of its pulses that are still to come: on, off, on, off */
    bool resting;         /* after it, before whatever is next */
    struct pattern rhythm;
    bool lasts;  /* the rhythm is to be shown */
    bool level;  /* now */
    int64_t due; /* when it may change next; NS_NEVER: not by time alone */
};

void pattern_init(struct pattern_player *p);

/* Plays a train, after those that wait. */
void pattern_once(struct pattern_player *p, const struct pattern *train);

/* Shows this rhythm from now on; NULL: none. The same as before is harmless. */
void pattern_last(struct pattern_player *p, const struct pattern *rhythm);

/* The level at `now`, which never decreases. */
bool pattern_level(struct pattern_player *p, int64_t now);

/* When to ask again; NS_NEVER: not by time alone. */
int64_t pattern_deadline(const struct pattern_player *p);

#endif
