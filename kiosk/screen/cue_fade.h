#ifndef PORCHLIGHT_SCREEN_CUE_FADE_H
#define PORCHLIGHT_SCREEN_CUE_FADE_H

#include "kiosk/core/cue.h"

#include <stdbool.h>
#include <stdint.h>

/* How much of each part of the cue (core/cue.h) is in the picture now. The cue changes at once, the
 * picture never does: each part fades in or out evenly over CUE_FADE_TIME. */

enum cue_fade_part {
    CUE_FADE_BOAT_MOORED, /* sensed: a boat at the jetty */
    CUE_FADE_BOAT_NEAR,   /* LAN only: off the shore, inside the buoy */
    CUE_FADE_BOAT_OUT,    /* accepted: out on the open water, under sail */
    CUE_FADE_WINDOW,      /* lit unless nobody is listening */
    CUE_FADE_SMOKE,       /* rises unless the relay is dead */
    CUE_FADE_MIST,        /* no path */
    CUE_FADE_LADDER,      /* fault */
    CUE_FADE_KITE,        /* drill */
    CUE_FADE_PARTS
};

/* As many birds or ducks as there are at most; staff read from 4 m whether it is none, one, some or
 * most of the phones (core/cue.h), and not how many. */
enum { CUE_FADE_FLOCK = 5 };

/* From a change until it is fully visible, ns; the legend says ten seconds. */
#define CUE_FADE_TIME (INT64_C(10) * 1000000000)

struct cue_fade {
    float part[CUE_FADE_PARTS];  /* 0 invisible to 1 fully visible */
    float birds[CUE_FADE_FLOCK]; /* in the air: accounts that have seen it */
    float ducks[CUE_FADE_FLOCK]; /* on the water: of these, said safe */
    struct cue cue;              /* what it fades to */
    int64_t at;                  /* ns (CLOCK_MONOTONIC) of the values above */
    bool moving;                 /* some value is not where the cue wants it */
};

/* Starts with this cue fully visible. */
void cue_fade_start(struct cue_fade *f, const struct cue *cue, int64_t now);

/* Fades to another cue from `now` on. */
void cue_fade_to(struct cue_fade *f, const struct cue *cue, int64_t now);

/* Updates the values to `now`. */
void cue_fade_step(struct cue_fade *f, int64_t now);

#endif
