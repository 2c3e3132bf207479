#ifndef PORCHLIGHT_ALERTD_OWN_MESSAGES_H
#define PORCHLIGHT_ALERTD_OWN_MESSAGES_H

#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/faults.h"
#include "kiosk/alertd/members/members.h"

/* What brokers keep of this kiosk (own_retained.h), and what follows: the epoch goes above a
 * copy's, an alert that the record does not have goes on, one that staff ended elsewhere ends, a
 * late will is corrected. Times are ns of CLOCK_MONOTONIC. */
struct own_messages {
    uint64_t started, before; /* own_retained.h */
    uint64_t above;           /* the epoch must go above this one; 0: it is high enough */
    int64_t above_at;         /* since when that is so */
    int64_t raised_at;        /* the last time that it did; NS_NEVER: never */
    int64_t received_at;      /* when the last copy was noticed; NS_NEVER: never, or long ago */
    struct alert_id asked;    /* the alert for which staff were asked last */
};

/* What of the kiosk it reads and changes. */
struct own_messages_parts {
    struct kiosk_state *state;
    const struct outputs *outputs;
    struct sealer *sealer;
    struct members *members;
    struct faults *faults;
};

/* At the start: `epoch` is the one from now on, `before` that of the record, 0: there was none. */
void own_messages_init(struct own_messages *o, uint64_t epoch, uint64_t before);

/* Something came from broker number `broker` on the kiosk's own topic state or presence. */
void own_messages_take(struct own_messages *o, const struct own_messages_parts *p, size_t broker,
                       enum topic t, const struct mqtt_event *e);

/* A relay or staff phone has signed that it knows this epoch of the kiosk's. */
void own_messages_claim(struct own_messages *o, const struct sealer *s, uint64_t epoch,
                        int64_t now);

/* What is due: the epoch. Twice within half a minute it is not raised, so that two kiosks with the
 * same keys do not race. */
void own_messages_time(struct own_messages *o, const struct own_messages_parts *p, int64_t now);
int64_t own_messages_deadline(const struct own_messages *o);

#endif
