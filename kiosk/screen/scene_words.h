#ifndef PORCHLIGHT_SCREEN_SCENE_WORDS_H
#define PORCHLIGHT_SCREEN_SCENE_WORDS_H

#include "kiosk/screen/scene.h"

/* Clock, greeting and date, one below the other: around a middle line, or in a language that is
 * written from the right along the right edge. Sizes in px; the lines' distances follow from them.
 */
struct words_place {
    float x, y; /* the clock's middle and baseline */
    float most; /* widest line */
    float clock, greeting, date;
    float lowest;     /* the date's baseline is no lower: all move up; 0: wherever it is */
    struct ink shade; /* below greeting and date; alpha 0: none is needed */
};

void scene_words_draw(struct items *l, const struct scene_state *s, const struct words_place *at,
                      struct ink ink);

/* The least size of letters: `px`, below which nobody can read them on a small panel. Less on a
 * picture under 300 px a side, which is a thumbnail, so that it keeps its proportions. */
float scene_words_least(const struct scene_state *s, float px);

/* Sets how a line is shaped. */
void scene_words_mark(struct item *i, const char script[5], bool rtl, enum item_face face);

#endif
