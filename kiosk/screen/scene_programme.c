#include "kiosk/screen/landscape.h"
#include "kiosk/screen/scene_kinds.h"
#include "kiosk/screen/scene_words.h"

#include <math.h>
#include <stdio.h>

/* Today's events on one page: those that are over are dimmed, the next one is highlighted. */

static struct ink scene_programme_hex(uint32_t v, float a)
{
    struct ink i = {(float)(v >> 16 & 255), (float)(v >> 8 & 255), (float)(v & 255), a};
    return i;
}

struct page {
    float x, y, step, size, most;
    struct ink ink, accent;
};

static void draw_events(struct items *l, const struct scene_state *s, const struct page *p)
{
    bool found_next = false;
    for (int k = 0; k < PROGRAMME_MOST; k++) {
        bool here = (size_t)k < s->programme.count;
        const struct event *e = &s->programme.event[k];
        int until = e->until >= 0 ? e->until : e->minute + 46;
        bool over = here && s->minute >= until;
        bool next = here && !over && !found_next;
        char at[8] = "";
        float y = p->y + p->step * (float)k + (float)s->shift_y, x = p->x + (float)s->shift_x;
        float a = !here ? 0 : over ? 0.42f : next ? 1 : 0.84f;
        found_next |= next;
        if (here)
            snprintf(at, sizeof at, "%02d:%02d", e->minute / 60 % 24, e->minute % 60);
        struct item *i =
            items_words(l, at, x, y, p->size, 0, ink_fade(next ? p->accent : p->ink, a));
        i->p[4] = -1;
        scene_words_mark(i, "Latn", false, FACE_LIGHT);
        i = items_words(l, here ? e->title : "", x + 3.6f * p->size, y, p->size * 0.86f,
                        p->most - 3.6f * p->size, ink_fade(p->ink, a));
        i->p[4] = -1;
        i->u.words.wraps = true;
        scene_words_mark(i, "Latn", here && e->rtl, FACE_BOOK);
    }
}

int64_t scene_programme(const struct scene_state *s, const struct geometry *geometry,
                        struct scene_time t, struct items *out)
{
    struct light light = light_at(s, t);
    float u = geometry->u, w = (float)s->w, h = (float)s->h;
    struct item_stop wall[] = {{0, scene_programme_hex(0x1e2a33, 1)},
                               {1, scene_programme_hex(0x2a3a42, 1)}};
    struct box all = {0, 0, s->w, s->h};
    items_clear(out, s->w, s->h);
    items_ramp(out, all, wall, 2);
    landscape_frieze(out, geometry, &light, s);
    struct ink ink = scene_programme_hex(0xf1ece1, 1);
    bool tall = geometry->tall, empty = s->programme.count == 0;
    struct words_place place = {.x = w * (tall || empty ? 0.5f : 0.215f),
                                .y = h * (tall ? 0.14f : 0.34f),
                                .most = w * (tall ? 0.86f : 0.34f),
                                .clock = (tall ? 150.0f : 158.0f) * u,
                                .greeting = 42 * u,
                                .date = 30 * u};
    scene_words_draw(out, s, &place, ink);
    float x = w * (tall ? 0.12f : 0.455f);
    float from = h * (tall ? 0.33f : 0.155f), to = landscape_frieze_top(geometry) - 10 * u;
    float line[] = {x - 46 * u,    from - 30 * u, x - 44.6f * u, from - 30 * u,
                    x - 44.6f * u, to - 30 * u,   x - 46 * u,    to - 30 * u};
    items_poly(out, line, 4, ink_fade(scene_programme_hex(0xd9b778, 1), empty ? 0 : 0.55f));
    struct page page = {.x = x,
                        .y = from + 22 * u,
                        .step = (to - from) / PROGRAMME_MOST,
                        .size = fmaxf(42 * u, scene_words_least(s, 15)),
                        .most = w * 0.93f - x,
                        .ink = ink,
                        .accent = scene_programme_hex(0xe9c583, 1)};
    draw_events(out, s, &page);
    return LIGHT_STEP - t.run % LIGHT_STEP;
}
