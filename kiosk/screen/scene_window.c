#include "kiosk/screen/scene_kinds.h"

#include "kiosk/screen/landscape.h"
#include "kiosk/screen/scene_words.h"

#include <math.h>

/* Clouds are most of the picture: they move once a second, by less than their edges are soft. */
#define CLOUD_STEP (INT64_C(1000) * 1000000)

struct place {
    float x, y;
};

struct window {
    const struct geometry *geometry;
    struct light light;
    struct place sun_at, moon_at;
};

/* The window looks towards noon: south in the north, north in the south. The arc of a long day is
 * drawn over the part of the sky that the words leave free. */
static struct place on_sky(const struct geometry *g, struct sky_place p, double latitude)
{
    double azimuth = latitude < 0 ? fmod(p.azimuth + 180, 360) : p.azimuth;
    float across = (float)((azimuth - 55) / 250), up = (float)p.altitude / 78;
    float from = g->tall ? 0.06f : 0.42f, top = (float)g->h * (g->tall ? 0.40f : 0.09f);
    up = up < 0 ? up * 1.1f : powf(up, 0.85f);
    struct place at = {(float)g->w * (from + across * (0.96f - from)),
                       g->whole.water - up * (g->whole.water - top)};
    return at;
}

static void draw_stars(struct items *l, const struct window *v)
{
    for (int k = 0; k < GEOMETRY_STARS; k++) {
        const struct geometry_star *star = &v->geometry->star[k];
        float r = star->size * v->geometry->u;
        r = r < 1 ? 1 : r;
        struct ink ink = {255, 250, 238, star->bright * v->light.sky.stars * (1 - 0.75f * star->y)};
        items_glow(l, star->x * (float)l->w, star->y * v->geometry->whole.water * 0.95f, r * 1.4f,
                   r * 1.4f, ink, 1);
    }
}

static void draw_sun(struct items *l, const struct window *v)
{
    float u = v->geometry->u, up = (float)v->light.sun.altitude;
    float low = 1 - fminf(1, fmaxf(0, up) / 25); /* 1 at the horizon */
    float here = fminf(1, fmaxf(0, (up + 9) / 8));
    struct ink halo = ink_mix(v->light.sky.disc, v->light.sky.ramp[4], 0.35f);
    items_glow(l, v->sun_at.x, v->sun_at.y, (620 + 420 * low) * u, (420 + 60 * low) * u,
               ink_fade(halo, here * (0.34f + 0.26f * low)), 2);
    items_glow(l, v->sun_at.x, v->sun_at.y, 170 * u, 170 * u,
               ink_fade(v->light.sky.disc, here * 0.5f), 3);
    struct ink face = ink_mix(v->light.sky.disc, (struct ink){255, 255, 250, 1}, 0.4f);
    items_disc(l, v->sun_at.x, v->sun_at.y, 36 * u, ink_fade(face, up > -2 ? 0.96f : 0));
}

static void draw_moon(struct items *l, const struct window *v, double latitude, double longitude)
{
    float u = v->geometry->u, phase = (float)moon_phase(v->light.wall), night = v->light.sky.night;
    float full = 0.5f - 0.5f * cosf(phase * 6.2832f);
    float here = v->light.moon.altitude > -3 ? 0.30f + 0.66f * night : 0;
    struct ink lit = {250, 246, 232, here};
    /* The colour of the sky behind it, so that its dark side is not seen. */
    struct ink dark =
        ink_mix(sky_at(&v->light.sky, v->moon_at.y / v->geometry->whole.water), lit, 0.07f);
    items_glow(l, v->moon_at.x, v->moon_at.y, 330 * u, 330 * u,
               (struct ink){196, 208, 236, here * night * 0.30f * full}, 3);
    items_moon(l, v->moon_at.x, v->moon_at.y, 30 * u, phase,
               (float)moon_tilt(v->light.wall, latitude, longitude), lit,
               ink_fade(dark, fminf(1, 1.6f * night)));
}

static void draw_sky(struct items *l, const struct window *v, int64_t run,
                     const struct scene_state *s)
{
    const struct geometry *g = v->geometry;
    struct item_stop stops[SKY_STOPS];
    for (int k = 0; k < SKY_STOPS; k++)
        stops[k] = (struct item_stop){sky_stop(k), v->light.sky.ramp[k]};
    struct box above = {0, 0, g->w, (int)g->whole.water};
    items_ramp(l, above, stops, SKY_STOPS);
    draw_stars(l, v);
    draw_sun(l, v);
    draw_moon(l, v, s->latitude, s->longitude);
    double seconds = s->reduced_motion ? 0 : (double)(run - run % CLOUD_STEP) / 1e9;
    struct box clouds = {0, (int)(0.05f * (float)g->h), g->w,
                         (int)(g->whole.water - 0.02f * (float)g->h)};
    struct ink lit = ink_fade(ink_mix(v->light.sky.lit, v->light.sky.ramp[3], 0.15f),
                              0.80f - 0.35f * v->light.sky.night);
    struct ink shade = ink_mix(v->light.sky.shade, v->light.sky.ramp[2], 0.35f);
    items_cloud(l, clouds, (float)fmod(seconds * 0.00055, 1), (float)fmod(seconds * 0.00034, 1),
                1.00f, 2.6f, lit, shade);
}

int64_t scene_window(const struct scene_state *s, const struct geometry *geometry,
                     struct scene_time t, struct items *out)
{
    struct window v = {.geometry = geometry, .light = light_at(s, t)};
    v.sun_at = on_sky(geometry, v.light.sun, s->latitude);
    v.moon_at = on_sky(geometry, v.light.moon, s->latitude);
    items_clear(out, s->w, s->h);
    draw_sky(out, &v, t.run, s);
    float glint_x = v.light.sun.altitude > -6 ? v.sun_at.x : v.moon_at.x;
    landscape_draw(out, &geometry->whole, geometry, &v.light, s, glint_x);
    float u = geometry->u;
    struct words_place at = {.x = (float)s->w * (geometry->tall ? 0.5f : 0.245f),
                             .y = (float)s->h * (geometry->tall ? 0.17f : 0.265f),
                             .most = (float)s->w * (geometry->tall ? 0.86f : 0.40f),
                             .clock = 172 * u,
                             .greeting = 46 * u,
                             .date = 31 * u,
                             .shade =
                                 ink_mix(v.light.sky.ramp[0], (struct ink){0, 0, 0, 1}, 0.55f)};
    at.shade.a = 0.75f * (1 - v.light.sky.night);
    scene_words_draw(out, s, &at, v.light.sky.words);
    return LIGHT_STEP - t.run % LIGHT_STEP;
}
