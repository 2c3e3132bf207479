#include "kiosk/screen/scene_window.h"

#include "kiosk/screen/shore.h"
#include "kiosk/screen/sky.h"
#include "kiosk/screen/stage.h"
#include "kiosk/screen/sun.h"

#include <math.h>

/* How often each part moves. Water is redrawn four times a second, clouds, which are most of the
 * picture, once: their edges are softer than their step. */
#define WATER_STEP (INT64_C(250) * 1000000)
#define CLOUD_STEP (INT64_C(1000) * 1000000)
#define SKY_STEP   (INT64_C(15) * 1000000000)

struct place {
    float x, y;
};

struct window {
    const struct stage *stage;
    struct sky sky;
    struct sky_place sun, moon;
    struct place sun_at, moon_at;
    float seconds;
};

/* The window looks towards noon: south in the north, north in the south. The arc of a long day is
 * drawn over the part of the sky that the words leave free. */
static struct place on_sky(const struct stage *g, struct sky_place p, double latitude)
{
    double azimuth = latitude < 0 ? fmod(p.azimuth + 180, 360) : p.azimuth;
    float across = (float)((azimuth - 55) / 250), up = (float)p.altitude / 78;
    float from = g->tall ? 0.06f : 0.42f, top = (float)g->h * (g->tall ? 0.40f : 0.09f);
    up = up < 0 ? up * 1.1f : powf(up, 0.85f);
    struct place at = {(float)g->w * (from + across * (0.96f - from)),
                       g->water - up * (g->water - top)};
    return at;
}

static void draw_stars(struct items *l, const struct window *v)
{
    for (int k = 0; k < STAGE_STARS; k++) {
        const struct stage_star *star = &v->stage->star[k];
        float r = star->size * v->stage->u;
        r = r < 1 ? 1 : r;
        struct ink ink = {255, 250, 238, star->bright * v->sky.stars * (1 - 0.75f * star->y)};
        items_glow(l, star->x * (float)l->w, star->y * v->stage->water * 0.95f, r * 1.4f, r * 1.4f,
                   ink, 1);
    }
}

static void draw_sun(struct items *l, const struct window *v)
{
    float u = v->stage->u, up = (float)v->sun.altitude;
    float low = 1 - fminf(1, fmaxf(0, up) / 25); /* 1 at the horizon */
    float here = fminf(1, fmaxf(0, (up + 9) / 8));
    struct ink halo = ink_mix(v->sky.disc, v->sky.ramp[4], 0.35f);
    items_glow(l, v->sun_at.x, v->sun_at.y, (620 + 420 * low) * u, (420 + 60 * low) * u,
               ink_fade(halo, here * (0.34f + 0.26f * low)), 2);
    items_glow(l, v->sun_at.x, v->sun_at.y, 170 * u, 170 * u, ink_fade(v->sky.disc, here * 0.5f),
               3);
    struct ink face = ink_mix(v->sky.disc, (struct ink){255, 255, 250, 1}, 0.4f);
    items_disc(l, v->sun_at.x, v->sun_at.y, 36 * u, ink_fade(face, up > -2 ? 0.96f : 0));
}

static void draw_moon(struct items *l, const struct window *v, int64_t wall, double latitude)
{
    float u = v->stage->u, phase = (float)moon_phase(wall), night = v->sky.night;
    float full = 0.5f - 0.5f * cosf(phase * 6.2832f);
    float here = v->moon.altitude > -3 ? 0.30f + 0.66f * night : 0;
    double tilt = asin(sin((v->moon.azimuth - 180) * 0.0174533) * cos(latitude * 0.0174533));
    struct ink lit = {250, 246, 232, here}, dark = ink_mix(v->sky.ramp[1], lit, 0.07f);
    items_glow(l, v->moon_at.x, v->moon_at.y, 330 * u, 330 * u,
               (struct ink){196, 208, 236, here * night * 0.30f * full}, 3);
    items_moon(l, v->moon_at.x, v->moon_at.y, 30 * u, phase, (float)tilt, lit,
               ink_fade(dark, night * 0.7f));
}

static void draw_sky(struct items *l, const struct window *v, int64_t wall, int64_t run,
                     const struct scene_state *s)
{
    const struct stage *g = v->stage;
    static const float at[SKY_STOPS] = {0, 0.36f, 0.64f, 0.88f, 1};
    struct item_stop stops[SKY_STOPS];
    for (int k = 0; k < SKY_STOPS; k++)
        stops[k] = (struct item_stop){at[k], v->sky.ramp[k]};
    struct box above = {0, 0, g->w, (int)g->water};
    items_ramp(l, above, stops, SKY_STOPS);
    draw_stars(l, v);
    draw_sun(l, v);
    draw_moon(l, v, wall, s->latitude);
    double seconds = s->reduced_motion ? 0 : (double)(run / CLOUD_STEP) * (CLOUD_STEP / 1e9);
    struct box clouds = {0, (int)(0.05f * (float)g->h), g->w,
                         (int)(g->water - 0.02f * (float)g->h)};
    struct ink lit =
        ink_fade(ink_mix(v->sky.lit, v->sky.ramp[3], 0.15f), 0.80f - 0.35f * v->sky.night);
    struct ink shade = ink_mix(v->sky.shade, v->sky.ramp[2], 0.35f);
    items_cloud(l, clouds, (float)fmod(seconds * 0.00055, 1), (float)fmod(seconds * 0.00034, 1),
                1.00f, 2.6f, lit, shade);
}

static void draw_land(struct items *l, const struct window *v)
{
    const struct stage *g = v->stage;
    static const float tall[] = {0.235f, 0.125f, 0.052f}, haze[] = {0.66f, 0.44f, 0.20f};
    float h = (float)g->h;
    for (int k = 0; k < 3; k++) {
        struct ink near = ink_mix(v->sky.land, v->sky.ramp[2], haze[k] * 0.55f);
        struct ink top = ink_mix(near, v->sky.ramp[3], haze[k] * 0.75f);
        struct ink low = ink_mix(near, v->sky.ramp[4], haze[k] * 0.95f);
        items_ridge(l, g->ridge[k], g->water, tall[k] * h, (int)g->water, top, low, tall[k] * h);
    }
}

static void draw_water(struct items *l, const struct window *v)
{
    const struct stage *g = v->stage;
    static const float at[] = {0, 0.10f, 0.35f, 1}, dark[] = {0.06f, 0.14f, 0.24f, 0.42f};
    static const int from[] = {4, 3, 2, 0};
    struct item_stop stops[4];
    for (int k = 0; k < 4; k++)
        stops[k] = (struct item_stop){at[k], ink_mix(v->sky.ramp[from[k]], v->sky.land, dark[k])};
    struct box water = {0, (int)g->water, g->w, g->h};
    items_ramp(l, water, stops, 4);
    float h = (float)g->h;
    struct ink top = ink_fade(ink_mix(v->sky.land, v->sky.ramp[3], 0.45f), 0.30f);
    items_ridge(l, g->ridge[RIDGE_HILLS], g->water, -0.085f * h, (int)(g->water + 0.10f * h), top,
                ink_fade(top, 0.10f), 0.085f * h);
    items_ridge(l, g->ridge[RIDGE_FAR_SHORE], g->water, -0.045f * h, (int)(g->water + 0.06f * h),
                ink_fade(v->sky.land, 0.42f), ink_fade(v->sky.land, 0.30f), 0.045f * h);
    struct item_stop line[] = {{0, ink_fade(v->sky.ramp[4], 0)},
                               {0.5f, ink_fade(v->sky.ramp[4], 0.55f)},
                               {1, ink_fade(v->sky.ramp[4], 0)}};
    struct box edge = {0, (int)g->water - 1, g->w, (int)(g->water + 5 * g->u + 2)};
    items_ramp(l, edge, line, 3);
}

/* The light's path on the water: sun by day, moon by night, wider towards the viewer. */
static void draw_glints(struct items *l, const struct window *v, const struct scene_state *s)
{
    const struct stage *g = v->stage;
    bool sun = v->sun.altitude > -6;
    float x = sun ? v->sun_at.x : v->moon_at.x, depth = (float)g->h - g->water;
    float light =
        sun ? fminf(1, ((float)v->sun.altitude + 6) / 6) : (v->moon.altitude > 0 ? 0.75f : 0.22f);
    struct ink ink = sun ? ink_mix(v->sky.disc, v->sky.lit, 0.5f) : (struct ink){206, 216, 238, 1};
    for (int k = 0; k < STAGE_GLINTS; k++) {
        const struct stage_glint *q = &g->glint[k];
        float far = q->y * q->y, wide = (0.5f + 2.2f * far) * g->u;
        float spread = k % 2 ? 90 + 460 * far : 900;
        float swell = s->reduced_motion ? 0.3f : sinf(v->seconds * q->rate + q->turn);
        float a = 0.5f * light * fmaxf(0, swell) * (k % 2 ? 1 : 0.4f);
        items_glint(l, x + q->x * spread * g->u, g->water + 6 * g->u + far * (depth - 12 * g->u),
                    34 * wide, 1.4f * wide + 0.6f, ink_fade(ink, a));
    }
}

static void draw_words(struct items *l, const struct stage *g, const struct scene_words *w,
                       struct ink ink)
{
    float u = g->u, x = (float)g->w * (g->tall ? 0.5f : 0.245f),
          most = (float)g->w * (g->tall ? 0.86f : 0.40f);
    float y = (float)g->h * (g->tall ? 0.17f : 0.265f);
    struct item *clock = items_words(l, w->clock, x, y, 172 * u, most, ink_fade(ink, 0.96f));
    clock->u.words.face = FACE_LIGHT;
    const char *line[] = {w->greeting, w->date};
    static const float size[] = {46, 31}, down[] = {84, 140};
    for (int k = 0; k < 2; k++) {
        struct item *i = items_words(l, line[k], x, y + down[k] * u, size[k] * u, most,
                                     ink_fade(ink, (k ? 0.80f : 0.94f) * w->alpha));
        i->u.words.face = k ? FACE_BOOK : FACE_LIGHT;
        i->u.words.rtl = w->rtl;
        for (int c = 0; c < 4; c++)
            i->u.words.script[c] = w->script[c];
    }
}

int64_t scene_window(const struct scene_state *s, const struct stage *stage, struct scene_time t,
                     struct items *out)
{
    struct window v = {.stage = stage};
    int64_t wall = t.wall / SKY_STEP * SKY_STEP;
    v.sun = sun_place(wall, s->latitude, s->longitude);
    v.moon = moon_place(wall, s->latitude, s->longitude);
    v.sun_at = on_sky(stage, v.sun, s->latitude);
    v.moon_at = on_sky(stage, v.moon, s->latitude);
    /* Sine, not "before noon": near the poles the sun is low at midnight too. */
    float east = 0.5f + 0.7f * (float)sin(v.sun.azimuth * 0.0174533);
    v.sky = sky_of((float)v.sun.altitude, fminf(1, fmaxf(0, east)));
    v.seconds = (float)fmod((double)(t.run / WATER_STEP) * (WATER_STEP / 1e9), 86400);
    items_clear(out, s->w, s->h);
    draw_sky(out, &v, wall, t.run, s);
    draw_land(out, &v);
    draw_water(out, &v);
    draw_glints(out, &v, s);
    struct shore shore = {.x = 0.80f * (float)s->w,
                          .u = stage->u,
                          .water = stage->water,
                          .w = (float)s->w,
                          .h = (float)s->h,
                          .sky = v.sky,
                          .drift = v.seconds,
                          .still = s->reduced_motion};
    float rise = (float)s->h * 0.235f;
    int foot = (int)shore.x < s->w ? (int)shore.x : s->w - 1;
    shore.y = (float)s->h - rise * stage->ridge[RIDGE_HEADLAND][foot] + 8 * stage->u;
    shore_far(out, &shore, &s->show);
    items_ridge(out, stage->ridge[RIDGE_HEADLAND], (float)s->h, rise, s->h,
                ink_mix(v.sky.land, v.sky.ramp[3], 0.16f),
                ink_mix(v.sky.land, (struct ink){0, 0, 0, 1}, 0.25f), rise * 0.9f);
    shore_near(out, &shore, &s->show);
    draw_words(out, stage, &s->words, v.sky.words);
    return WATER_STEP - t.run % WATER_STEP;
}
