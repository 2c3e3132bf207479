#include "kiosk/screen/shore.h"

#include "kiosk/screen/shore_shapes.h"
#include "kiosk/screen/tone.h"

#include <math.h>

/* The sky low over the far shore, where it is brightest, and the water near the shore and far. */
static struct ink low_sky(const struct shore *s)
{
    return ink_mix(s->sky.ramp[2], s->sky.ramp[3], 0.6f);
}

static struct ink far_water(const struct shore *s)
{
    return ink_mix(ink_mix(s->sky.ramp[3], s->sky.land, 0.25f), s->sky.ramp[2], 0.4f);
}

static struct ink near_water(const struct shore *s)
{
    return ink_mix(s->sky.ramp[1], s->sky.land, 0.30f);
}

/* A gull on the wing, in two halves: the left one reaches below the right one, so that no seam is
 * seen. */
static void bird(struct items *l, float x, float y, float scale, float lift,
                 const struct ink ink[2], float a)
{
    float up = 4 + 4 * lift;
    const float left[] = {-58, -12 - up, -45, -34 - up, -29, -39 - up, -12,
                          -22, 1.5f,     -4,  1.5f,     14,  -6,       14,
                          -14, -3,       -28, -22 - up, -43, -20 - up};
    const float right[] = {0,  -5,       13, -23,      31, -41 - up, 47, -35 - up, 60, -11 - up,
                           45, -21 - up, 31, -23 - up, 15, -3,       5,  14,       0,  14};
    shore_poly(l, left, 10, x, y, scale, ink_fade(ink[0], a));
    shore_poly(l, right, 10, x, y, scale, ink_fade(ink[1], a));
}

/* The middle of the flock: over the hills, below the words, left of the kite; in a crowded picture
 * beside the words, over kite and house. */
static void flock_at(const struct shore *s, float *x, float *y)
{
    const struct frame *f = s->frame;
    bool whole = f->top <= 0;
    if (f->crowded) {
        *x = s->left + f->w - 186 * s->k;
        *y = fmaxf(f->water - 190 * s->k, 96 * s->k);
        return;
    }
    float free = f->water -
                 (whole ? (f->tall ? 0.30f : 0.445f) * f->bottom + 50 * s->k : f->top + 86 * s->k);
    float part = f->tall ? 0.46f : whole ? 0.56f : 0.38f;
    float kite = f->house_x - (f->tall ? 120.0f : 330.0f) * s->k;
    *x = s->left + fmaxf(fminf(part * f->w, kite), 170 * s->k);
    *y = f->water - fmaxf(fminf(0.30f * f->reach, free), 50 * s->k);
}

static void birds(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    static const float at[CUE_FADE_FLOCK][2] = {{0, 0}, {-108, 7}, {108, 2}, {-56, -35}, {58, -37}};
    float cx, cy;
    struct ink ink[2];
    flock_at(s, &cx, &cy);
    struct ink behind = s->frame->crowded ? sky_at(&s->sky, cy / s->frame->water) : low_sky(s);
    tone_halves(behind, shore_hex(0x2c3a44, 1), shore_hex(0xc9cfdb, 1),
                (1.25f + 0.2f * s->sky.night) * SHORE_CONTRAST, ink);
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        float turn = 1.7f * (float)k;
        float x = cx + s->k * (at[k][0] + 7 * shore_sway(s, 0.11f, turn));
        float y = cy + s->k * (at[k][1] + 4 * shore_sway(s, 0.16f, turn + 1));
        bird(l, x, y, s->k * (k == 0 ? 0.92f : 0.89f), shore_sway(s, 0.35f, turn), ink,
             show->birds[k]);
    }
}

static void ducks(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    static const float body[] = {-38, -9,  -28, -14, -8, -17, 4,   -15, 9,   -24, 9,  -34,
                                 15,  -43, 26,  -44, 31, -37, 40,  -33, 31,  -29, 25, -24,
                                 24,  -12, 20,  -3,  10, 4,   -14, 5,   -30, 1};
    static const float at[CUE_FADE_FLOCK][2] = {
        {50, 0.88f}, {6, 0.46f}, {96, 0.52f}, {-34, 0.90f}, {132, 0.92f}};
    const struct frame *f = s->frame;
    float left = s->left + fmaxf(f->w * 0.07f, 78 * s->k);
    float depth = fminf(f->bottom - f->water, (f->tall ? 160.0f : 180.0f) * s->k);
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        float turn = 2.1f * (float)k, a = show->ducks[k];
        float deep = (depth * at[k][1] / (f->bottom - f->water) - 0.15f) * 2;
        struct ink water = ink_mix(far_water(s), near_water(s), fminf(1, fmaxf(0, deep)));
        struct ink ink = tone_lighter(water, shore_hex(0xa8a69c, 1),
                                      (1.03f + 0.25f * s->sky.night) * SHORE_CONTRAST);
        float x = left + s->k * (at[k][0] + 6 * shore_sway(s, 0.10f, turn));
        float y = f->water + depth * at[k][1] + s->k * shore_sway(s, 0.5f, turn);
        items_glint(l, x, y + 6 * s->k, 44 * s->k, 5 * s->k, ink_fade(ink, 0.30f * a));
        shore_poly(l, body, 17, x, y, 0.9f * s->k, ink_fade(ink, a));
    }
}

/* A boat under sail; its water line at y. */
static void boat(struct items *l, const struct shore *s, struct ink water, float x, float y,
                 float scale, float a)
{
    static const float hull[] = {-44, -11, -30, 5, 28, 5, 46, -13, 20, -10, -20, -9};
    static const float mast[] = {-1, -8, 0, -106, 1, -8};
    static const float main_sail[] = {1, -98, 11, -70, 24, -42, 40, -17, 1, -14};
    static const float fore_sail[] = {-1, -92, -13, -58, -38, -15, -1, -16};
    float contrast = (0.87f + 0.33f * s->sky.night) * SHORE_CONTRAST;
    struct ink cloth = tone_lighter(water, shore_hex(0xa89c88, 1), contrast);
    struct ink cloth2 = tone_lighter(water, shore_hex(0x94887a, 1), 0.95f * contrast);
    struct ink wood = tone_against(water, shore_hex(0x5a3a2c, 1), shore_hex(0xa0846a, 1), 2);
    y += s->k * 1.5f * scale * shore_sway(s, 0.45f, x);
    scale *= s->k;
    items_glint(l, x, y + 8 * scale, 56 * scale, 7 * scale, ink_fade(s->sky.land, 0.30f * a));
    shore_poly(l, main_sail, 5, x, y, scale, ink_fade(cloth, a));
    shore_poly(l, fore_sail, 4, x, y, scale, ink_fade(cloth2, a));
    shore_poly(l, mast, 3, x, y, scale, ink_fade(wood, a));
    items_glow(l, x, y - 104 * scale, 24 * scale, 24 * scale,
               shore_hex(0xffd08a, 0.6f * a * s->lamp), 3);
    shore_poly(l, hull, 6, x, y, scale, ink_fade(wood, a));
}

/* The boat at the jetty: a broad hull, a cabin, sails furled on a bare mast. */
static void moored(struct items *l, const struct shore *s, float x, float y, float a)
{
    static const float hull[] = {-66, -26, -49, 10, 45, 10, 68, -30, 54, -27, -56, -24};
    static const float cabin[] = {-34, -22, -25, -52, 24, -52, 34, -22};
    static const float mast[] = {-2, -40, -1.2f, -112, 1.2f, -112, 2, -40};
    struct ink wood = tone_lighter(near_water(s), shore_hex(0xa89078, 1), 1.04f * SHORE_CONTRAST);
    struct ink roof = tone_lighter(near_water(s), shore_hex(0x9a8a78, 1), SHORE_CONTRAST);
    y += s->k * 1.5f * shore_sway(s, 0.45f, x);
    items_glint(l, x, y + 9 * s->k, 70 * s->k, 7 * s->k, ink_fade(s->sky.land, 0.30f * a));
    shore_poly(l, mast, 4, x, y, s->k, ink_fade(wood, a));
    shore_poly(l, cabin, 4, x, y, s->k, ink_fade(roof, a));
    shore_poly(l, hull, 6, x, y, s->k, ink_fade(wood, a));
}

/* Two halves, one dark and one light: one of them can be seen on any sky. */
static void kite(struct items *l, const struct shore *s, float a)
{
    static const float left[] = {0, -58, -48, -14, 0, 58}, right[] = {0, -58, 48, -14, 0, 58};
    static const float bow[] = {-8, -5, 8, 5, 8, -5, -8, 5};
    float x = s->x - s->k * (168 - 8 * shore_sway(s, 0.11f, 0));
    float y = fmaxf(s->y - s->k * (128 - 5 * shore_sway(s, 0.13f, 2)), s->frame->top + 60 * s->k);
    float hand_x = s->x - 112 * s->k, hand_y = s->y - 4 * s->k;
    float line[] = {x, y, x + 2 * s->k, y, hand_x + 2 * s->k, hand_y, hand_x, hand_y};
    struct ink one = tone_against(low_sky(s), shore_hex(0x8f2f2a, 1), shore_hex(0xd98a6c, 1),
                                  0.86f * SHORE_CONTRAST);
    struct ink two = tone_lighter(low_sky(s), shore_hex(0xd8a07c, 1), 0.82f * SHORE_CONTRAST);
    items_poly(l, line, 4, ink_fade(one, 0.45f * a));
    for (int k = 1; k <= 2; k++)
        shore_poly(l, bow, 4, x + s->k * (9 * (float)k + 4 * shore_sway(s, 0.3f, (float)k)),
                   y + s->k * (52 + 19 * (float)k), s->k, ink_fade(two, 0.8f * a));
    shore_poly(l, left, 3, x, y, s->k, ink_fade(one, a));
    shore_poly(l, right, 3, x, y, s->k, ink_fade(two, a));
}

/* A bank over the far shore, and a light in it where lamps are lit. */
static void mist(struct items *l, const struct shore *s, float a)
{
    const struct frame *f = s->frame;
    struct ink hills = ink_mix(s->sky.land, s->sky.ramp[3], 0.55f);
    struct ink white = ink_mix(s->sky.lit, shore_hex(0xffffff, 1), 0.5f * (1 - s->sky.night));
    struct ink ink = tone_lighter(hills, white, 1.4f * SHORE_CONTRAST);
    float top = f->water - 74 * s->k, bottom = f->water + 9 * s->k;
    const struct item_stop bank[] = {{0, ink_fade(ink, 0)},
                                     {0.28f, ink_fade(ink, 0.90f * a)},
                                     {0.72f, ink_fade(ink, 0.94f * a)},
                                     {1, ink_fade(ink, 0)}};
    items_ramp(l, (struct box){0, (int)top, (int)f->w, (int)bottom}, bank, 4);
    float x = s->left + 0.16f * f->w, y = f->water - 30 * s->k, r = 70 * s->k;
    struct ink lamp = shore_hex(0xe0bc86, 0.55f * a * a * s->lamp);
    items_glow(l, x, y, 2.2f * r, r, ink_fade(lamp, 0.3f * lamp.a), 2);
    items_glow(l, x, y, r, 0.6f * r, lamp, 2);
}

/* Where the boat on this network only is: near the shore, to the right of the buoy. */
static void buoy_and_boat(struct items *l, const struct shore *s, float a)
{
    static const float buoy[] = {-13, 5, -10, -14, -4, -42, 4, -42, 10, -14, 13, 5};
    static const float band[] = {-9, -16, -7, -27, 7, -27, 9, -16};
    const struct frame *f = s->frame;
    float depth = fminf(f->bottom - f->water, 230 * s->k), w = f->w;
    float x = s->left + w * (f->tall ? 0.30f : 0.405f);
    float y = f->water + (f->tall ? 0.13f : 0.62f) * depth + s->k * shore_sway(s, 0.6f, 1);
    struct ink red =
        tone_against(near_water(s), shore_hex(0x8e2a22, 1), shore_hex(0xc8624c, 1), 1.6f);
    shore_poly(l, buoy, 6, x, y, 0.8f * s->k, red);
    shore_poly(l, band, 4, x, y, 0.8f * s->k, shore_light(s, 0xf0ead8, 1));
    boat(l, s, far_water(s), x + fmaxf(66 * s->k, 0.05f * w), y, 1, a);
}

void shore_far(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    const struct frame *f = s->frame;
    float depth = fminf(f->bottom - f->water, 230 * s->k);
    mist(l, s, show->part[CUE_FADE_MIST]);
    boat(l, s, far_water(s), s->left + f->w * (f->tall ? 0.13f : 0.33f),
         f->water + (f->tall ? 0.20f : 0.30f) * fminf(depth, 100 * s->k), 0.64f,
         show->part[CUE_FADE_BOAT_OUT]);
    birds(l, s, show);
    kite(l, s, show->part[CUE_FADE_KITE]);
    ducks(l, s, show);
    buoy_and_boat(l, s, show->part[CUE_FADE_BOAT_NEAR]);
}

static void jetty(struct items *l, const struct shore *s, float x, float y)
{
    float k = s->k;
    struct ink plank = ink_mix(shore_light(s, 0x7a624c, 1), s->sky.land, 0.25f);
    struct ink post = ink_mix(plank, s->sky.land, 0.55f);
    for (int n = 0; n < 5; n++)
        shore_block(l, x + (4 + 46 * (float)n) * k, y - 9 * k, 6 * k, 30 * k, post);
    shore_block(l, x, y - 6 * k, 230 * k, 6 * k, plank);
    shore_block(l, x, y, 230 * k, 3 * k, post);
}

void shore_near(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    float k = s->k, x = s->x - (s->frame->tall ? 262.0f : 330.0f) * k;
    float y = fminf(s->y + 62 * k, s->frame->bottom - 20 * k);
    jetty(l, s, x, y);
    moored(l, s, x - 22 * k, y + 8 * k, show->part[CUE_FADE_BOAT_MOORED]);
    shore_house(l, s, show);
}
