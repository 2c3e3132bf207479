#ifndef PORCHLIGHT_SCREEN_TONE_H
#define PORCHLIGHT_SCREEN_TONE_H

#include "kiosk/screen/sky.h"

/* Colours that can be told from what is behind them, in every light. */

/* A colour of this contrast (WCAG 2: 1 none, 21 black on white) to `background`, as far as there is
 * one: the hue `dark` on a light background, the hue `light` on a dark one. Between the two, while
 * the light of a dawn changes by a tenth, it is a mix of them. Opaque. */
struct ink tone_against(struct ink background, struct ink dark, struct ink light, float contrast);

/* As tone_against, for what is drawn in two halves: they turn one after the other, so that there is
 * always one of them to be seen. */
void tone_halves(struct ink background, struct ink dark, struct ink light, float contrast,
                 struct ink half[2]);

/* As tone_against, in one direction alone. */
struct ink tone_darker(struct ink background, struct ink hue, float contrast);
struct ink tone_lighter(struct ink background, struct ink hue, float contrast);

#endif
