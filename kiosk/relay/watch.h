#ifndef PORCHLIGHT_RELAY_WATCH_H
#define PORCHLIGHT_RELAY_WATCH_H

#include "kiosk/core/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When locked phones are rung. Pure. The relay believes of each kiosk exactly what a member's
 * phone believes (core/view.h), and rings for what such a phone would have called about:
 * - an alert, a drill, an end with authority: at once, never held back, once for each;
 * - a kiosk that fell silent (VIEW_LOST), retired ones aside;
 * - itself blind: no broker for `blind` ns. The first two cannot be seen then.
 * Not for duress, nor for an all-clear that nobody outside confirmed. Silence that comes and goes
 * rings at most once in WATCH_SILENCE_EVERY, then still if it lasts; an alert is not touched by
 * that. A ring says nothing: one kind of wake-up for everything. */

enum { WATCH_KIOSKS_MAX = 16 };

#define WATCH_SILENCE_EVERY (5 * 60 * INT64_C(1000000000))

enum watch_ring {
    WATCH_NOTHING,
    WATCH_ALERT,  /* ring: something was told */
    WATCH_SILENT, /* ring: a kiosk is silent */
    WATCH_BLIND,  /* ring: no broker */
};

struct watch_kiosk {
    struct view_kiosk view;
    bool rung;       /* for the silence that lasts */
    int64_t rung_at; /* for silence; NS_NEVER: not yet */
};

struct watch {
    struct view_rules rules;
    int64_t blind; /* ns; 0: never rings for its own blindness */
    struct watch_kiosk kiosks[WATCH_KIOSKS_MAX];
    size_t count;
    bool linked, blind_rung;
    int64_t unlinked_at;
};

/* `count` kiosks of which nothing is known; not linked since `now`. */
void watch_init(struct watch *w, size_t count, int64_t blind, int64_t now);

/* The way to the broker came or went. */
void watch_link(struct watch *w, bool linked, int64_t now);

/* An opened message of kiosk `i`. */
enum watch_ring watch_word(struct watch *w, size_t i, const struct view_word *word, int64_t now);

/* The root disowned kiosk `i`. */
void watch_retire(struct watch *w, size_t i);

/* Time has passed. Call until it says WATCH_NOTHING. */
enum watch_ring watch_tick(struct watch *w, int64_t now);

#endif
