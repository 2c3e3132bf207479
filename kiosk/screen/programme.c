#include "kiosk/screen/programme.h"

#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LINE_SIZE = 1024, DAY = 24 * 60 };

/* What a line is. Below a lost heading, no event counts for any day. */
enum line { LINE_NOTHING, LINE_EVENT, LINE_LONG_EVENT, LINE_HEADING, LINE_LOST, LINE_LOST_HEADING };

/* A weekday's English name, or its first three letters: 0 Sunday to 6, -1 for another word. */
static int weekday_of(const char *word, size_t len)
{
    static const char *const days[] = {"sunday",   "monday", "tuesday", "wednesday",
                                       "thursday", "friday", "saturday"};
    for (int k = 0; k < 7; k++)
        if ((len == 3 || len == strlen(days[k])) && strncasecmp(word, days[k], len) == 0)
            return k;
    return -1;
}

/* "[2026-11-22]" or "[22.11.2026]": year, month and day of *date. */
static bool date_of(const char *line, struct tm *date)
{
    int year, month, day, used = 0;
    if ((sscanf(line, "[%4d-%2d-%2d]%n", &year, &month, &day, &used) != 3 || used == 0) &&
        (sscanf(line, "[%2d.%2d.%4d]%n", &day, &month, &year, &used) != 3 || used == 0))
        return false;
    *date = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return year >= 2000 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Days that lines are for, as bits. */
enum { TODAY = 1, YESTERDAY = 2 };

static bool same_day(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday;
}

/* "[fri]", "[2026-11-22]", "[22.11.2026]". Which days what follows is for; -1: it cannot be read.
 */
static int heading(const char *line, const struct tm *today)
{
    struct tm date, yesterday = *today;
    yesterday.tm_mday--;
    yesterday.tm_hour = 12;
    timegm(&yesterday);
    const char *end = strchr(line, ']');
    if (!end || (end[1] != '\0' && !strchr(" \t#", end[1])))
        return -1;
    int weekday = weekday_of(line + 1, (size_t)(end - line - 1));
    if (weekday >= 0)
        return (weekday == today->tm_wday ? TODAY : 0) +
               ((weekday + 1) % 7 == today->tm_wday ? YESTERDAY : 0);
    if (!date_of(line, &date))
        return -1;
    return (same_day(&date, today) ? TODAY : 0) + (same_day(&date, &yesterday) ? YESTERDAY : 0);
}

void programme_add(struct programme *p, const struct event *e, int minute)
{
    size_t at = p->count;
    while (at > 0 && p->event[at - 1].minute > e->minute)
        at--;
    if (p->count == PROGRAMME_MOST) {
        const struct event *first = &p->event[0];
        if ((first->until >= 0 ? first->until : first->minute + 31) <= minute && at > 0) {
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

/* "am", "p.m." and the like, as a word of its own. Its bytes, or 0; *afternoon. */
static size_t half_of_day(const char *text, bool *afternoon)
{
    char half = (char)tolower((unsigned char)text[0]);
    size_t n = 0;
    *afternoon = half == 'p';
    if (half != 'a' && half != 'p')
        return 0;
    if (strncasecmp(text + 1, "m", 1) == 0)
        n = 2;
    else if (strncasecmp(text + 1, ".m.", 3) == 0)
        n = 4;
    return n > 0 && !isalnum((unsigned char)text[n]) ? n : 0;
}

/* ":00", ".30", "h30" or "h" behind the hour. Its bytes, or 0 for none. */
static size_t minutes_of(const char *text, int *past)
{
    size_t digits;
    if (text[0] == '\0' || !strchr(":.hH", text[0]))
        return 0;
    digits = strspn(text + 1, "0123456789");
    if (digits == 2)
        return sscanf(text + 1, "%2d", past) == 1 ? 3 : 0;
    return digits == 0 && tolower((unsigned char)text[0]) == 'h' ? 1 : 0;
}

/* "19:00", "9.30", "19h30", "19h", "7 pm". Its bytes, or 0 for none; *minute of the day, up to DAY
 * for 24:00. */
static size_t time_of_day(const char *text, int *minute)
{
    int hour, past = 0;
    bool afternoon;
    size_t at = strspn(text, "0123456789"), whole, blanks, half;
    if (at < 1 || at > 2 || sscanf(text, "%2d", &hour) != 1)
        return 0;
    whole = minutes_of(text + at, &past);
    at += whole;
    blanks = strspn(text + at, " \t");
    half = half_of_day(text + at + blanks, &afternoon);
    if (half > 0 && hour >= 1 && hour <= 12) {
        hour = hour % 12 + (afternoon ? 12 : 0);
        at += blanks + half;
    } else if (half > 0 || !whole) {
        return 0;
    }
    *minute = hour * 60 + past;
    return past <= 59 && *minute <= DAY ? at : 0;
}

/* "-22:30" behind a time, with or without blanks; a dash before a title is none. */
static size_t end_of_event(const char *text, int *minute)
{
    static const char *const dashes[] = {"-", "\u2013", "\u2014"};
    size_t blanks = strspn(text, " \t");
    for (size_t k = 0; k < sizeof dashes / sizeof *dashes; k++) {
        size_t dash = strlen(dashes[k]);
        if (strncmp(text + blanks, dashes[k], dash) != 0)
            continue;
        size_t at = blanks + dash;
        at += strspn(text + at, " \t");
        size_t n = time_of_day(text + at, minute);
        return n > 0 ? at + n : 0;
    }
    return 0;
}

/* "19:00 Title" */
static enum line take_event(const char *line, struct event *e)
{
    memset(e, 0, sizeof *e);
    e->until = -1;
    size_t used = time_of_day(line, &e->minute);
    if (used == 0 || e->minute >= DAY)
        return LINE_LOST;
    used += end_of_event(line + used, &e->until);
    if (line[used] != ' ' && line[used] != '\t')
        return LINE_LOST;
    if (e->until >= 0 && e->until <= e->minute)
        e->until += DAY;
    line += used;
    line += strspn(line, " \t");
    if (*line == '\0')
        return LINE_LOST;
    size_t bytes = utf8_span(line, PROGRAMME_LETTERS);
    bool whole = line[bytes] == '\0';
    if (!whole)
        bytes = utf8_span(line, PROGRAMME_LETTERS - 1);
    snprintf(e->title, sizeof e->title, "%.*s%s", (int)bytes, line, whole ? "" : "\u2026");
    e->rtl = bidi_is_rtl(e->title);
    return whole ? LINE_EVENT : LINE_LONG_EVENT;
}

/* Whether a line that is no event may have been meant as a heading. */
static bool may_be_heading(const char *line)
{
    int a, b, c;
    char dash;
    return !isdigit((unsigned char)line[0]) ||
           sscanf(line, "%d%*[-./]%d%*[-./]%d%c", &a, &b, &c, &dash) >= 3;
}

/* One line of the file. `applies`: which days the heading above it is for. Of yesterday's events
 * those that still run are shown. */
static enum line programme_take_line(const char *line, const struct tm *now, int *applies,
                                     struct programme *p)
{
    struct event e;
    int minute = now->tm_hour * 60 + now->tm_min;
    if (line[0] == '\0' || line[0] == '#')
        return LINE_NOTHING;
    if (line[0] == '[') {
        int days = heading(line, now);
        *applies = days > 0 ? days : 0;
        return days < 0 ? LINE_LOST_HEADING : LINE_HEADING;
    }
    enum line got = take_event(line, &e);
    if (got == LINE_LOST && may_be_heading(line)) {
        *applies = 0;
        return LINE_LOST_HEADING;
    }
    if (got != LINE_LOST && (*applies & TODAY))
        programme_add(p, &e, minute);
    if (got != LINE_LOST && (*applies & YESTERDAY) && e.until > DAY + minute) {
        e.minute -= DAY;
        e.until -= DAY;
        programme_add(p, &e, minute);
    }
    return got;
}

/* Copies the line that begins at *at, without the blanks around it; *at moves behind it. Of a
 * longer line the beginning is enough: no title is as long. */
static void programme_next_line(const char *text, size_t len, size_t *at, char line[LINE_SIZE])
{
    const char *begin = text + *at;
    size_t n = 0, left = len - *at;
    while (n < left && begin[n] != '\n' && begin[n] != '\r')
        n++;
    *at += n + (n + 1 < left && begin[n] == '\r' && begin[n + 1] == '\n' ? 2 : 1);
    for (; n > 0 && (*begin == ' ' || *begin == '\t'); begin++)
        n--;
    while (n > 0 && (begin[n - 1] == ' ' || begin[n - 1] == '\t'))
        n--;
    snprintf(line, LINE_SIZE, "%.*s", (int)n, begin);
    line[utf8_fit(line, LINE_SIZE - 4)] = '\0';
}

static void programme_explain(enum line found, const char *file, int number, const char *line,
                              char why[PROGRAMME_WHY])
{
    if (found == LINE_LONG_EVENT)
        snprintf(why, PROGRAMME_WHY,
                 "%.100s:%d: the title has more than %d letters; the rest is not shown", file,
                 number, PROGRAMME_LETTERS);
    else if (found == LINE_LOST_HEADING)
        snprintf(why, PROGRAMME_WHY,
                 "%.80s:%d: found \"%.*s\", expected \"19:00 Title\", \"[fri]\", \"[2026-11-22]\" "
                 "or \"# remark\"; events below it, up to the next heading, are not shown",
                 file, number, (int)utf8_fit(line, 30), line);
    else
        snprintf(why, PROGRAMME_WHY,
                 "%.100s:%d: found \"%.*s\", expected a time from 00:00 to 23:59 and a title: "
                 "\"19:00 Title\"",
                 file, number, (int)utf8_fit(line, 40), line);
}

void programme_name_line(char why[PROGRAMME_WHY], int bad, int line)
{
    size_t at = strlen(why), room = PROGRAMME_WHY - at;
    if (room < 24) {
        if (why[at - 1] != '.')
            snprintf(why + at, room, " ...");
        return;
    }
    snprintf(why + at, room, bad == 1 ? "; also: line %d" : ", %d", line);
}

int programme_parse(const char *file, const char *text, size_t len, const struct tm *now,
                    struct programme *p, char why[PROGRAMME_WHY])
{
    int applies = TODAY | YESTERDAY, bad = 0, number = 1;
    size_t at = utf8_mark(text, len);
    memset(p, 0, sizeof *p);
    if (!utf8_valid(text, len)) {
        bool wide =
            len >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0);
        snprintf(why, PROGRAMME_WHY, "%.160s: not UTF-8. Save it as UTF-8: iconv -f %s -t UTF-8",
                 file, wide ? "UTF-16" : "CP1251");
        return -1;
    }
    for (; at < len; number++) {
        char line[LINE_SIZE];
        programme_next_line(text, len, &at, line);
        enum line found = programme_take_line(line, now, &applies, p);
        if (found != LINE_LONG_EVENT && found != LINE_LOST && found != LINE_LOST_HEADING)
            continue;
        if (bad++ == 0)
            programme_explain(found, file, number, line, why);
        else
            programme_name_line(why, bad - 1, number);
    }
    return bad > 0 ? -1 : 0;
}
