#ifndef PORCHLIGHT_CORE_OWN_RETAINED_H
#define PORCHLIGHT_CORE_OWN_RETAINED_H

#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a kiosk learns from its own retained messages, state and presence, which it reads at every
 * broker before it writes there. Brokers keep what a card may have lost:
 * - a later (epoch, seq) than its own: the record was lost, an old card was put back, or a copy of
 *   this kiosk has run, from a backup. Phones refuse what is older than that, so the epoch has to
 * go above it;
 * - an epoch between its record's and its own, which it has never used: a copy has run, for fewer
 *   starts than this kiosk's one step went over;
 * - an alert that this kiosk does not know: the power was cut before the record was written, or a
 *   copy began it;
 * - a proof that a staff phone has ended the alert that is active here;
 * - presence "lost", a will that came late, of a kiosk that is connected.
 * Pure. The caller has checked the kiosk's own signature; a plain venue has none, so there an alert
 * is believed to nobody. */

/* An alert of unknown origin is taken over if its state was sent no longer ago than this, by two
 * clocks that are right: a power cut and a change of cards take less. Otherwise staff are asked. */
enum { OWN_RETAINED_FRESH_S = 600 };

/* Epochs that a plain venue's broker may claim: nobody signs them, and the kiosk's own must still
 * fit above. */
#define OWN_RETAINED_EPOCH_MAX ((UINT64_C(1) << 53) - 2)

struct own_retained_proof {
    bool valid;
    struct alert_id id;
    uint64_t epoch, seq;
};

/* What the kiosk knows of itself. */
struct own_retained_self {
    bool plain;
    uint64_t epoch, seq; /* of the newest message that was sent */
    uint64_t started;    /* the epoch at the start */
    uint64_t before;     /* that of the record then; 0: there was none */
    enum alert_state state;
    bool drill;
    struct alert_id id;           /* of what is active or was pressed */
    const struct alert_id *ended; /* alerts that this kiosk has seen end */
    size_t ended_count;
    struct own_retained_proof proof; /* the newest */
};

enum own_retained_alert {
    OWN_RETAINED_KNOWN,     /* none, or nothing new */
    OWN_RETAINED_TAKE_OVER, /* it is this kiosk's from now on */
    OWN_RETAINED_ASK,       /* nobody but staff can know whether it is over */
};

struct own_retained_verdict {
    uint64_t above; /* the epoch has to go above this one; 0: it need not */
    bool copy;      /* another has spoken with this kiosk's keys, or its record was lost */
    enum own_retained_alert alert;
    bool ended;   /* the alert that is active here was ended by staff */
    bool present; /* presence has to be published again */
};

/* Judges one message of kind state, online or lost. `proof`: what the message proves. `age`:
 * seconds from its date to now if both clocks are known to be right, else -1. */
struct own_retained_verdict own_retained_judge(const struct own_retained_self *self,
                                               const struct message *m,
                                               const struct own_retained_proof *proof, int64_t age);

#endif
