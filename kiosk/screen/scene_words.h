#ifndef PORCHLIGHT_SCREEN_SCENE_WORDS_H
#define PORCHLIGHT_SCREEN_SCENE_WORDS_H

#include "kiosk/screen/scene.h"

/* Clock, greeting and date, one below the other around a middle line that suits writing from
 * either side. Sizes in px; the lines' distances follow from them. */
struct words_place {
    float x, y; /* the clock's middle and baseline */
    float most; /* widest line */
    float clock, greeting, date;
};

void scene_words_draw(struct items *l, const struct scene_state *s, const struct words_place *at,
                      struct ink ink);

/* `px`, below which letters cannot be read on a small panel; less on what is no panel (under 300 px
 * a side), so that the whole keeps its shape. */
float scene_words_least(const struct scene_state *s, float px);

/* Marks how a line is to be shaped. */
void scene_words_mark(struct item *i, const char script[5], bool rtl, enum item_face face);

#endif
