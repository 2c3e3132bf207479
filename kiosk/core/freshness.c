#include "kiosk/core/freshness.h"

#include "kiosk/core/ns.h"

#include <string.h>

/* An age below zero by more than the bound's own error: the reader's clock did not run. */
#define STOOD_STILL (-2 * NS_PER_S)

void freshness_init(struct freshness *f, const bool reads[FRESHNESS_GROUPS])
{
    *f = (struct freshness){.asked = NS_NEVER};
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
        f->groups[i] = (struct freshness_wait){.reads = reads[i], .since = NS_NEVER};
}

void freshness_linked(struct freshness *f, int64_t now)
{
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++) {
        if (f->groups[i].since != NS_NEVER)
            f->groups[i].since = now;
    }
}

/* The reader's monotonic clock did not run, as in a phone's sleep: ages are not known. */
static void freshness_forget(struct freshness *f)
{
    f->anchored = false;
    f->asked = NS_NEVER;
}

/* --- age ------------------------------------------------------------------------------------- */

bool freshness_wants(const struct freshness *f, uint64_t epoch, int64_t now)
{
    bool known = f->anchored && f->epoch == epoch && now - f->anchored_at < FRESHNESS_ANCHOR_LASTS;
    return !known && (f->asked == NS_NEVER || now - f->asked >= FRESHNESS_ASK_EVERY);
}

void freshness_ask(struct freshness *f, const uint8_t nonce[FRESHNESS_NONCE], int64_t now)
{
    memcpy(f->nonce, nonce, sizeof f->nonce);
    f->asked = now;
}

static bool freshness_echoes(const struct freshness *f, const struct freshness_beat *b)
{
    for (size_t i = 0; i < b->echo_count; i++) {
        if (memcmp(b->echo[i], f->nonce, sizeof f->nonce) == 0)
            return true;
    }
    return false;
}

static void freshness_anchor(struct freshness *f, const struct freshness_beat *b, int64_t now)
{
    if (f->asked == NS_NEVER || !freshness_echoes(f, b))
        return;
    int64_t started = f->asked - b->up;
    bool quick = now - f->asked <= FRESHNESS_ROUND_TRIP;
    bool old = now - f->anchored_at >= FRESHNESS_ANCHOR_LASTS;
    f->asked = NS_NEVER; /* each nonce counts once */
    if (!quick || (f->anchored && f->epoch == b->epoch && !old && started <= f->started))
        return;
    f->anchored = true;
    f->epoch = b->epoch;
    f->started = started;
    f->anchored_at = now;
}

int64_t freshness_age(struct freshness *f, uint64_t epoch, int64_t up, int64_t now)
{
    if (!f->anchored || f->epoch != epoch)
        return -1;
    int64_t age = now - f->started - up;
    if (age < STOOD_STILL) {
        freshness_forget(f);
        return -1;
    }
    return age > 0 ? age : 0;
}

/* --- held back ------------------------------------------------------------------------------- */

bool freshness_mark_before(const struct freshness_mark *a, const struct freshness_mark *b)
{
    return a->epoch < b->epoch || (a->epoch == b->epoch && a->seq < b->seq);
}

/* What is lacking now, and since when. */
static void freshness_judge(struct freshness_wait *w, int64_t now)
{
    if (w->since != NS_NEVER && freshness_mark_before(&w->got, &w->lacking))
        return;
    w->since = w->reads && freshness_mark_before(&w->got, &w->named) ? now : NS_NEVER;
    w->lacking = w->named;
}

void freshness_beat(struct freshness *f, const struct freshness_beat *b, int64_t now)
{
    freshness_anchor(f, b, now);
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++) {
        struct freshness_mark named = {b->epoch, b->newest[i]};
        if (b->newest[i] > 0 && freshness_mark_before(&f->groups[i].named, &named))
            f->groups[i].named = named;
        freshness_judge(&f->groups[i], now);
    }
}

void freshness_got(struct freshness *f, enum freshness_group g, uint64_t epoch, uint64_t seq,
                   int64_t now)
{
    struct freshness_mark got = {epoch, seq};
    if (freshness_mark_before(&f->groups[g].got, &got))
        f->groups[g].got = got;
    freshness_judge(&f->groups[g], now);
}

bool freshness_lacks(const struct freshness *f, enum freshness_group g, uint64_t epoch)
{
    return f->groups[g].since != NS_NEVER || f->groups[g].got.epoch < epoch;
}

bool freshness_held(const struct freshness *f, int64_t now)
{
    int64_t due = freshness_deadline(f);
    return due != NS_NEVER && now >= due;
}

int64_t freshness_deadline(const struct freshness *f)
{
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
        if (f->groups[i].since < first)
            first = f->groups[i].since;
    return first == NS_NEVER ? NS_NEVER : first + FRESHNESS_HELD_AFTER;
}
