#ifndef PORCHLIGHT_MQTT_ACKS_H
#define PORCHLIGHT_MQTT_ACKS_H

#include "kiosk/common/topics.h"
#include "kiosk/mqtt/manners.h"

#include <stdbool.h>
#include <stdint.h>

/* The publications of one connection that wait for their PUBACK, and which answers prove something.
 * A broker that answers under another message's packet identifier must not have an alert count as
 * handed over that nobody took. Such a broker gives itself away: sooner or later it answers for a
 * packet identifier that no message has. So an answer counts once all older messages are answered,
 * as brokers are to answer in order (MQTT 5, 4.6), or when it is ACKS_EARLY old. Pure. */

enum { ACKS_MAX = 64, ACKS_AWAITED = -1 };
#define ACKS_EARLY (INT64_C(1000000000)) /* ns; honest brokers take milliseconds */

struct ack {
    int mid; /* 0: free */
    uint64_t order, token;
    struct manners_thing *thing; /* may be NULL */
    int code;                    /* the broker's reason; ACKS_AWAITED: none yet */
    int64_t answered_at;
    char topic[TOPIC_NAME_MAX];
};

struct acks {
    struct ack all[ACKS_MAX];
    uint64_t orders;
    bool forgot;  /* more waited than there is room for: unknown answers may be theirs */
    bool strange; /* it answered for what it was not sent */
};

/* It was sent, and waits. */
void acks_sent(struct acks *a, int mid, uint64_t token, struct manners_thing *thing,
               const char *topic);

/* A PUBACK came for this packet identifier. Returns whether that made the broker a strange one. */
bool acks_came(struct acks *a, int mid);

/* The broker's reason for it. NULL: nothing waits under this packet identifier. */
struct ack *acks_answered(struct acks *a, int mid, int code, int64_t now);

/* Takes out the oldest that is answered and can be judged now. False: none. What a strange broker
 * has taken proves nothing. */
bool acks_next(struct acks *a, int64_t now, struct ack *out);

/* Whether an answer waits until it can be judged. */
bool acks_wait(const struct acks *a);

#endif
