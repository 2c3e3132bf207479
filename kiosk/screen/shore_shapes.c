#include "kiosk/screen/shore_shapes.h"

#include <math.h>

struct ink shore_hex(uint32_t v, float a)
{
    struct ink i = {(float)(v >> 16 & 255), (float)(v >> 8 & 255), (float)(v & 255), a};
    return i;
}

struct ink shore_light(const struct shore *s, uint32_t day, float a)
{
    struct ink dusk = ink_mix(s->sky.land, s->sky.lit, 0.52f);
    return ink_fade(ink_mix(shore_hex(day, 1), dusk, 0.15f + 0.62f * s->sky.night), a);
}

void shore_poly(struct items *l, const float *unit, int count, float x, float y, float scale,
                struct ink ink)
{
    float xy[2 * ITEM_POINTS];
    for (int k = 0; k < count; k++) {
        xy[2 * k] = x + unit[2 * k] * scale;
        xy[2 * k + 1] = y + unit[2 * k + 1] * scale;
    }
    items_poly(l, xy, count, ink);
}

void shore_block(struct items *l, float x, float y, float w, float h, struct ink ink)
{
    float xy[] = {x, y, x + w, y, x + w, y + h, x, y + h};
    items_poly(l, xy, 4, ink);
}

float shore_sway(const struct shore *s, float rate, float turn)
{
    return s->still ? 0 : sinf(s->drift * rate + turn);
}
