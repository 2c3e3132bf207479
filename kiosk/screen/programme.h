#ifndef PORCHLIGHT_SCREEN_PROGRAMME_H
#define PORCHLIGHT_SCREEN_PROGRAMME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Today's events from a small text file (UTF-8):
 *
 *     # a remark
 *     [fri]                 every Friday; [Friday] too
 *     19:00 Film and talk
 *     20:00-22:30 Dance     with its end, 24:00 at the most or on the next day; 20.00, 20h and 8 pm
 *                           are times as well
 *     [2026-11-22]          only that day; [22.11.2026] too
 *     18:30 Choir
 *
 * Lines before the first heading are for every day. */

/* A title has PROGRAMME_LETTERS characters, whatever bytes they take: two lines of the page at its
 * least size, on the smallest panel. A longer one is cut there, and ends in "…". */
enum {
    PROGRAMME_MOST = 6,
    PROGRAMME_LETTERS = 80,
    PROGRAMME_TITLE = 4 * PROGRAMME_LETTERS + 1,
    PROGRAMME_BYTES = 512 * 1024, /* of a file; a calendar of some years has 100 kB */
    PROGRAMME_WHY = 512
};

struct event {
    int minute; /* of the day; below 0: it began on a day before, and still runs */
    int until;  /* when it ends, over 1440 on the next day; -1: the file does not say */
    char title[PROGRAMME_TITLE];
    bool whole_day; /* it is shown without times, from midnight of its first day */
    bool rtl;       /* the title reads from right to left */
};

struct programme {
    struct event event[PROGRAMME_MOST];
    size_t count; /* sorted by time */
};

/* Puts an event where its time belongs. In a full programme it takes the place of the first if that
 * is over, else of the last. `minute`: now. */
void programme_add(struct programme *p, const struct event *e, int minute);

/* The events of the day of `now`, local time. When there are more than fit, those that are over are
 * left out first. 0, or -1 with a sentence in `why` about the first line that cannot be read, or
 * whose title is cut, and the numbers of all such lines; the others are in *p nevertheless, but
 * none where the file is not UTF-8, and none below a heading that cannot be read. A line counts as
 * such a heading unless it begins with a digit and is no date. */
int programme_parse(const char *file, const char *text, size_t len, const struct tm *now,
                    struct programme *p, char why[PROGRAMME_WHY]);

/* Adds the number of a further line to `why`, which is about `bad` lines so far. With no room left
 * it ends in dots. */
void programme_name_line(char why[PROGRAMME_WHY], int bad, int line);

#endif
