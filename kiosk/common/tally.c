#include "kiosk/common/tally.h"

void tally_add(struct tally *t, uint64_t count, bool said, int64_t now)
{
    bool all_told = t->total == t->told;
    t->total += count;
    if (all_told)
        t->since = now;
    if (all_told && said)
        t->told = t->total;
}

bool tally_due(struct tally *t, int64_t now)
{
    if (t->total == t->told || now < tally_deadline(t))
        return false;
    t->told = t->total;
    return true;
}

int64_t tally_deadline(const struct tally *t)
{
    return t->total == t->told ? INT64_MAX : t->since + SAY_ONCE_EVERY;
}
