#ifndef PORCHLIGHT_ALERTD_OUTBOX_H
#define PORCHLIGHT_ALERTD_OUTBOX_H

#include "kiosk/core/alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is still to be delivered, and to whom: every alert message goes to every broker. Pure; the
 * message itself is made when it is handed over, so that its age is true then. */
enum { OUTBOX_MAX = 32, OUTBOX_BROKERS = 8 };

/* An entry at one broker. */
enum outbox_leg {
    OUTBOX_UNSENT,
    OUTBOX_SENT,
    OUTBOX_ACKED,         /* the broker took it, and somebody subscribes to it */
    OUTBOX_NO_SUBSCRIBER, /* it took it, and nobody subscribes to it (MQTT 5's 0x10) */
    OUTBOX_UNPROVED,      /* it took it, and cannot say whether anybody does (MQTT 3.1.1, QoS 0) */
    OUTBOX_DENIED,        /* it refused it */
};

/* What nobody received, or the broker refused, is sent again after this: once it is let through, it
 * is within the 10 s that EN 50131-1 allows a hold-up alarm. */
#define OUTBOX_AGAIN (5 * INT64_C(1000000000))

struct outbox_entry {
    enum alert_publish publish;
    struct alert_id id;
    bool drill, resumed;
    int64_t at;       /* when the gesture was complete, ns */
    int64_t began;    /* of a resumed alert: wall time, seconds since 1970; 0: not known */
    uint64_t order;   /* 0: the slot is free */
    bool handed_over; /* received outside: OUTBOX_ACKED by a broker there, or answered */
    enum outbox_leg leg[OUTBOX_BROKERS];
    uint64_t token[OUTBOX_BROKERS];
    int64_t sent_at[OUTBOX_BROKERS];  /* while OUTBOX_SENT, ns */
    int64_t again_at[OUTBOX_BROKERS]; /* while OUTBOX_NO_SUBSCRIBER or OUTBOX_DENIED, ns */
    bool sent_before[OUTBOX_BROKERS]; /* a repeat: phones know it by its id */
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
 * entry is given up, one that was handed over if there is one. A real alarm takes out what was
 * said of calm before it, confirmed or not, and a drill with its end: a broker that comes back has
 * none of it to pass on. */
void outbox_add(struct outbox *o, const struct alert_action *a, bool resumed, int64_t at,
                int64_t began);

/* The oldest entry that this broker has not been sent, or NULL. What it refused comes again after a
 * while, before all that is younger; what nobody received comes again too, as long as nothing
 * younger is there. Mark it with outbox_sent. */
struct outbox_entry *outbox_next(struct outbox *o, size_t broker, int64_t now);

/* Marks an entry as sent to a broker; returns the token that its PUBACK will bear. */
uint64_t outbox_sent(struct outbox *o, struct outbox_entry *e, size_t broker, int64_t now);

/* It could not be sent after all. */
void outbox_unsent(struct outbox_entry *e, size_t broker);

/* Since when the longest unacknowledged entry waits for this broker's PUBACK; NS_NEVER: none. */
int64_t outbox_unacked_since(const struct outbox *o, size_t broker);

/* A broker's answer: `how` is one of OUTBOX_ACKED to OUTBOX_DENIED. The entry as it is now in
 * *acked; true if this handed it over for the first time (received, the broker is outside and no
 * other outside one had it). An entry that all have is gone after it. False and acked->order 0 for
 * an unknown token. */
bool outbox_acked(struct outbox *o, size_t broker, bool outside, uint64_t token,
                  enum outbox_leg how, int64_t now, struct outbox_entry *acked);

/* A phone's or relay's answer to this alert hands over as well. True if that is news. */
bool outbox_answered(struct outbox *o, const struct alert_id *id);

/* What was sent and not acknowledged is to be sent again; and the youngest entry also if it is not
 * known that anybody received it. */
void outbox_broker_down(struct outbox *o, size_t broker);

/* Forgets what began longer than `age` ns ago, if it was handed over or every broker took it: a
 * broker that comes back tomorrow gives phones the state, not yesterday's alerts. */
void outbox_expire(struct outbox *o, int64_t age, int64_t now);

/* How many entries are not handed over, as far as it can be known: what every broker took without
 * being able to say more is none of them. */
size_t outbox_pending(const struct outbox *o);

/* Whether one of these still waits for a broker to take it. */
bool outbox_waiting(const struct outbox *o);

#endif
