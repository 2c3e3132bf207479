#ifndef PORCHLIGHT_RELAY_RING_POLICY_H
#define PORCHLIGHT_RELAY_RING_POLICY_H

#include "kiosk/core/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When locked phones are rung. Pure. The relay believes of each kiosk exactly what a member's
 * phone believes (core/view.h), and rings for what such a phone would have sounded for:
 * - an alert, a drill, an end with authority: at once, never held back, once for each;
 * - a kiosk that fell silent (VIEW_LOST), retired ones aside;
 * - itself blind: no broker for `blind` ns. The first two cannot be seen then.
 * Not for duress, nor for an all-clear that nobody outside confirmed. Silence that comes and goes
 * rings at most once in RING_POLICY_SILENCE_EVERY, then still if it lasts; an alert is not touched
 * by that. A ring says nothing: one kind of wake-up for everything. */

enum { RING_POLICY_KIOSKS_MAX = 16 };

#define RING_POLICY_SILENCE_EVERY (5 * 60 * INT64_C(1000000000))

enum ring_policy_ring {
    RING_POLICY_NOTHING,
    RING_POLICY_ALERT,  /* ring: an alert, a drill, or an end with authority */
    RING_POLICY_SILENT, /* ring: a kiosk is silent */
    RING_POLICY_BLIND,  /* ring: no broker */
};

struct ring_policy_kiosk {
    struct view_kiosk view;
    bool rung;       /* for the silence that goes on */
    int64_t rung_at; /* for silence; NS_NEVER: not yet */
};

struct ring_policy {
    struct view_rules rules;
    int64_t blind; /* ns; 0: never rings for its own blindness */
    struct ring_policy_kiosk kiosks[RING_POLICY_KIOSKS_MAX];
    size_t count;
    bool linked, blind_rung;
    int64_t unlinked_at;
};

/* `count` kiosks of which nothing is known; not linked since `now`. */
void ring_policy_init(struct ring_policy *w, size_t count, int64_t blind, int64_t now);

/* The way to the broker came or went. */
void ring_policy_link(struct ring_policy *w, bool linked, int64_t now);

/* An opened message of kiosk `i`. */
enum ring_policy_ring ring_policy_word(struct ring_policy *w, size_t i,
                                       const struct view_message *word, int64_t now);

/* The root disowned kiosk `i`. */
void ring_policy_retire(struct ring_policy *w, size_t i);

/* Time has passed. Call until it says RING_POLICY_NOTHING. */
enum ring_policy_ring ring_policy_tick(struct ring_policy *w, int64_t now);

/* When ring_policy_tick may ring by the passing of time alone, at the earliest; NS_NEVER: not
 * unless something comes. Right after a tick that said RING_POLICY_NOTHING it is later than `now`.
 */
int64_t ring_policy_deadline(const struct ring_policy *w, int64_t now);

#endif
