#include "kiosk/core/door.h"

#include "kiosk/core/ns.h"

bool door_within_hours(const struct door_rules *r, int minute)
{
    if (r->hours_count == 0)
        return true;
    for (size_t i = 0; i < r->hours_count; i++) {
        const struct door_hours *h = &r->hours[i];
        bool wraps = h->to < h->from;
        if (wraps ? minute >= h->from || minute < h->to : minute >= h->from && minute < h->to)
            return true;
    }
    return false;
}

void door_start(struct door *d, bool open, int64_t masked_until, int64_t now)
{
    *d = (struct door){.open = open, .since = now, .masked_until = masked_until};
}

static int64_t held_at(const struct door *d, const struct door_rules *r)
{
    int64_t at = d->since + r->held_open;
    return at > d->masked_until ? at : d->masked_until;
}

static size_t door_judge(struct door *d, const struct door_rules *r, int minute,
                         enum door_notice out[DOOR_MAX])
{
    if (d->lockdown) {
        d->judged = true;
        out[0] = DOOR_IN_LOCKDOWN;
        return 1;
    }
    d->waits = minute < 0 && r->hours_count > 0;
    if (d->waits)
        return 0;
    d->judged = true;
    if (door_within_hours(r, minute))
        return 0;
    out[0] = DOOR_OUT_OF_HOURS;
    return 1;
}

size_t door_time(struct door *d, const struct door_rules *r, int minute, int64_t now,
                 enum door_notice out[DOOR_MAX])
{
    if (!d->open || now < d->masked_until)
        return 0;
    size_t n = d->judged ? 0 : door_judge(d, r, minute, out);
    if (r->held_open > 0 && !d->held && now >= held_at(d, r)) {
        d->held = true;
        out[n++] = DOOR_HELD_OPEN;
    }
    d->spoken = d->spoken || n > 0;
    return n;
}

static void begin_opening(struct door *d, bool lockdown, int64_t at)
{
    d->open = true;
    d->judged = d->waits = d->held = d->spoken = false;
    d->lockdown = lockdown;
    d->since = at;
}

size_t door_level(struct door *d, const struct door_rules *r, bool open, bool lockdown, int minute,
                  int64_t at, enum door_notice out[DOOR_MAX])
{
    size_t n = door_time(d, r, minute, at, out);
    if (open == d->open)
        return n;
    if (open) {
        begin_opening(d, lockdown, at);
        return door_time(d, r, minute, at, out);
    }
    d->open = false;
    if (d->spoken)
        out[n++] = DOOR_CLOSED;
    return n;
}

int64_t door_deadline(const struct door *d, const struct door_rules *r)
{
    if (!d->open)
        return NS_NEVER;
    int64_t held = r->held_open > 0 && !d->held ? held_at(d, r) : NS_NEVER;
    /* The mask's end matters to an opening that fell into it; a missing clock has no deadline. */
    if (!d->judged && !d->waits && d->masked_until < held)
        return d->masked_until;
    return held;
}

const char *door_notice_name(enum door_notice n)
{
    static const char *const names[] = {
        [DOOR_OUT_OF_HOURS] = "out-of-hours",
        [DOOR_HELD_OPEN] = "held-open",
        [DOOR_IN_LOCKDOWN] = "in-lockdown",
        [DOOR_CLOSED] = "closed",
    };
    return names[n];
}
