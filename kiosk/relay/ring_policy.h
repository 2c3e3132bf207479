#ifndef PORCHLIGHT_RELAY_RING_POLICY_H
#define PORCHLIGHT_RELAY_RING_POLICY_H

#include "kiosk/core/freshness.h"
#include "kiosk/core/message.h"
#include "kiosk/core/root_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When locked phones are rung. Pure. The relay reads what everybody at the broker may read (beat,
 * presence, ring), and rings for:
 * - what the kiosk asks for: an alert or drill and its end for all phones, a code or duress for
 *   staff phones; at once, never held back, once for each;
 * - the root key's message that ends an alert, as for any end; what it ended rings nobody again;
 * - a kiosk that is silent: no sign of life that is less than 15 s old. So a broker that delays
 *   messages makes it silent;
 * - a ring that a beat names and that does not come (freshness.h);
 * - itself blind: no broker for `blind` ns. The others cannot be seen then.
 * Silence that comes and goes rings at most once in RING_POLICY_SILENCE_EVERY, then still if it
 * lasts; an alert is not touched by that. An old ring with a valid signature that was never rung
 * for rings at most once in RING_POLICY_LATE_EVERY: it may be a replay, or what a kiosk sent that
 * lost its record. What an earlier run of the relay had received is as old after a restart. A ring
 * says nothing: one kind of wake-up for everything.
 * While an alert is on it rings again, in growing pauses: by Web Push the phones that have not said
 * that they are awake (who that is, subs.h knows), by ntfy, which cannot tell phones apart, the
 * whole topic, less often. That ends with the alert, and RING_POLICY_AGAIN_ENDS pauses after its
 * beginning. */

enum { RING_POLICY_KIOSKS_MAX = 16, RING_POLICY_RUNG = 8 };

/* Three missed beats of 5 s. */
#define RING_POLICY_LOST_AFTER    FRESHNESS_LATE
#define RING_POLICY_SILENCE_EVERY (5 * 60 * INT64_C(1000000000))
#define RING_POLICY_LATE_EVERY    (3600 * INT64_C(1000000000))
/* What only staff are woken for is worth no ring after an hour, like a notice. How old a retained
 * ring is, the kiosk's next beat says, which has the same clock; without one it rings. */
#define RING_POLICY_STAFF_FOR (3600 * INT64_C(1000000000))

/* In first pauses, `again`: 60 s unless set. By Web Push after 1, 2.5, 4.8, 8.1 minutes and then
 * every 5, by ntfy after 5, 15 and 25: half an hour in all, like the page itself. */
#define RING_POLICY_AGAIN_ENDS    30
#define RING_POLICY_AGAIN_LONGEST 5
#define RING_POLICY_TOPIC_FIRST   5
#define RING_POLICY_TOPIC_LONGEST 10

enum ring_policy_ring {
    RING_POLICY_NOTHING,
    RING_POLICY_STAFF,  /* ring staff phones: a code or duress */
    RING_POLICY_ALERT,  /* ring all: an alert or drill, or its end */
    RING_POLICY_SILENT, /* ring all: a kiosk is silent, or what it sends comes late */
    RING_POLICY_HELD,   /* ring all: what a kiosk sends is held back */
    RING_POLICY_BLIND,  /* ring all: no broker */
    RING_POLICY_AGAIN,  /* ring again for `again_for`, by Web Push, who is not awake */
    RING_POLICY_TOPICS, /* ring again by ntfy, all topics that are rung for alerts */
};

struct ring_policy_kiosk {
    bool retired;
    struct root_word root; /* all that the root said of it */
    uint64_t epoch, next;  /* the next sign of life must be at least this */
    int64_t life_at;       /* when a sign of life came that was fresh; NS_NEVER: not since linked */
    int64_t asked_since;   /* the first ping that got no echo; NS_NEVER: none waits */
    struct freshness fresh;

    uint64_t alive_epoch; /* in which the kiosk was alive after: */
    int64_t alive_at;     /* the last ping that was answered was sent then; NS_NEVER: none was */

    struct freshness_mark top; /* of all rings that ever came, before this start too */
    int64_t top_at;            /* when that came; 0: before this start */
    bool known;                /* a ring came since the start: */
    uint64_t ring_epoch, ring_seq;
    bool on;
    struct alert_id id, staff;
    struct alert_id rung_for[RING_POLICY_RUNG], staff_for[RING_POLICY_RUNG]; /* the last alerts,
                                                  and what staff were woken for, the newest first */
    int64_t again_ends;              /* of the alert that is on; NS_NEVER: nothing rings again */
    int64_t again_at, again_pause;   /* the next by Web Push, and how long after the last */
    int64_t topics_at, topics_pause; /* the same by ntfy */
    int64_t late_at;                 /* the last ring for an old one; NS_NEVER: none */
    int64_t kept_at;  /* when the last retained ring was sent, by the kiosk's clock; 0: not known */
    bool undated;     /* the alert that is on was retained, and no beat has come since */
    int64_t staff_at; /* the same of what staff are woken for, and when they are rung without one;
                         NS_NEVER: nothing waits */

    bool rung_lost, rung_held; /* for the silence that goes on */
    int64_t rung_at;           /* for silence; NS_NEVER: not yet */
};

struct ring_policy {
    int64_t blind;             /* ns; 0: never rings for its own blindness */
    int64_t again;             /* ns from an alert until it rings again; 0: never */
    struct alert_id again_for; /* of the last RING_POLICY_AGAIN */
    struct ring_policy_kiosk kiosks[RING_POLICY_KIOSKS_MAX];
    size_t count;
    bool linked, blind_rung;
    int64_t linked_at, unlinked_at;
};

/* `count` kiosks of which nothing is known; not linked since `now`. */
void ring_policy_init(struct ring_policy *w, size_t count, int64_t blind, int64_t again,
                      int64_t now);

/* What an earlier run knew of kiosk `i`, by the kiosk's own signature: the place of the newest
 * ring; and when an old one last rang (NS_NEVER: not known). Before anything comes. That newest one
 * counts once more, as one that the broker kept: perhaps nobody was rung for it. */
void ring_policy_resume(struct ring_policy *w, size_t i, struct freshness_mark top,
                        int64_t late_at);

/* The way to the broker came or went. */
void ring_policy_link(struct ring_policy *w, bool linked, int64_t now);

/* A ping with this nonce is sent to kiosk `i`. */
void ring_policy_ask(struct ring_policy *w, size_t i, const uint8_t nonce[FRESHNESS_NONCE],
                     int64_t now);

/* An opened message of kiosk `i`: beat, online, lost or ring; others change nothing. `at`: the
 * message's own, seconds since 1970 by the kiosk's clock; 0: it has none. */
enum ring_policy_ring ring_policy_word(struct ring_policy *w, size_t i, const struct message *m,
                                       bool retained, int64_t at, int64_t now);

/* The root key's message of kiosk `i`, whose key is `public`. Permanent. */
enum ring_policy_ring ring_policy_root(struct ring_policy *w, size_t i,
                                       const struct root_word *said,
                                       const uint8_t public[ENVELOPE_PUBLIC]);

/* Time has passed. Call until it says RING_POLICY_NOTHING. */
enum ring_policy_ring ring_policy_tick(struct ring_policy *w, int64_t now);

/* When ring_policy_tick may ring by the passing of time alone, at the earliest; NS_NEVER: not
 * unless something comes. Right after a tick that said RING_POLICY_NOTHING it is later than `now`.
 */
int64_t ring_policy_deadline(const struct ring_policy *w, int64_t now);

#endif
