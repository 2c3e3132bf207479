#include "kiosk/core/pattern.h"

#include "kiosk/core/ns.h"

#include <string.h>

/* Between two trains, in pauses of the first: longer than any pause within one. */
enum { REST = 3 };

void pattern_init(struct pattern_player *p)
{
    *p = (struct pattern_player){.due = NS_NEVER};
}

static bool pattern_is_playing(const struct pattern_player *p)
{
    return p->halves > 0 || p->resting;
}

/* Whatever is shown now gives way at once, but for a train. */
static void pattern_hurry(struct pattern_player *p)
{
    if (!pattern_is_playing(p))
        p->due = INT64_MIN;
}

void pattern_once(struct pattern_player *p, const struct pattern *train)
{
    if (p->count == PATTERN_WAITING)
        return;
    p->waiting[p->count++] = *train;
    pattern_hurry(p);
}

void pattern_last(struct pattern_player *p, const struct pattern *rhythm)
{
    bool same =
        rhythm ? p->lasts && rhythm->on == p->rhythm.on && rhythm->off == p->rhythm.off : !p->lasts;
    if (same)
        return;
    p->lasts = rhythm;
    if (rhythm)
        p->rhythm = *rhythm;
    if (!pattern_is_playing(p))
        p->level = false; /* a rhythm begins with its pulse */
    pattern_hurry(p);
}

static void train_step(struct pattern_player *p, int64_t now)
{
    p->halves--;
    p->level = p->halves % 2 == 1;
    p->resting = p->halves == 0;
    p->due = now + (p->level ? p->train.on : p->resting ? REST * p->train.off : p->train.off);
}

/* A train that interrupts a lit lamp begins with a pause. */
static void train_begin(struct pattern_player *p, int64_t now)
{
    p->train = p->waiting[0];
    p->count--;
    memmove(p->waiting, p->waiting + 1, p->count * sizeof p->waiting[0]);
    p->halves = 2 * p->train.pulses;
    p->resting = false;
    if (!p->level) {
        train_step(p, now);
        return;
    }
    p->level = false;
    p->due = now + REST * p->train.off;
}

static void rhythm_step(struct pattern_player *p, int64_t now)
{
    p->level = p->lasts && (p->rhythm.on == 0 || !p->level);
    p->due =
        !p->lasts || p->rhythm.on == 0 ? NS_NEVER : now + (p->level ? p->rhythm.on : p->rhythm.off);
}

bool pattern_level(struct pattern_player *p, int64_t now)
{
    if (now < p->due)
        return p->level;
    if (p->halves > 0) {
        train_step(p, now);
    } else if (p->count > 0) {
        train_begin(p, now);
    } else {
        p->resting = false;
        rhythm_step(p, now);
    }
    return p->level;
}

int64_t pattern_deadline(const struct pattern_player *p)
{
    return p->due;
}
