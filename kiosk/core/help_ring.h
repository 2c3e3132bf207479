#ifndef PORCHLIGHT_CORE_HELP_RING_H
#define PORCHLIGHT_CORE_HELP_RING_H

#include <stdbool.h>
#include <stdint.h>

/* When "I need help" rings staff. Pure. A phone's first time in an alert always does, at once. Once
 * more by a phone that has asked before does too, but of these one ring in `pause` is enough for
 * all: the others wait for the next, so that none is lost and none can ring staff without end.
 * Times are ns, monotonic; `pause` is [timing] help_again. */
struct help_ring {
    int64_t rung_at; /* for any phone; 0: not in this alert */
    bool waits;      /* somebody has asked again since */
};

/* A phone asks; `first`: not before in this alert. Whether staff are rung now. */
bool help_ring_ask(struct help_ring *h, bool first, int64_t pause, int64_t now);

/* Time has passed: whether staff are rung now, for whoever waits. */
bool help_ring_time(struct help_ring *h, int64_t pause, int64_t now);
int64_t help_ring_deadline(const struct help_ring *h, int64_t pause); /* NS_NEVER: nobody waits */

#endif
