#include "kiosk/screen/paint.h"

#include "kiosk/screen/paint_kinds.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DITHER = 64 };

struct paint {
    struct band band;
    uint32_t *out;
    float dither[DITHER * DITHER];
    struct cloud_map *clouds;
};

struct paint *paint_new(int w)
{
    if (w < 1 || w > 8192) {
        errno = EINVAL;
        return NULL;
    }
    struct paint *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->band.room = w;
    p->band.pixels = aligned_alloc(64, sizeof(pixel) * (size_t)(w + 4) / 4 * 4 * PAINT_ROWS);
    p->band.scratch = calloc((size_t)w * 2 + 4096, sizeof *p->band.scratch);
    p->out = malloc(sizeof *p->out * (size_t)w * PAINT_ROWS);
    p->clouds = cloud_map_new();
    p->band.clouds = p->clouds;
    if (!p->band.pixels || !p->out || !p->clouds || !p->band.scratch) {
        paint_free(p);
        errno = ENOMEM;
        return NULL;
    }
    /* Gradient noise, as even as blue noise to the eye and without its table. */
    for (int y = 0; y < DITHER; y++) {
        for (int x = 0; x < DITHER; x++) {
            float v = fmodf(0.06711056f * (float)x + 0.00583715f * (float)y, 1);
            p->dither[y * DITHER + x] = fmodf(52.9829189f * v, 1);
        }
    }
    return p;
}

void paint_free(struct paint *p)
{
    if (!p)
        return;
    free(p->band.pixels);
    free(p->band.scratch);
    free(p->out);
    cloud_map_free(p->clouds);
    free(p);
}

typedef void paint_kind(struct band *b, const struct item *i, struct box part);

static paint_kind *const kinds[] = {
    [ITEM_RAMP] = paint_ramp,   [ITEM_GLOW] = paint_glow,   [ITEM_MOON] = paint_moon,
    [ITEM_DISC] = paint_disc,   [ITEM_RIDGE] = paint_ridge, [ITEM_CLOUD] = paint_cloud,
    [ITEM_POLY] = paint_poly,   [ITEM_GLINT] = paint_glint, [ITEM_MASK] = paint_mask,
    [ITEM_IMAGE] = paint_image,
};

/* Rounds to bytes; the noise is the same for all three colours, so it stays grey. */
static void paint_finish(struct paint *p, struct box part, float light)
{
    int w = part.x1 - part.x0;
    for (int y = part.y0; y < part.y1; y++) {
        const pixel *from = p->band.pixels + (ptrdiff_t)(y - part.y0) * w;
        uint32_t *to = p->out + (ptrdiff_t)(y - part.y0) * w;
        const float *noise = p->dither + (y % DITHER) * DITHER;
        for (int x = 0; x < w; x++) {
            pixel v = from[x] * light + noise[(x + part.x0) % DITHER];
            uint32_t r = (uint32_t)(int)v[0], g = (uint32_t)(int)v[1], b = (uint32_t)(int)v[2];
            to[x] = 0xff000000u | r << 16 | g << 8 | b;
        }
    }
}

const uint32_t *paint_band(struct paint *p, const struct items *l, struct box part, float light)
{
    struct box all = {0, 0, l->w < p->band.room ? l->w : p->band.room, l->h};
    part = box_meet(part, all);
    if (part.y1 - part.y0 > PAINT_ROWS)
        part.y1 = part.y0 + PAINT_ROWS;
    if (box_empty(part))
        return p->out;
    p->band.part = part;
    memset(p->band.pixels, 0,
           sizeof(pixel) * (size_t)(part.x1 - part.x0) * (size_t)(part.y1 - part.y0));
    for (size_t k = 0; k < l->count; k++) {
        const struct item *i = &l->item[k];
        struct box meet = box_meet(i->box, part);
        if (!box_empty(meet) && kinds[i->kind])
            kinds[i->kind](&p->band, i, meet);
    }
    paint_finish(p, part, light);
    return p->out;
}

void paint_all(struct paint *p, const struct items *l, float light, uint32_t *out)
{
    for (int y = 0; y < l->h; y += PAINT_ROWS) {
        struct box part = {0, y, l->w, y + PAINT_ROWS < l->h ? y + PAINT_ROWS : l->h};
        const uint32_t *rows = paint_band(p, l, part, light);
        memcpy(out + (size_t)y * (size_t)l->w, rows,
               sizeof *out * (size_t)l->w * (size_t)(part.y1 - part.y0));
    }
}
