#include "kiosk/screen/paint_kinds.h"

#include <math.h>

static float clamp01(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static float paint_kinds_smooth(float v)
{
    v = clamp01(v);
    return v * v * (3 - 2 * v);
}

static struct ink mix(struct ink a, struct ink b, float t)
{
    struct ink m = {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t,
                    a.a + (b.a - a.a) * t};
    return m;
}

static struct ink ramp_at(const struct item *i, float at)
{
    const struct item_stop *s = i->u.stops;
    int k = 0;
    while (k + 1 < i->count - 1 && at > s[k + 1].at)
        k++;
    if (i->count < 2)
        return s[0].ink;
    float span = s[k + 1].at - s[k].at;
    return mix(s[k].ink, s[k + 1].ink, span > 0 ? clamp01((at - s[k].at) / span) : 1);
}

void paint_ramp(struct band *b, const struct item *i, struct box part)
{
    float span = i->p[1] - i->p[0];
    for (int y = part.y0; y < part.y1; y++) {
        struct ink ink = ramp_at(i, ((float)y + 0.5f - i->p[0]) / span);
        pixel c = pixel_of(ink), *row = band_at(b, part.x0, y);
        int n = part.x1 - part.x0;
        if (ink.a >= 1) {
            for (int x = 0; x < n; x++)
                row[x] = c;
        } else if (ink.a > 0) {
            for (int x = 0; x < n; x++)
                row[x] += (c - row[x]) * ink.a;
        }
    }
}

/* Falls off as (1 - d^2)^power: smooth at the middle and at the rim, nothing outside. */
void paint_glow(struct band *b, const struct item *i, struct box part)
{
    pixel c = pixel_of(i->ink);
    int whole = (int)i->p[4];
    for (int y = part.y0; y < part.y1; y++) {
        float dy = ((float)y + 0.5f - i->p[1]) / i->p[3];
        pixel *row = band_at(b, part.x0, y);
        for (int x = part.x0; x < part.x1; x++, row++) {
            float dx = ((float)x + 0.5f - i->p[0]) / i->p[2];
            float v = 1 - dx * dx - dy * dy, a = i->ink.a;
            if (v <= 0)
                continue;
            for (int k = 0; k < whole; k++)
                a *= v;
            *row += (c - *row) * a;
        }
    }
}

void paint_glint(struct band *b, const struct item *i, struct box part)
{
    pixel c = pixel_of(i->ink);
    for (int y = part.y0; y < part.y1; y++) {
        float dy = ((float)y + 0.5f - i->p[1]) / i->p[3];
        pixel *row = band_at(b, part.x0, y);
        for (int x = part.x0; x < part.x1; x++, row++) {
            float dx = ((float)x + 0.5f - i->p[0]) / i->p[2];
            float v = 1 - dx * dx - dy * dy;
            if (v > 0)
                *row += (c - *row) * (i->ink.a * v);
        }
    }
}

void paint_disc(struct band *b, const struct item *i, struct box part)
{
    pixel c = pixel_of(i->ink);
    for (int y = part.y0; y < part.y1; y++) {
        pixel *row = band_at(b, part.x0, y);
        float dy = (float)y + 0.5f - i->p[1];
        for (int x = part.x0; x < part.x1; x++, row++) {
            float dx = (float)x + 0.5f - i->p[0];
            *row += (c - *row) * (clamp01(i->p[2] + 0.5f - sqrtf(dx * dx + dy * dy)) * i->ink.a);
        }
    }
}

/* The lit part is between the limb and half an ellipse, the terminator. Soft by 1 px. */
void paint_moon(struct band *b, const struct item *i, struct box part)
{
    float r = i->p[2], phase = i->p[3], c = cosf(i->p[4]), s = sinf(i->p[4]);
    float lit_by = cosf(phase * 6.2831853f);
    pixel lit = pixel_of(i->ink), dark = pixel_of(i->ink2);
    for (int y = part.y0; y < part.y1; y++) {
        pixel *row = band_at(b, part.x0, y);
        for (int x = part.x0; x < part.x1; x++, row++) {
            float dx = (float)x + 0.5f - i->p[0], dy = (float)y + 0.5f - i->p[1];
            float inside = clamp01(r + 0.5f - sqrtf(dx * dx + dy * dy));
            if (inside <= 0)
                continue;
            float u = dx * c + dy * s, v = dy * c - dx * s;
            float limb = sqrtf(fmaxf(r * r - v * v, 0)), edge = limb * lit_by;
            float light = phase < 0.5f ? u - edge : -u - edge;
            light = clamp01(light * 0.5f + 0.5f);
            /* A hint of seas, so that it is a moon and not a lamp. */
            float sea = paint_kinds_smooth(1 - ((u + 0.3f * r) * (u + 0.3f * r) +
                                                (v + 0.25f * r) * (v + 0.25f * r)) /
                                                   (0.30f * r * r)) +
                        0.7f * paint_kinds_smooth(1 - ((u - 0.28f * r) * (u - 0.28f * r) +
                                                       (v - 0.1f * r) * (v - 0.1f * r)) /
                                                          (0.16f * r * r));
            pixel face = lit * (1 - 0.10f * clamp01(sea));
            *row += (dark - *row) * (inside * i->ink2.a * (1 - light) * i->ink.a);
            *row += (face - *row) * (inside * light * i->ink.a);
        }
    }
}

/* Land below a line of heights, or its mirror image below the waterline. */
void paint_ridge(struct band *b, const struct item *i, struct box part)
{
    const float *heights = i->ref;
    float base = i->p[0], scale = i->p[1], fade = i->p[2] > 1 ? i->p[2] : 1;
    for (int y = part.y0; y < part.y1; y++) {
        pixel *row = band_at(b, part.x0, y);
        float at = (float)y + 0.5f;
        float t = clamp01((scale > 0 ? at - (base - scale) : base - scale - at) / fade);
        struct ink ink = mix(i->ink, i->ink2, paint_kinds_smooth(t));
        pixel c = pixel_of(ink);
        for (int x = part.x0; x < part.x1; x++, row++) {
            float edge = base - scale * heights[x];
            float in = clamp01(scale > 0 ? at - edge + 0.5f : edge - at + 0.5f) * ink.a;
            if (in >= 1)
                *row = c;
            else if (in > 0)
                *row += (c - *row) * in;
        }
    }
}

void paint_mask(struct band *b, const struct item *i, struct box part)
{
    const struct mask *m = i->ref;
    pixel c = pixel_of(i->ink);
    float a = i->ink.a / 255;
    for (int y = part.y0; y < part.y1; y++) {
        pixel *row = band_at(b, part.x0, y);
        const uint8_t *from = m->alpha + (ptrdiff_t)(y - (int)i->p[1]) * m->w - (int)i->p[0];
        for (int x = part.x0; x < part.x1; x++, row++) {
            if (from[x] != 0)
                *row += (c - *row) * (a * (float)from[x]);
        }
    }
}

void paint_image(struct band *b, const struct item *i, struct box part)
{
    const struct photo *m = i->ref;
    for (int y = part.y0; y < part.y1; y++) {
        pixel *row = band_at(b, part.x0, y);
        const uint32_t *from = m->pixels + (ptrdiff_t)(y - (int)i->p[1]) * m->w - (int)i->p[0];
        for (int x = part.x0; x < part.x1; x++, row++) {
            uint32_t v = from[x];
            pixel c = {(float)(v >> 16 & 255), (float)(v >> 8 & 255), (float)(v & 255), 0};
            *row += (c - *row) * i->ink.a;
        }
    }
}
