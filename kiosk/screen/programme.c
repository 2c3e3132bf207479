#include "kiosk/screen/programme.h"

#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_SIZE = 256 };

/* 1: what follows is for today, 0: for another day, -1: not a heading. */
static int heading(const char *line, const struct tm *today)
{
    static const char days[] = "sunmontuewedthufrisat";
    int year, month, day, used = 0;
    if (sscanf(line, "[%d-%d-%d]%n", &year, &month, &day, &used) == 3 && used > 0)
        return year == today->tm_year + 1900 && month == today->tm_mon + 1 && day == today->tm_mday;
    if (strlen(line) < 5 || line[4] != ']')
        return -1;
    for (int k = 0; k < 7; k++) {
        if (strncmp(line + 1, days + 3 * (size_t)k, 3) == 0)
            return k == today->tm_wday;
    }
    return -1;
}

/* Puts an event where its time belongs. In a full programme it takes the place of the first if that
 * is over, else of the last. `minute`: now. */
static void programme_add(struct programme *p, const struct event *e, int minute)
{
    size_t at = p->count;
    while (at > 0 && p->event[at - 1].minute > e->minute)
        at--;
    if (p->count == PROGRAMME_MOST) {
        if (p->event[0].minute + 30 < minute && at > 0) {
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

/* One line of the file. `applies`: whether the heading above it is for today; it is not while that
 * heading cannot be read. 0, or -1 for a line that is none of the four kinds. */
static int programme_take_line(const char *line, const struct tm *now, bool *applies,
                               struct programme *p)
{
    struct event e;
    if (line[0] == '[') {
        int today = heading(line, now);
        *applies = today > 0;
        return today < 0 ? -1 : 0;
    }
    if (line[0] == '\0' || line[0] == '#')
        return 0;
    if (take_event(line, &e) != 0)
        return -1;
    if (*applies)
        programme_add(p, &e, now->tm_hour * 60 + now->tm_min);
    return 0;
}

/* Copies the line that begins at *at, without the blanks at its end; *at moves behind it. Of a
 * longer line the beginning is enough: no title is as long. */
static void programme_next_line(const char *text, size_t len, size_t *at, char line[LINE_SIZE])
{
    const char *begin = text + *at, *end = memchr(begin, '\n', len - *at);
    size_t n = end ? (size_t)(end - begin) : len - *at;
    *at += n + 1;
    while (n > 0 && (begin[n - 1] == '\r' || begin[n - 1] == ' '))
        n--;
    snprintf(line, LINE_SIZE, "%.*s", (int)n, begin);
}

int programme_parse(const char *file, const char *text, size_t len, const struct tm *now,
                    struct programme *p, char why[256])
{
    bool applies = true;
    int status = 0, number = 1;
    size_t at = utf8_mark(text, len);
    memset(p, 0, sizeof *p);
    if (!utf8_valid(text, len)) {
        snprintf(why, 256, "%.160s: not UTF-8. Save it as UTF-8: iconv -f CP1251 -t UTF-8", file);
        return -1;
    }
    for (; at < len; number++) {
        char line[LINE_SIZE];
        programme_next_line(text, len, &at, line);
        if (programme_take_line(line, now, &applies, p) == 0 || status != 0)
            continue;
        snprintf(why, 256,
                 "%.120s:%d: found \"%.*s\", expected \"19:00 Title\", \"[fri]\", "
                 "\"[2026-11-22]\" or \"# remark\"",
                 file, number, (int)utf8_fit(line, 40), line);
        status = -1;
    }
    return status;
}
