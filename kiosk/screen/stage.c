#include "kiosk/screen/stage.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A small generator of its own: the picture must be the same on every machine. */
static float chance(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 16777216.0f;
}

static float smooth(float v)
{
    v = v < 0 ? 0 : v > 1 ? 1 : v;
    return v * v * (3 - 2 * v);
}

static float bump(float x, float seed)
{
    float i = floorf(x), t = x - i;
    float a = sinf(i * 127.1f + seed * 311.7f) * 43758.547f;
    float b = sinf((i + 1) * 127.1f + seed * 311.7f) * 43758.547f;
    a -= floorf(a);
    b -= floorf(b);
    return a + (b - a) * t * t * (3 - 2 * t);
}

static float rolling(float x, float seed, int octaves, float rough)
{
    float v = 0, weight = 1, sum = 0;
    for (int k = 0; k < octaves; k++) {
        v += weight * bump(x, seed + (float)k);
        sum += weight;
        weight *= rough;
        x *= 2.03f;
    }
    return v / sum;
}

/* x is in heights of the picture, so that hills keep their shape on any width. */
static float ridge_at(int which, float x, float across)
{
    switch (which) {
    case RIDGE_MOUNTAINS: {
        float v = 1 - fabsf(2 * rolling(x * 1.15f + 3.1f, 5.3f, 6, 0.46f) - 1);
        return v * v * (0.72f + 0.28f * sinf(x * 1.4f + 0.6f));
    }
    case RIDGE_HILLS:
        return 0.2f + 0.8f * rolling(x * 1.3f + 8.7f, 2.2f, 4, 0.36f);
    case RIDGE_FAR_SHORE:
        return 0.18f + 0.62f * rolling(x * 1.9f + 1.2f, 9.1f, 3, 0.3f) +
               0.2f * rolling(x * 42, 4.4f, 3, 0.6f);
    default: {
        float rise = smooth((across - 0.50f) / 0.42f);
        return rise * (0.86f + 0.12f * sinf(across * 9)) + 0.012f * rise * bump(x * 60, 1.7f);
    }
    }
}

struct stage *stage_new(int w, int h)
{
    struct stage *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->w = w;
    s->h = h;
    s->u = sqrtf((float)w * (float)h) / 1440;
    s->tall = h > w;
    s->water = floorf((float)h * (s->tall ? 0.74f : 0.70f));
    for (int k = 0; k < RIDGES; k++) {
        s->ridge[k] = malloc(sizeof **s->ridge * (size_t)w);
        if (s->ridge[k] == NULL) {
            stage_free(s);
            errno = ENOMEM;
            return NULL;
        }
        for (int x = 0; x < w; x++)
            s->ridge[k][x] = ridge_at(k, (float)x / (1080 * s->u), (float)x / (float)w);
    }
    uint32_t seed = 20;
    for (int k = 0; k < STAGE_STARS; k++) {
        float bright = chance(&seed);
        s->star[k] =
            (struct stage_star){chance(&seed), chance(&seed), 1.1f + 1.5f * bright * bright,
                                0.25f + 0.75f * bright * bright};
    }
    for (int k = 0; k < STAGE_GLINTS; k++) {
        s->glint[k] = (struct stage_glint){chance(&seed) + chance(&seed) - 1, chance(&seed),
                                           0.5f + 0.7f * chance(&seed), 6.2832f * chance(&seed)};
    }
    return s;
}

void stage_free(struct stage *s)
{
    if (s == NULL)
        return;
    for (int k = 0; k < RIDGES; k++)
        free(s->ridge[k]);
    free(s);
}
