#include "kiosk/screen/ics.h"

#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"
#include "kiosk/screen/ics_replaced.h"
#include "kiosk/screen/ics_rule.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ICS_LINE = 2048, ICS_MOMENTS = 64, ICS_RUNS = 400 };

struct ics_moments {
    struct ics_moment at[ICS_MOMENTS];
    size_t count;
};

struct ics_event {
    bool inside, cancelled, has_start, replaces;
    const char *bad;                       /* what cannot be shown; NULL: nothing */
    int line;                              /* of what is bad, else of DTSTART */
    struct ics_moment start, end, instead; /* instead: of which occurrence, by RECURRENCE-ID */
    struct ics_moments left_out, more;     /* EXDATE, RDATE */
    int duration;                          /* minutes; -1: none */
    struct ics_rule rule;
    uint64_t uid;
    char title[PROGRAMME_TITLE];
    bool cut;
};

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

static void take_moments(struct ics_event *e, struct ics_moments *m, char *value, const char *tz,
                         const char *name, int line)
{
    for (char *rest = value, *part; (part = strsep(&rest, ","));) {
        if (m->count == ICS_MOMENTS || !ics_moment_read(part, tz, &m->at[m->count++]))
            ics_fault(e, name, line);
    }
}

/* A number for an event's UID: two that are the same by chance are not to be expected. */
static uint64_t uid_of(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* The properties that are times, in the zone `tz`. False: it is none of them. */
static bool take_time(struct ics_event *e, const char *name, char *value, const char *tz, int line)
{
    if (strcmp(name, "DTSTART") == 0) {
        e->has_start = ics_moment_read(value, tz, &e->start);
        if (!e->has_start)
            ics_fault(e, "DTSTART", line);
    } else if (strcmp(name, "DTEND") == 0) {
        if (!ics_moment_read(value, tz, &e->end))
            ics_fault(e, "DTEND", line);
    } else if (strcmp(name, "EXDATE") == 0) {
        take_moments(e, &e->left_out, value, tz, "EXDATE", line);
    } else if (strcmp(name, "RDATE") == 0) {
        take_moments(e, &e->more, value, tz, "RDATE", line);
    } else if (strcmp(name, "RECURRENCE-ID") == 0) {
        e->replaces = ics_moment_read(value, tz, &e->instead);
        if (!e->replaces)
            ics_fault(e, "RECURRENCE-ID", line);
    } else {
        return false;
    }
    return true;
}

/* One property of an event. */
static void take_property(struct ics_event *e, const struct ics_zones *zones, const char *name,
                          const char *parameters, char *value, int line)
{
    char id[96], tz[128];
    zone_of(parameters, id);
    if (strstr(parameters, ";RANGE=THISANDFUTURE"))
        ics_fault(e, "RANGE=THISANDFUTURE", line);
    if (!ics_zone(zones, id, tz) && take_time(e, name, value, "", line))
        ics_fault(e, "TZID", line);
    else if (take_time(e, name, value, tz, line))
        return;
    else if (strcmp(name, "DURATION") == 0 && (e->duration = ics_duration(value)) < 0)
        ics_fault(e, "DURATION", line);
    else if (strcmp(name, "SUMMARY") == 0)
        take_title(e, value);
    else if (strcmp(name, "RRULE") == 0 && !ics_rule_read(&e->rule, value))
        ics_fault(e, "RRULE", line);
    else if (strcmp(name, "UID") == 0)
        e->uid = uid_of(value);
    else if (strcmp(name, "STATUS") == 0)
        e->cancelled = strcmp(value, "CANCELLED") == 0;
}

/* The events of a file that is being read, twice: first its zones, and which occurrences other
 * events replace; then what is shown. */
struct ics_reading {
    const char *file;
    const struct tm *now;
    struct programme *programme;
    struct ics_event event;
    bool first, within; /* within: an alarm's properties or a zone's, not the event's */
    struct ics_zones zones;
    struct ics_zone *zone;              /* that is being read */
    struct ics_season reading, *season; /* season: where what is being read goes */
    struct ics_replaced replaced;
    int bad; /* events that cannot be shown */
    char *why;
};

static bool is_left_out(struct ics_reading *r, const struct ics_event *e, int64_t day)
{
    for (size_t k = 0; k < e->left_out.count; k++)
        if (e->left_out.at[k].day == day)
            return true;
    return !e->replaces && ics_replaced_has(&r->replaced, e->uid, day);
}

/* Whether it begins on `day`, and at which minute. */
static bool begins_on(struct ics_reading *r, struct ics_event *e, int64_t day, int *minute)
{
    bool begins = false;
    for (size_t k = 0; k < e->more.count && !begins; k++) {
        begins = e->more.at[k].day == day;
        *minute = e->more.at[k].minute;
    }
    if (!begins) {
        begins = ics_rule_has(&e->rule, e->start, day);
        *minute = e->start.minute;
    }
    return begins && !is_left_out(r, e, day);
}

/* How long it lasts, minutes; 0: the file does not say. Of whole days at least one. */
static int lasts(const struct ics_event *e)
{
    bool whole = e->start.minute < 0;
    int64_t days = e->end.day - e->start.day;
    int minutes = 0;
    if (e->duration >= 0)
        minutes = e->duration;
    else if (e->end.day > 0 && days >= 0 && days < ICS_DAYS && (whole || e->end.minute >= 0))
        minutes = (int)days * 1440 + (whole ? 0 : e->end.minute - e->start.minute);
    if (whole)
        return minutes > 1440 ? (minutes + 1439) / 1440 * 1440 : 1440;
    return minutes > 0 ? minutes : 0;
}

/* Adds the event to today's programme if it is today's, or began at most ICS_RUNS days before and
 * still runs. */
static void take_whole_event(struct ics_reading *r)
{
    struct ics_event *e = &r->event;
    int64_t today = ics_day(r->now->tm_year + 1900, r->now->tm_mon + 1, r->now->tm_mday);
    int minute = r->now->tm_hour * 60 + r->now->tm_min, length = lasts(e);
    struct event out = {.until = -1};
    memcpy(out.title, e->title, sizeof out.title);
    out.rtl = bidi_is_rtl(out.title);
    for (int before = 0; before <= ICS_RUNS; before++) {
        int began;
        if (before > 0 && length <= (before - 1) * 1440) /* not even from midnight on */
            return;
        if (!begins_on(r, e, today - before, &began))
            continue;
        out.whole_day = began < 0;
        out.minute = (out.whole_day ? 0 : began) - before * 1440;
        out.until = length > 0 ? out.minute + length : -1;
        if (before == 0 || out.until > minute)
            programme_add(r->programme, &out, minute);
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

static void ics_event_end(struct ics_reading *r)
{
    struct ics_event *e = &r->event;
    e->inside = false;
    if (r->first) {
        if (e->replaces)
            ics_replaced_add(&r->replaced, e->uid, e->instead.day);
        return;
    }
    if (!e->has_start)
        ics_fault(e, "no DTSTART", e->line);
    if (e->title[0] == '\0')
        ics_fault(e, "no SUMMARY", e->line);
    if (e->cancelled)
        return;
    if (!e->bad)
        take_whole_event(r);
    else if (r->bad++ > 0)
        programme_name_line(r->why, r->bad - 1, e->line);
    else
        snprintf(r->why, PROGRAMME_WHY,
                 "%.80s:%d: %s of \"%.*s\" cannot be used, so this event is not shown. "
                 "Understood are times, whole days, and rules by day, week, month or year",
                 r->file, e->line, e->bad, (int)utf8_fit(e->title, 40), e->title);
}

/* Where a part of a zone begins or ends. */
static void take_zone_part(struct ics_reading *r, bool begins, const char *what)
{
    struct ics_zones *z = &r->zones;
    bool summer = strcmp(what, "DAYLIGHT") == 0;
    if (strcmp(what, "VTIMEZONE") == 0) {
        r->zone = begins && r->first && z->count < ICS_ZONES ? &z->zone[z->count++] : NULL;
        r->season = NULL;
    } else if (begins && r->zone) {
        r->season = &r->zone->season[summer];
        r->reading = (struct ics_season){0};
    } else if (!begins && r->season) {
        if (r->reading.known && (!r->season->known || r->reading.since >= r->season->since))
            *r->season = r->reading;
        r->season = NULL;
    }
}

/* Whether it is the event's own and the reading wants it: the first only what says which occurrence
 * the event replaces. */
static bool ics_is_wanted(const struct ics_reading *r, const char *name)
{
    bool replaces = strcmp(name, "UID") == 0 || strcmp(name, "RECURRENCE-ID") == 0;
    return r->event.inside && !r->within && (!r->first || replaces);
}

/* One line, cut into the property's name, its parameters and its value. */
static void ics_take_line(struct ics_reading *r, const char *name, const char *parameters,
                          char *value, int line)
{
    struct ics_event *e = &r->event;
    bool begins = strcmp(name, "BEGIN") == 0, ends = strcmp(name, "END") == 0;
    bool event = strcmp(value, "VEVENT") == 0;
    if (begins && event)
        *e = (struct ics_event){.inside = true, .duration = -1, .line = line};
    else if (ends && event && e->inside)
        ics_event_end(r);
    else if (begins || ends)
        take_zone_part(r, begins, value);
    else if (r->season)
        ics_season_take(&r->reading, name, value);
    else if (r->zone && strcmp(name, "TZID") == 0)
        snprintf(r->zone->name, sizeof r->zone->name, "%.95s", value);
    else if (ics_is_wanted(r, name))
        take_property(e, &r->zones, name, parameters, value, line);
    if (begins || ends)
        r->within = begins && !event;
}

/* All lines of it. */
static void ics_read(struct ics_reading *r, const char *text, size_t len, size_t at)
{
    int number = 0;
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
        ics_take_line(r, name, line + n, value + 1, here);
    }
}

int ics_parse(const char *file, const char *text, size_t len, const struct tm *now,
              struct programme *p, char why[PROGRAMME_WHY])
{
    size_t at = utf8_mark(text, len);
    memset(p, 0, sizeof *p);
    if (!ics_is_utf8(text, len) || len - at < 15 || strncasecmp(text + at, "BEGIN:VCALENDAR", 15)) {
        snprintf(why, PROGRAMME_WHY,
                 "%.160s: not a calendar in UTF-8, which begins with BEGIN:VCALENDAR", file);
        return -1;
    }
    struct ics_reading *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(why, PROGRAMME_WHY, "%.160s: no memory to read it", file);
        return -1;
    }
    *r = (struct ics_reading){.file = file, .now = now, .programme = p, .why = why, .first = true};
    ics_read(r, text, len, at);
    ics_replaced_sort(&r->replaced);
    r->first = false;
    ics_read(r, text, len, at);
    int result = r->bad > 0 ? -1 : 0;
    ics_replaced_free(&r->replaced);
    free(r);
    return result;
}
