#include "kiosk/mqtt/acks.h"

#include <stdio.h>

void acks_sent(struct acks *a, int mid, uint64_t token, struct manners_thing *thing,
               const char *topic)
{
    struct ack *one = &a->all[a->orders % ACKS_MAX];
    a->forgot = a->forgot || one->mid != 0;
    *one = (struct ack){
        .mid = mid, .order = ++a->orders, .token = token, .thing = thing, .code = ACKS_AWAITED};
    snprintf(one->topic, sizeof one->topic, "%s", topic);
}

static struct ack *acks_awaited(struct acks *a, int mid)
{
    for (struct ack *one = a->all; one < a->all + ACKS_MAX && mid != 0; one++)
        if (one->mid == mid && one->code == ACKS_AWAITED)
            return one;
    return NULL;
}

bool acks_came(struct acks *a, int mid)
{
    if (a->strange || a->forgot || acks_awaited(a, mid))
        return false;
    a->strange = true;
    return true;
}

struct ack *acks_answered(struct acks *a, int mid, int code, int64_t now)
{
    struct ack *one = acks_awaited(a, mid);
    if (one) {
        one->code = code;
        one->answered_at = now;
    }
    return one;
}

bool acks_next(struct acks *a, int64_t now, struct ack *out)
{
    struct ack *found = NULL;
    uint64_t awaited = UINT64_MAX;
    for (struct ack *one = a->all; one < a->all + ACKS_MAX; one++) {
        if (one->mid != 0 && one->code == ACKS_AWAITED)
            awaited = one->order < awaited ? one->order : awaited;
        else if (one->mid != 0 && (!found || one->order < found->order))
            found = one;
    }
    if (!found || (found->order > awaited && !a->strange && now - found->answered_at < ACKS_EARLY))
        return false;
    *out = *found;
    found->mid = 0;
    return true;
}

bool acks_wait(const struct acks *a)
{
    for (const struct ack *one = a->all; one < a->all + ACKS_MAX; one++)
        if (one->mid != 0 && one->code != ACKS_AWAITED)
            return true;
    return false;
}
