#include "kiosk/screen/ics.h"

#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ICS_LINE = 2048, ICS_LEFT_OUT = 64, ICS_DAYS = 40 * 366, ICS_RUNS = 9 };

/* A moment in local time: days since 1970 and the minute of the day. */
struct ics_moment {
    int64_t day;
    int minute; /* -1: a whole day */
};

struct ics_event {
    bool inside, cancelled, has_start, repeats, replaces;
    const char *bad; /* what cannot be shown; NULL: nothing */
    int line;        /* of what is bad, else of DTSTART */
    struct ics_moment start, end, left_out[ICS_LEFT_OUT];
    size_t left_out_count;
    int duration; /* minutes; -1: none */
    bool weekly, monthly;
    int nth;       /* of BYDAY by month: 1 the first such day, -1 the last; 0: each */
    int month_day; /* BYMONTHDAY; 0: the start's */
    int interval, count;
    int64_t until; /* day; INT64_MAX: none */
    unsigned days; /* BYDAY: bit 0 Monday; 0: that of the start */
    char title[PROGRAMME_TITLE];
    bool cut;
};

static int64_t ics_day(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12};
    return (int64_t)timegm(&tm) / 86400;
}

/* A wall clock's time in another zone, as seconds since 1970. The process's own zone is put back.
 */
static time_t in_zone(const char *zone, struct tm *tm)
{
    char own[128] = "";
    const char *was = getenv("TZ");
    if (was)
        snprintf(own, sizeof own, "%s", was);
    setenv("TZ", zone, 1);
    tzset();
    tm->tm_isdst = -1;
    time_t at = mktime(tm);
    if (was)
        setenv("TZ", own, 1);
    else
        unsetenv("TZ");
    tzset();
    return at;
}

static bool is_zone(const char *zone)
{
    char path[160];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    FILE *f = zone[0] != '/' && !strstr(zone, "..") ? fopen(path, "re") : NULL;
    if (f)
        fclose(f);
    return f ? true : false;
}

/* "20261122", "20261122T183000", "20261122T183000Z", in the zone of a TZID ("": local). */
static bool take_moment(const char *text, const char *zone, struct ics_moment *out)
{
    struct tm tm = {0};
    int used = 0, hour, minute, second;
    char utc = '\0';
    if (sscanf(text, "%4d%2d%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) != 3 || used != 8)
        return false;
    out->day = ics_day(tm.tm_year, tm.tm_mon, tm.tm_mday);
    out->minute = -1;
    if (text[8] == '\0')
        return true;
    if (sscanf(text + 8, "T%2d%2d%2d%c", &hour, &minute, &second, &utc) < 3 || hour > 23 ||
        minute > 59 || (utc != '\0' && (utc != 'Z' || text[16] != '\0')))
        return false;
    out->minute = hour * 60 + minute;
    if (utc == '\0' && zone[0] == '\0')
        return true;
    if (utc == '\0' && !is_zone(zone))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    time_t at = utc ? timegm(&tm) : in_zone(zone, &tm);
    struct tm local;
    localtime_r(&at, &local);
    out->day = ics_day(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
    out->minute = local.tm_hour * 60 + local.tm_min;
    return true;
}

/* "PT1H30M", "P1D", "PT45M" in minutes; -1 for another. */
static int take_duration(const char *text)
{
    int total = 0, number, used;
    if (*text++ != 'P')
        return -1;
    while (*text) {
        if (*text == 'T') {
            text++;
            continue;
        }
        if (sscanf(text, "%5d%n", &number, &used) != 1 || number < 0)
            return -1;
        char unit = text[used];
        int minutes = unit == 'W' ? 10080 : unit == 'D' ? 1440 : unit == 'H' ? 60 : unit == 'M';
        if ((minutes == 0 && unit != 'S') || number > ICS_DAYS)
            return -1;
        total += number * minutes;
        if (total > ICS_DAYS * 1440)
            return -1;
        text += used + 1;
    }
    return total;
}

/* "MO,WE" as bits, and the number before each, "2MO,2WE". 0 for what cannot be read, or with
 * numbers that differ. */
static unsigned take_days(const char *text, int *nth)
{
    static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    unsigned days = 0;
    for (;;) {
        char *end;
        long number = strtol(text, &end, 10);
        int k = 0;
        if (number < -5 || number > 5 || (days != 0 && number != *nth))
            return 0;
        *nth = (int)number;
        text = end;
        while (k < 7 && strncmp(text, names[k], 2) != 0)
            k++;
        if (k == 7 || (text[2] != ',' && text[2] != '\0'))
            return 0;
        days |= 1u << k;
        if (text[2] == '\0')
            return days;
        text += 3;
    }
}

/* One part of a RRULE. False: it is not among those that are understood. */
static bool take_rule_part(struct ics_event *e, const char *key, const char *value)
{
    struct ics_moment until;
    if (strcmp(key, "FREQ") == 0) {
        e->repeats = true;
        e->weekly = strcmp(value, "WEEKLY") == 0;
        e->monthly = strcmp(value, "MONTHLY") == 0;
        return e->weekly || e->monthly || strcmp(value, "DAILY") == 0;
    }
    if (strcmp(key, "INTERVAL") == 0)
        return (e->interval = atoi(value)) > 0;
    if (strcmp(key, "COUNT") == 0)
        return (e->count = atoi(value)) > 0;
    if (strcmp(key, "BYDAY") == 0)
        return (e->days = take_days(value, &e->nth)) != 0;
    if (strcmp(key, "BYMONTHDAY") == 0)
        return (e->month_day = atoi(value)) > 0 && strspn(value, "0123456789") == strlen(value);
    if (strcmp(key, "UNTIL") == 0) {
        bool good = take_moment(value, "", &until);
        e->until = good ? until.day : 0;
        return good;
    }
    return strcmp(key, "WKST") == 0 && strcmp(value, "MO") == 0;
}

static bool take_rule(struct ics_event *e, char *text)
{
    for (char *rest = text, *part; (part = strsep(&rest, ";"));) {
        char *value = strchr(part, '=');
        if (!value)
            return false;
        *value++ = '\0';
        if (!take_rule_part(e, part, value))
            return false;
    }
    bool by_month = e->nth != 0 || e->month_day != 0;
    return e->repeats && (!by_month || e->monthly);
}

static void take_title(struct ics_event *e, const char *text)
{
    char plain[ICS_LINE];
    size_t n = 0;
    for (; *text && n + 1 < sizeof plain; text++) {
        bool escaped = *text == '\\' && text[1] != '\0';
        char c = escaped ? *++text : *text;
        plain[n++] = escaped && (c == 'n' || c == 'N') ? ' ' : c;
    }
    plain[n] = '\0';
    size_t bytes = utf8_span(plain, PROGRAMME_LETTERS);
    e->cut = plain[bytes] != '\0';
    if (e->cut)
        bytes = utf8_span(plain, PROGRAMME_LETTERS - 1);
    snprintf(e->title, sizeof e->title, "%.*s%s", (int)bytes, plain, e->cut ? "\u2026" : "");
}

/* The value of ";TZID=..." in a property's parameters, without quotes; empty where there is none.
 */
static void zone_of(const char *parameters, char zone[96])
{
    const char *at = strstr(parameters, ";TZID=");
    zone[0] = '\0';
    if (!at)
        return;
    at += 6;
    at += *at == '"';
    snprintf(zone, 96, "%.*s", (int)strcspn(at, "\";"), at);
}

static void ics_fault(struct ics_event *e, const char *what, int line)
{
    if (!e->bad) {
        e->bad = what;
        e->line = line;
    }
}

static void take_left_out(struct ics_event *e, char *value, const char *zone, int line)
{
    for (char *rest = value, *part; (part = strsep(&rest, ","));) {
        if (e->left_out_count == ICS_LEFT_OUT ||
            !take_moment(part, zone, &e->left_out[e->left_out_count++]))
            ics_fault(e, "EXDATE", line);
    }
}

/* One property of an event. */
static void take_property(struct ics_event *e, const char *name, const char *parameters,
                          char *value, int line)
{
    char zone[96];
    zone_of(parameters, zone);
    if (strcmp(name, "DTSTART") == 0) {
        e->has_start = take_moment(value, zone, &e->start);
        if (!e->has_start)
            ics_fault(e, "DTSTART", line);
    } else if (strcmp(name, "DTEND") == 0) {
        if (!take_moment(value, zone, &e->end))
            ics_fault(e, "DTEND", line);
    } else if (strcmp(name, "DURATION") == 0) {
        if ((e->duration = take_duration(value)) < 0)
            ics_fault(e, "DURATION", line);
    } else if (strcmp(name, "SUMMARY") == 0) {
        take_title(e, value);
    } else if (strcmp(name, "RRULE") == 0) {
        if (!take_rule(e, value))
            ics_fault(e, "RRULE", line);
    } else if (strcmp(name, "EXDATE") == 0) {
        take_left_out(e, value, zone, line);
    } else if (strcmp(name, "RDATE") == 0 || strcmp(name, "RECURRENCE-ID") == 0) {
        ics_fault(e, name[1] == 'D' ? "RDATE" : "RECURRENCE-ID", line);
    } else if (strcmp(name, "STATUS") == 0) {
        e->cancelled = strcmp(value, "CANCELLED") == 0;
    }
}

static struct tm ics_date(int64_t day)
{
    time_t at = (time_t)(day * 86400);
    struct tm tm;
    gmtime_r(&at, &tm);
    return tm;
}

/* The same for a rule by month. `of_days`: whether it is one of BYDAY's days. */
static bool rule_has_in_month(const struct ics_event *e, int64_t day, bool of_days)
{
    struct tm first = ics_date(e->start.day), now = ics_date(day);
    int months = (now.tm_year - first.tm_year) * 12 + now.tm_mon - first.tm_mon;
    if (months % (e->interval > 0 ? e->interval : 1) != 0)
        return false;
    if (!e->days || e->month_day != 0)
        return of_days && now.tm_mday == (e->month_day ? e->month_day : first.tm_mday);
    bool from_end = e->nth < 0 && ics_date(day - 7 * e->nth).tm_mon != now.tm_mon &&
                    ics_date(day - 7 * (e->nth + 1)).tm_mon == now.tm_mon;
    return of_days && (e->nth == 0 || from_end || (now.tm_mday - 1) / 7 + 1 == e->nth);
}

/* Whether the rule has an occurrence on `day`, before counting. */
static bool rule_has(const struct ics_event *e, int64_t day)
{
    int64_t first = e->start.day;
    unsigned weekday = (unsigned)((day + 3) % 7); /* 1970 began on a Thursday; 0 Monday */
    unsigned days = e->days ? e->days : e->weekly ? 1u << ((first + 3) % 7) : 0x7f;
    if (e->monthly)
        return day >= first && day <= e->until &&
               rule_has_in_month(e, day, !e->days || (e->days & 1u << weekday));
    int interval = e->interval > 0 ? e->interval : 1;
    int64_t steps = e->weekly ? (day + 3) / 7 - (first + 3) / 7 : day - first;
    return day >= first && day <= e->until && steps % interval == 0 && (days & 1u << weekday);
}

static bool happens_on(const struct ics_event *e, int64_t day)
{
    for (size_t k = 0; k < e->left_out_count; k++)
        if (e->left_out[k].day == day)
            return false;
    if (!e->repeats || day == e->start.day)
        return day == e->start.day;
    if (!rule_has(e, day) || day - e->start.day > ICS_DAYS)
        return false;
    int before = 0;
    for (int64_t d = e->start.day; e->count > 0 && d < day; d++)
        before += d == e->start.day || rule_has(e, d);
    return e->count == 0 || before < e->count;
}

/* Adds the event to today's programme if it is today's, or began at most ICS_RUNS days before and
 * still runs. */
static void take_whole_event(struct ics_event *e, const struct tm *now, struct programme *p)
{
    int64_t today = ics_day(now->tm_year + 1900, now->tm_mon + 1, now->tm_mday);
    struct event out = {.minute = e->start.minute, .until = -1};
    if (!e->bad && e->start.minute < 0)
        ics_fault(e, "a whole day", e->line);
    if (!e->bad && e->title[0] == '\0')
        ics_fault(e, "no SUMMARY", e->line);
    if (e->bad)
        return;
    if (e->duration >= 0)
        out.until = out.minute + e->duration;
    else if (e->end.day > 0 && e->end.minute >= 0 && e->end.day >= e->start.day &&
             e->end.day - e->start.day < ICS_DAYS)
        out.until =
            out.minute + (int)(e->end.day - e->start.day) * 1440 + e->end.minute - e->start.minute;
    if (out.until <= out.minute)
        out.until = -1;
    memcpy(out.title, e->title, sizeof out.title);
    out.rtl = bidi_is_rtl(out.title);
    int minute = now->tm_hour * 60 + now->tm_min;
    for (int before = 0; before <= ICS_RUNS; before++) {
        bool shown = before == 0 || out.until > minute;
        if (shown && happens_on(e, today - before))
            programme_add(p, &out, minute);
        if (out.until < 0)
            return;
        out.minute -= 1440;
        out.until -= 1440;
    }
}

/* Copies the line at *at, joined with those that continue it; of a longer line the beginning.
 * *number counts lines. Returns its bytes. */
static size_t ics_next_line(const char *text, size_t len, size_t *at, int *number,
                            char out[ICS_LINE])
{
    size_t n = 0;
    do {
        for (; *at < len && text[*at] != '\n'; ++*at)
            if (text[*at] != '\r' && n + 1 < ICS_LINE)
                out[n++] = text[*at];
        ++*at;
        ++*number;
        if (*at >= len || (text[*at] != ' ' && text[*at] != '\t'))
            break;
        ++*at;
    } while (true);
    out[n] = '\0';
    if (n > ICS_LINE - 4)
        n = utf8_fit(out, ICS_LINE - 4);
    out[n] = '\0';
    return n;
}

/* Whether all lines are UTF-8 once they are joined: some programs continue a line within a
 * character. */
static bool ics_is_utf8(const char *text, size_t len)
{
    char line[ICS_LINE];
    int number = 0;
    for (size_t at = 0; at < len;) {
        size_t n = ics_next_line(text, len, &at, &number, line);
        if (!utf8_valid(line, n))
            return false;
    }
    return true;
}

bool ics_is_name(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcasecmp(path + n - 4, ".ics") == 0;
}

/* Where the value of a property begins: after its first colon that is not within quotes, which
 * belong to a parameter. NULL: the line has none. */
static char *ics_value(char *line)
{
    char *value = strchr(line, ':');
    for (char *quote = strchr(line, '"'); value && quote && quote < value;) {
        char *closed = strchr(quote + 1, '"');
        value = closed ? strchr(closed, ':') : NULL;
        quote = closed && value ? strchr(closed + 1, '"') : NULL;
    }
    return value;
}

/* The events of a file that is being read. */
struct ics_reading {
    const char *file;
    const struct tm *now;
    struct programme *programme;
    struct ics_event event;
    int bad; /* events that cannot be shown */
    char *why;
};

static void ics_event_end(struct ics_reading *r)
{
    struct ics_event *e = &r->event;
    e->inside = false;
    if (!e->has_start)
        ics_fault(e, "no DTSTART", e->line);
    if (e->cancelled)
        return;
    take_whole_event(e, r->now, r->programme);
    if (e->bad && r->bad++ > 0)
        programme_name_line(r->why, r->bad - 1, e->line);
    else if (e->bad)
        snprintf(r->why, PROGRAMME_WHY,
                 "%.80s:%d: %s of \"%.*s\" cannot be used, so this event is not shown. "
                 "Understood are events with a time of day that repeat by day, week or month",
                 r->file, e->line, e->bad, (int)utf8_fit(e->title, 40), e->title);
}

/* One line, cut into the property's name, its parameters and its value. */
static void ics_take_line(struct ics_reading *r, const char *name, char *parameters, char *value,
                          int line)
{
    struct ics_event *e = &r->event;
    bool begins = strcmp(name, "BEGIN") == 0, ends = strcmp(name, "END") == 0;
    bool of_event = strcmp(value, "VEVENT") == 0;
    if (begins && of_event)
        *e = (struct ics_event){.inside = true, .duration = -1, .until = INT64_MAX, .line = line};
    else if (begins)
        e->replaces = e->inside; /* an alarm within an event: its own properties */
    else if (ends && of_event && e->inside)
        ics_event_end(r);
    else if (ends)
        e->replaces = false;
    else if (e->inside && !e->replaces)
        take_property(e, name, parameters, value, line);
}

int ics_parse(const char *file, const char *text, size_t len, const struct tm *now,
              struct programme *p, char why[PROGRAMME_WHY])
{
    struct ics_reading r = {.file = file, .now = now, .programme = p, .why = why};
    int number = 0;
    size_t at = utf8_mark(text, len);
    memset(p, 0, sizeof *p);
    if (!ics_is_utf8(text, len) || len - at < 15 || strncasecmp(text + at, "BEGIN:VCALENDAR", 15)) {
        snprintf(why, PROGRAMME_WHY,
                 "%.160s: not a calendar in UTF-8, which begins with BEGIN:VCALENDAR", file);
        return -1;
    }
    while (at < len) {
        char line[ICS_LINE], name[32];
        int here = number + 1;
        ics_next_line(text, len, &at, &number, line);
        size_t n = strcspn(line, ";:");
        char *value = ics_value(line);
        if (!value || n >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)n, line);
        *value = '\0';
        ics_take_line(&r, name, line + n, value + 1, here);
    }
    return r.bad > 0 ? -1 : 0;
}
