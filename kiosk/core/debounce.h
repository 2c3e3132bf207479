#ifndef PORCHLIGHT_CORE_DEBOUNCE_H
#define PORCHLIGHT_CORE_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/* Turns the raw level of one contact into the level that counts. Works after the kernel's own
 * debouncing, where a driver has it.
 *
 * A level counts once it has not changed for `settle`. That alone would miss two cases, in which
 * the level that the line had for most of the time decides:
 *
 * - An open contact leaves a long wire that picks up mains hum: it reads as closed for up to half
 * of each period. (A closed contact holds its wire still.) After a release such a line may never be
 *   still again, and the press would never end. So open time counts as a debt, and closed time pays
 *   it back at a third of its rate. Once the debt is `settle`, DEBOUNCE_BURST has passed, and the
 *   line has been open for DEBOUNCE_OPEN without a break, the contact is open. A wire that hums at
 *   50 Hz is seen as released within 60 to 100 ms. A corroding contact that breaks now and then
 *   during a hold, for less than a quarter of the time or for less than DEBOUNCE_OPEN at a time,
 *   stays closed.
 * - A corroded contact may break before each `settle` is over, and would never press. So closed
 * time counts as a credit: open time reduces it at three times its rate, and DEBOUNCE_OPEN of open
 * time without a break cancels it. Once the credit is `settle`, and DEBOUNCE_PROOF has passed, the
 *   contact is closed. Pulses shorter than `settle` never press, however many there are, unless the
 *   pauses between them are that short and rare for that long, which noise is not.
 *
 * All times in ns. */
struct debounce {
    int64_t settle;    /* >= 0; 0 takes every edge as it is */
    bool closed;       /* the level of a closed contact; true after debounce_start */
    bool level;        /* the level that counts */
    bool raw;          /* the level last seen */
    int64_t raw_since; /* when raw was last seen to change */
    int64_t doubt;     /* the debt or credit that speaks against `level` */
    int64_t doubted;   /* when it was last zero */
    int64_t counted;   /* `doubt` includes time up to here */
};

/* Longer than a burst of interference (under 50 ms), so that one burst does not end a hold. */
#define DEBOUNCE_BURST (60 * INT64_C(1000000))

/* Shorter than the open part of a mains period (8.3 ms at 60 Hz), longer than a worn contact breaks
 * for. */
#define DEBOUNCE_OPEN (6 * INT64_C(1000000))

/* Four times as long as a burst, half of the 400 ms in which an alarm's input must be processed. */
#define DEBOUNCE_PROOF (200 * INT64_C(1000000))

/* A line may be in doubt permanently. Whatever time decides is then decided this much later. */
#define DEBOUNCE_DOUBT (250 * INT64_C(1000000))

/* Starts with `level` as the level that counts: finding it at start is not an edge. */
void debounce_start(struct debounce *d, int64_t settle, bool level, int64_t now);

/* Sets, after debounce_start, the level of a closed contact. A door contact that is closed while
 * the door is shut, and active while it is open, has false. */
void debounce_closed_is(struct debounce *d, bool level);

/* A level seen at `at`; it may be the same as before (a re-read after lost edges). Call
 * debounce_settle(d, at) first. */
void debounce_level(struct debounce *d, bool level, int64_t at);

/* True when the level that counts changes at or before `now`; `*since` is then the time at which
 * the contact really moved: the first edge of what proved it. */
bool debounce_settle(struct debounce *d, int64_t now, int64_t *since);

/* Up to when the level that counts is certain: `now` at rest; while the line is in doubt, the
 * moment when the doubt began, but at most DEBOUNCE_DOUBT before now. Decide what time alone
 * decides up to here and no further. */
int64_t debounce_horizon(const struct debounce *d, int64_t now);

/* When to call debounce_settle again: it may then be true or move the horizon. NS_NEVER while the
 * line is not in doubt. */
int64_t debounce_deadline(const struct debounce *d);

#endif
