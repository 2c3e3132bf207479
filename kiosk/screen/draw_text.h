#ifndef PORCHLIGHT_SCREEN_DRAW_TEXT_H
#define PORCHLIGHT_SCREEN_DRAW_TEXT_H

#include "kiosk/screen/items.h"

/* Letters: SDL_ttf with HarfBuzz. Each text is set in the first font that has most of its letters.
 * It is shown without those that the font lacks, and the log names them once: none is ever shown as
 * a box. Lines that mix directions are ordered by bidi.h. Texts are kept while they are used. */
struct text;

/* Fonts are looked for in `folder` (NULL: where Debian puts DejaVu). Without
 * any font, words are left out and one log line says so. NULL: no memory. */
struct text *text_new(const char *folder);
void text_free(struct text *t);

/* Turns every ITEM_WORDS of the list into an ITEM_MASK. A text wider than its room is wrapped if it
 * may be, and set smaller if that is not enough. */
void text_set(struct text *t, struct items *l);

/* The first character of `line` that no font has, 0 if all can be shown. */
uint32_t text_missing(struct text *t, const char *line);

#endif
