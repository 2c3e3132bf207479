#ifndef PORCHLIGHT_CORE_FRESHNESS_H
#define PORCHLIGHT_CORE_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether what a kiosk sends comes late, or is held back: a broker can delay and drop, and forge
 * nothing. Pure; kiosk/phone/core/freshness.js is the same, and tests/vectors/freshness.json holds
 * both. Times are ns of the reader's own monotonic clock, uptimes ns since porchlightd's start.
 *
 * Age, without a wall clock. The reader sends a random nonce; the kiosk's next beat echoes it, and
 * names the kiosk's uptime. So the kiosk has started no earlier than (asked - uptime), and what
 * carries a later uptime is at most (now - start - uptime) old. Who delays messages delays the echo
 * too: one that takes longer than FRESHNESS_ROUND_TRIP is not taken. The best of several is kept
 * for FRESHNESS_ANCHOR_LASTS; another epoch is another start.
 *
 * Held back. Each beat names the newest message of each group. If one that this reader reads has
 * not come FRESHNESS_HELD_AFTER later, it is held back. */

enum {
    FRESHNESS_NONCE = 8,     /* bytes */
    FRESHNESS_ECHO_MAX = 16, /* nonces in a beat */
};

/* Three beats of 5 s: older than this, a sign of life is none. */
#define FRESHNESS_LATE (15 * INT64_C(1000000000))
/* A phone's way to the kiosk and back, on a bad network; with an echo this slow, what comes with
 * the next beat is still no more than 15 s old by the bound. */
#define FRESHNESS_ROUND_TRIP (10 * INT64_C(1000000000))
/* Promised: 20 s, with a beat of 5 s before and a second or two on the way. */
#define FRESHNESS_HELD_AFTER (10 * INT64_C(1000000000))
/* Two clocks drift apart by 100 ppm: 0.36 s in this time. */
#define FRESHNESS_ANCHOR_LASTS (3600 * INT64_C(1000000000))
/* A nonce that is not echoed is asked again. */
#define FRESHNESS_ASK_EVERY (5 * INT64_C(1000000000))

enum freshness_group {
    FRESHNESS_STATE, /* topics alert and state */
    FRESHNESS_STAFF, /* topics notice and staff */
    FRESHNESS_RING,  /* topic ring */
    FRESHNESS_GROUPS,
};

/* What a beat says of this. */
struct freshness_beat {
    uint64_t epoch;
    int64_t up;
    uint64_t newest[FRESHNESS_GROUPS]; /* seq; 0: none was sent in this epoch */
    const uint8_t (*echo)[FRESHNESS_NONCE];
    size_t echo_count;
};

struct freshness_mark {
    uint64_t epoch, seq;
};

bool freshness_mark_before(const struct freshness_mark *a, const struct freshness_mark *b);

struct freshness_wait {
    bool reads;
    struct freshness_mark got, named, lacking; /* lacking: the first that did not come */
    int64_t since;                             /* NS_NEVER: nothing is lacking */
};

/* One kiosk, as one reader knows it. */
struct freshness {
    struct freshness_wait groups[FRESHNESS_GROUPS];
    uint8_t nonce[FRESHNESS_NONCE]; /* the newest asked; valid unless asked is NS_NEVER */
    int64_t asked;
    bool anchored;
    uint64_t epoch;               /* of the anchor */
    int64_t started, anchored_at; /* the kiosk started no earlier; when this was learnt */
};

/* `reads`: groups that this reader subscribes to. */
void freshness_init(struct freshness *f, const bool reads[FRESHNESS_GROUPS]);

/* The reader is connected again: what is lacking gets its time once more. */
void freshness_linked(struct freshness *f, int64_t now);

/* Whether a nonce should be sent now, and that it was. `epoch`: the newest that was received. */
bool freshness_wants(const struct freshness *f, uint64_t epoch, int64_t now);
void freshness_ask(struct freshness *f, const uint8_t nonce[FRESHNESS_NONCE], int64_t now);

/* A beat that the kiosk signed; any, old ones too. */
void freshness_beat(struct freshness *f, const struct freshness_beat *b, int64_t now);

/* A message of a group has come. */
void freshness_got(struct freshness *f, enum freshness_group g, uint64_t epoch, uint64_t seq,
                   int64_t now);

/* How old a message is at most that carries this uptime: ns, 0 or more; -1: not known. */
int64_t freshness_age(struct freshness *f, uint64_t epoch, int64_t up, int64_t now);

/* Whether a message of this group was named and has not come, held back or not; or none came of
 * `epoch`. */
bool freshness_lacks(const struct freshness *f, enum freshness_group g, uint64_t epoch);

/* Whether something is held back; and when that would begin if nothing comes, NS_NEVER: not. */
bool freshness_held(const struct freshness *f, int64_t now);
int64_t freshness_deadline(const struct freshness *f);

#endif
