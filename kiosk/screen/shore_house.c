#include "kiosk/screen/shore_shapes.h"
#include "kiosk/screen/tone.h"

#include <math.h>

static void cypress(struct items *l, const struct shore *s, float x, float y, float tall)
{
    static const float side[][2] = {{0.02f, 0.18f}, {0.06f, 0.62f}, {0.14f, 0.90f}, {0.28f, 1},
                                    {0.44f, 0.94f}, {0.60f, 0.76f}, {0.76f, 0.50f}, {0.90f, 0.22f}};
    enum { SIDE = sizeof side / sizeof *side };
    float lean = 1.6f * shore_sway(s, 0.23f, x), wide = tall * 0.115f, xy[4 * SIDE + 2], k = s->k;
    struct ink ink = ink_mix(shore_light(s, 0x24402f, 1), s->sky.land, 0.45f);
    shore_block(l, x - 2.5f * k, y - tall * 0.05f * k, 5 * k, (tall * 0.05f + 4) * k, ink);
    for (int n = 0; n < SIDE; n++) {
        float up = -tall * side[n][0], shift = lean * side[n][0] * side[n][0];
        xy[2 * n] = shift - wide * side[n][1];
        xy[2 * n + 1] = up;
        xy[2 * (2 * SIDE - n)] = shift + wide * side[n][1] * 0.92f;
        xy[2 * (2 * SIDE - n) + 1] = up;
    }
    xy[2 * SIDE] = lean;
    xy[2 * SIDE + 1] = -tall;
    shore_poly(l, xy, 2 * SIDE + 1, x, y, k, ink);
}

/* A tree behind the house, as dark in every light, before which smoke is seen. Returns its colour.
 */
static struct ink tree(struct items *l, const struct shore *s, float x, float y)
{
    static const float crown[][3] = {
        {58, -108, 50}, {120, -102, 56}, {92, -138, 50}, {46, -84, 40}};
    struct ink ink = ink_mix(shore_light(s, 0x2a4832, 1), s->sky.land, 0.5f);
    for (size_t n = 0; n < sizeof crown / sizeof *crown; n++)
        items_disc(l, x + crown[n][0] * s->k, y + crown[n][1] * s->k, crown[n][2] * s->k, ink);
    return ink;
}

/* It fades by its colour: puffs that cover each other would go at once by their alpha. */
static void smoke(struct items *l, const struct shore *s, struct ink behind, float x, float y,
                  float a)
{
    enum { PUFFS = 13 };
    struct ink ink = tone_lighter(behind, shore_hex(0x868a92, 1), 1.8f * SHORE_CONTRAST);
    ink = ink_mix(behind, ink, a);
    for (int n = 0; n < PUFFS; n++) {
        float t = s->still ? 0 : fmodf(s->drift / 26, 1);
        t = fmodf(t + (float)n / PUFFS, 1);
        float r = s->k * (12 + 20 * t), px = x + s->k * (64 * t * t + 6 * sinf(6 * t + 1));
        float fade = 0.62f * fminf(1, 4 * a) * (1 - t * t) * fminf(1, t * 8);
        items_glow(l, px, y - s->k * 46 * t, r, r, ink_fade(ink, fade), 1);
    }
}

/* A window of four panes, 42 units a side, lit or dark. */
static void window(struct items *l, const struct shore *s, struct ink wall, float x, float y,
                   float lit)
{
    float k = s->k;
    struct ink warm = ink_mix(shore_hex(0xeccb86, 1), shore_hex(0xd29b50, 1), s->sky.night);
    struct ink dark = tone_darker(warm, shore_light(s, 0x4c5660, 1), 1.3f * SHORE_CONTRAST);
    struct ink bars = ink_mix(wall, shore_light(s, 0xf4efe2, 1), 0.5f);
    struct ink ink = ink_mix(dark, warm, lit);
    items_glow(l, x + 21 * k, y + 21 * k, 92 * k, 74 * k,
               shore_hex(0xffb85c, 0.28f * lit * s->lamp), 3);
    shore_block(l, x - 3 * k, y - 3 * k, 48 * k, 48 * k, bars);
    shore_block(l, x, y, 42 * k, 42 * k, ink);
    shore_block(l, x + 20 * k, y, 2 * k, 42 * k, ink_fade(bars, 0.5f));
    shore_block(l, x, y + 20 * k, 42 * k, 2 * k, ink_fade(bars, 0.5f));
}

static void ladder(struct items *l, const struct shore *s, struct ink wall, float x, float y,
                   float a)
{
    enum { RUNGS = 5 };
    float k = s->k, top = 112, lean = 16, wide = 37, thick = 12; /* of a stile */
    struct ink ink[2]; /* of the lower half and the upper */
    tone_halves(wall, shore_hex(0x4e3420, 1), shore_hex(0xc8a070, 1), 1.2f * SHORE_CONTRAST, ink);
    for (int part = 0; part < 4; part++) {
        float from = 0.5f * (float)(part % 2), dx = wide * (float)(part / 2);
        float to = from > 0 ? 1 : 0.52f; /* below the upper half, so that no seam is seen */
        float low = dx + lean * from, high = dx + lean * to;
        const float xy[] = {low,          -top * from, low + thick, -top * from,
                            high + thick, -top * to,   high,        -top * to};
        shore_poly(l, xy, 4, x, y, k, ink_fade(ink[part % 2], a));
    }
    for (int n = 1; n <= RUNGS; n++) {
        float t = (float)n / (RUNGS + 1);
        shore_block(l, x + (lean * t + thick) * k, y - top * t * k - 4.5f * k, (wide - thick) * k,
                    9 * k, ink_fade(ink[n > RUNGS / 2], a));
    }
}

void shore_house(struct items *l, const struct shore *s, const struct cue_fade *show)
{
    static const float gable[] = {-104, 2, -104, -68, -62, -124, -20, -68, -20, 4};
    static const float side[] = {-20, 4, -20, -66, 106, -66, 106, 4};
    static const float roof[] = {-62, -130, 76, -124, 116, -60, -18, -60};
    static const float edge[] = {-62, -130, -14, -62, -21, -57, -62, -116, -103, -57, -110, -62};
    float k = s->k, x = s->x, y = s->y;
    struct ink wall = shore_light(s, 0xefe6d4, 1), wall2 = shore_light(s, 0xdccfba, 1);
    cypress(l, s, x + 176 * k, y + 4 * k, 162);
    cypress(l, s, x + 206 * k, y - 1 * k, 124);
    struct ink behind = tree(l, s, x, y);
    smoke(l, s, behind, x + 68 * k, y - 134 * k, show->part[CUE_FADE_SMOKE]);
    shore_block(l, x + 59 * k, y - 142 * k, 19 * k, 34 * k, wall2);
    shore_poly(l, side, 4, x, y, k, wall);
    shore_poly(l, gable, 5, x, y, k, wall2);
    shore_poly(l, roof, 4, x, y, k, shore_light(s, 0x8c4a3a, 1));
    shore_poly(l, edge, 6, x, y, k, shore_light(s, 0x73392f, 1));
    shore_block(l, x + 33 * k, y - 44 * k, 19 * k, 48 * k, shore_light(s, 0x5d6b62, 1));
    window(l, s, wall, x - 14 * k, y - 56 * k, show->part[CUE_FADE_WINDOW]);
    window(l, s, wall, x + 58 * k, y - 56 * k, show->part[CUE_FADE_WINDOW]);
    ladder(l, s, wall2, x - 98 * k, y + 4 * k, show->part[CUE_FADE_LADDER]);
}
