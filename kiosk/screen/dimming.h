#ifndef PORCHLIGHT_SCREEN_DIMMING_H
#define PORCHLIGHT_SCREEN_DIMMING_H

#include <stdint.h>

/* What is done for the panel and for the eyes in front of it. Pure. */

/* What is left of `dim` percent for a picture that is dark at night by itself and dimmed by
 * drawing: a third of the way, or nobody could read it. */
int dimming_drawn_percent(int dim);

/* How bright the picture is meant to be, 0 to 1: full by day, `dim` percent at night, 0 in quiet
 * hours. `altitude`: the sun's, degrees; `minute` of the local day, -1 unknown; `from` and `to` the
 * quiet hours, -1 none. In steps of 1/64, so that it changes seldom. */
float dimming_light(double altitude, int dim, int minute, int from, int to);

/* From `light` towards `goal` for `ns`: at most DIMMING_PACE a second. */
#define DIMMING_PACE 0.04f
float dimming_ease(float light, float goal, int64_t ns);

/* Where words and shore stand at a moment, against burn-in: a slow round of `reach` px either way,
 * one step of 1 px at a time, minutes apart. */
void dimming_shift(int64_t wall_ns, int reach, int *x, int *y);

#endif
