#include "kiosk/common/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

int64_t clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_seconds(void)
{
    return (int64_t)time(NULL);
}

/* The day this file was compiled (SOURCE_DATE_EPOCH where the build sets it), less one day,
 * because the compiler writes local time. */
static time_t built(void)
{
    static const char date[] = __DATE__; /* "Nov 22 2026" */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = {date[0], date[1], date[2], '\0'};
    const char *found = strstr(months, month);
    struct tm tm = {.tm_mday = atoi(date + 4) - 1, .tm_year = atoi(date + 7) - 1900};

    tm.tm_mon = found ? (int)(found - months) / 3 : 0;
    return timegm(&tm);
}

bool clock_is_set(void)
{
    return time(NULL) >= built();
}

bool clock_is_synced(void)
{
    struct timex t = {.modes = 0};
    return adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC);
}

void clock_wall(char out[24])
{
    time_t now = time(NULL);
    struct tm tm;

    out[0] = '\0';
    if (now >= built() && gmtime_r(&now, &tm))
        strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int64_t clock_wall_of(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return end && *end == '\0' ? (int64_t)timegm(&tm) : 0;
}

int clock_week_minute(void)
{
    time_t now = time(NULL);
    struct tm t;

    if (!clock_is_set() || !localtime_r(&now, &t))
        return -1;
    return (t.tm_wday + 6) % 7 * 1440 + t.tm_hour * 60 + t.tm_min;
}
