#ifndef PORCHLIGHT_CORE_DOOR_H
#define PORCHLIGHT_CORE_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether what a door does matters. One struct a door; input is a debounced level (true: open),
 * the monotonic time, and the wall's minute of the week: minutes since Monday 00:00 local time,
 * 0 to 10079, or -1 while the clock is not set. Nothing here is ever stored. */
enum door_notice {
    DOOR_OUT_OF_HOURS, /* opened, or found open, outside the opening hours */
    DOOR_HELD_OPEN,    /* open for rules.held_open; once an opening */
    DOOR_IN_LOCKDOWN,  /* opened during a lockdown: said in place of out of hours */
    DOOR_CLOSED,       /* closed again after one of the above was said */
};

enum { DOOR_WEEK = 7 * 24 * 60 };

struct door_hours {
    int from, to; /* [from, to), minutes of the week; to < from wraps over the week's end */
};

struct door_rules {
    const struct door_hours *hours;
    size_t hours_count; /* 0: open round the clock */
    int64_t held_open;  /* ns; 0: not reported */
};

/* An opening is judged at the first moment when it can be: at once, or while it is still open,
 * when the mask ends or the clock is set. */
struct door {
    bool open;
    bool judged;   /* this opening's hour has been looked at */
    bool waits;    /* it cannot be, until the clock is set */
    bool lockdown; /* it was opened during one */
    bool held;     /* DOOR_HELD_OPEN was said */
    bool spoken;   /* something was said that DOOR_CLOSED must end */
    int64_t since; /* when it opened, or was found open */
    int64_t masked_until;
};

enum { DOOR_MAX = 3 }; /* most notices of one call */

/* The level found at start. Until `masked_until` (60 s after power-up) nothing is said. */
void door_start(struct door *d, bool open, int64_t masked_until, int64_t now);

/* The level at `at`; an unchanged one is harmless. `lockdown`: one is active on the kiosk (a code
 * at the switch does not end it). Returns the number of notices in out. */
size_t door_level(struct door *d, const struct door_rules *r, bool open, bool lockdown, int minute,
                  int64_t at, enum door_notice out[DOOR_MAX]);

/* What time decides up to `now`: the mask's end, a clock just set, held open. */
size_t door_time(struct door *d, const struct door_rules *r, int minute, int64_t now,
                 enum door_notice out[DOOR_MAX]);

/* When door_time next has something to say; NS_NEVER at rest. A clock that is set is no time of
 * ours: call door_time then too. */
int64_t door_deadline(const struct door *d, const struct door_rules *r);

/* Whether a minute of the week (0 to 10079) is inside the hours. */
bool door_within_hours(const struct door_rules *r, int minute);

/* The word in messages: "out-of-hours", "held-open", "in-lockdown", "closed". Static storage. */
const char *door_notice_name(enum door_notice n);

#endif
