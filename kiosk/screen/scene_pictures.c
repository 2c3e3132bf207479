#include "kiosk/screen/landscape.h"
#include "kiosk/screen/scene_kinds.h"
#include "kiosk/screen/scene_words.h"

#include <math.h>

/* A photo on a dark wall, above the lake. */

struct box scene_photo_room(const struct geometry *geometry)
{
    float top = landscape_frieze_top(geometry),
          margin = 0.055f * (float)(geometry->tall ? geometry->w : geometry->h);
    struct box room = {(int)margin, (int)margin, geometry->w - (int)margin,
                       (int)(top - 0.2f * margin)};
    if (geometry->tall)
        room.y0 = (int)(0.235f * (float)geometry->h);
    else
        room.x0 = (int)(0.36f * (float)geometry->w);
    return room;
}

static void draw_photo(struct items *l, const struct photo *p, struct box room, float u,
                       float alpha)
{
    if (!p)
        return;
    int x = (room.x0 + room.x1 - p->w) / 2, y = (room.y0 + room.y1 - p->h) / 2;
    float edge = u > 0.75f ? 2 * u : 1.5f, x0 = (float)x - edge, y0 = (float)y - edge;
    float x1 = (float)(x + p->w) + edge, y1 = (float)(y + p->h) + edge;
    float frame[] = {x0, y0, x1, y0, x1, y1, x0, y1};
    items_poly(l, frame, 4, (struct ink){226, 220, 208, 0.55f * alpha});
    items_photo(l, p, x, y, alpha);
}

int64_t scene_pictures(const struct scene_state *s, const struct geometry *geometry,
                       struct scene_time t, struct items *out)
{
    struct light light = light_at(s, t);
    float u = geometry->u, w = (float)s->w, h = (float)s->h;
    struct item_stop wall[] = {{0, {25, 25, 28, 1}}, {1, {38, 37, 39, 1}}};
    struct box all = {0, 0, s->w, s->h};
    items_clear(out, s->w, s->h);
    items_ramp(out, all, wall, 2);
    landscape_frieze(out, geometry, &light, s);
    struct box room = scene_photo_room(geometry);
    draw_photo(out, s->photo[0], room, u, 1 - s->photo_fade);
    draw_photo(out, s->photo[1], room, u, s->photo_fade);
    struct words_place place = {.x = w * (geometry->tall ? 0.5f : 0.185f),
                                .y = h * (geometry->tall ? 0.11f : 0.36f),
                                .most = w * (geometry->tall ? 0.86f : 0.30f),
                                .clock = (geometry->tall ? 140.0f : 150.0f) * u,
                                .greeting = 40 * u,
                                .date = 28 * u};
    scene_words_draw(out, s, &place, (struct ink){238, 234, 226, 1});
    return LIGHT_STEP - t.run % LIGHT_STEP;
}
