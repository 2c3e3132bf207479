#ifndef PORCHLIGHT_CORE_DRILL_H
#define PORCHLIGHT_CORE_DRILL_H

#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stdint.h>

/* What the kiosk keeps of the last drill, in RAM alone. */
struct drill_result {
    char at[MESSAGE_AT_MAX];   /* when it ended; empty: none since the start */
    uint32_t seen, safe, rang; /* phones that answered so */
};

/* The weekly drill: once in its window, at a moment that nobody knows beforehand. Kept in RAM
 * alone; a restart inside the window may bring a second drill, never none. */
struct drill_plan {
    int from, to; /* minutes of the week, [from, to), may wrap; both -1: no weekly drill */
    int chosen;   /* minutes after `from`; -1: not in the window */
    bool done;    /* this week's was begun */
};

void drill_plan_init(struct drill_plan *p, int from, int to);

/* True once in each window. `minute`: of the week, 0 to 10079, or -1 while the clock is not set.
 * `random`: any number, used when the window is entered. */
bool drill_due(struct drill_plan *p, int minute, uint32_t random);

#endif
