#include "kiosk/screen/geometry.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A small generator of its own: the picture must be the same on every machine. */
static float chance(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 16777216.0f;
}

static float geometry_smooth(float v)
{
    v = v < 0 ? 0 : v > 1 ? 1 : v;
    return v * v * (3 - 2 * v);
}

static float bump(float x, float seed)
{
    float i = floorf(x), t = x - i;
    float a = sinf(i * 127.1f + seed * 311.7f) * 43758.547f;
    float b = sinf((i + 1) * 127.1f + seed * 311.7f) * 43758.547f;
    a -= floorf(a);
    b -= floorf(b);
    return a + (b - a) * t * t * (3 - 2 * t);
}

static float rolling(float x, float seed, int octaves, float rough)
{
    float v = 0, weight = 1, sum = 0;
    for (int k = 0; k < octaves; k++) {
        v += weight * bump(x, seed + (float)k);
        sum += weight;
        weight *= rough;
        x *= 2.03f;
    }
    return v / sum;
}

/* x is in heights of the landscape, so that hills keep their shape on any width; `aside` in units
 * of the cue from the house. */
static float ridge_at(int which, float x, float aside)
{
    switch (which) {
    case RIDGE_MOUNTAINS: {
        float v = 1 - fabsf(2 * rolling(x * 1.35f + 5.35f, 5.3f, 6, 0.46f) - 1);
        return v * v * (0.76f + 0.24f * sinf(x * 2.1f + 3.6f));
    }
    case RIDGE_HILLS:
        return 0.12f + 0.88f * rolling(x * 1.5f + 2.2f, 2.2f, 5, 0.34f);
    case RIDGE_FAR_SHORE:
        return 0.18f + 0.62f * rolling(x * 1.9f + 1.2f, 9.1f, 3, 0.3f) +
               0.2f * rolling(x * 42, 4.4f, 3, 0.6f);
    default: {
        float rise = geometry_smooth((aside + 290) / 190);
        return rise * (0.90f + 0.06f * sinf(aside * 0.004f + 0.3f) + 0.012f * bump(x * 60, 1.7f));
    }
    }
}

/* px that the unit of the cue needs on this panel. */
static float cue_unit(int w, int h, float inches)
{
    float across = hypotf((float)w, (float)h), lines = (float)(w < h ? w : h);
    float guess = lines < 700 ? 7 : 15;
    float px_per_mm = across / ((inches > 0 ? inches : guess) * 25.4f);
    return CUE_MINUTES / CUE_LEAST * CUE_DISTANCE * tanf(3.14159265f / 10800) * px_per_mm;
}

/* All of the picture, or (`size` below 1) a band at its bottom. */
static void frame_place(struct frame *f, const struct geometry *g, float unit, float size)
{
    bool whole = size >= 1;
    f->u = g->u * size;
    f->k = fminf(fmaxf(unit, (whole ? 0.85f : 0.5f) * g->u), 2.6f * g->u);
    f->w = (float)g->w;
    f->bottom = (float)g->h;
    f->tall = g->tall;
    f->reach = g->tall ? 1400 * f->u : (float)g->h * size;
    float depth = fmaxf((g->tall && whole ? 0.34f
                         : whole          ? 0.30f
                                          : 0.32f) *
                            f->reach,
                        (g->tall ? 230.0f : 95.0f) * f->k);
    f->water = floorf(f->bottom - depth);
    f->top = whole ? 0 : floorf(f->water - fmaxf(0.36f * f->reach, 146 * f->k));
    f->house_x = f->w - fmaxf((g->tall && whole ? 300.0f : 384.0f) * f->u,
                              (g->tall ? 124.0f : 190.0f) * f->k);
    f->crowded = whole && !g->tall && f->k > 1.8f * g->u;
    f->rise = fmaxf(whole ? 240 * f->u : 0, 32 * f->k);
}

static int frame_init(struct frame *f, const struct geometry *g, float unit, float size)
{
    frame_place(f, g, unit, size);
    for (int k = 0; k < RIDGES; k++) {
        f->ridge[k] = malloc(sizeof **f->ridge * (size_t)g->w);
        if (!f->ridge[k])
            return -1;
        for (int x = 0; x < g->w; x++)
            f->ridge[k][x] = ridge_at(k, (float)x / (1080 * f->u), ((float)x - f->house_x) / f->k);
    }
    return 0;
}

static void scatter(struct geometry *g)
{
    uint32_t seed = 20;
    for (int k = 0; k < GEOMETRY_STARS; k++) {
        float bright = chance(&seed), x = chance(&seed), y = chance(&seed);
        bool behind_words = g->tall ? y < 0.33f && fabsf(x - 0.5f) < 0.36f
                                    : fabsf(x - 0.245f) < 0.15f && fabsf(y - 0.38f) < 0.24f;
        g->star[k] = (struct geometry_star){x, y, 1.1f + 1.5f * bright * bright,
                                            behind_words ? 0 : 0.25f + 0.75f * bright * bright};
    }
    for (int k = 0; k < GEOMETRY_GLINTS; k++) {
        g->glint[k] = (struct geometry_glint){chance(&seed) + chance(&seed) - 1, chance(&seed),
                                              0.5f + 0.7f * chance(&seed), 6.2832f * chance(&seed)};
    }
}

struct geometry *geometry_new(int w, int h, float inches)
{
    struct geometry *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->w = w;
    g->h = h;
    g->u = sqrtf((float)w * (float)h) / 1440;
    g->tall = h > w;
    float unit = cue_unit(w, h, inches);
    if (frame_init(&g->whole, g, unit, 1) != 0 || frame_init(&g->frieze, g, unit, 0.50f) != 0) {
        geometry_free(g);
        errno = ENOMEM;
        return NULL;
    }
    scatter(g);
    return g;
}

void geometry_free(struct geometry *g)
{
    if (!g)
        return;
    for (int k = 0; k < RIDGES; k++) {
        free(g->whole.ridge[k]);
        free(g->frieze.ridge[k]);
    }
    free(g);
}
