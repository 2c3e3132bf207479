#include "kiosk/mqtt/pubacks.h"

#include <stdio.h>

/* A free place, or that of the oldest. */
static struct puback *pubacks_place(struct pubacks *a)
{
    struct puback *found = &a->all[0];
    for (struct puback *one = a->all; one < a->all + PUBACKS_MAX && found->mid != 0; one++)
        if (one->mid == 0 || one->order < found->order)
            found = one;
    return found;
}

void pubacks_sent(struct pubacks *a, int mid, uint64_t token, bool vital,
                  struct manners_thing *thing, const char *topic, int64_t now)
{
    struct puback *one = pubacks_place(a);
    a->forgot = a->forgot || one->mid != 0;
    a->jammed = a->jammed || (one->mid != 0 && one->late);
    *one = (struct puback){.mid = mid,
                           .order = ++a->orders,
                           .token = token,
                           .vital = vital,
                           .thing = thing,
                           .code = PUBACKS_AWAITED,
                           .sent_at = now};
    snprintf(one->topic, sizeof one->topic, "%s", topic);
}

static struct puback *pubacks_awaited(struct pubacks *a, int mid)
{
    for (struct puback *one = a->all; one < a->all + PUBACKS_MAX && mid != 0; one++)
        if (one->mid == mid && one->code == PUBACKS_AWAITED)
            return one;
    return NULL;
}

bool pubacks_came(struct pubacks *a, int mid)
{
    if (a->strange || a->forgot || pubacks_awaited(a, mid))
        return false;
    a->strange = true;
    return true;
}

struct puback *pubacks_answered(struct pubacks *a, int mid, int code, int64_t now)
{
    struct puback *one = pubacks_awaited(a, mid);
    if (one) {
        one->code = code;
        one->answered_at = now;
    }
    return one;
}

bool pubacks_next(struct pubacks *a, int64_t now, struct puback *out)
{
    struct puback *found = NULL;
    uint64_t awaited = UINT64_MAX;
    for (struct puback *one = a->all; one < a->all + PUBACKS_MAX; one++) {
        if (one->mid != 0 && one->code == PUBACKS_AWAITED)
            awaited = one->order < awaited ? one->order : awaited;
        else if (one->mid != 0 && (!found || one->order < found->order))
            found = one;
    }
    if (!found ||
        (found->order > awaited && !a->strange && now - found->answered_at < PUBACKS_EARLY))
        return false;
    *out = *found;
    found->mid = 0;
    return true;
}

struct puback *pubacks_late(struct pubacks *a, int64_t now)
{
    for (struct puback *one = a->all; one < a->all + PUBACKS_MAX; one++)
        if (one->mid != 0 && one->code == PUBACKS_AWAITED && !one->late &&
            now - one->sent_at >= PUBACKS_LATE) {
            one->late = true;
            return one;
        }
    return NULL;
}

bool pubacks_wait(const struct pubacks *a)
{
    for (const struct puback *one = a->all; one < a->all + PUBACKS_MAX; one++)
        if (one->mid != 0 && one->code != PUBACKS_AWAITED)
            return true;
    return false;
}

bool pubacks_wait_vital(const struct pubacks *a, int64_t after)
{
    for (const struct puback *one = a->all; one < a->all + PUBACKS_MAX; one++)
        if (one->mid != 0 && one->vital && one->sent_at > after)
            return true;
    return false;
}
