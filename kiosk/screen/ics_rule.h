#ifndef PORCHLIGHT_SCREEN_ICS_RULE_H
#define PORCHLIGHT_SCREEN_ICS_RULE_H

#include "kiosk/screen/ics_time.h"

/* How an event of a calendar repeats: an RRULE (RFC 5545) with FREQ DAILY, WEEKLY, MONTHLY or
 * YEARLY, INTERVAL, COUNT, UNTIL, BYDAY (1SA, -1FR), BYMONTHDAY, BYMONTH, BYSETPOS within a month,
 * and WKST. */

enum ics_freq { ICS_ONCE, ICS_DAILY, ICS_WEEKLY, ICS_MONTHLY, ICS_YEARLY };

struct ics_rule {
    enum ics_freq freq;
    int interval; /* 0: 1 */
    int count;    /* how many are still to be counted; 0: without end, or all are */
    bool has_until;
    struct ics_moment until;
    int week_start;        /* 0 Monday */
    bool by_day;           /* BYDAY is there */
    uint16_t nth[7];       /* of each weekday, 0 Monday: bit 5 each, bit 5 + n its nth, -5 to 5 */
    uint32_t month_day[2]; /* BYMONTHDAY: bits 1 to 31, and of those counted from the end */
    uint32_t months;       /* BYMONTH: bits 1 to 12 */
    uint16_t position;     /* BYSETPOS, as nth */
    int64_t counted;       /* COUNT was followed up to this day; 0: not yet */
    int looked;            /* how many months were looked at, of one day or to count */
};

/* The value of a RRULE, which it cuts to pieces. False: a part of it is not among those above. */
bool ics_rule_read(struct ics_rule *r, char *text);

/* Whether an event that first takes place at `start` does so on `day`. For a COUNT each month since
 * `start` is looked at once, however many days are asked, and at its end it becomes an UNTIL: *r is
 * changed. */
bool ics_rule_has(struct ics_rule *r, struct ics_moment start, int64_t day);

#endif
