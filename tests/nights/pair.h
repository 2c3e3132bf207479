#ifndef PORCHLIGHT_NIGHTS_PAIR_H
#define PORCHLIGHT_NIGHTS_PAIR_H

#include "tests/nights/night.h"

/* Code and duress must look the same to whoever is on site, watches the network or has the card.
 * One night is played twice, once with each, and what can be observed from the gesture on is
 * compared: what, when and how much. */

enum surface {
    SURFACE_SITE,    /* screen, silent output, log, the answer to `porchlight status` */
    SURFACE_NETWORK, /* packets: when, to whom, on which topic, how long */
    SURFACE_WRITES,  /* writes to the card: when, where, how long */
    SURFACE_CARD,    /* the bytes themselves, but for a box's own */
    SURFACES,
};

/* The night of that seed: one in sixteen is a pair's. */
void pair_or_one_draw(struct night *n, uint64_t seed);

/* Plays a pair's night twice; watch_failures then has the first difference of each surface,
 * "code-is-duress-network-in-quiet", too. */
void pair_play(struct night *n, uint32_t without);

/* Draws the night of that seed and plays it, a pair's twice. */
void pair_or_one_play(struct night *n, uint64_t seed, uint32_t without);

/* Called by night_play before the night runs. */
void pair_begins(struct night *n);

/* While a pair is played: what is observed, and the gesture itself, `runs` ns after the program's
 * start; `state` is NULL of any other train of presses. Nothing otherwise. */
void pair_observe(enum surface s, const char *what, const void *bytes, size_t len);
void pair_gesture(const char *state, int64_t runs);

/* Before the gesture: the id that it may begin is the same in both nights. One press more has drawn
 * more chance. */
void pair_id(struct alert_id *id);

#endif
