#include "hw/line_keys.h"

/* What the kernel writes as an event's value. */
enum { RELEASED, PRESSED, REPEATED };

static int64_t event_at(const struct input_event *e, int64_t now)
{
    int64_t at = (int64_t)e->input_event_sec * 1000000000 + (int64_t)e->input_event_usec * 1000;
    return at > now ? now : at;
}

bool line_keys_event(struct line_keys *k, const struct input_event *e, int64_t now,
                     struct line_edge *edge)
{
    unsigned before = k->down;
    if (e->type != EV_KEY || e->value == REPEATED)
        return false;
    for (size_t i = 0; i < k->count; i++)
        if (k->codes[i] == e->code)
            k->down = e->value == PRESSED ? k->down | 1u << i : k->down & ~(1u << i);
    if ((before != 0) == (k->down != 0))
        return false;
    *edge = (struct line_edge){.at = event_at(e, now), .active = k->down != 0, .seq = ++k->seq};
    return true;
}

struct line_edge line_keys_reread(struct line_keys *k, unsigned down, int64_t now)
{
    k->down = down;
    return (struct line_edge){.at = now, .active = down != 0, .lost = true, .seq = ++k->seq};
}
