#include "config/keys.h"
#include "config/values.h"

#include <stdio.h>
#include <string.h>

/* Lists, and times of the week and of the day. */

enum { DAY = 24 * 60, WEEK = 7 * DAY };

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HH:MM", 00:00 to 24:00; minutes in *m. Returns after it, or NULL. */
static const char *read_time(const char *p, int *m)
{
    if (!digit(p[0]) || !digit(p[1]) || p[2] != ':' || !digit(p[3]) || !digit(p[4]))
        return NULL;
    int minute = (p[3] - '0') * 10 + (p[4] - '0');
    *m = ((p[0] - '0') * 10 + (p[1] - '0')) * 60 + minute;
    return minute < 60 && *m <= DAY ? p + 5 : NULL;
}

/* "18:00-02:00", and nothing after it. *to is in (from, from + DAY). */
static bool read_span(const char *p, int *from, int *to, const char **hint)
{
    p = read_time(p, from);
    if (!p || *p != '-' || !(p = read_time(p + 1, to)) || *p != '\0') {
        *hint = "write times as 18:00-02:00, with two digits each and no spaces";
        return false;
    }
    if (*from == *to || *from == DAY) {
        *hint = "for a whole day write 00:00-24:00";
        return false;
    }
    if (*to < *from)
        *to += DAY;
    return true;
}

/* "mon"; 0 to 6, or -1. */
static int day_of(const char *p)
{
    static const char days[] = "montuewedthufrisatsun";
    for (int i = 0; i < 7; i++)
        if (strncmp(p, days + 3 * i, 3) == 0)
            return i;
    return -1;
}

/* "mon-fri ", "sat " or "daily "; the first and the last day. Returns at the time, or NULL. */
static const char *read_days(const char *p, int *first, int *last)
{
    size_t n = strcspn(p, " ");
    *first = 0;
    *last = 6;
    if (n == 5 && strncmp(p, "daily", 5) == 0)
        return p + n + strspn(p + n, " ");
    *first = *last = n >= 3 ? day_of(p) : -1;
    if (n == 7 && p[3] == '-')
        *last = day_of(p + 4);
    else if (n != 3)
        return NULL;
    return *first < 0 || *last < 0 || p[n] != ' ' ? NULL : p + n + strspn(p + n, " ");
}

struct week {
    struct config_hours hours[CONFIG_HOURS_MAX];
    size_t count;
    bool taken[WEEK];
};

static bool week_add(struct week *w, int from, int to, const char **hint)
{
    if (w->count == CONFIG_HOURS_MAX) {
        *hint = "at most 28 openings a week fit; join some as in mon-fri";
        return false;
    }
    for (int m = from; m < to; m++) {
        if (w->taken[m % WEEK]) {
            *hint = "two of these openings overlap";
            return false;
        }
        w->taken[m % WEEK] = true;
    }
    w->hours[w->count++] = (struct config_hours){from % WEEK, to % WEEK};
    return true;
}

static bool week_add_part(struct week *w, const char *part, const char **hint)
{
    int first, last, from, to;
    const char *time = read_days(part, &first, &last);
    if (!time) {
        *hint =
            "days are mon tue wed thu fri sat sun, mon-fri, or daily, then a space and the time";
        return false;
    }
    if (!read_span(time, &from, &to, hint))
        return false;
    for (int day = first;; day = (day + 1) % 7) {
        if (!week_add(w, day * DAY + from, day * DAY + to, hint))
            return false;
        if (day == last)
            return true;
    }
}

static bool read_week(const char *text, struct week *w, const char **hint)
{
    char part[64];
    *w = (struct week){0};
    if (values_ends_in_comma(text)) {
        *hint = "commas go between two openings, not at the end";
        return false;
    }
    while ((text = values_next_part(text, part, sizeof part)))
        if (!week_add_part(w, part, hint))
            return false;
    return true;
}

static bool set_hours(const struct key *k, const char *text, void *base, const char **hint)
{
    struct week w;

    if (!read_week(text, &w, hint))
        return false;
    memcpy((char *)base + k->offset, w.hours, sizeof w.hours);
    memcpy((char *)base + k->also, &w.count, sizeof w.count);
    return true;
}

static void put_span(const struct key *k, void *base, int from, int to)
{
    memcpy((char *)base + k->offset, &from, sizeof from);
    memcpy((char *)base + k->also, &to, sizeof to);
}

static bool set_week_moment(const struct key *k, const char *text, void *base, const char **hint)
{
    struct week w;

    if (text[0] == '\0') {
        put_span(k, base, -1, -1);
        return true;
    }
    if (!read_week(text, &w, hint))
        return false;
    if (w.count != 1) {
        *hint = "one day and one time";
        return false;
    }
    put_span(k, base, w.hours[0].from, w.hours[0].to);
    return true;
}

static bool set_day_span(const struct key *k, const char *text, void *base, const char **hint)
{
    int from = -1, to = -1;
    if (text[0] != '\0') {
        if (!read_span(text, &from, &to, hint))
            return false;
        to %= DAY;
    }
    put_span(k, base, from, to);
    return true;
}

static void expect_hours(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "opening hours such as mon-fri 18:00-02:00, sat 12:00-04:00, or nothing");
}

static void expect_week_moment(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "one day and time such as sun 15:00-17:00, or nothing");
}

static void expect_day_span(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a time such as 02:00-09:00, or nothing");
}

static bool is_language(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return text[n] == '\0' && (n == 2 || n == 3);
}

static bool set_languages(const struct key *k, const char *text, void *base, const char **hint)
{
    char languages[CONFIG_LANGUAGES_MAX][8] = {{0}}, part[16];
    size_t count = 0;
    if (values_ends_in_comma(text))
        return false;
    while ((text = values_next_part(text, part, sizeof part))) {
        if (!is_language(part) || count == CONFIG_LANGUAGES_MAX)
            return false;
        for (size_t i = 0; i < count; i++) {
            if (strcmp(languages[i], part) == 0) {
                *hint = "one of them is there twice";
                return false;
            }
        }
        snprintf(languages[count++], sizeof languages[0], "%.7s", part);
    }
    memcpy((char *)base + k->offset, languages, sizeof languages);
    memcpy((char *)base + k->also, &count, sizeof count);
    return count > 0;
}

static void expect_languages(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "one to eight languages by their short names, such as %s", k->fallback);
}

const struct value_type value_hours = {set_hours, expect_hours, false};
const struct value_type value_week_moment = {set_week_moment, expect_week_moment, false};
const struct value_type value_day_span = {set_day_span, expect_day_span, false};
const struct value_type value_languages = {set_languages, expect_languages, false};
