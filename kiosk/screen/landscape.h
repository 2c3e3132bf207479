#ifndef PORCHLIGHT_SCREEN_LANDSCAPE_H
#define PORCHLIGHT_SCREEN_LANDSCAPE_H

#include "kiosk/screen/geometry.h"
#include "kiosk/screen/scene.h"
#include "kiosk/screen/sky.h"
#include "kiosk/screen/sun.h"

/* Lake, hills and shore in the light of a moment: the lower half of the scene window, and a band
 * (the frieze) at the bottom of the other scenes. */

struct light {
    struct sky sky;
    struct sky_place sun, moon;
    int64_t wall;  /* the moment these were taken for, ns since 1970 */
    float seconds; /* drift of what moves, in steps of LIGHT_STEP */
};

/* What moves is moved this often, ns; the sky's light changes in steps of LIGHT_SKY_STEP. */
#define LIGHT_STEP     (INT64_C(250) * 1000000)
#define LIGHT_SKY_STEP (INT64_C(15) * 1000000000)

struct light light_at(const struct scene_state *s, struct scene_time t);

/* Everything from the mountains down, cue included. `glint_x`: where the light is reflected. */
void landscape_draw(struct items *l, const struct frame *f, const struct geometry *geometry,
                    const struct light *light, const struct scene_state *s, float glint_x);

/* The frieze: the landscape as a band at the bottom of the picture, fading in from above. */
void landscape_frieze(struct items *l, const struct geometry *geometry, const struct light *light,
                      const struct scene_state *s);

/* The lowest baseline of words above the frieze: what flies there reaches over its upper edge. */
float landscape_words_lowest(const struct geometry *geometry);

#endif
