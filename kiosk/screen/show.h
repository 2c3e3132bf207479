#ifndef PORCHLIGHT_SCREEN_SHOW_H
#define PORCHLIGHT_SCREEN_SHOW_H

#include "kiosk/core/cue.h"

#include <stdbool.h>
#include <stdint.h>

/* What of the cue is in the picture now. The cue changes at once, the picture never does: each
 * part fades evenly over SHOW_FADE. */

enum show_part {
    SHOW_BOAT_MOORED, /* sensed: a boat lies at the jetty */
    SHOW_BOAT_NEAR,   /* LAN only: it lies off the shore, inside the buoy */
    SHOW_BOAT_OUT,    /* accepted: it is out on the open water, sail up */
    SHOW_WINDOW,      /* lit unless nobody is listening */
    SHOW_SMOKE,       /* rises unless the relay is dead */
    SHOW_MIST,        /* no path */
    SHOW_LADDER,      /* fault */
    SHOW_KITE,        /* drill */
    SHOW_PARTS
};

/* More than this many are shown as this many: staff need to know that help is there, not count. */
enum { SHOW_FLOCK = 9 };

/* From a change to its being fully there, ns; README and legend say ten seconds. */
#define SHOW_FADE (INT64_C(10) * 1000000000)

struct show {
    float part[SHOW_PARTS];  /* 0 not there to 1 fully there */
    float birds[SHOW_FLOCK]; /* in the air: accounts that have seen it */
    float ducks[SHOW_FLOCK]; /* on the water: of these, said safe */
    struct cue cue;          /* where it is going */
    int64_t at;              /* ns (CLOCK_MONOTONIC) of the values above */
    bool moving;             /* some value is not where the cue wants it */
};

/* Begins with this cue already fully shown. */
void show_start(struct show *s, const struct cue *cue, int64_t now);

/* Another cue from `now` on. What it shows is first brought up to `now`. */
void show_cue(struct show *s, const struct cue *cue, int64_t now);

/* Brings the values up to `now`. */
void show_step(struct show *s, int64_t now);

#endif
