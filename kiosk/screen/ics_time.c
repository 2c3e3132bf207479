#include "kiosk/screen/ics_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int64_t ics_day(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return (int64_t)timegm(&tm) / 86400;
}

struct tm ics_date(int64_t day)
{
    time_t at = (time_t)(day * 86400);
    struct tm tm;
    gmtime_r(&at, &tm);
    return tm;
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
    struct stat st;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    return zone[0] != '/' && !strstr(zone, "..") && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void season_write(const struct ics_season *s, const char *name, char out[32])
{
    int west = -s->offset;
    snprintf(out, 32, "<%s>%s%d:%02d", name, west < 0 ? "-" : "", abs(west) / 60, abs(west) % 60);
}

/* A zone of the calendar's own as POSIX writes it: "<STD>-1:00<DST>-2:00,M3.5.0/2:00,M10.5.0/3:00".
 */
static void zone_write(const struct ics_season season[2], char tz[128])
{
    const struct ics_season *standard = &season[0], *summer = &season[1];
    char one[32], other[32];
    season_write(standard->known ? standard : summer, "STD", one);
    if (!standard->repeats || !summer->repeats) {
        snprintf(tz, 128, "%s", one);
        return;
    }
    season_write(summer, "DST", other);
    snprintf(tz, 128, "%s%s,M%d.%d.%d/%d:%02d,M%d.%d.%d/%d:%02d", one, other, summer->month,
             summer->nth, summer->weekday, summer->minute / 60, summer->minute % 60,
             standard->month, standard->nth, standard->weekday, standard->minute / 60,
             standard->minute % 60);
}

bool ics_zone(const struct ics_zones *zones, const char *id, char tz[128])
{
    tz[0] = '\0';
    if (id[0] == '\0')
        return true;
    if (!is_zone(id)) {
        for (size_t k = 0; k < zones->count; k++) {
            const struct ics_zone *z = &zones->zone[k];
            if (strcmp(z->name, id) == 0 && (z->season[0].known || z->season[1].known)) {
                zone_write(z->season, tz);
                return true;
            }
        }
    }
    while (id && !is_zone(id)) /* "/freeassociation.sourceforge.net/Europe/Berlin" */
        id = strchr(id, '/') ? strchr(id, '/') + 1 : NULL;
    snprintf(tz, 128, "%s", id ? id : "");
    return id ? true : false;
}

/* "BYDAY=-1SU" and "BYMONTH=3", in any order. False: the year's turn is given in another way. */
static bool season_rule(struct ics_season *s, const char *rule)
{
    static const char names[] = "SUMOTUWETHFRSA";
    const char *day = strstr(rule, "BYDAY="), *month = strstr(rule, "BYMONTH=");
    char weekday[3] = "";
    if (!day || !month || strstr(rule, "UNTIL=") || strstr(rule, "BYMONTHDAY=") ||
        sscanf(month + 8, "%2d", &s->month) != 1 ||
        sscanf(day + 6, "%2d%2[A-Z]", &s->nth, weekday) != 2)
        return false;
    const char *at = strstr(names, weekday);
    if (!at || (at - names) % 2 != 0 || s->month < 1 || s->month > 12)
        return false;
    s->weekday = (int)(at - names) / 2;
    s->nth = s->nth == -1 ? 5 : s->nth;
    return s->nth >= 1 && s->nth <= 5;
}

void ics_season_take(struct ics_season *s, const char *name, const char *value)
{
    struct ics_moment start;
    int hours, minutes;
    char sign;
    if (strcmp(name, "DTSTART") == 0 && ics_moment_read(value, "", &start)) {
        s->since = start.day;
        s->minute = start.minute > 0 ? start.minute : 0;
    } else if (strcmp(name, "TZOFFSETTO") == 0 &&
               sscanf(value, "%c%2d%2d", &sign, &hours, &minutes) == 3) {
        s->offset = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
        s->known = hours < 24 && minutes < 60;
    } else if (strcmp(name, "RRULE") == 0) {
        s->repeats = season_rule(s, value);
    }
}

bool ics_moment_read(const char *text, const char *tz, struct ics_moment *out)
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
    if (utc == '\0' && tz[0] == '\0')
        return true;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    time_t at = utc ? timegm(&tm) : in_zone(tz, &tm);
    struct tm local;
    localtime_r(&at, &local);
    out->day = ics_day(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
    out->minute = local.tm_hour * 60 + local.tm_min;
    return true;
}

int ics_duration(const char *text)
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
