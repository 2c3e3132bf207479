#include "kiosk/screen/scene_words.h"

#include "kiosk/screen/sky.h"

#include <math.h>
#include <string.h>

float scene_words_least(const struct scene_state *s, float px)
{
    float side = (float)(s->w < s->h ? s->w : s->h);
    return fminf(px, px * side / 300);
}

void scene_words_mark(struct item *i, const char script[5], bool rtl, enum item_face face)
{
    memcpy(i->u.words.script, script, 4);
    i->u.words.rtl = rtl;
    i->u.words.face = (uint8_t)face;
}

/* Where a text is and how it is set. */
struct line {
    float x, y, size, most, side;
    const char *script;
    bool rtl;
    enum item_face face;
};

/* A line, and below it a soft shade, where there is one. */
static void words_line(struct items *l, const char *text, const struct line *at, struct ink ink,
                       struct ink shade)
{
    for (int top = 0; top < 2; top++) {
        struct item *i = items_words(l, text, at->x, at->y, at->size, at->most,
                                     top ? ink : ink_fade(shade, shade.a * ink.a));
        i->p[4] = at->side;
        i->u.words.shade = !top;
        scene_words_mark(i, at->script, at->rtl, at->face);
    }
}

/* The colon is set apart, in the middle of the digits' height. */
static void draw_clock(struct items *l, const struct scene_words *w, float x, float y, float size,
                       struct ink ink, struct ink shade)
{
    const char *const part[] = {w->hour, ":", w->minute};
    for (int k = 0; k < 3; k++) {
        float side = 1 - (float)k;
        struct line at = {.x = x - side * 0.155f * size,
                          .y = y - (k == 1 ? 0.10f * size : 0),
                          .size = size,
                          .side = side,
                          .script = "Latn",
                          .face = FACE_CLOCK};
        words_line(l, w->hour[0] ? part[k] : "", &at, ink, shade);
    }
}

void scene_words_draw(struct items *l, const struct scene_state *s, const struct words_place *at,
                      struct ink ink)
{
    const struct scene_words *w = &s->words;
    float greeting = fmaxf(at->greeting, scene_words_least(s, 17));
    float date = fmaxf(at->date, scene_words_least(s, 14));
    float below = (at->clock > 0 ? 1.83f * greeting : 0) + 1.80f * date;
    float from = at->lowest > 0 ? fminf(at->y, at->lowest - below) : at->y;
    float x = at->x + (float)s->shift_x, y = from + (float)s->shift_y;
    draw_clock(l, w, x, y, at->clock, ink_fade(ink, 0.96f * w->clock_alpha), at->shade);
    /* Arabic's letters are small in their font for its size. */
    float more = strcmp(w->script, "Arab") == 0 ? 1.15f : 1, side = w->rtl ? 1 : 0;
    if (w->rtl) /* right-aligned, with the clock's last digit */
        x += 1.38f * at->clock;
    y += at->clock > 0 ? 1.83f * greeting : 0;
    struct line line = {x, y, greeting * more, at->most, side, w->script, w->rtl, FACE_BOOK};
    words_line(l, w->greeting, &line, ink_fade(ink, w->alpha), at->shade);
    line.y += 1.80f * date;
    line.size = date * more;
    words_line(l, w->date, &line, ink_fade(ink, w->alpha), at->shade);
}
