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

/* A month that is looked at. Its days count from 0. */
struct rule_month {
    int64_t first; /* the day of its 1st, since 1970 */
    int year, month, days;
    int before, year_days; /* days of its year before it, and in all */
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

static struct rule_month month_of(const struct tm *date, int64_t day)
{
    int year = date->tm_year + 1900;
    return (struct rule_month){.first = day - date->tm_mday + 1,
                               .year = year,
                               .month = date->tm_mon,
                               .days = days_of_month(year, date->tm_mon),
                               .before = date->tm_yday - date->tm_mday + 1,
                               .year_days = 365 + is_leap(year)};
}

static void month_next(struct rule_month *m)
{
    bool turn = m->month == 11;
    m->first += m->days;
    m->before = turn ? 0 : m->before + m->days;
    m->year += turn;
    m->month = turn ? 0 : m->month + 1;
    m->days = days_of_month(m->year, m->month);
    m->year_days = 365 + is_leap(m->year);
}

static int rule_weekday_of(int64_t day)
{
    return (int)((day % 7 + 10) % 7); /* 1970 began on a Thursday; 0 Monday */
}

static bool fits_weekday(const struct ics_rule *r, const struct tm *start,
                         const struct rule_month *m, int at)
{
    int weekday = rule_weekday_of(m->first + at);
    if (!r->by_day)
        return r->freq != ICS_WEEKLY || weekday == (start->tm_wday + 6) % 7;
    if (!r->nth[weekday])
        return false;
    bool year = r->freq == ICS_YEARLY && !r->months;
    int place = year ? m->before + at : at, of = year ? m->year_days : m->days;
    return is_nth(r->nth[weekday], place / 7, place / 7 + 1 + (of - 1 - place) / 7);
}

static bool fits_month_day(const struct ics_rule *r, const struct tm *start,
                           const struct rule_month *m, int at)
{
    if (r->month_day[0] || r->month_day[1])
        return (r->month_day[0] & 1u << (at + 1)) || (r->month_day[1] & 1u << (m->days - at));
    return r->freq < ICS_MONTHLY || r->by_day || at + 1 == start->tm_mday;
}

static bool fits_month(const struct ics_rule *r, const struct tm *start, const struct rule_month *m)
{
    if (r->months)
        return r->months & 1u << (m->month + 1);
    bool named = r->by_day || r->month_day[0] || r->month_day[1];
    return r->freq != ICS_YEARLY || named || m->month == start->tm_mon;
}

/* Of a month's days those that BYSETPOS names among them. */
static uint32_t at_position(const struct ics_rule *r, uint32_t days)
{
    uint32_t named = 0;
    int before = 0, all = __builtin_popcount(days);
    for (uint32_t rest = days; rest; rest &= rest - 1, before++)
        if (is_nth(r->position, before, all))
            named |= rest & -rest;
    return named;
}

/* Whether INTERVAL leaves out the day's week, month or year. */
static bool fits_interval(const struct ics_rule *r, const struct tm *start, int64_t first,
                          const struct rule_month *m, int64_t day)
{
    int years = m->year - start->tm_year - 1900;
    int64_t week = 7 * 200000 + 3 - r->week_start; /* any number of whole weeks; none is below 0 */
    int64_t steps = r->freq == ICS_DAILY     ? day - first
                    : r->freq == ICS_WEEKLY  ? (day + week) / 7 - (first + week) / 7
                    : r->freq == ICS_MONTHLY ? years * 12 + m->month - start->tm_mon
                                             : years;
    return steps % r->interval == 0;
}

/* The days of a month, bit 0 its 1st, on which an event takes place that first does so on the day
 * `first`, with the date `start`. */
static uint32_t days_in(struct ics_rule *r, const struct tm *start, int64_t first,
                        const struct rule_month *m)
{
    uint32_t days = 0, kept = 0;
    r->looked++;
    for (int k = 0; fits_month(r, start, m) && k < m->days; k++)
        if (fits_weekday(r, start, m, k) && fits_month_day(r, start, m, k))
            days |= 1u << k;
    if (r->position)
        days = at_position(r, days);
    for (int k = 0; k < m->days; k++) {
        int64_t day = m->first + k;
        bool repeated =
            days & 1u << k && (r->interval < 2 || fits_interval(r, start, first, m, day));
        if (day == first || (day > first && repeated))
            kept |= 1u << k;
    }
    return kept;
}

/* COUNT's last day: UNTIL, unless that comes before. */
static void end_on(struct ics_rule *r, int64_t day)
{
    if (r->has_until && r->until.day < day)
        return;
    r->until = (struct ics_moment){day, -1};
    r->has_until = true;
}

/* Counts on to the end of the month of `day`, if COUNT has not ended before. */
static void count_on(struct ics_rule *r, const struct tm *start, int64_t first, int64_t day)
{
    int64_t from = r->counted ? r->counted : first;
    struct tm date = ics_date(from);
    struct rule_month m = month_of(&date, from);
    for (; m.first <= day && r->count > 0; month_next(&m)) {
        uint32_t days = days_in(r, start, first, &m);
        for (; days && r->count > 0; days &= days - 1)
            if (--r->count == 0)
                end_on(r, m.first + __builtin_ctz(days));
    }
    r->counted = m.first;
}

bool ics_rule_has(struct ics_rule *r, struct ics_moment start, int64_t day)
{
    if (day == start.day)
        return true;
    if (r->freq == ICS_ONCE || day < start.day)
        return false;
    struct tm from = ics_date(start.day), date = ics_date(day);
    struct rule_month m = month_of(&date, day);
    if (!(days_in(r, &from, start.day, &m) & 1u << (date.tm_mday - 1)))
        return false;
    if (r->count > 0 && day - start.day > ICS_DAYS)
        return false;
    if (r->count > 0)
        count_on(r, &from, start.day, day);
    if (!r->has_until)
        return true;
    return day < r->until.day || (day == r->until.day && (r->until.minute < 0 || start.minute < 0 ||
                                                          start.minute <= r->until.minute));
}
