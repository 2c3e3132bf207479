#ifndef PORCHLIGHT_ALERTD_OUTBOX_H
#define PORCHLIGHT_ALERTD_OUTBOX_H

#include "kiosk/core/alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is still to be delivered, and to whom: every alert message goes to every broker. Pure; the
 * message itself is made when it is handed over, so that its age is true then. */
enum { OUTBOX_MAX = 32, OUTBOX_BROKERS = 8 };

enum outbox_leg { OUTBOX_UNSENT, OUTBOX_SENT, OUTBOX_ACKED };

struct outbox_entry {
    enum alert_publish publish;
    struct alert_id id;
    bool drill, resumed;
    int64_t at;       /* when the gesture was complete, ns */
    int64_t began;    /* of a resumed alert: wall time, seconds since 1970; 0: not known */
    uint64_t order;   /* 0: the slot is free */
    bool handed_over; /* acknowledged by a broker outside */
    enum outbox_leg leg[OUTBOX_BROKERS];
    uint64_t token[OUTBOX_BROKERS];
    int64_t sent_at[OUTBOX_BROKERS]; /* while OUTBOX_SENT, ns */
};

struct outbox {
    struct outbox_entry entries[OUTBOX_MAX];
    size_t brokers;
    uint64_t orders, tokens;
};

void outbox_init(struct outbox *o, size_t brokers);

/* Another number of brokers (a new config): what is not handed over is sent again to each. */
void outbox_brokers(struct outbox *o, size_t brokers);

/* Adds one alert. A repeat of one that still waits replaces it. If the box is full, the oldest
 * entry is given up, one that was handed over if there is one. */
void outbox_add(struct outbox *o, const struct alert_action *a, bool resumed, int64_t at,
                int64_t began);

/* The oldest entry that this broker has not been sent, or NULL; those of a drill come last, so that
 * its end is not news of calm while a real alert waits. Mark it with outbox_sent. */
struct outbox_entry *outbox_next(struct outbox *o, size_t broker);

/* Marks an entry as sent to a broker; returns the token that its PUBACK will bear. */
uint64_t outbox_sent(struct outbox *o, struct outbox_entry *e, size_t broker, int64_t now);

/* It could not be sent after all. */
void outbox_unsent(struct outbox_entry *e, size_t broker);

/* Since when the longest unacknowledged entry waits for this broker's PUBACK; NS_NEVER: none. */
int64_t outbox_unacked_since(const struct outbox *o, size_t broker);

/* A PUBACK. The entry as it is now in *acked; true if this handed it over for the first time (the
 * broker is outside and no other outside one had it). An entry that all have is gone after it.
 * False and acked->order 0 for an unknown token. */
bool outbox_acked(struct outbox *o, size_t broker, bool outside, uint64_t token,
                  struct outbox_entry *acked);

/* A member's acknowledgement of this alert hands over as well. True if that is news. */
bool outbox_answered(struct outbox *o, const struct alert_id *id);

/* What was sent and not acknowledged is to be sent again. */
void outbox_broker_down(struct outbox *o, size_t broker);

/* Forgets what was handed over longer than `age` ns ago: a broker that comes back tomorrow gives
 * phones the state, not yesterday's alerts. */
void outbox_expire(struct outbox *o, int64_t age, int64_t now);

/* How many entries are not handed over. */
size_t outbox_pending(const struct outbox *o);

#endif
