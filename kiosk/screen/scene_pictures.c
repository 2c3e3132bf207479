#include "kiosk/screen/landscape.h"
#include "kiosk/screen/scene_kinds.h"
#include "kiosk/screen/scene_words.h"

#include <math.h>

/* A photo over all of the picture but the lake, which is a band below it. */

struct box scene_photo_room(const struct geometry *geometry)
{
    const struct frame *f = &geometry->frieze;
    return (struct box){0, 0, geometry->w, (int)(f->top + 0.1f * (f->water - f->top))};
}

/* One that does not fill its room leaves the clock free. */
static void draw_photo(struct items *l, const struct photo *p, struct box room, bool tall,
                       float alpha)
{
    if (p)
        items_photo(l, p, tall ? (room.x0 + room.x1 - p->w) / 2 : room.x1 - p->w,
                    tall ? room.y1 - p->h : (room.y0 + room.y1 - p->h) / 2, alpha);
}

int64_t scene_pictures(const struct scene_state *s, const struct geometry *geometry,
                       struct scene_time t, struct items *out)
{
    struct light light = light_at(s, t);
    float u = geometry->u, w = (float)s->w, h = (float)s->h;
    struct item_stop wall[] = {{0, {25, 25, 28, 1}}, {1, {38, 37, 39, 1}}};
    struct box all = {0, 0, s->w, s->h}, room = scene_photo_room(geometry);
    items_clear(out, s->w, s->h);
    items_ramp(out, all, wall, 2);
    draw_photo(out, s->photo[0], room, geometry->tall, s->photo[1] ? 1 : 1 - s->photo_fade);
    draw_photo(out, s->photo[1], room, geometry->tall, s->photo_fade);
    landscape_frieze(out, geometry, &light, s);
    struct words_place place = {.x = w * (geometry->tall ? 0.5f : 0.215f),
                                .y = h * (geometry->tall ? 0.11f : 0.36f),
                                .most = w * (geometry->tall ? 0.86f : 0.40f),
                                .clock = (geometry->tall ? 140.0f : 150.0f) * u,
                                .greeting = 40 * u,
                                .date = 28 * u,
                                .lowest = landscape_words_lowest(geometry),
                                .shade = {12, 14, 18, s->photo[0] || s->photo[1] ? 0.80f : 0}};
    scene_words_draw(out, s, &place, (struct ink){238, 234, 226, 1});
    return LIGHT_STEP - t.run % LIGHT_STEP;
}
