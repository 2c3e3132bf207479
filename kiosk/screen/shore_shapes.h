#ifndef PORCHLIGHT_SCREEN_SHORE_SHAPES_H
#define PORCHLIGHT_SCREEN_SHORE_SHAPES_H

#include "kiosk/screen/items.h"
#include "kiosk/screen/shore.h"

#include <stdint.h>

/* What shore.c and shore_house.c draw with. */

/* Contrast that the parts of the cue are drawn with; staff need 1.8 once the eye has blurred it. */
#define SHORE_CONTRAST 2.6f

/* The colour 0xRRGGBB with alpha `a`, 0 to 1; and as it looks in this light, drawn towards the
 * land's own colour at night. */
struct ink shore_hex(uint32_t v, float a);
struct ink shore_light(const struct shore *s, uint32_t day, float a);

/* A polygon of `count` points in units of `scale` px, at x, y px; a rectangle in px. */
void shore_poly(struct items *l, const float *unit, int count, float x, float y, float scale,
                struct ink ink);
void shore_block(struct items *l, float x, float y, float w, float h, struct ink ink);

/* A slow swing, -1 to 1: `rate` in radians a second, from `turn` radians on. 0 with reduced
 * motion. */
float shore_sway(const struct shore *s, float rate, float turn);

#endif
