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

void scene_words_draw(struct items *l, const struct scene_state *s, const struct words_place *at,
                      struct ink ink)
{
    const struct scene_words *w = &s->words;
    float x = at->x + (float)s->shift_x, y = at->y + (float)s->shift_y;
    struct item *i = items_words(l, w->clock, x, y, at->clock, at->most, ink_fade(ink, 0.96f));
    scene_words_mark(i, "Latn", false, FACE_LIGHT);
    /* Arabic's letters are small in their font for its size. */
    float more = strcmp(w->script, "Arab") == 0 ? 1.15f : 1;
    float greeting = fmaxf(at->greeting, scene_words_least(s, 17));
    float date = fmaxf(at->date, scene_words_least(s, 13));
    y += at->clock > 0 ? 1.83f * greeting : 0;
    i = items_words(l, w->greeting, x, y, greeting * more, at->most,
                    ink_fade(ink, 0.94f * w->alpha));
    scene_words_mark(i, w->script, w->rtl, FACE_LIGHT);
    y += 1.80f * date;
    i = items_words(l, w->date, x, y, date * more, at->most, ink_fade(ink, 0.80f * w->alpha));
    scene_words_mark(i, w->script, w->rtl, FACE_BOOK);
}
