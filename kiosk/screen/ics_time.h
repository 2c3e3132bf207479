#ifndef PORCHLIGHT_SCREEN_ICS_TIME_H
#define PORCHLIGHT_SCREEN_ICS_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Dates, times, durations and time zones as calendar files (RFC 5545) write them. */

/* A moment in local time: days since 1970 and the minute of the day. */
struct ics_moment {
    int64_t day;
    int minute; /* -1: a whole day */
};

/* Longest duration, minutes: of some 40 years. */
enum { ICS_DAYS = 40 * 366, ICS_ZONES = 32 };

/* Half of a zone's year, as a VTIMEZONE's STANDARD or DAYLIGHT describes it. */
struct ics_season {
    bool known, repeats;
    int64_t since;           /* day of its DTSTART */
    int minute;              /* of the day, when it begins */
    int offset;              /* minutes east of UTC */
    int month, nth, weekday; /* when it begins each year: the nth (5: last) weekday, 0 Sunday */
};

/* The zones that a calendar describes itself: Outlook's have names that no other program knows. */
struct ics_zone {
    char name[96];
    struct ics_season season[2]; /* standard time, summer time */
};

struct ics_zones {
    struct ics_zone zone[ICS_ZONES];
    size_t count;
};

int64_t ics_day(int year, int month, int day);
struct tm ics_date(int64_t day);

/* The zone of a TZID, "" for none, as TZ takes it: one of the machine's, also behind another
 * program's prefix, else one of `zones`. False: nobody knows it. */
bool ics_zone(const struct ics_zones *zones, const char *id, char tz[128]);

/* One property of a STANDARD or DAYLIGHT, before its END: DTSTART, TZOFFSETTO or RRULE. */
void ics_season_take(struct ics_season *s, const char *name, const char *value);

/* "20261122", "20261122T183000", "20261122T183000Z", in the zone `tz` ("": local). */
bool ics_moment_read(const char *text, const char *tz, struct ics_moment *out);

/* "PT1H30M", "P1D", "PT45M" in minutes; -1 for another. */
int ics_duration(const char *text);

#endif
