#ifndef PORCHLIGHT_SCREEN_PROGRAMME_H
#define PORCHLIGHT_SCREEN_PROGRAMME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Today's events from a small text file (UTF-8):
 *
 *     # a remark
 *     [fri]                 every Friday: mon tue wed thu fri sat sun
 *     19:00 Film and talk
 *     [2026-11-22]          only that day
 *     18:30 Choir
 *
 * Lines before the first heading are for every day. */

enum { PROGRAMME_MOST = 6, PROGRAMME_TITLE = 112, PROGRAMME_BYTES = 16384 };

struct event {
    int minute; /* of the day */
    char title[PROGRAMME_TITLE];
    bool rtl; /* the title reads from right to left */
};

struct programme {
    struct event event[PROGRAMME_MOST];
    size_t count; /* sorted by time */
};

/* The events of the day of `now`, local time. When there are more than fit, those that are over are
 * left out first. 0, or -1 with a sentence in `why` about the first line that cannot be read; the
 * others are in *p nevertheless, but none where the file is not UTF-8, and none below a heading
 * that cannot be read. */
int programme_parse(const char *file, const char *text, size_t len, const struct tm *now,
                    struct programme *p, char why[256]);

#endif
