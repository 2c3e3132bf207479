#include "kiosk/mqtt/budget.h"

#include "kiosk/common/topics.h"

#define SECOND INT64_C(1000000000)

bool budget_take(struct budget_bucket *b, struct mqtt_budget limit, int64_t now)
{
    if (limit.burst == 0)
        return true;
    int64_t one = SECOND / limit.a_second, until = b->until > now ? b->until : now;
    if (until - now > one * (limit.burst - 1))
        return false;
    b->until = until + one;
    return true;
}

bool budget_take_topic(struct budget_table *t, const char *topic, struct mqtt_budget limit,
                       int64_t now)
{
    enum { NEAR = 16 };
    uint64_t key = topic_hash(topic);
    size_t idle = BUDGET_TOPICS;
    for (size_t i = 0; i < NEAR; i++) {
        size_t at = (size_t)((key + i) % BUDGET_TOPICS);
        if (t->topics[at].key == key)
            return budget_take(&t->topics[at].bucket, limit, now);
        if (idle == BUDGET_TOPICS && t->topics[at].bucket.until <= now)
            idle = at;
    }
    if (idle == BUDGET_TOPICS)
        return true;
    t->topics[idle].key = key;
    t->topics[idle].bucket = (struct budget_bucket){0};
    return budget_take(&t->topics[idle].bucket, limit, now);
}
