#include "kiosk/screen/ics_rule.h"

#include <stdlib.h>
#include <string.h>

enum { NTH_MOST = 5, ICS_MONTH_DAYS = 31 };

static bool take_nth(const char *text, char **end, uint16_t *set)
{
    long number = strtol(text, end, 10);
    if (number < -NTH_MOST || number > NTH_MOST)
        return false;
    *set = (uint16_t)(*set | 1u << (number + NTH_MOST));
    return true;
}

/* "MO,2WE,-1FR" */
static bool take_days(struct ics_rule *r, const char *text)
{
    static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    r->by_day = true;
    for (;; text += 3) {
        uint16_t set = 0;
        char *end;
        int k = 0;
        if (!take_nth(text, &end, &set))
            return false;
        text = end;
        while (k < 7 && strncmp(text, names[k], 2) != 0)
            k++;
        if (k == 7 || (text[2] != ',' && text[2] != '\0'))
            return false;
        r->nth[k] |= set;
        if (text[2] == '\0')
            return true;
    }
}

/* A list of numbers from 1 to `most`, and from -1 to -`most` if `back`. */
static bool take_numbers(const char *text, int most, uint32_t *forth, uint32_t *back)
{
    for (;; text++) {
        char *end;
        long number = strtol(text, &end, 10);
        if (end == text || number == 0 || labs(number) > most)
            return false;
        if (number > 0)
            *forth |= 1u << number;
        else if (back)
            *back |= 1u << -number;
        else
            return false;
        text = end;
        if (*text != ',')
            return *text == '\0';
    }
}

static bool take_freq(struct ics_rule *r, const char *value)
{
    static const char *const names[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    for (int k = 0; k < 4; k++)
        if (strcmp(value, names[k]) == 0)
            r->freq = (enum ics_freq)(ICS_DAILY + k);
    return r->freq != ICS_ONCE;
}

static bool take_week_start(struct ics_rule *r, const char *value)
{
    struct ics_rule day = {0};
    if (strlen(value) != 2 || !take_days(&day, value))
        return false;
    while (!day.nth[r->week_start])
        r->week_start++;
    return true;
}

/* One part. False: it is not among those that are understood. */
static bool take_part(struct ics_rule *r, const char *key, const char *value)
{
    char *end;
    if (strcmp(key, "FREQ") == 0)
        return take_freq(r, value);
    if (strcmp(key, "INTERVAL") == 0)
        return (r->interval = atoi(value)) > 0;
    if (strcmp(key, "COUNT") == 0)
        return (r->count = atoi(value)) > 0;
    if (strcmp(key, "BYDAY") == 0)
        return take_days(r, value);
    if (strcmp(key, "BYMONTHDAY") == 0)
        return take_numbers(value, ICS_MONTH_DAYS, &r->month_day[0], &r->month_day[1]);
    if (strcmp(key, "BYMONTH") == 0)
        return take_numbers(value, 12, &r->months, NULL);
    if (strcmp(key, "BYSETPOS") == 0)
        return atoi(value) != 0 && take_nth(value, &end, &r->position) && *end == '\0';
    if (strcmp(key, "UNTIL") == 0)
        return r->has_until = ics_moment_read(value, "", &r->until);
    return strcmp(key, "WKST") == 0 && take_week_start(r, value);
}

static bool has_numbers(const struct ics_rule *r)
{
    for (int k = 0; k < 7; k++)
        if (r->nth[k] & ~(1u << NTH_MOST))
            return true;
    return false;
}

bool ics_rule_read(struct ics_rule *r, char *text)
{
    for (char *rest = text, *part; (part = strsep(&rest, ";"));) {
        char *value = strchr(part, '=');
        if (!value)
            return false;
        *value++ = '\0';
        if (!take_part(r, part, value))
            return false;
    }
    bool by_month = r->freq == ICS_MONTHLY || r->freq == ICS_YEARLY;
    bool one_month = r->freq == ICS_MONTHLY || __builtin_popcount(r->months) == 1;
    return r->freq != ICS_ONCE && (by_month || !has_numbers(r)) && (one_month || !r->position);
}

/* Whether `at` of `of` (from 0) is the nth of a set such as that of BYDAY. */
static bool is_nth(uint16_t set, int at, int of)
{
    int end = at - of; /* -1: the last */
    return (set & 1u << NTH_MOST) || (at < NTH_MOST && (set & 1u << (NTH_MOST + 1 + at))) ||
           (end >= -NTH_MOST && (set & 1u << (NTH_MOST + end)));
}

static int rule_weekday_of(int64_t day)
{
    return (int)((day % 7 + 10) % 7); /* 1970 began on a Thursday; 0 Monday */
}

/* The day's place in its month, or its year, from 0, and how many days that has. */
static void rule_place_of(int64_t day, bool year, int *at, int *of)
{
    struct tm now = ics_date(day);
    int64_t first = ics_day(now.tm_year + 1900, year ? 1 : now.tm_mon + 1, 1);
    int64_t next = ics_day(now.tm_year + 1900, year ? 13 : now.tm_mon + 2, 1);
    *at = (int)(day - first);
    *of = (int)(next - first);
}

static bool fits_weekday(const struct ics_rule *r, int64_t first, int64_t day)
{
    int at, of, weekday = rule_weekday_of(day);
    if (!r->by_day)
        return r->freq != ICS_WEEKLY || weekday == rule_weekday_of(first);
    if (!r->nth[weekday])
        return false;
    rule_place_of(day, r->freq == ICS_YEARLY && !r->months, &at, &of);
    return is_nth(r->nth[weekday], at / 7, at / 7 + 1 + (of - 1 - at) / 7);
}

static bool fits_month_day(const struct ics_rule *r, int64_t first, int64_t day)
{
    int at, of;
    bool named = r->month_day[0] || r->month_day[1];
    if (!named && (r->freq < ICS_MONTHLY || r->by_day))
        return true;
    rule_place_of(day, false, &at, &of);
    if (!named)
        return at + 1 == ics_date(first).tm_mday;
    return (r->month_day[0] & 1u << (at + 1)) || (r->month_day[1] & 1u << (of - at));
}

static bool fits_month(const struct ics_rule *r, int64_t first, int64_t day)
{
    int month = ics_date(day).tm_mon;
    if (r->months)
        return r->months & 1u << (month + 1);
    bool named = r->by_day || r->month_day[0] || r->month_day[1];
    return r->freq != ICS_YEARLY || named || month == ics_date(first).tm_mon;
}

static bool fits(const struct ics_rule *r, int64_t first, int64_t day)
{
    return fits_month(r, first, day) && fits_weekday(r, first, day) &&
           fits_month_day(r, first, day);
}

/* Whether it is the one that BYSETPOS names among its month's. */
static bool fits_position(const struct ics_rule *r, int64_t first, int64_t day)
{
    int at, of, before = 0, all = 0;
    if (!r->position)
        return true;
    rule_place_of(day, false, &at, &of);
    for (int k = 0; k < of; k++) {
        bool counts = fits(r, first, day - at + k);
        before += counts && k < at;
        all += counts;
    }
    return is_nth(r->position, before, all);
}

/* Whether INTERVAL leaves out the day's week, month or year. */
static bool fits_interval(const struct ics_rule *r, int64_t first, int64_t day)
{
    struct tm from = ics_date(first), now = ics_date(day);
    int years = now.tm_year - from.tm_year, interval = r->interval > 0 ? r->interval : 1;
    int64_t week = 7 * 200000 + 3 - r->week_start; /* any number of whole weeks; none is below 0 */
    int64_t steps = r->freq == ICS_DAILY     ? day - first
                    : r->freq == ICS_WEEKLY  ? (day + week) / 7 - (first + week) / 7
                    : r->freq == ICS_MONTHLY ? years * 12 + now.tm_mon - from.tm_mon
                                             : years;
    return steps % interval == 0;
}

static bool takes_place(const struct ics_rule *r, int64_t first, int64_t day)
{
    return day == first ||
           (fits_interval(r, first, day) && fits(r, first, day) && fits_position(r, first, day));
}

/* The day of the last that COUNT allows, or `day` where that comes later, becomes the end. */
static void end_after_count(struct ics_rule *r, int64_t first, int64_t day)
{
    int64_t last = first;
    int found = 0;
    for (; last <= day && found < r->count; last++)
        found += takes_place(r, first, last);
    if (found == r->count) {
        r->until = (struct ics_moment){last - 1, -1};
        r->has_until = true;
        r->count = 0;
    }
}

bool ics_rule_has(struct ics_rule *r, struct ics_moment start, int64_t day)
{
    if (day == start.day)
        return true;
    if (r->freq == ICS_ONCE || day < start.day || !takes_place(r, start.day, day))
        return false;
    if (r->count > 0 && day - start.day > ICS_DAYS)
        return false;
    if (r->count > 0)
        end_after_count(r, start.day, day);
    if (!r->has_until)
        return true;
    return day < r->until.day || (day == r->until.day && (r->until.minute < 0 || start.minute < 0 ||
                                                          start.minute <= r->until.minute));
}
