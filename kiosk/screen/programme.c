#include "kiosk/screen/programme.h"

#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct day {
    int year, month, day, weekday, minute;
};

/* 1 applies to the day, 0 does not, -1 is no heading. */
static int heading(const char *line, const struct day *d)
{
    static const char days[] = "montuewedthufrisatsun";
    int year, month, day, used = 0;
    if (sscanf(line, "[%d-%d-%d]%n", &year, &month, &day, &used) == 3 && used > 0)
        return year == d->year && month == d->month && day == d->day;
    if (strlen(line) < 5 || line[4] != ']')
        return -1;
    for (int k = 0; k < 7; k++) {
        if (strncmp(line + 1, days + 3 * (size_t)k, 3) == 0)
            return k == d->weekday;
    }
    return -1;
}

static void programme_add(struct programme *p, const struct event *e, const struct day *d)
{
    size_t at = p->count;
    while (at > 0 && p->event[at - 1].minute > e->minute)
        at--;
    if (p->count == PROGRAMME_MOST) {
        /* The first is the one to go if it is over, else the last. */
        if (p->event[0].minute + 30 < d->minute && at > 0) {
            memmove(&p->event[0], &p->event[1], (at - 1) * sizeof *p->event);
            p->event[at - 1] = *e;
        } else if (at < PROGRAMME_MOST) {
            memmove(&p->event[at + 1], &p->event[at], (PROGRAMME_MOST - 1 - at) * sizeof *e);
            p->event[at] = *e;
        }
        return;
    }
    memmove(&p->event[at + 1], &p->event[at], (p->count - at) * sizeof *e);
    p->event[at] = *e;
    p->count++;
}

/* "19:00 Title" */
static int take_event(const char *line, struct event *e)
{
    int hour, minute, used = 0;
    memset(e, 0, sizeof *e);
    if (sscanf(line, "%2d:%2d%n", &hour, &minute, &used) != 2 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || (line[used] != ' ' && line[used] != '\t'))
        return -1;
    line += used;
    line += strspn(line, " \t");
    if (*line == '\0' || strlen(line) >= sizeof e->title)
        return -1;
    e->minute = hour * 60 + minute;
    strcpy(e->title, line);
    e->rtl = bidi_is_rtl(line);
    return 0;
}

int programme_parse(const char *file, const char *text, size_t len, int year, int month, int day,
                    int weekday, int minute, struct programme *p, char why[256])
{
    struct day d = {year, month, day, weekday, minute};
    bool applies = true;
    int status = 0, number = 1;
    memset(p, 0, sizeof *p);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (!utf8_valid(text, len)) {
        snprintf(why, 256, "%.160s: not UTF-8; mend: save it as UTF-8 (iconv -f CP1251 -t UTF-8)",
                 file);
        return -1;
    }
    for (size_t at = 0; at < len; number++) {
        char line[256];
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - (text + at)) : len - at, keep = n;
        while (keep > 0 && (text[at + keep - 1] == '\r' || text[at + keep - 1] == ' '))
            keep--;
        bool fits = keep < sizeof line;
        memcpy(line, text + at, fits ? keep : 0);
        line[fits ? keep : 0] = '\0';
        at += n + 1;
        struct event e;
        int on = line[0] == '[' ? heading(line, &d) : 0;
        bool bad = !fits || on < 0;
        if (line[0] == '[' && on >= 0) {
            applies = on;
        } else if (!bad && line[0] != '\0' && line[0] != '#') {
            bad = take_event(line, &e) != 0;
            if (!bad && applies)
                programme_add(p, &e, &d);
        }
        if (bad && status == 0) {
            snprintf(why, 256,
                     "%.120s:%d: found \"%.40s\", expected \"19:00 Title\", \"[fri]\", "
                     "\"[2026-11-22]\" or \"# remark\"",
                     file, number, line);
            status = -1;
        }
    }
    return status;
}
