#include "kiosk/core/debounce.h"

#include "kiosk/core/ns.h"

/* Closed time weighs a third of open time, whichever of the two is the doubt: see debounce.h. */
enum { OPEN_WEIGHS = 3 };

void debounce_start(struct debounce *d, int64_t settle, bool level, int64_t now)
{
    *d = (struct debounce){.settle = settle,
                           .closed = true,
                           .level = level,
                           .raw = level,
                           .raw_since = now,
                           .counted = now};
}

void debounce_closed_is(struct debounce *d, bool level)
{
    d->closed = level;
}

/* When a line that is back at the level that counts has paid back all doubt. */
static int64_t made_good(const struct debounce *d)
{
    if (d->level == d->closed)
        return d->counted + d->doubt * OPEN_WEIGHS;
    int64_t eaten = d->counted + d->doubt / OPEN_WEIGHS;
    int64_t at_once = d->raw_since + DEBOUNCE_OPEN;
    return eaten < at_once ? eaten : at_once;
}

static int64_t made_good_by(const struct debounce *d, int64_t span)
{
    return d->level == d->closed ? span / OPEN_WEIGHS : span * OPEN_WEIGHS;
}

static void count(struct debounce *d, int64_t now)
{
    int64_t span = now - d->counted;
    if (span <= 0)
        return;
    if (d->raw != d->level) {
        if (d->doubt == 0)
            d->doubted = d->counted;
        d->doubt += span;
    } else {
        d->doubt = now >= made_good(d) ? 0 : d->doubt - made_good_by(d, span);
    }
    d->counted = now;
}

void debounce_level(struct debounce *d, bool level, int64_t at)
{
    if (level == d->raw)
        return;
    count(d, at);
    d->raw = level;
    d->raw_since = at;
}

static int64_t latest(int64_t a, int64_t b, int64_t c)
{
    int64_t ab = a > b ? a : b;
    return ab > c ? ab : c;
}

/* When the doubt outweighs the level that counts, although the line was never still. */
static int64_t outweighed(const struct debounce *d)
{
    if (d->doubt == 0)
        return NS_NEVER;
    int64_t patience = d->level == d->closed ? DEBOUNCE_BURST : DEBOUNCE_PROOF;
    return latest(d->counted + d->settle - d->doubt, d->doubted + patience,
                  d->raw_since + DEBOUNCE_OPEN);
}

bool debounce_settle(struct debounce *d, int64_t now, int64_t *since)
{
    if (d->raw == d->level) {
        count(d, now);
        return false;
    }
    int64_t settled = d->raw_since + d->settle, doubt_wins = outweighed(d);
    if (now < settled && now < doubt_wins)
        return false;
    *since = settled <= doubt_wins ? d->raw_since : d->doubted;
    d->level = d->raw;
    d->doubt = 0;
    d->counted = now;
    return true;
}

int64_t debounce_horizon(const struct debounce *d, int64_t now)
{
    int64_t since = now;
    if (d->raw != d->level)
        since = d->raw_since;
    if (d->doubt > 0 && d->doubted < since)
        since = d->doubted;
    if (since < now - DEBOUNCE_DOUBT)
        since = now - DEBOUNCE_DOUBT;
    return since < now ? since : now;
}

int64_t debounce_deadline(const struct debounce *d)
{
    if (d->raw == d->level)
        return d->doubt > 0 ? made_good(d) : NS_NEVER;
    int64_t settled = d->raw_since + d->settle, doubt_wins = outweighed(d);
    return settled < doubt_wins ? settled : doubt_wins;
}
