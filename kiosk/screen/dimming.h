#ifndef PORCHLIGHT_SCREEN_DIMMING_H
#define PORCHLIGHT_SCREEN_DIMMING_H

#include <stdint.h>

/* How bright the picture is, and how it moves against burn-in. Pure. */

/* The percentage to use instead of `dim` for a picture that is dark at night anyway and is dimmed
 * by drawing: it is dimmed a third as much, or nobody could read it. */
int dimming_drawn_percent(int dim);

/* How bright the picture is meant to be, 0 to 1: full by day, `dim` percent at night, 0 in quiet
 * hours. `altitude`: the sun's, degrees; `minute` of the local day, -1 unknown; `from` and `to` the
 * quiet hours, -1 none. In steps of 1/64, so that it changes seldom. */
float dimming_light(double altitude, int dim, int minute, int from, int to);

/* From `light` towards `goal` for `ns`: at most DIMMING_PACE a second. */
#define DIMMING_PACE 0.04f
float dimming_ease(float light, float goal, int64_t ns);

/* How far words and shore are shifted at a moment, against burn-in: slowly back and forth by
 * `reach` px, one step of 1 px at a time, minutes apart. */
void dimming_shift(int64_t wall_ns, int reach, int *x, int *y);

#endif
