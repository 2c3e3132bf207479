#include "kiosk/screen/shore.h"

#include <math.h>

static struct ink shore_hex(uint32_t v, float a)
{
    struct ink i = {(float)(v >> 16 & 255), (float)(v >> 8 & 255), (float)(v & 255), a};
    return i;
}

/* A colour as it looks in this light: drawn towards the land's own at night. */
static struct ink in_light(const struct shore *s, uint32_t day, float a)
{
    struct ink dusk = ink_mix(s->sky.land, s->sky.lit, 0.52f);
    return ink_fade(ink_mix(shore_hex(day, 1), dusk, 0.15f + 0.62f * s->sky.night), a);
}

static void poly_at(struct items *l, const float *unit, int count, float x, float y, float scale,
                    struct ink ink)
{
    float xy[2 * ITEM_POINTS];
    for (int k = 0; k < count; k++) {
        xy[2 * k] = x + unit[2 * k] * scale;
        xy[2 * k + 1] = y + unit[2 * k + 1] * scale;
    }
    items_poly(l, xy, count, ink);
}

static void block(struct items *l, float x, float y, float w, float h, struct ink ink)
{
    float xy[] = {x, y, x + w, y, x + w, y + h, x, y + h};
    items_poly(l, xy, 4, ink);
}

static float sway(const struct shore *s, float rate, float turn)
{
    return s->still ? 0 : sinf(s->drift * rate + turn);
}

/* What is seen against sky or water: dark by day, touched by moonlight at night. */
static struct ink outline(const struct shore *s, float a)
{
    struct ink day = ink_mix(s->sky.land, s->sky.ramp[2], 0.15f);
    float moonlit = fminf(1, fmaxf(0, (s->sky.night - 0.66f) / 0.2f));
    return ink_fade(ink_mix(day, ink_mix(s->sky.lit, s->sky.words, 0.35f), moonlit), a);
}

/* A gull that glides: two wings, the nearer one a little longer. */
static void bird(struct items *l, float x, float y, float scale, float lift, struct ink ink)
{
    float up = 5 + 2.5f * lift;
    const float wings[] = {-24, -up, -15, -up - 4, -6, -4.5f, 0, 0,    8,  -5,    18,  -up - 4.5f,
                           28,  -up, 18,  -up,     8,  -0.6f, 0, 4.4f, -6, -0.2f, -15, -up + 0.4f};
    poly_at(l, wings, 12, x, y, scale, ink);
}

static void birds(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    static const float at[CUE_FADE_FLOCK][2] = {{0, 0},    {58, 26},   {-52, 34},
                                                {112, 60}, {-104, 70}, {20, 82},
                                                {168, 92}, {-46, 118}, {90, 132}};
    const struct frame *f = s->frame;
    float cx = s->left + f->w * (f->tall ? 0.50f : 0.60f),
          cy = f->water - (s->pale ? 0.27f : 0.32f) * f->reach;
    float spread = s->pale ? 1.5f : 1;
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        float turn = 1.7f * (float)k;
        float x = cx + s->u * (spread * at[k][0] + 16 * sway(s, 0.11f, turn));
        float y = cy + s->u * (spread * at[k][1] + 9 * sway(s, 0.16f, turn + 1));
        struct ink ink = s->pale ? ink_fade(s->sky.words, 0.80f * show->birds[k])
                                 : outline(s, 0.88f * show->birds[k]);
        bird(l, x, y, s->u * ((s->pale ? 1.5f : 1.08f) - 0.03f * (float)k), sway(s, 0.35f, turn),
             ink);
    }
}

static void ducks(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    static const float body[] = {-16, -1, -19, -6, -12, -4, -2, -6, 6,  -5, 9, -11, 13, -15, 18,
                                 -14, 20, -11, 25, -10, 19, -8, 17, -4, 15, 0, 8,   3,  -8,  3};
    static const float at[CUE_FADE_FLOCK][2] = {{0, 0.30f},   {86, 0.40f},  {186, 0.30f},
                                                {40, 0.56f},  {140, 0.54f}, {246, 0.48f},
                                                {-20, 0.74f}, {96, 0.76f},  {214, 0.72f}};
    const struct frame *f = s->frame;
    float left = s->left + f->w * 0.10f, depth = f->bottom - f->water;
    for (int k = 0; k < CUE_FADE_FLOCK; k++) {
        float turn = 2.1f * (float)k, a = show->ducks[k];
        float x = left + s->u * (at[k][0] + 8 * sway(s, 0.10f, turn));
        float y = f->water + depth * at[k][1] + s->u * 1.2f * sway(s, 0.5f, turn);
        float scale = s->u * (0.95f + 0.5f * at[k][1]);
        items_glint(l, x, y + 5 * scale, 30 * scale, 4 * scale, ink_fade(outline(s, 1), 0.30f * a));
        poly_at(l, body, 15, x, y, scale, outline(s, 0.9f * a));
    }
}

/* A sail boat; its water line at y. */
static void boat(struct items *l, const struct shore *s, float x, float y, float scale, bool sail,
                 float a)
{
    static const float hull[] = {-44, -9, -30, 4, 28, 4, 46, -11, 20, -8, -20, -7};
    static const float mast[] = {-2, -8, 0, -104, 2, -8};
    static const float main_sail[] = {3, -98, 10, -70, 22, -42, 38, -17, 3, -14};
    static const float fore_sail[] = {-3, -92, -12, -58, -34, -15, -4, -16};
    static const float furled[] = {3, -20, 36, -16, 36, -13, 3, -14};
    y += s->u * 1.5f * scale * sway(s, 0.45f, x);
    struct ink wood = ink_mix(in_light(s, 0x5a4034, 1), s->sky.land, 0.3f);
    wood = ink_fade(ink_mix(wood, s->sky.lit, 0.55f * s->sky.night), a);
    struct ink cloth = ink_fade(ink_mix(s->sky.lit, s->sky.words, 0.30f * s->sky.night), 0.92f * a);
    struct ink cloth2 = ink_fade(ink_mix(s->sky.lit, s->sky.shade, 0.55f), a);
    scale *= s->u;
    items_glint(l, x, y + 7 * scale, 56 * scale, 7 * scale, ink_fade(s->sky.land, 0.30f * a));
    if (sail) {
        items_glint(l, x, y + 20 * scale, 22 * scale, 16 * scale, ink_fade(s->sky.lit, 0.16f * a));
        poly_at(l, main_sail, 5, x, y, scale, cloth);
        poly_at(l, fore_sail, 4, x, y, scale, cloth2);
    } else {
        poly_at(l, furled, 4, x, y, scale, cloth2);
    }
    poly_at(l, mast, 3, x, y, scale, wood);
    items_glow(l, x, y - 104 * scale, 26 * scale, 26 * scale,
               shore_hex(0xffd08a, 0.75f * a * s->sky.night), 3);
    poly_at(l, hull, 6, x, y, scale, wood);
}

static void kite(struct items *l, const struct shore *s, float a)
{
    static const float left[] = {0, -34, -22, -6, 0, 34}, right[] = {0, -34, 22, -6, 0, 34};
    float x = s->x - s->u * (150 - 12 * sway(s, 0.11f, 0));
    float y = s->y - s->u * (330 - 8 * sway(s, 0.13f, 2));
    float hand_x = s->x - 96 * s->u, hand_y = s->y - 6 * s->u;
    float line[] = {x,
                    y,
                    x + 1.2f * s->u,
                    y,
                    (x + hand_x) / 2 - 16 * s->u,
                    (y + hand_y) / 2,
                    hand_x,
                    hand_y,
                    (x + hand_x) / 2 - 17.4f * s->u,
                    (y + hand_y) / 2};
    items_poly(l, line, 5, outline(s, 0.45f * a));
    poly_at(l, left, 3, x, y, s->u, in_light(s, 0xc0624e, 0.78f * a));
    poly_at(l, right, 3, x, y, s->u, in_light(s, 0xcf8660, 0.74f * a));
    for (int k = 1; k <= 3; k++) {
        float bow[] = {-6, -4, 6, 4, 6, -4, -6, 4};
        poly_at(l, bow, 4, x + s->u * (5 * (float)k + 5 * sway(s, 0.3f, (float)k)),
                y + s->u * (34 + 19 * (float)k), s->u, in_light(s, 0xcf8660, 0.7f * a));
    }
}

void shore_far(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    const struct frame *f = s->frame;
    float depth = f->bottom - f->water, w = f->w;
    boat(l, s, s->left + w * 0.335f, f->water + 0.13f * depth, 0.80f, true,
         show->part[CUE_FADE_BOAT_OUT]);
    struct ink mist = ink_mix(s->sky.ramp[4], s->sky.lit, 0.35f + 0.35f * s->sky.night);
    struct item_stop bank[] = {{0, ink_fade(mist, 0)},
                               {0.35f, ink_fade(mist, 0.42f * show->part[CUE_FADE_MIST])},
                               {0.60f, ink_fade(mist, 0.46f * show->part[CUE_FADE_MIST])},
                               {1, ink_fade(mist, 0)}};
    struct box box = {0, (int)(f->water - 0.10f * f->reach), (int)w,
                      (int)(f->water + 0.10f * f->reach)};
    items_ramp(l, box, bank, 4);
    birds(l, s, show);
    kite(l, s, show->part[CUE_FADE_KITE]);
    ducks(l, s, show);
    float x = s->left + w * 0.405f, y = f->water + 0.40f * depth + s->u * sway(s, 0.6f, 1);
    static const float buoy[] = {-7, 3, -5, -14, -1.5f, -24, 1.5f, -24, 5, -14, 7, 3};
    poly_at(l, buoy, 6, x, y, s->u, in_light(s, 0xa8483c, 1));
    boat(l, s, s->left + w * 0.455f, f->water + 0.34f * depth, 0.95f, true,
         show->part[CUE_FADE_BOAT_NEAR]);
}

static void cypress(struct items *l, const struct shore *s, float x, float y, float tall)
{
    static const float side[][2] = {{0.02f, 0.18f}, {0.06f, 0.62f}, {0.14f, 0.90f}, {0.28f, 1},
                                    {0.44f, 0.94f}, {0.60f, 0.76f}, {0.76f, 0.50f}, {0.90f, 0.22f}};
    enum { SIDE = sizeof side / sizeof *side };
    float lean = 1.6f * sway(s, 0.23f, x), wide = tall * 0.115f, xy[4 * SIDE + 2];
    struct ink ink = ink_mix(in_light(s, 0x24402f, 1), s->sky.land, 0.45f);
    block(l, x - 2.5f * s->u, y - tall * 0.05f * s->u, 5 * s->u, (tall * 0.05f + 4) * s->u, ink);
    for (int k = 0; k < SIDE; k++) {
        float up = -tall * side[k][0], shift = lean * side[k][0] * side[k][0];
        xy[2 * k] = shift - wide * side[k][1];
        xy[2 * k + 1] = up;
        xy[2 * (2 * SIDE - k)] = shift + wide * side[k][1] * 0.92f;
        xy[2 * (2 * SIDE - k) + 1] = up;
    }
    xy[2 * SIDE] = lean;
    xy[2 * SIDE + 1] = -tall;
    poly_at(l, xy, 2 * SIDE + 1, x, y, s->u, ink);
}

static void smoke(struct items *l, const struct shore *s, float x, float y, float a)
{
    enum { PUFFS = 9 };
    struct ink ink =
        ink_mix(ink_mix(s->sky.lit, s->sky.ramp[3], 0.4f), s->sky.words, 0.30f * s->sky.night);
    for (int k = 0; k < PUFFS; k++) {
        float t = s->still ? 0 : fmodf(s->drift / 26, 1);
        t = fmodf(t + (float)k / PUFFS, 1);
        float r = s->u * (5 + 30 * t), px = x + s->u * (70 * t * t + 9 * sinf(6 * t + 1));
        float fade = 0.36f * a * (1 - t) * fminf(1, t * 8);
        items_glow(l, px, y - s->u * 120 * t, r, r, ink_fade(ink, fade), 1);
    }
}

static void window(struct items *l, const struct shore *s, float x, float y, float lit)
{
    struct ink dark = in_light(s, 0x39424e, 1), warm = shore_hex(0xffcf7a, 1);
    struct ink pane = ink_mix(dark, warm, lit * (0.60f + 0.14f * s->sky.night));
    items_glow(l, x + 9 * s->u, y + 11 * s->u, 80 * s->u, 64 * s->u,
               shore_hex(0xffb85c, 0.42f * lit * s->sky.night), 3);
    block(l, x - 2 * s->u, y - 2 * s->u, 22 * s->u, 26 * s->u, in_light(s, 0xf4efe2, 1));
    block(l, x, y, 8.4f * s->u, 10 * s->u, pane);
    block(l, x + 9.6f * s->u, y, 8.4f * s->u, 10 * s->u, pane);
    block(l, x, y + 11.4f * s->u, 8.4f * s->u, 10.6f * s->u, pane);
    block(l, x + 9.6f * s->u, y + 11.4f * s->u, 8.4f * s->u, 10.6f * s->u, pane);
}

static void ladder(struct items *l, const struct shore *s, float x, float y, float a)
{
    struct ink ink =
        ink_fade(ink_mix(in_light(s, 0x8a6a44, 1), s->sky.lit, 0.6f * s->sky.night), a);
    float top = 84, lean = 22, u = s->u;
    for (int rail = 0; rail < 2; rail++) {
        float dx = 11 * (float)rail;
        float xy[] = {x + dx * u,
                      y,
                      x + (dx + 2.4f) * u,
                      y,
                      x + (dx + lean + 2.4f) * u,
                      y - top * u,
                      x + (dx + lean) * u,
                      y - top * u};
        items_poly(l, xy, 4, ink);
    }
    for (int rung = 1; rung < 8; rung++) {
        float t = (float)rung / 8;
        block(l, x + lean * t * u, y - top * t * u, 12 * u, 2 * u, ink);
    }
}

static void house(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    float u = s->u, x = s->x, y = s->y;
    struct ink wall = in_light(s, 0xefe6d4, 1), wall2 = in_light(s, 0xd5c8b4, 1);
    struct ink roof = in_light(s, 0x8c4a3a, 1), roof2 = in_light(s, 0x73392f, 1);
    smoke(l, s, x + 36 * u, y - 116 * u, show->part[CUE_FADE_SMOKE]);
    block(l, x + 29 * u, y - 112 * u, 14 * u, 40 * u, wall2);
    static const float gable[] = {-66, 0, -66, -58, -36, -96, -6, -58, -6, 4};
    static const float side[] = {-6, 4, -6, -58, 66, -58, 66, 2};
    static const float roof_side[] = {-36, -100, 44, -100, 76, -55, -2, -55};
    static const float roof_edge[] = {-36, -100, -2, -55, -8, -52, -37, -91, -66, -52, -72, -55};
    poly_at(l, side, 4, x, y, u, wall);
    poly_at(l, gable, 5, x, y, u, wall2);
    poly_at(l, roof_side, 4, x, y, u, roof);
    poly_at(l, roof_edge, 6, x, y, u, roof2);
    block(l, x - 44 * u, y - 34 * u, 18 * u, 36 * u, in_light(s, 0x5d6b62, 1));
    window(l, s, x + 10 * u, y - 42 * u, show->part[CUE_FADE_WINDOW]);
    window(l, s, x + 40 * u, y - 42 * u, show->part[CUE_FADE_WINDOW]);
    ladder(l, s, x - 98 * u, y + 6 * u, show->part[CUE_FADE_LADDER]);
}

static void jetty(struct items *l, const struct shore *s, float x, float y)
{
    float u = s->u;
    struct ink plank = ink_mix(in_light(s, 0x7a624c, 1), s->sky.land, 0.25f);
    struct ink post = ink_mix(plank, s->sky.land, 0.55f);
    for (int k = 0; k < 6; k++)
        block(l, x + (6 + 44 * (float)k) * u, y - 12 * u, 6 * u, 34 * u, post);
    block(l, x, y - 6 * u, 290 * u, 6 * u, plank);
    block(l, x, y, 290 * u, 3 * u, post);
}

void shore_near(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    float u = s->u, jx = s->x - 470 * u, jy = s->y + 96 * u;
    jetty(l, s, jx, jy);
    boat(l, s, jx - 18 * u, jy + 22 * u, 1.05f, false, show->part[CUE_FADE_BOAT_MOORED]);
    cypress(l, s, s->x + 128 * u, s->y + 2 * u, 190);
    cypress(l, s, s->x + 168 * u, s->y + 6 * u, 236);
    cypress(l, s, s->x + 214 * u, s->y - 2 * u, 172);
    house(l, s, show);
}
