#ifndef PORCHLIGHT_SCREEN_ICS_H
#define PORCHLIGHT_SCREEN_ICS_H

#include "kiosk/screen/programme.h"

#include <stdbool.h>

/* Today's events from a calendar file (iCalendar, RFC 5545), as calendar programs export it: of
 * each VEVENT its DTSTART, its DTEND or DURATION, SUMMARY, STATUS, RRULE (ics_rule.h), RDATE,
 * EXDATE, and the RECURRENCE-ID by which it takes the place of another's occurrence. A TZID may be
 * one of the machine's zones or one that a VTIMEZONE describes. An event repeats at the same local
 * time. Another rule is a mistake: its event is shown on no day, never on a wrong one. */

/* As programme_parse: 0, or -1 with a sentence in `why` about the first event that cannot be shown
 * and the lines of all such events. `now`: local time. */
int ics_parse(const char *file, const char *text, size_t len, const struct tm *now,
              struct programme *p, char why[PROGRAMME_WHY]);

/* Whether a file's name is a calendar's: it ends in .ics. */
bool ics_is_name(const char *path);

#endif
