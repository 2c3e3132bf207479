#ifndef PORCHLIGHT_CORE_DEBOUNCE_H
#define PORCHLIGHT_CORE_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/* One contact, made calm. Stands on top of the kernel's own debouncing, where a driver has one.
 *
 * A level counts once it has stood unbroken for `settle`. That alone is deaf in two cases, for
 * which a line that cannot make up its mind is judged by the greater part of its time:
 *
 * - An open contact leaves a long wire to its pull resistor and to the mains, which read as closed
 *   for up to half of each period; a closed one is a short wire and holds still. After a release
 *   the line may so never stand still again, and the press would never end. So open time in a
 *   press is a debt that closed time pays back at a third; once the debt is `settle`,
 * DEBOUNCE_BURST has passed, and the line is open for DEBOUNCE_OPEN at a stretch, the contact is
 * open. A wire that hums at 50 Hz is seen to be released within 60 to 100 ms; a corroding contact
 * that chops a hold, open for less than a quarter of the time or for less than DEBOUNCE_OPEN at a
 * time, goes on being closed.
 * - A corroded contact may break before each `settle` is over, and would never press. So closed
 *   time is a credit that open time eats threefold, and open time of DEBOUNCE_OPEN altogether; once
 *   it is `settle`, and DEBOUNCE_PROOF has passed, the contact is closed. Pulses shorter than
 *   `settle` press nothing, however many they are, unless the pauses between them are as short and
 *   as rare as that for as long: no noise is.
 *
 * All times in ns. */
struct debounce {
    int64_t settle;    /* >= 0; 0 takes every edge as it is */
    bool closed;       /* the level that a closed contact gives: true unless said otherwise */
    bool level;        /* the level that counts */
    bool raw;          /* the level last seen */
    int64_t raw_since; /* when raw was last seen to change */
    int64_t doubt;     /* the debt or credit against the level that counts */
    int64_t doubted;   /* when it was last nothing */
    int64_t counted;   /* it is counted up to here */
};

/* Longer than a burst of interference (under 50 ms), so that one in a hold does not break it. */
#define DEBOUNCE_BURST (60 * INT64_C(1000000))

/* Shorter than the open part of a mains period (8.3 ms at 60 Hz), longer than a worn contact breaks
 * for. */
#define DEBOUNCE_OPEN (6 * INT64_C(1000000))

/* Four times as long as a burst, half of the 400 ms in which an alarm's input must be processed. */
#define DEBOUNCE_PROOF (200 * INT64_C(1000000))

/* A line may be in doubt without end. What time decides is then decided this much later. */
#define DEBOUNCE_DOUBT (250 * INT64_C(1000000))

/* Begins with `level` as what counts: the level found at start is not an edge. */
void debounce_start(struct debounce *d, int64_t settle, bool level, int64_t now);

/* Says, after debounce_start, which level a closed contact gives. A door contact that is closed
 * while the door is shut, and active while it is open, gives false. */
void debounce_closed_is(struct debounce *d, bool level);

/* A level seen at `at`; it may equal the one before (a re-read after lost edges). The caller has
 * called debounce_settle(d, at) first. */
void debounce_level(struct debounce *d, bool level, int64_t at);

/* True when the level that counts changes at or before `now`; `*since` is then the time the
 * contact really moved: the first edge of the calm, or of the unrest, that proved it. */
bool debounce_settle(struct debounce *d, int64_t now, int64_t *since);

/* Up to when the level that counts is certain: `now` at rest, the moment when the doubt began
 * while a change is in the air, but no earlier than DEBOUNCE_DOUBT before now. What time alone
 * decides is decided up to here and no further. */
int64_t debounce_horizon(const struct debounce *d, int64_t now);

/* When debounce_settle, called again, may say true or move the horizon; NS_NEVER while nothing is
 * in the air. */
int64_t debounce_deadline(const struct debounce *d);

#endif
