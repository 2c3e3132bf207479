#ifndef PORCHLIGHT_MQTT_BUDGET_H
#define PORCHLIGHT_MQTT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many messages are taken: for each topic, so that a flood by one account costs that account
 * alone, and for all topics of one subscription together. Pure. Times are ns of one clock. */

/* `burst` at once, then `a_second` each second. burst 0: no limit. */
struct mqtt_budget {
    int burst, a_second;
};

/* How full one budget is. All zeroes: empty. */
struct budget_bucket {
    int64_t until; /* when it is empty again, if nothing more comes */
};

enum { BUDGET_TOPICS = 256 };

struct budget_table {
    struct {
        uint64_t key; /* of the topic; 0: free */
        struct budget_bucket bucket;
    } topics[BUDGET_TOPICS];
};

/* Whether one more message fits; takes it if it does. */
bool budget_take(struct budget_bucket *b, struct mqtt_budget limit, int64_t now);

/* The same for the topic's own bucket. Topics beyond BUDGET_TOPICS that speak at the same time have
 * none. */
bool budget_take_topic(struct budget_table *t, const char *topic, struct mqtt_budget limit,
                       int64_t now);

#endif
