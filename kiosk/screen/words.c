#include "kiosk/screen/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FADE 2.0 /* seconds in, and out */

static enum language_hour hour_of(int hour)
{
    if (hour >= 5 && hour < 12)
        return HOUR_MORNING;
    return hour >= 12 && hour < 18 ? HOUR_DAY : HOUR_EVENING;
}

struct scene_words words_at(const struct language *languages, size_t count, const struct tm *local,
                            int64_t unix_s, double sub, bool known)
{
    struct scene_words w = {.alpha = 1};
    if (count == 0)
        return w;
    int64_t turn = unix_s / WORDS_TURN;
    const struct language *l = &languages[turn % (int64_t)count];
    double into = (double)(unix_s % WORDS_TURN) + sub;
    snprintf(w.greeting, sizeof w.greeting, "%s",
             l->greeting[known ? hour_of(local->tm_hour) : HOUR_DAY]);
    memcpy(w.script, l->script, sizeof w.script);
    w.rtl = l->rtl;
    if (known) {
        snprintf(w.clock, sizeof w.clock, "%02d:%02d", local->tm_hour, local->tm_min);
        language_date(l, (local->tm_wday + 6) % 7, local->tm_mday, local->tm_mon,
                      local->tm_year + 1900, w.date, sizeof w.date);
    }
    if (count > 1)
        w.alpha = (float)fmin(1, fmin(into, WORDS_TURN - into) / FADE);
    return w;
}
