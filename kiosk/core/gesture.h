#ifndef PORCHLIGHT_CORE_GESTURE_H
#define PORCHLIGHT_CORE_GESTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a hand did at one switch. Each switch has a recogniser of its own. Input is a debounced
 * level; a gesture is complete at the moment its last condition is decided: the hold has lasted,
 * or the gap after the last press has expired. */
enum gesture {
    GESTURE_SENSED,   /* a press began: for the cue, nothing else */
    GESTURE_IGNORED,  /* one short press: a bumped switch */
    GESTURE_LOCKDOWN, /* held for rules.hold, whatever presses came before */
    GESTURE_WIPE,     /* the same press, held until rules.wipe_hold */
    GESTURE_CAUTION,  /* two presses */
    GESTURE_UNCLEAR,  /* three presses, or one or two with one too long for a press */
    GESTURE_CODE,     /* the venue's own count */
    GESTURE_DURESS,   /* any other count of four or more */
    GESTURE_STUCK,    /* held for rules.stuck: a fault */
    GESTURE_FOUND,    /* pressed at start: a fault, not a press */
    GESTURE_FREED,    /* a fault's end: the switch was released */
};

/* All in ns. config/ refuses overlaps: settle < press_max < hold < wipe_hold < stuck. */
struct gesture_rules {
    int64_t press_max; /* a longer press that is no hold makes a short train unclear */
    int64_t gap;       /* after a release, the next press within this continues the train */
    int64_t hold;
    int64_t wipe_hold; /* 0: this switch wipes nothing */
    int64_t stuck;
    int code; /* presses, >= 4 */
};

struct gesture_state {
    bool pressed;
    bool fault;      /* stuck or found pressed: silent until released */
    int presses;     /* finished presses of the running train */
    bool long_press; /* one of them was longer than press_max */
    int held;        /* what this press has already decided: 0, 1 lockdown, 2 wipe */
    int64_t since;   /* when the level last changed */
};

enum { GESTURE_MAX = 5 }; /* most gestures one step can decide */

/* The level found at start. Returns the number of gestures in out (FOUND, or none). */
size_t gesture_start(struct gesture_state *g, bool pressed, int64_t now,
                     enum gesture out[GESTURE_MAX]);

/* The debounced level changed at `at` (an unchanged level is harmless). Whatever
 * time alone had decided before `at` comes first in out. */
size_t gesture_level(struct gesture_state *g, const struct gesture_rules *r, bool pressed,
                     int64_t at, enum gesture out[GESTURE_MAX]);

/* What time alone decides up to `now`. */
size_t gesture_time(struct gesture_state *g, const struct gesture_rules *r, int64_t now,
                    enum gesture out[GESTURE_MAX]);

/* The switch itself is gone since `now`: nobody can say any more when a press of it ended. A press
 * that lasts is then none, and two or more before it are unclear. A train without it goes on: its
 * gap decides. */
size_t gesture_lost(struct gesture_state *g, const struct gesture_rules *r, int64_t now,
                    enum gesture out[GESTURE_MAX]);

/* When to call gesture_time next; NS_NEVER at rest. */
int64_t gesture_deadline(const struct gesture_state *g, const struct gesture_rules *r);

/* The word used in logs, timelines and tests. Static storage. */
const char *gesture_name(enum gesture g);

#endif
