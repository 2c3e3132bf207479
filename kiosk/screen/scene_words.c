#include "kiosk/screen/scene_words.h"

#include "kiosk/screen/sky.h"

#include <string.h>

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
    y += at->clock > 0 ? 1.83f * at->greeting : 0;
    i = items_words(l, w->greeting, x, y, at->greeting, at->most, ink_fade(ink, 0.94f * w->alpha));
    scene_words_mark(i, w->script, w->rtl, FACE_LIGHT);
    y += 1.80f * at->date;
    i = items_words(l, w->date, x, y, at->date, at->most, ink_fade(ink, 0.80f * w->alpha));
    scene_words_mark(i, w->script, w->rtl, FACE_BOOK);
}
