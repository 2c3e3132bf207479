#include "kiosk/screen/show.h"

#include <string.h>

struct wanted {
    float part[SHOW_PARTS];
    int birds, ducks;
};

static struct wanted wanted_of(const struct cue *c)
{
    struct wanted w = {.birds = 0};
    bool out = c->signs & CUE_ACCEPTED, near = c->signs & CUE_LAN_ONLY;
    bool here[SHOW_PARTS] = {
        [SHOW_BOAT_OUT] = out,
        [SHOW_BOAT_NEAR] = near && !out,
        [SHOW_BOAT_MOORED] = (c->signs & CUE_SENSED) && !near && !out,
        [SHOW_WINDOW] = !(c->signs & CUE_NOBODY),
        [SHOW_SMOKE] = !(c->signs & CUE_RELAY_DEAD),
        [SHOW_MIST] = c->signs & CUE_NO_PATH,
        [SHOW_LADDER] = c->signs & CUE_FAULT,
        [SHOW_KITE] = c->signs & CUE_DRILL,
    };
    for (int k = 0; k < SHOW_PARTS; k++)
        w.part[k] = here[k] ? 1.0f : 0.0f;
    uint32_t seen = c->signs & CUE_SEEN ? c->seen : 0;
    uint32_t safe = c->signs & CUE_SEEN ? c->safe : 0;
    w.birds = seen < SHOW_FLOCK ? (int)seen : SHOW_FLOCK;
    w.ducks = safe < SHOW_FLOCK ? (int)safe : SHOW_FLOCK;
    return w;
}

static float present(int k, int count)
{
    return k < count ? 1.0f : 0.0f;
}

/* Moves *value towards `to` by at most `by`; true while it is not there. */
static bool move(float *value, float to, float by)
{
    if (*value < to)
        *value = *value + by < to ? *value + by : to;
    else if (*value > to)
        *value = *value - by > to ? *value - by : to;
    return *value < to || *value > to;
}

void show_start(struct show *s, const struct cue *cue, int64_t now)
{
    memset(s, 0, sizeof *s);
    s->cue = *cue;
    s->at = now;
    struct wanted w = wanted_of(cue);
    memcpy(s->part, w.part, sizeof s->part);
    for (int k = 0; k < SHOW_FLOCK; k++) {
        s->birds[k] = present(k, w.birds);
        s->ducks[k] = present(k, w.ducks);
    }
}

void show_step(struct show *s, int64_t now)
{
    struct wanted w = wanted_of(&s->cue);
    float by = now > s->at ? (float)((double)(now - s->at) / (double)SHOW_FADE) : 0;
    s->at = now;
    s->moving = false;
    for (int k = 0; k < SHOW_PARTS; k++)
        s->moving |= move(&s->part[k], w.part[k], by);
    for (int k = 0; k < SHOW_FLOCK; k++) {
        s->moving |= move(&s->birds[k], present(k, w.birds), by);
        s->moving |= move(&s->ducks[k], present(k, w.ducks), by);
    }
}

void show_cue(struct show *s, const struct cue *cue, int64_t now)
{
    show_step(s, now);
    s->cue = *cue;
    show_step(s, now);
}
