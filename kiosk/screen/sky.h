#ifndef PORCHLIGHT_SCREEN_SKY_H
#define PORCHLIGHT_SCREEN_SKY_H

#include "kiosk/screen/items.h"

/* The window's palette: every colour of the landscape from the sun's height, so that all of them
 * move together. Seven anchors from deep night to high day, with an evening and a morning of
 * their own; between them colours are blended smoothly. */
enum { SKY_STOPS = 5 };

struct sky {
    struct ink ramp[SKY_STOPS]; /* zenith to waterline, at the parts sky_stop() */
    struct ink land;            /* the nearest shore's own colour in this light */
    struct ink lit;             /* what catches the light: walls, sails, cloud tops */
    struct ink shade;           /* cloud undersides */
    struct ink disc;            /* the sun's face and glow */
    struct ink words;           /* text that can be read on this sky */
    float stars;                /* 0 to 1 */
    float night;                /* 0 day to 1 night: lamps, the moon's face */
};

/* `altitude` in degrees; `morning` 0 evening to 1 morning. */
struct sky sky_of(float altitude, float morning);

/* Which part of the sky's height, from the zenith, is above a stop of its ramp; and its colour
 * there. */
float sky_stop(int k);
struct ink sky_at(const struct sky *sky, float part);

struct ink ink_mix(struct ink a, struct ink b, float t);
struct ink ink_fade(struct ink a, float alpha); /* the same with this alpha */

#endif
