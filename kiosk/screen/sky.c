#include "kiosk/screen/sky.h"

#include <math.h>
#include <stddef.h>

#define HEX(v)                                                                                     \
    {                                                                                              \
        (float)((v) >> 16 & 255), (float)((v) >> 8 & 255), (float)((v)&255), 1                     \
    }

struct anchor {
    float altitude;
    struct sky sky;
};

/* altitude, five of sky from zenith down, land, lit, shade, disc, words, stars, night */
#define ANCHOR(alt, a, b, c, d, e, land_, lit_, shade_, disc_, words_, stars_, night_)             \
    {                                                                                              \
        alt,                                                                                       \
        {                                                                                          \
            {HEX(a), HEX(b), HEX(c), HEX(d), HEX(e)}, HEX(land_), HEX(lit_), HEX(shade_),          \
                HEX(disc_), HEX(words_), stars_, night_                                            \
        }                                                                                          \
    }

static const struct anchor evening[] = {
    ANCHOR(-18, 0x070b1a, 0x0a1124, 0x0f1a33, 0x17253f, 0x22324c, 0x070b14, 0x3a4763, 0x141d33,
           0xffe0b0, 0xe9edf5, 1.0f, 1.0f),
    ANCHOR(-10, 0x0d1430, 0x141e42, 0x222c55, 0x3d3a62, 0x6b4a60, 0x0b1020, 0x5b5878, 0x242a4c,
           0xffd0a0, 0xf0f0f5, 0.75f, 0.9f),
    ANCHOR(-4, 0x1c2a58, 0x34407a, 0x6a5a8e, 0xb8757f, 0xe9a06c, 0x16182c, 0xd99a8a, 0x4c466f,
           0xffc080, 0xfbf4ee, 0.18f, 0.6f),
    ANCHOR(1, 0x34508c, 0x5a6fa6, 0x9a86ac, 0xe4a07c, 0xffc680, 0x26283a, 0xffc9a0, 0x7c6a8a,
           0xffe0a0, 0xfffaf2, 0.0f, 0.3f),
    ANCHOR(8, 0x3f72ae, 0x6592bf, 0x93b0c4, 0xd3c8b0, 0xf6dcb0, 0x2f4240, 0xfff0d8, 0xa9b0bc,
           0xfff0c8, 0xffffff, 0.0f, 0.0f),
    ANCHOR(22, 0x2f6fae, 0x4f8cc2, 0x7eadd0, 0xb4d0dc, 0xdfe8e2, 0x2d4c44, 0xfffcf4, 0xb4c4d2,
           0xfff8e0, 0xffffff, 0.0f, 0.0f),
    ANCHOR(60, 0x2a6db2, 0x4a8cc8, 0x7ab0d8, 0xb0d2e2, 0xd8e8e8, 0x2c5246, 0xffffff, 0xb8cad8,
           0xfffaea, 0xffffff, 0.0f, 0.0f),
};

/* Mornings are cooler: rose and pearl where evenings are amber. */
static const struct anchor morning_low[] = {
    ANCHOR(-10, 0x0c1634, 0x132448, 0x22365f, 0x434a70, 0x75606f, 0x0a1120, 0x55607f, 0x222f50,
           0xffd8c0, 0xf0f2f6, 0.75f, 0.9f),
    ANCHOR(-4, 0x223868, 0x3f548a, 0x7c7aa2, 0xc995a0, 0xf2b99c, 0x171c30, 0xdcaaa4, 0x525578,
           0xffd0a8, 0xfbf5f2, 0.18f, 0.6f),
    ANCHOR(1, 0x3c62a0, 0x6482b6, 0xa49cbc, 0xe9b4a8, 0xffd8ac, 0x28303f, 0xffdcc4, 0x857e9c,
           0xffecc0, 0xfffbf6, 0.0f, 0.3f),
};

enum { EVENINGS = sizeof evening / sizeof *evening, MORNINGS = 3 };

struct ink ink_mix(struct ink a, struct ink b, float t)
{
    struct ink m = {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t,
                    a.a + (b.a - a.a) * t};
    return m;
}

struct ink ink_fade(struct ink a, float alpha)
{
    a.a = alpha;
    return a;
}

float sky_stop(int k)
{
    static const float at[SKY_STOPS] = {0, 0.36f, 0.64f, 0.88f, 1};
    return at[k];
}

struct ink sky_at(const struct sky *sky, float part)
{
    int k = 0;
    while (k < SKY_STOPS - 2 && part > sky_stop(k + 1))
        k++;
    float t = (part - sky_stop(k)) / (sky_stop(k + 1) - sky_stop(k));
    return ink_mix(sky->ramp[k], sky->ramp[k + 1], fminf(1, fmaxf(0, t)));
}

static struct sky sky_mix(const struct sky *a, const struct sky *b, float t)
{
    struct sky s;
    for (int k = 0; k < SKY_STOPS; k++)
        s.ramp[k] = ink_mix(a->ramp[k], b->ramp[k], t);
    s.land = ink_mix(a->land, b->land, t);
    s.lit = ink_mix(a->lit, b->lit, t);
    s.shade = ink_mix(a->shade, b->shade, t);
    s.disc = ink_mix(a->disc, b->disc, t);
    s.words = ink_mix(a->words, b->words, t);
    s.stars = a->stars + (b->stars - a->stars) * t;
    s.night = a->night + (b->night - a->night) * t;
    return s;
}

static struct sky anchor_sky(int k, float morning)
{
    if (k >= 1 && k <= MORNINGS)
        return sky_mix(&evening[k].sky, &morning_low[k - 1].sky, morning);
    return evening[k].sky;
}

struct sky sky_of(float altitude, float morning)
{
    if (altitude <= evening[0].altitude)
        return evening[0].sky;
    for (int k = 0; k + 1 < EVENINGS; k++) {
        float from = evening[k].altitude, to = evening[k + 1].altitude;
        if (altitude < to) {
            struct sky a = anchor_sky(k, morning), b = anchor_sky(k + 1, morning);
            return sky_mix(&a, &b, (altitude - from) / (to - from));
        }
    }
    return evening[EVENINGS - 1].sky;
}
