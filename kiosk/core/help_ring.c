#include "kiosk/core/help_ring.h"

#include "kiosk/core/ns.h"

bool help_ring_ask(struct help_ring *h, bool first, int64_t pause, int64_t now)
{
    h->waits = true;
    if (!first)
        return help_ring_time(h, pause, now);
    *h = (struct help_ring){.rung_at = now};
    return true;
}

bool help_ring_time(struct help_ring *h, int64_t pause, int64_t now)
{
    if (now < help_ring_deadline(h, pause))
        return false;
    *h = (struct help_ring){.rung_at = now};
    return true;
}

int64_t help_ring_deadline(const struct help_ring *h, int64_t pause)
{
    return h->waits ? h->rung_at + pause : NS_NEVER;
}
