#ifndef PORCHLIGHT_SCREEN_PROGRAMME_H
#define PORCHLIGHT_SCREEN_PROGRAMME_H

#include <stdbool.h>
#include <stddef.h>

/* Today's events from a small text file (UTF-8):
 *
 *     # a remark
 *     [fri]                 every Friday: mon tue wed thu fri sat sun
 *     19:00 Film and talk
 *     [2026-11-22]          that day alone
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

/* The events of one day: weekday 0 Monday, month 1 to 12. What is past makes way when there are
 * more than fit: `minute` is now. 0, or -1 with a sentence in `why` (the first bad line; the good
 * ones are in *p all the same, but none where the file is no UTF-8). */
int programme_parse(const char *file, const char *text, size_t len, int year, int month, int day,
                    int weekday, int minute, struct programme *p, char why[256]);

#endif
