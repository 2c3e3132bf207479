#ifndef PORCHLIGHT_NIGHTS_PROXY_H
#define PORCHLIGHT_NIGHTS_PROXY_H

#include "kiosk/common/topics.h"
#include "tests/nights/broker.h"

/* A broker's operator as a proxy. He records everything. While he acts, he has one way for each
 * kind of message: pass it on, drop it, delay it by 1 to 600 s, let others overtake it, or send it
 * again some time later; and now and then he plays again what he has recorded, in any order, to
 * some or to all, live or as if the broker had kept it. */

enum proxy_does { PROXY_PASSES, PROXY_DROPS, PROXY_DELAYS, PROXY_REORDERS, PROXY_REPEATS };

enum { PROXY_RECORDED = 256 }; /* of each kind */

struct proxy {
    struct broker *broker;
    struct chance chance;
    bool acts;
    bool hides; /* what he does not pass on, the broker does not keep either */
    bool plays; /* he plays recorded messages again */
    int64_t until;
    enum proxy_does does[TOPIC_COUNT];
    int64_t delay[TOPIC_COUNT];
    const struct packet *recorded[TOPIC_COUNT][PROXY_RECORDED];
    size_t recorded_count[TOPIC_COUNT];
};

/* From now on he records. */
void proxy_init(struct proxy *x, struct broker *b, struct chance c);

/* He acts until then: what he still has is passed on at that moment. `number`: which ways. */
void proxy_begins(struct proxy *x, uint64_t number, int64_t until);
void proxy_ends(struct proxy *x);

/* A message was published. True: he has taken it, and passes it on himself, or not. */
bool proxy_takes(struct proxy *x, const struct packet *p);

#endif
