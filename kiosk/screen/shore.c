#include "kiosk/screen/shore.h"

#include "kiosk/screen/shore_shapes.h"
#include "kiosk/screen/tone.h"

#include <math.h>

/* The water far from the near shore, and close to it. */
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

/* Where the shore is too narrow for a kite beside ducks. */
static bool kite_is_behind(const struct frame *f)
{
    return f->tall && f->w < 660 * f->k;
}

/* The middle of the flock: over the hills, below the words, left of the kite; in a crowded picture
 * beside the words, over kite and house. */
static void flock_at(const struct shore *s, float *x, float *y)
{
    const struct frame *f = s->frame;
    bool whole = f->top <= 0;
    if (f->crowded) {
        *x = s->left + f->w - 188 * s->k;
        *y = fmaxf(f->water - 190 * s->k, 104 * s->k);
        return;
    }
    float free = f->water -
                 (whole ? (f->tall ? 0.30f : 0.445f) * f->bottom + 58 * s->k : f->top + 95 * s->k);
    float part = f->tall ? 0.46f : whole ? 0.56f : 0.38f;
    float kite =
        kite_is_behind(f) ? f->w - 290 * s->k : f->house_x - (f->tall ? 120.0f : 334.0f) * s->k;
    *x = s->left + fmaxf(fminf(part * f->w, kite), 178 * s->k);
    *y = f->water - fmaxf(fminf(0.30f * f->reach, free), 50 * s->k);
}

/* What is behind something at y: the sky, or the water. */
static struct ink shore_behind(const struct shore *s, float y)
{
    const struct frame *f = s->frame;
    float part = (y - f->top) / (f->water - f->top);
    if (part > 1) {
        float deep = ((y - f->water) / (f->bottom - f->water) - 0.15f) * 2;
        return ink_mix(far_water(s), near_water(s), fminf(1, fmaxf(0, deep)));
    }
    if (f->top <= 0)
        return sky_at(&s->sky, part);
    return ink_mix(s->sky.ramp[2], s->sky.ramp[3], fminf(1, fmaxf(0, (part - 0.1f) / 0.7f)));
}

static void birds(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    static const float at[CUE_FADE_FLOCK][2] = {{0, 0}, {-112, 7}, {112, 2}, {-57, -44}, {58, -46}};
    float cx, cy;
    flock_at(s, &cx, &cy);
    struct ink light = ink_mix(shore_hex(0xc9cfdb, 1), s->sky.lit, 0.8f);
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        float turn = 1.7f * (float)k;
        float x = cx + s->k * (at[k][0] + 7 * shore_sway(s, 0.11f, turn));
        float y = cy + s->k * (at[k][1] + 4 * shore_sway(s, 0.16f, turn + 1));
        struct ink ink[2];
        tone_halves(shore_behind(s, y - 20 * s->k), shore_hex(0x2c3a44, 1), light,
                    (1.0f + 0.45f * s->sky.night) * SHORE_CONTRAST, ink);
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
        struct ink water = shore_behind(s, f->water + depth * at[k][1]);
        struct ink ink = tone_lighter(water, shore_hex(0xa8a69c, 1),
                                      (1.03f + 0.25f * s->sky.night) * SHORE_CONTRAST);
        float x = left + s->k * (at[k][0] + 6 * shore_sway(s, 0.10f, turn));
        float y = f->water + depth * at[k][1] + s->k * shore_sway(s, 0.5f, turn);
        items_glint(l, x, y + 6 * s->k, 44 * s->k, 5 * s->k, ink_fade(ink, 0.30f * a));
        shore_poly(l, body, 17, x, y, 0.9f * s->k, ink_fade(ink, a));
    }
}

/* Where a boat under sail is, or would be: far out, or near the shore to the right of the buoy. */
struct berth {
    float x, y, scale; /* px; y: the water line */
};

static struct berth berth_far(const struct frame *f)
{
    float depth = fminf(f->bottom - f->water, 100 * f->k);
    return (struct berth){f->w * (f->tall ? 0.13f : 0.33f),
                          f->water + (f->tall ? 0.20f : 0.30f) * depth, 0.64f};
}

static struct berth berth_near(const struct frame *f)
{
    float depth = fminf(f->bottom - f->water, 230 * f->k);
    return (struct berth){f->w * (f->tall ? 0.30f : 0.405f) + fmaxf(66 * f->k, 0.05f * f->w),
                          f->water + (f->tall ? 0.13f : 0.62f) * depth, 1};
}

float shore_free(const struct frame *f, float x, float y, float reach)
{
    struct berth at = berth_near(f);
    float depth = (y - f->water) / fminf(f->bottom - f->water, 160 * f->k);
    if (f->tall && f->top <= 0 && depth > 0.1f && depth < 1 && x < 290 * f->k + reach)
        return 0;
    float up = (at.y + 4 * f->k - y) / (104 * f->k); /* of the mast */
    if (f->top > 0 || up < 0 || up > 1)
        return 1;
    float aside = fabsf(x - at.x) - reach - 42 * (1 - up) * f->k;
    return fminf(1, fmaxf(0, aside / (8 * f->k)));
}

static void boat(struct items *l, const struct shore *s, struct berth at, float a)
{
    static const float hull[] = {-44, -11, -30, 5, 28, 5, 46, -13, 20, -10, -20, -9};
    static const float mast[] = {-1, -8, 0, -106, 1, -8};
    static const float main_sail[] = {1, -98, 11, -70, 24, -42, 40, -17, 1, -14};
    static const float fore_sail[] = {-1, -92, -13, -58, -38, -15, -1, -16};
    float contrast = (0.87f + 0.33f * s->sky.night) * SHORE_CONTRAST, x = s->left + at.x;
    struct ink water = far_water(s);
    struct ink cloth = tone_lighter(water, shore_hex(0xa89c88, 1), contrast);
    struct ink cloth2 = tone_lighter(water, shore_hex(0x94887a, 1), 0.95f * contrast);
    struct ink wood = tone_against(water, shore_hex(0x5a3a2c, 1), shore_hex(0xa0846a, 1), 2);
    float scale = at.scale * s->k, y = at.y + 1.5f * scale * shore_sway(s, 0.45f, x);
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

/* Two halves, one dark and one light: one of them can be seen on any sky. Over the shore, or, where
 * that is too narrow, behind the house. */
static void kite(struct items *l, const struct shore *s, float a)
{
    static const float left[] = {0, -58, -48, -14, 0, 58}, right[] = {0, -58, 48, -14, 0, 58};
    static const float bow[] = {-8, -5, 8, 5, 8, -5, -8, 5};
    const struct frame *f = s->frame;
    bool behind_house = kite_is_behind(f);
    float k = s->k, x = behind_house ? s->left + f->w - 58 * k : s->x - 168 * k;
    float y = behind_house ? f->water - (f->top > 0 ? 74 : 140) * k : s->y - 128 * k;
    float hand_x = s->x - (behind_house ? 20 : 112) * k, hand_y = s->y - 4 * k;
    y = fmaxf(y, f->top + 65 * k);
    x += 8 * k * shore_sway(s, 0.11f, 0);
    y += 5 * k * shore_sway(s, 0.13f, 2);
    float line[] = {x, y, x + 2 * k, y, hand_x + 2 * k, hand_y, hand_x, hand_y};
    struct ink behind = shore_behind(s, y + 10 * k);
    float moonlight = behind_house ? 0.5f * s->sky.night : 0;
    struct ink one = tone_against(behind, shore_hex(0x8f2f2a, 1), shore_hex(0xd98a6c, 1),
                                  (0.86f + moonlight) * SHORE_CONTRAST);
    struct ink two =
        tone_lighter(behind, shore_hex(0xd8a07c, 1), (0.84f + moonlight) * SHORE_CONTRAST);
    items_poly(l, line, 4, ink_fade(one, 0.45f * a));
    for (int n = 1; n <= 2; n++)
        shore_poly(l, bow, 4, x + k * (9 * (float)n + 4 * shore_sway(s, 0.3f, (float)n)),
                   y + k * (52 + 19 * (float)n), k, ink_fade(two, 0.8f * a));
    shore_poly(l, left, 3, x, y, k, ink_fade(one, a));
    shore_poly(l, right, 3, x, y, k, ink_fade(two, a));
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

static void buoy(struct items *l, const struct shore *s)
{
    static const float can[] = {-13, 5, -10, -14, -4, -42, 4, -42, 10, -14, 13, 5};
    static const float band[] = {-9, -16, -7, -27, 7, -27, 9, -16};
    const struct frame *f = s->frame;
    float x = s->left + f->w * (f->tall ? 0.30f : 0.405f);
    float y = berth_near(f).y + s->k * shore_sway(s, 0.6f, 1);
    struct ink red =
        tone_against(near_water(s), shore_hex(0x8e2a22, 1), shore_hex(0xc8624c, 1), 1.6f);
    shore_poly(l, can, 6, x, y, 0.8f * s->k, red);
    shore_poly(l, band, 4, x, y, 0.8f * s->k, shore_light(s, 0xf0ead8, 1));
}

void shore_far(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    mist(l, s, show->part[CUE_FADE_MIST]);
    boat(l, s, berth_far(s->frame), show->part[CUE_FADE_BOAT_OUT]);
    birds(l, s, show);
    kite(l, s, show->part[CUE_FADE_KITE]);
    ducks(l, s, show);
    buoy(l, s);
    boat(l, s, berth_near(s->frame), show->part[CUE_FADE_BOAT_NEAR]);
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
