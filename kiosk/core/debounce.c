#include "kiosk/core/debounce.h"

#include "kiosk/core/ns.h"

void debounce_start(struct debounce *d, int64_t settle, bool level, int64_t now)
{
    *d = (struct debounce){.settle = settle, .level = level, .raw = level, .raw_since = now};
}

void debounce_level(struct debounce *d, bool level, int64_t at)
{
    if (level == d->raw)
        return;
    d->raw = level;
    d->raw_since = at;
}

bool debounce_settle(struct debounce *d, int64_t now, int64_t *since)
{
    if (now < debounce_deadline(d))
        return false;
    d->level = d->raw;
    *since = d->raw_since;
    return true;
}

int64_t debounce_horizon(const struct debounce *d, int64_t now)
{
    return d->raw != d->level && d->raw_since < now ? d->raw_since : now;
}

int64_t debounce_deadline(const struct debounce *d)
{
    return d->raw != d->level ? d->raw_since + d->settle : NS_NEVER;
}
