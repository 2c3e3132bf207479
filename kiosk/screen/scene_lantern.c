#include "kiosk/screen/landscape.h"
#include "kiosk/screen/scene_kinds.h"
#include "kiosk/screen/scene_words.h"

#include <math.h>

/* One lamp in a dark room over the lake: it breathes as a sleeper does, once in nine seconds. */
#define BREATH 9.0f

static struct ink scene_lantern_hex(uint32_t v, float a)
{
    struct ink i = {(float)(v >> 16 & 255), (float)(v >> 8 & 255), (float)(v & 255), a};
    return i;
}

static void draw_glow(struct items *l, float x, float y, float u, float breath)
{
    items_glow(l, x, y, 1050 * u, 780 * u, scene_lantern_hex(0xd88a4a, 0.17f + 0.035f * breath), 2);
    items_glow(l, x, y, 430 * u, 400 * u, scene_lantern_hex(0xf0a860, 0.26f + 0.06f * breath), 3);
    items_glow(l, x, y, 130 * u, 150 * u, scene_lantern_hex(0xffdca0, 0.45f + 0.07f * breath), 2);
}

static void shape(struct items *l, const float *unit, int count, float x, float y, float u,
                  struct ink ink)
{
    float xy[2 * ITEM_POINTS];
    for (int k = 0; k < count; k++) {
        xy[2 * k] = x + unit[2 * k] * u;
        xy[2 * k + 1] = y + unit[2 * k + 1] * u;
    }
    items_poly(l, xy, count, ink);
}

static void draw_lamp(struct items *l, float x, float y, float u, float breath)
{
    static const float glass[] = {-46, -78, 46, -78, 60, 66, -60, 66};
    static const float hat[] = {-20, -112, 20, -112, 62, -76, -62, -76};
    static const float foot[] = {-66, 64, 66, 64, 58, 84, -58, 84};
    static const float bar_left[] = {-46, -78, -41, -78, -54, 66, -60, 66};
    static const float bar_right[] = {46, -78, 41, -78, 54, 66, 60, 66};
    static const float bar[] = {-2, -78, 2, -78, 2, 66, -2, 66};
    static const float loop[] = {-14, -112, -14, -130, -8, -140, 8,  -140, 14, -130, 14, -112,
                                 9,   -112, 9,   -129, 5,  -135, -5, -135, -9, -129, -9, -112};
    static const float flame[] = {0, -34, 9, -10, 14, 12, 9, 30, 0, 35, -9, 30, -14, 12, -8, -8};
    struct ink iron = scene_lantern_hex(0x17120f, 1);
    float cord[] = {x - 1.2f * u, 0,           x + 1.2f * u, 0,
                    x + 1.2f * u, y - 138 * u, x - 1.2f * u, y - 138 * u};
    items_poly(l, cord, 4, iron);
    shape(l, glass, 4, x, y, u, scene_lantern_hex(0xffc878, 0.50f + 0.05f * breath));
    items_glow(l, x, y + 4 * u, 58 * u, 84 * u, scene_lantern_hex(0xfff0c8, 0.75f), 2);
    shape(l, flame, 8, x, y + 14 * u, u, scene_lantern_hex(0xfffbea, 0.95f));
    shape(l, bar_left, 4, x, y, u, iron);
    shape(l, bar_right, 4, x, y, u, iron);
    shape(l, bar, 4, x, y, u, ink_fade(iron, 0.55f));
    shape(l, hat, 4, x, y, u, iron);
    shape(l, foot, 4, x, y, u, iron);
    shape(l, loop, 12, x, y, u, iron);
}

/* The lake by lamplight: the evening's own palette, whatever the hour. */
static struct light lamplight(const struct scene_state *s, struct scene_time t)
{
    struct light v = light_at(s, t);
    v.sky = sky_of(-11, 0);
    v.sky.ramp[0] = scene_lantern_hex(0x100c10, 1);
    v.sky.ramp[1] = scene_lantern_hex(0x171015, 1);
    v.sky.ramp[2] = scene_lantern_hex(0x21161a, 1);
    v.sky.ramp[3] = scene_lantern_hex(0x35211c, 1);
    v.sky.ramp[4] = scene_lantern_hex(0x4f3224, 1);
    v.sky.land = scene_lantern_hex(0x0d0a0c, 1);
    v.sky.lit = scene_lantern_hex(0xb98a5e, 1);
    v.sky.shade = scene_lantern_hex(0x4a3428, 1);
    v.sky.disc = scene_lantern_hex(0xffc070, 1);
    v.sky.words = scene_lantern_hex(0xf3e4d0, 1);
    v.sun.altitude = -1; /* glints take the lamp's colour */
    return v;
}

int64_t scene_lantern(const struct scene_state *s, const struct geometry *geometry,
                      struct scene_time t, struct items *out)
{
    struct light light = lamplight(s, t);
    float u = geometry->u, w = (float)s->w, h = (float)s->h;
    float breath = s->reduced_motion ? 0 : sinf(light.seconds * 6.2831853f / BREATH);
    float x = w * (geometry->tall ? 0.5f : 0.685f) + (float)s->shift_x;
    float y = h * (geometry->tall ? 0.44f : 0.375f) + (float)s->shift_y;
    static const float at[] = {0, 0.55f, 1};
    struct item_stop wall[3];
    for (int k = 0; k < 3; k++)
        wall[k] = (struct item_stop){at[k], light.sky.ramp[k]};
    items_clear(out, s->w, s->h);
    struct box all = {0, 0, s->w, s->h};
    items_ramp(out, all, wall, 3);
    draw_glow(out, x, y, u, breath);
    landscape_frieze(out, geometry, &light, s);
    draw_lamp(out, x, y, u * 1.15f, breath);
    struct words_place place = {.x = w * (geometry->tall ? 0.5f : 0.275f),
                                .y = h * (geometry->tall ? 0.15f : 0.37f),
                                .most = w * (geometry->tall ? 0.86f : 0.46f),
                                .clock = 190 * u,
                                .greeting = 48 * u,
                                .date = 32 * u,
                                .lowest = landscape_words_lowest(geometry)};
    scene_words_draw(out, s, &place, light.sky.words);
    return LIGHT_STEP - t.run % LIGHT_STEP;
}
