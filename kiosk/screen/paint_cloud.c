#include "kiosk/screen/paint_kinds.h"

#include <math.h>
#include <stdlib.h>

/* Clouds are the sum of two tiling noise maps that drift at speeds of their own, cut off at a
 * threshold: so they change their shapes as slowly as clouds do and never repeat in an evening. */
enum { MAP_W = 512, MAP_H = 128 };

struct cloud_map {
    float one[MAP_H][MAP_W], two[MAP_H][MAP_W];
};

static float lattice(uint32_t x, uint32_t y, uint32_t seed)
{
    uint32_t h = x * 0x9E3779B1u ^ y * 0x85EBCA77u ^ seed * 0xC2B2AE3Du;
    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 12;
    h *= 0x297A2D39u;
    h ^= h >> 15;
    return (float)(h >> 8) / 16777216.0f;
}

static float ease(float t)
{
    return t * t * t * (t * (t * 6 - 15) + 10);
}

/* Value noise of nx by ny cells over the map, tiling both ways. */
static float noise(int x, int y, int nx, int ny, uint32_t seed)
{
    float fx = (float)x * (float)nx / MAP_W, fy = (float)y * (float)ny / MAP_H;
    int ix = (int)fx, iy = (int)fy;
    float tx = ease(fx - (float)ix), ty = ease(fy - (float)iy);
    uint32_t x0 = (uint32_t)(ix % nx), x1 = (uint32_t)((ix + 1) % nx);
    uint32_t y0 = (uint32_t)(iy % ny), y1 = (uint32_t)((iy + 1) % ny);
    float top = lattice(x0, y0, seed) * (1 - tx) + lattice(x1, y0, seed) * tx;
    float low = lattice(x0, y1, seed) * (1 - tx) + lattice(x1, y1, seed) * tx;
    return top * (1 - ty) + low * ty;
}

static void map_fill(float map[MAP_H][MAP_W], int nx, int ny, uint32_t seed)
{
    for (int y = 0; y < MAP_H; y++) {
        for (int x = 0; x < MAP_W; x++) {
            float v = 0, weight = 0.5f;
            for (int octave = 0; octave < 5; octave++) {
                v += weight * noise(x, y, nx << octave, ny << octave, seed + (uint32_t)octave);
                weight *= 0.5f;
            }
            map[y][x] = v;
        }
    }
}

struct cloud_map *cloud_map_new(void)
{
    struct cloud_map *m = malloc(sizeof *m);
    if (m) {
        map_fill(m->one, 4, 4, 11);
        map_fill(m->two, 6, 5, 47);
    }
    return m;
}

void cloud_map_free(struct cloud_map *m)
{
    free(m);
}

/* One row of a map at height v (in map rows), blended between its neighbours. */
static void map_row(const float map[MAP_H][MAP_W], float v, float out[MAP_W + 1])
{
    int a = (int)v % MAP_H, z = (a + 1) % MAP_H;
    float t = v - floorf(v);
    for (int x = 0; x < MAP_W; x++)
        out[x] = map[a][x] + (map[z][x] - map[a][x]) * t;
    out[MAP_W] = out[0];
}

static float row_at(const float row[MAP_W + 1], float u)
{
    int k = (int)u;
    float t = u - (float)k;
    k &= MAP_W - 1;
    return row[k] + (row[k + 1] - row[k]) * t;
}

void paint_cloud(struct band *b, const struct item *i, struct box part)
{
    float height = (float)(i->box.y1 - i->box.y0), step = MAP_W / (height * 5.2f);
    float u1 = fmodf(i->p[0], 1) * MAP_W, u2 = fmodf(i->p[1], 1) * MAP_W;
    pixel lit = pixel_of(i->ink), shade = pixel_of(i->ink2);
    float *one = b->scratch, *two = b->scratch + MAP_W + 1;
    for (int y = part.y0; y < part.y1; y++) {
        float at = ((float)y + 0.5f - (float)i->box.y0) / height;
        float fade = fminf(1, fminf(at * 4, (1 - at) * 3)) * i->ink.a;
        if (fade <= 0)
            continue;
        map_row(b->clouds->one, at * MAP_H * 0.86f, one);
        map_row(b->clouds->two, at * MAP_H * 0.93f, two);
        pixel *row = band_at(b, part.x0, y);
        for (int x = part.x0; x < part.x1; x++, row++) {
            float u = (float)x * step;
            float d = row_at(one, u + u1) + 0.8f * row_at(two, u * 1.31f + u2) - i->p[2];
            if (d <= 0)
                continue;
            d = fminf(d * i->p[3], 1);
            float a = d * d * (3 - 2 * d) * fade;
            *row += (lit + (shade - lit) * (d * d * 0.8f) - *row) * a;
        }
    }
}
