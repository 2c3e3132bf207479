#ifndef PORCHLIGHT_SCREEN_PAINT_H
#define PORCHLIGHT_SCREEN_PAINT_H

#include "kiosk/screen/items.h"

/* Turns a list of items into pixels, in software, a band of rows at a time: the memory of
 * a band fits into the processor's cache, and no second picture is kept. Colours are blended as
 * floats and dithered once at the end, so that no gradient shows steps. Gives the same pixels for
 * the same list, whatever part is asked for. */
struct paint;

/* NULL with errno on failure. For pictures at most `w` wide. */
struct paint *paint_new(int w);
void paint_free(struct paint *p);

enum { PAINT_ROWS = 16 };

/* Paints rows [part.y0, part.y1) and columns [part.x0, part.x1) of the picture; at most PAINT_ROWS
 * rows. The result is w = part.x1 - part.x0 pixels a row, 0xffRRGGBB, valid until the next call.
 * `light` scales brightness, 0 to 1: dimming by drawing. */
const uint32_t *paint_band(struct paint *p, const struct items *l, struct box part, float light);

/* The whole picture into out (w * h pixels). */
void paint_all(struct paint *p, const struct items *l, float light, uint32_t *out);

#endif
