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
    struct scene_words w = {.alpha = 1, .clock_alpha = 1};
    if (count == 0)
        return w;
    int64_t turn = unix_s / WORDS_TURN;
    const struct language *l = &languages[turn % (int64_t)count];
    double into = (double)(unix_s % WORDS_TURN) + sub;
    snprintf(w.greeting, sizeof w.greeting, "%s",
             l->greeting[known ? hour_of(local->tm_hour) : HOUR_DAY]);
    memcpy(w.script, l->script, sizeof w.script);
    memcpy(w.digit, l->digits, sizeof w.digit);
    w.rtl = l->rtl;
    if (known) {
        language_number(l, local->tm_hour, 2, w.hour, sizeof w.hour);
        language_number(l, local->tm_min, 2, w.minute, sizeof w.minute);
        language_date(l, (local->tm_wday + 6) % 7, local->tm_mday, local->tm_mon,
                      local->tm_year + 1900, w.date, sizeof w.date);
    }
    if (count > 1)
        w.alpha = (float)fmin(1, fmin(into, WORDS_TURN - into) / FADE);
    for (size_t k = 0; k < count; k++)
        if (strcmp(languages[k].digits[0], l->digits[0]) != 0)
            w.clock_alpha = w.alpha;
    return w;
}
