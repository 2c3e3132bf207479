#ifndef PORCHLIGHT_SCREEN_WORDS_H
#define PORCHLIGHT_SCREEN_WORDS_H

#include "kiosk/screen/language.h"
#include "kiosk/screen/scene.h"

#include <time.h>

/* The words at a moment: the venue's languages in turn, WORDS_TURN each. All of a turn's
 * words are those of its first second, so that they change only while they cannot be seen. */
#define WORDS_TURN 20 /* seconds; three fill a minute, so that midnight begins a turn */

/* `local` is broken-down local time, `sub` the part of its second, 0 to 1, `unix_s` the same moment
 * since 1970. `known` false: the clock was never set, so no time and no date. */
struct scene_words words_at(const struct language *languages, size_t count, const struct tm *local,
                            int64_t unix_s, double sub, bool known);

#endif
