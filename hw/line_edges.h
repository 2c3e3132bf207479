#ifndef PORCHLIGHT_HW_LINE_EDGES_H
#define PORCHLIGHT_HW_LINE_EDGES_H

#include "hw/line.h"

/* Noticing what a kernel queue has dropped: the half of the gpiod backends that needs no
 * hardware. */

/* The v2 interface numbers a line's edges from 1, wrapping, and drops the oldest of a full queue:
 * true if `seq` does not follow *last, which becomes `seq`. *last is 0 before the first edge. */
bool line_seq_gap(uint32_t *last, uint32_t seq);

/* The v1 interface numbers nothing, queues 16 edges and drops the newest. What is left to see: two
 * edges the same way, and a queue that was found full. */
enum { LINE_V1_QUEUE = 16 };

struct line_v1 {
    bool active;     /* after the last edge, or as last re-read */
    uint32_t seq;    /* edges counted here */
    unsigned queued; /* read since the queue was last empty */
};

/* An edge taken from the queue, at `at` (ns; `now` where the kernel's time is ahead of it, as
 * with old kernels, which stamp edges with the wall clock). */
struct line_edge line_v1_edge(struct line_v1 *v, bool active, int64_t at, int64_t now);

/* The queue is empty. True if it may have been full: the newest edges may be missing, and the
 * caller re-reads the level for line_v1_reread. */
bool line_v1_drained(struct line_v1 *v);

/* The edge that replaces whatever was dropped: the level as re-read, marked lost. */
struct line_edge line_v1_reread(struct line_v1 *v, bool active, int64_t now);

#endif
