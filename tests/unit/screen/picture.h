#ifndef PORCHLIGHT_TESTS_SCREEN_PICTURE_H
#define PORCHLIGHT_TESTS_SCREEN_PICTURE_H

#include "kiosk/core/ns.h"
#include "kiosk/screen/draw_text.h"
#include "kiosk/screen/paint.h"
#include "kiosk/screen/scene.h"
#include "kiosk/screen/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A screen without a screen: one scene at one size, drawn into memory. */
struct picture {
    int w, h;
    struct scene_state state;
    struct geometry *geometry;
    struct paint *paint;
    struct text *text; /* NULL: without words */
    struct items *items;
    uint32_t *pixels;
};

/* `inches`: the panel's diagonal. */
static inline void picture_open(struct picture *p, enum scene_kind kind, int w, int h,
                                struct text *text, float inches)
{
    static const struct cue quiet;
    memset(p, 0, sizeof *p);
    p->w = w;
    p->h = h;
    p->text = text;
    p->geometry = geometry_new(w, h, inches);
    p->paint = paint_new(w);
    p->items = calloc(1, sizeof *p->items);
    p->pixels = calloc((size_t)w * (size_t)h, sizeof *p->pixels);
    p->state.kind = kind;
    p->state.w = w;
    p->state.h = h;
    p->state.latitude = 40.41; /* Baku */
    p->state.longitude = 49.87;
    p->state.minute = -1;
    cue_fade_start(&p->state.cue, &quiet, 0);
}

static inline void picture_close(struct picture *p)
{
    geometry_free(p->geometry);
    paint_free(p->paint);
    free(p->items);
    free(p->pixels);
}

/* `unix_s`: the sky's time; `run`: ns of drift, the clock of the cue as well. */
static inline void picture_draw(struct picture *p, int64_t unix_s, int64_t run)
{
    struct scene_time t = {.wall = unix_s * NS_PER_S, .run = run};
    cue_fade_step(&p->state.cue, run);
    scene_draw(&p->state, p->geometry, t, p->items);
    if (p->text != NULL)
        text_set(p->text, p->items);
    paint_all(p->paint, p->items, 1, p->pixels);
}

/* Relative luminance of one pixel by sRGB's own curve (WCAG 2), 0 to 1. */
static inline double luminance(uint32_t v)
{
    static double curve[256];
    if (curve[255] < 1) {
        for (int k = 0; k < 256; k++)
            curve[k] = k <= 10 ? k / 255.0 / 12.92 : pow((k / 255.0 + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * curve[v >> 16 & 255] + 0.7152 * curve[v >> 8 & 255] + 0.0722 * curve[v & 255];
}

/* Mean of each block of `side` px, three bytes' worth of sRGB as floats, row by row; returns how
 * many. What does not fill a block is left out. */
static inline int picture_blocks(const struct picture *p, int side, float *out)
{
    int across = p->w / side, down = p->h / side;
    for (int by = 0; by < down; by++) {
        for (int bx = 0; bx < across; bx++) {
            float sum[3] = {0};
            for (int y = by * side; y < (by + 1) * side; y++) {
                for (int x = bx * side; x < (bx + 1) * side; x++) {
                    uint32_t v = p->pixels[y * p->w + x];
                    sum[0] += (float)(v >> 16 & 255);
                    sum[1] += (float)(v >> 8 & 255);
                    sum[2] += (float)(v & 255);
                }
            }
            for (int c = 0; c < 3; c++)
                out[3 * (by * across + bx) + c] = sum[c] / (float)(side * side);
        }
    }
    return across * down;
}

/* The largest difference of any block in any colour, 0 to 255. */
static inline float blocks_apart(const float *a, const float *b, int n)
{
    float most = 0;
    for (int k = 0; k < 3 * n; k++)
        most = fmaxf(most, fabsf(a[k] - b[k]));
    return most;
}

#endif
