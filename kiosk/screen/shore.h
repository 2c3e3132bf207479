#ifndef PORCHLIGHT_SCREEN_SHORE_H
#define PORCHLIGHT_SCREEN_SHORE_H

#include "kiosk/screen/cue_fade.h"
#include "kiosk/screen/geometry.h"
#include "kiosk/screen/sky.h"

/* The shore, whose parts are the cue: a house, a jetty, a boat, birds, ducks, a kite, smoke, mist.
 * They are the same in every scene, so that staff learn one legend (core/legend.h). Sizes are in
 * units of the cue (struct frame), so that they can be read on a small panel as on a large one. */

struct shore {
    const struct frame *frame;
    float x, y; /* the house: middle of its foot */
    float left; /* px by which everything is shifted, against burn-in */
    struct sky sky;
    float lamp;  /* how far lamps are lit, 0 to 1 */
    float drift; /* seconds of a clock that never jumps */
    bool still;  /* reduced motion */
    float k;     /* the frame's */
};

/* What flies or floats behind the headland: mist, boat out, ducks, birds, kite. */
void shore_far(struct items *l, const struct shore *s, const struct cue_fade *show);

/* How far a glint may be seen at x, y px of the water that reaches `reach` px to both sides, 0 to
 * 1: none is where a boat near the shore is, or would be, for its sails are known by their light.
 * In a band the light's path is elsewhere. On a standing panel none is among the ducks either. */
float shore_free(const struct frame *f, float x, float y, float reach);

/* Jetty and moored boat, then trees and house (shore_house.c). */
void shore_near(struct items *l, const struct shore *s, const struct cue_fade *show);
void shore_house(struct items *l, const struct shore *s, const struct cue_fade *show);

#endif
