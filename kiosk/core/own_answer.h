#ifndef PORCHLIGHT_CORE_OWN_ANSWER_H
#define PORCHLIGHT_CORE_OWN_ANSWER_H

#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stdint.h>

/* What a phone answered to an alert of one kiosk, and when it says so again: a kiosk that restarts
 * has forgotten who answered. Once for each restart, under the same number, so that nothing counts
 * twice; and not all phones at once. Pure. */

/* It waits for a part of this, by chance, ns. A kiosk takes 200 answers a second over a longer
 * time, and 10,000 phones are the most that a venue has; those that need help go first. */
#define OWN_ANSWER_HELP (5 * INT64_C(1000000000))
#define OWN_ANSWER_REST (60 * INT64_C(1000000000))

struct own_answer {
    struct alert_id id;     /* of the alert that may be answered */
    uint64_t epoch;         /* of the newest message that says so */
    enum message_kind kind; /* MSG_SEEN, MSG_SAFE or MSG_HELP */
    uint64_t seq;           /* of the answer; 0: there is none */
    int64_t due;            /* when it is said again; 0: not */
};

/* All zeroes: no alert is known. Of two alerts, since a kiosk whose power failed as the newer one
 * began comes back with the older one until its broker has told it of the newer. */
struct own_answers {
    struct own_answer now, before;
};

/* Whether the message says that an alert is active, which can be answered. */
bool own_answer_is_asked(const struct message *m);

/* A message of that kiosk which the view took: its verdict is not old, late or disowned. `chance`
 * is random. */
void own_answer_hear(struct own_answers *a, const struct message *m, uint32_t chance, int64_t now);

/* This was answered now. */
void own_answer_give(struct own_answers *a, enum message_kind kind, uint64_t seq);

/* Whether it is to be said again now; true once. */
bool own_answer_is_due(struct own_answers *a, int64_t now);

#endif
