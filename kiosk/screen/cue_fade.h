#ifndef PORCHLIGHT_SCREEN_CUE_FADE_H
#define PORCHLIGHT_SCREEN_CUE_FADE_H

#include "kiosk/core/cue.h"

#include <stdbool.h>
#include <stdint.h>

/* What of the cue is in the picture now. The cue changes at once, the picture never does: each
 * part fades evenly over CUE_FADE_TIME. */

enum cue_fade_part {
    CUE_FADE_BOAT_MOORED, /* sensed: a boat lies at the jetty */
    CUE_FADE_BOAT_NEAR,   /* LAN only: it lies off the shore, inside the buoy */
    CUE_FADE_BOAT_OUT,    /* accepted: it is out on the open water, sail up */
    CUE_FADE_WINDOW,      /* lit unless nobody is listening */
    CUE_FADE_SMOKE,       /* rises unless the relay is dead */
    CUE_FADE_MIST,        /* no path */
    CUE_FADE_LADDER,      /* fault */
    CUE_FADE_KITE,        /* drill */
    CUE_FADE_PARTS
};

/* More than this many are shown as this many: staff need to know that help is there, not count. */
enum { CUE_FADE_FLOCK = 9 };

/* From a change to its being fully there, ns; README and legend say ten seconds. */
#define CUE_FADE_TIME (INT64_C(10) * 1000000000)

struct cue_fade {
    float part[CUE_FADE_PARTS];  /* 0 not there to 1 fully there */
    float birds[CUE_FADE_FLOCK]; /* in the air: accounts that have seen it */
    float ducks[CUE_FADE_FLOCK]; /* on the water: of these, said safe */
    struct cue cue;              /* where it is going */
    int64_t at;                  /* ns (CLOCK_MONOTONIC) of the values above */
    bool moving;                 /* some value is not where the cue wants it */
};

/* Begins with this cue already fully shown. */
void cue_fade_start(struct cue_fade *f, const struct cue *cue, int64_t now);

/* Another cue from `now` on. What it shows is first brought up to `now`. */
void cue_fade_to(struct cue_fade *f, const struct cue *cue, int64_t now);

/* Brings the values up to `now`. */
void cue_fade_step(struct cue_fade *f, int64_t now);

#endif
