#include "kiosk/screen/cue_fade.h"

#include <string.h>

struct wanted {
    float part[CUE_FADE_PARTS];
    int birds, ducks;
};

static struct wanted wanted_of(const struct cue *c)
{
    static const int flock[] = {[CUE_NONE] = 0, [CUE_ONE] = 1, [CUE_SOME] = 3, [CUE_MOST] = 5};
    struct wanted w = {.birds = 0};
    bool out = c->signs & CUE_ACCEPTED, near = c->signs & CUE_LAN_ONLY;
    bool here[CUE_FADE_PARTS] = {
        [CUE_FADE_BOAT_OUT] = out,
        [CUE_FADE_BOAT_NEAR] = near && !out,
        [CUE_FADE_BOAT_MOORED] = (c->signs & CUE_SENSED) && !near && !out,
        [CUE_FADE_WINDOW] = !(c->signs & CUE_NOBODY),
        [CUE_FADE_SMOKE] = !(c->signs & CUE_RELAY_DEAD),
        [CUE_FADE_MIST] = c->signs & CUE_NO_PATH,
        [CUE_FADE_LADDER] = c->signs & CUE_FAULT,
        [CUE_FADE_KITE] = c->signs & CUE_DRILL,
    };
    for (int k = 0; k < CUE_FADE_PARTS; k++)
        w.part[k] = here[k] ? 1.0f : 0.0f;
    if (c->signs & CUE_SEEN) {
        w.birds = flock[cue_share(c->seen, c->members)];
        w.ducks = flock[cue_share(c->safe, c->members)];
    }
    return w;
}

static float is_there(int k, int count)
{
    return k < count ? 1.0f : 0.0f;
}

/* Moves *value towards `to` by at most `by`; true while it has not arrived. */
static bool move(float *value, float to, float by)
{
    if (*value < to)
        *value = *value + by < to ? *value + by : to;
    else if (*value > to)
        *value = *value - by > to ? *value - by : to;
    return *value < to || *value > to;
}

void cue_fade_start(struct cue_fade *f, const struct cue *cue, int64_t now)
{
    memset(f, 0, sizeof *f);
    f->cue = *cue;
    f->at = now;
    struct wanted w = wanted_of(cue);
    memcpy(f->part, w.part, sizeof f->part);
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        f->birds[k] = is_there(k, w.birds);
        f->ducks[k] = is_there(k, w.ducks);
    }
}

void cue_fade_step(struct cue_fade *f, int64_t now)
{
    struct wanted w = wanted_of(&f->cue);
    float by = now > f->at ? (float)((double)(now - f->at) / (double)CUE_FADE_TIME) : 0;
    f->at = now;
    f->moving = false;
    for (int k = 0; k < CUE_FADE_PARTS; k++)
        f->moving |= move(&f->part[k], w.part[k], by);
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        f->moving |= move(&f->birds[k], is_there(k, w.birds), by);
        f->moving |= move(&f->ducks[k], is_there(k, w.ducks), by);
    }
}

void cue_fade_to(struct cue_fade *f, const struct cue *cue, int64_t now)
{
    cue_fade_step(f, now);
    f->cue = *cue;
    cue_fade_step(f, now);
}
