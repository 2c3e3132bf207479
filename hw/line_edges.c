#include "hw/line_edges.h"

bool line_seq_gap(uint32_t *last, uint32_t seq)
{
    bool gap = seq != *last + 1;
    *last = seq;
    return gap;
}

struct line_edge line_v1_edge(struct line_v1 *v, bool active, int64_t at, int64_t now)
{
    struct line_edge e = {
        .at = at > now ? now : at,
        .active = active,
        .lost = active == v->active,
        .seq = ++v->seq,
    };
    v->active = active;
    v->queued++;
    return e;
}

bool line_v1_drained(struct line_v1 *v)
{
    bool was_full = v->queued >= LINE_V1_QUEUE;
    v->queued = 0;
    return was_full;
}

struct line_edge line_v1_reread(struct line_v1 *v, bool active, int64_t now)
{
    v->active = active;
    return (struct line_edge){.at = now, .active = active, .lost = true, .seq = ++v->seq};
}
