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

static size_t character(const char *p, uint32_t *c)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t n = *s < 0x80 ? 1 : *s < 0xE0 ? 2 : *s < 0xF0 ? 3 : 4;
    *c = n == 1 ? *s : *s & (0x7Fu >> n);
    for (size_t k = 1; k < n; k++) {
        if ((s[k] & 0xC0) != 0x80) {
            *c = 0xFFFD;
            return k;
        }
        *c = *c << 6 | (s[k] & 0x3Fu);
    }
    return n;
}

enum reads { NEUTRAL, RIGHT_TO_LEFT, NUMBER, BETWEEN_NUMBERS, LEFT_TO_RIGHT };

static enum reads reads(uint32_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 0x660 && c <= 0x669) || (c >= 0x6F0 && c <= 0x6F9))
        return NUMBER;
    if (c == ':' || c == '.' || c == ',' || c == '/' || c == 0x66B || c == 0x66C)
        return BETWEEN_NUMBERS;
    if ((c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFF))
        return RIGHT_TO_LEFT;
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= 0xC0 && c < 0x590) ||
                  (c >= 0x900 && c < 0x2000) || c >= 0x2C00;
    return letter ? LEFT_TO_RIGHT : NEUTRAL;
}

enum { RUN_MOST = ITEM_TEXT_MAX };

struct letter {
    const char *at;
    size_t bytes;
    enum reads reads;
};

/* Where the run that begins at `from` ends: a number with what joins it, or words of another
 * script with the blanks and numbers between them. */
static size_t words_run_end(const struct letter *l, size_t n, size_t from)
{
    size_t end = from + 1;
    for (size_t k = from + 1; k < n && l[k].reads != RIGHT_TO_LEFT; k++) {
        bool joins = l[k].reads == BETWEEN_NUMBERS && k == end;
        if (l[from].reads == NUMBER && l[k].reads != NUMBER && !joins)
            break;
        if (l[k].reads == NUMBER || l[k].reads == LEFT_TO_RIGHT)
            end = k + 1;
    }
    return end;
}

void words_rtl(const char *line, char *out, size_t size)
{
    struct letter l[RUN_MOST];
    size_t n = 0, used = 0;
    for (const char *p = line; *p && n < RUN_MOST; n++) {
        uint32_t c;
        l[n].at = p;
        l[n].bytes = character(p, &c);
        l[n].reads = reads(c);
        p += l[n].bytes;
    }
    for (size_t k = 0; k < n;) {
        bool run = l[k].reads == NUMBER || l[k].reads == LEFT_TO_RIGHT;
        size_t end = run ? words_run_end(l, n, k) : k + 1;
        for (size_t i = end; i > k; i--) {
            if (used + l[i - 1].bytes + 1 > size)
                break;
            memcpy(out + used, l[i - 1].at, l[i - 1].bytes);
            used += l[i - 1].bytes;
        }
        k = end;
    }
    out[used] = '\0';
}
