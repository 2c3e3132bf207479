#ifndef PORCHLIGHT_SCREEN_DRAW_IMAGE_H
#define PORCHLIGHT_SCREEN_DRAW_IMAGE_H

#include <stdint.h>

/* Pixels (0xffRRGGBB, w * h) to a PNG file: written beside it, then renamed over it, so that
 * a reader never finds half of it. 0 or -1 with errno. */
int image_save(const char *path, const uint32_t *pixels, int w, int h);

#endif
