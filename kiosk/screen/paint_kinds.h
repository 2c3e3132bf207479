#ifndef PORCHLIGHT_SCREEN_PAINT_KINDS_H
#define PORCHLIGHT_SCREEN_PAINT_KINDS_H

#include "kiosk/screen/items.h"

/* What paint.c and its brushes share. One function a kind of item; each paints `part`, which is
 * inside the item's box and inside the band. */

typedef float pixel __attribute__((vector_size(16))); /* r g b -, 0 to 255 */

struct cloud_map;

struct band {
    int room;        /* widest part */
    struct box part; /* what the band holds, in picture pixels */
    pixel *pixels;   /* (part.x1 - part.x0) a row */
    float *scratch;  /* room * 2 + 4096 */
    const struct cloud_map *clouds;
};

static inline pixel *band_at(struct band *b, int x, int y)
{
    return b->pixels + (ptrdiff_t)(y - b->part.y0) * (b->part.x1 - b->part.x0) + (x - b->part.x0);
}

static inline pixel pixel_of(struct ink i)
{
    return (pixel){i.r, i.g, i.b, 0};
}

void paint_ramp(struct band *b, const struct item *i, struct box part);
void paint_glow(struct band *b, const struct item *i, struct box part);
void paint_disc(struct band *b, const struct item *i, struct box part);
void paint_moon(struct band *b, const struct item *i, struct box part);
void paint_ridge(struct band *b, const struct item *i, struct box part);
void paint_cloud(struct band *b, const struct item *i, struct box part);
void paint_poly(struct band *b, const struct item *i, struct box part);
void paint_glint(struct band *b, const struct item *i, struct box part);
void paint_mask(struct band *b, const struct item *i, struct box part);
void paint_image(struct band *b, const struct item *i, struct box part);

/* The cloud maps: two layers of tiling noise, made once from fixed numbers (paint_cloud.c). */
struct cloud_map *cloud_map_new(void);
void cloud_map_free(struct cloud_map *m);

#endif
