#ifndef PORCHLIGHT_MQTT_PUBACKS_H
#define PORCHLIGHT_MQTT_PUBACKS_H

#include "kiosk/common/topics.h"
#include "kiosk/mqtt/manners.h"

#include <stdbool.h>
#include <stdint.h>

/* The publications of one connection that wait for their PUBACK, and which answers prove something.
 * A broker that answers under another message's packet identifier must not have an alert count as
 * handed over that nobody took. Such a broker gives itself away: sooner or later it answers for a
 * packet identifier that no message has. So an answer counts once all older messages are answered,
 * as brokers are to answer in order (MQTT 5, 4.6), or when it is PUBACKS_EARLY old. Pure. */

enum { PUBACKS_MAX = 64, PUBACKS_AWAITED = -1 };
#define PUBACKS_EARLY (INT64_C(1000000000))      /* ns; honest brokers take milliseconds */
#define PUBACKS_LATE  (20 * INT64_C(1000000000)) /* and no honest one takes so long */

struct puback {
    int mid; /* 0: free */
    uint64_t order, token;
    struct manners_thing *thing; /* may be NULL */
    int code;                    /* the broker's reason; PUBACKS_AWAITED: none yet */
    int64_t sent_at, answered_at;
    bool vital;
    bool late; /* pubacks_late has had it */
    char topic[TOPIC_NAME_MAX];
};

struct pubacks {
    struct puback all[PUBACKS_MAX];
    uint64_t orders;
    bool forgot;  /* more waited than there is room for: unknown answers may be theirs */
    bool jammed;  /* too many were never answered: a new connection is needed */
    bool strange; /* it answered for what it was not sent */
};

/* It was sent, and waits. */
void pubacks_sent(struct pubacks *a, int mid, uint64_t token, bool vital,
                  struct manners_thing *thing, const char *topic, int64_t now);

/* Whether something vital was sent after this moment, and its answer has not been judged. */
bool pubacks_wait_vital(const struct pubacks *a, int64_t after);

/* A PUBACK came for this packet identifier. Returns whether that made the broker a strange one. */
bool pubacks_came(struct pubacks *a, int mid);

/* The broker's reason for it. NULL: nothing waits under this packet identifier. */
struct puback *pubacks_answered(struct pubacks *a, int mid, int code, int64_t now);

/* Takes out the oldest that is answered and can be judged now. False: none. What a strange broker
 * has taken proves nothing. */
bool pubacks_next(struct pubacks *a, int64_t now, struct puback *out);

/* One that the broker has not answered for PUBACKS_LATE, each once. NULL: none. */
struct puback *pubacks_late(struct pubacks *a, int64_t now);

/* Whether an answer waits until it can be judged. */
bool pubacks_wait(const struct pubacks *a);

#endif
