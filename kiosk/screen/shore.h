#ifndef PORCHLIGHT_SCREEN_SHORE_H
#define PORCHLIGHT_SCREEN_SHORE_H

#include "kiosk/screen/cue_fade.h"
#include "kiosk/screen/geometry.h"
#include "kiosk/screen/sky.h"

/* The shore that carries the cue: a house, a jetty, a boat, birds, ducks, a kite, smoke, mist. One
 * vocabulary for every scene, so that staff learn one legend (core/legend.h). */

struct shore {
    const struct frame *frame;
    float x, y; /* where the house stands: middle of its foot */
    float left; /* px by which all is moved against burn-in */
    struct sky sky;
    float drift; /* seconds on the clock that never jumps */
    bool still;  /* reduced motion */
    bool pale;   /* what flies is light: the wall behind is dark */
    float u;     /* the frame's */
};

/* What flies or floats behind the headland: mist, boat out, ducks, birds, kite. */
void shore_far(struct items *l, const struct shore *s, const struct cue_fade *show);

/* House, jetty and what lies there. */
void shore_near(struct items *l, const struct shore *s, const struct cue_fade *show);

#endif
