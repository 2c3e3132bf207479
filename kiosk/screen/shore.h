#ifndef PORCHLIGHT_SCREEN_SHORE_H
#define PORCHLIGHT_SCREEN_SHORE_H

#include "kiosk/screen/cue_fade.h"
#include "kiosk/screen/geometry.h"
#include "kiosk/screen/sky.h"

/* The shore, whose parts are the cue: a house, a jetty, a boat, birds, ducks, a kite, smoke, mist.
 * They are the same in every scene, so that staff learn one legend (core/legend.h). */

struct shore {
    const struct frame *frame;
    float x, y; /* the house: middle of its foot */
    float left; /* px by which everything is shifted, against burn-in */
    struct sky sky;
    float drift; /* seconds of a clock that never jumps */
    bool still;  /* reduced motion */
    bool pale;   /* birds and kite are light: the background is dark */
    float u;     /* the frame's */
};

/* What flies or floats behind the headland: mist, boat out, ducks, birds, kite. */
void shore_far(struct items *l, const struct shore *s, const struct cue_fade *show);

/* House, jetty and moored boat. */
void shore_near(struct items *l, const struct shore *s, const struct cue_fade *show);

#endif
