#include "kiosk/screen/landscape.h"

#include "kiosk/screen/shore.h"

#include <math.h>

struct light light_at(const struct scene_state *s, struct scene_time t)
{
    struct light v = {.wall = t.wall / LIGHT_SKY_STEP * LIGHT_SKY_STEP};
    v.sun = sun_place(v.wall, s->latitude, s->longitude);
    v.moon = moon_place(v.wall, s->latitude, s->longitude);
    /* Sine, not "before noon": near the poles the sun is low at midnight too. */
    float east = 0.5f + 0.7f * (float)sin(v.sun.azimuth * 0.0174533);
    v.sky = sky_of((float)v.sun.altitude, fminf(1, fmaxf(0, east)));
    v.seconds = (float)fmod((double)(t.run - t.run % LIGHT_STEP) / 1e9, 86400);
    return v;
}

static void draw_hills(struct items *l, const struct frame *f, const struct sky *sky)
{
    static const float tall[] = {0.235f, 0.125f, 0.052f}, haze[] = {0.62f, 0.30f, 0.10f};
    static const float least[] = {96, 66, 30}; /* units of the cue: what mist has to cover */
    for (int k = 0; k < 3; k++) {
        float rise = fmaxf(tall[k] * f->reach, least[k] * f->k);
        struct ink near = ink_mix(sky->land, sky->ramp[2], haze[k] * 0.55f);
        struct ink top = ink_mix(near, sky->ramp[3], haze[k] * 0.75f);
        struct ink low = ink_mix(near, sky->ramp[4], haze[k] * 0.95f);
        items_ridge(l, f->ridge[k], f->water, rise, (int)f->water, top, low, rise);
    }
}

static void draw_water(struct items *l, const struct frame *f, const struct sky *sky)
{
    static const float at[] = {0, 0.10f, 0.35f, 1}, dark[] = {0.24f, 0.27f, 0.31f, 0.42f};
    static const int from[] = {4, 3, 2, 0};
    struct item_stop stops[4];
    for (int k = 0; k < 4; k++)
        stops[k] = (struct item_stop){at[k], ink_mix(sky->ramp[from[k]], sky->land, dark[k])};
    struct box water = {0, (int)f->water, (int)f->w, (int)f->bottom};
    items_ramp(l, water, stops, 4);
    float h = f->reach;
    struct ink top = ink_fade(ink_mix(sky->land, sky->ramp[3], 0.45f), 0.30f);
    items_ridge(l, f->ridge[RIDGE_HILLS], f->water, -0.085f * h, (int)(f->water + 0.10f * h), top,
                ink_fade(top, 0.10f), 0.085f * h);
    items_ridge(l, f->ridge[RIDGE_FAR_SHORE], f->water, -0.045f * h, (int)(f->water + 0.06f * h),
                ink_fade(sky->land, 0.42f), ink_fade(sky->land, 0.30f), 0.045f * h);
    struct item_stop line[] = {{0, ink_fade(sky->ramp[4], 0)},
                               {0.5f, ink_fade(sky->ramp[4], 0.55f)},
                               {1, ink_fade(sky->ramp[4], 0)}};
    struct box edge = {0, (int)f->water - 1, (int)f->w, (int)(f->water + 5 * f->u + 2)};
    items_ramp(l, edge, line, 3);
}

/* The light's path on the water: sun by day, moon by night, wider towards the viewer. */
static void draw_glints(struct items *l, const struct frame *f, const struct geometry *g,
                        const struct light *v, bool still, float x)
{
    bool sun = v->sun.altitude > -6;
    float depth = f->bottom - f->water;
    float light = sun ? fminf(1, 0.5f + ((float)v->sun.altitude + 6) / 12)
                      : (v->moon.altitude > 0 ? 0.80f : 0.50f);
    struct ink ink = sun ? ink_mix(v->sky.disc, (struct ink){255, 255, 255, 1}, 0.5f)
                         : (struct ink){206, 216, 238, 1};
    for (int k = 0; k < GEOMETRY_GLINTS; k++) {
        const struct geometry_glint *q = &g->glint[k];
        float far = q->y * q->y, wide = (0.5f + 2.2f * far) * f->u;
        float spread = k % 2 ? 60 + 280 * far : 900;
        float swell = still ? 0.3f : sinf(v->seconds * q->rate + q->turn);
        bool path = k % 2;
        float at = x + q->x * spread * f->u, y = f->water + 6 * f->u + far * (depth - 12 * f->u);
        float a = light * fmaxf(0, swell) * (path ? 0.90f : 0.25f) * fminf(1, 0.1f + 6 * far);
        a *= shore_free(f, at, y, 8 * wide);
        items_glint(l, at, y, 34 * wide, (path ? 3.8f : 1.4f) * wide + 0.6f, ink_fade(ink, a));
    }
}

void landscape_draw(struct items *l, const struct frame *f, const struct geometry *geometry,
                    const struct light *light, const struct scene_state *s, float glint_x)
{
    const struct sky *sky = &light->sky;
    draw_hills(l, f, sky);
    draw_water(l, f, sky);
    /* Beside the house, which would hide them. */
    if (!f->tall)
        glint_x = fminf(glint_x, f->house_x - 155 * f->k);
    draw_glints(l, f, geometry, light, s->reduced_motion, glint_x);
    struct shore shore = {.frame = f,
                          .x = f->house_x + (float)s->shift_x,
                          .left = (float)s->shift_x,
                          .k = f->k,
                          .sky = *sky,
                          .lamp = fminf(1, fmaxf(0, (13 - (float)light->sun.altitude) / 2)),
                          .drift = light->seconds,
                          .still = s->reduced_motion};
    int foot = (int)f->house_x < s->w ? (int)f->house_x : s->w - 1;
    shore.y = f->bottom - f->rise * f->ridge[RIDGE_HEADLAND][foot] + 6 * f->k + (float)s->shift_y;
    shore_far(l, &shore, &s->cue);
    items_ridge(l, f->ridge[RIDGE_HEADLAND], f->bottom + (float)s->shift_y, f->rise, (int)f->bottom,
                ink_mix(sky->land, sky->ramp[3], 0.16f),
                ink_mix(sky->land, (struct ink){0, 0, 0, 1}, 0.25f), f->rise * 0.9f);
    shore_near(l, &shore, &s->cue);
}

void landscape_frieze(struct items *l, const struct geometry *geometry, const struct light *light,
                      const struct scene_state *s)
{
    const struct frame *f = &geometry->frieze;
    const struct sky *sky = &light->sky;
    struct item_stop stops[] = {{0, ink_fade(sky->ramp[1], 0)},
                                {0.05f, ink_fade(sky->ramp[2], 0.85f)},
                                {0.10f, sky->ramp[2]},
                                {0.80f, sky->ramp[3]},
                                {1, sky->ramp[4]}};
    struct box above = {0, (int)f->top, (int)f->w, (int)f->water};
    items_ramp(l, above, stops, 5);
    landscape_draw(l, f, geometry, light, s, 0.565f * f->w);
}

float landscape_words_lowest(const struct geometry *geometry)
{
    const struct frame *f = &geometry->frieze;
    return f->top - 24 * f->k;
}
