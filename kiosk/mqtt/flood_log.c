#include "kiosk/mqtt/flood_log.h"

#include <inttypes.h>
#include <stdio.h>

bool flood_log_note(struct flood_log *l, const struct mqtt_event *e)
{
    unsigned before;
    bool first = l->total == l->told;
    l->total += e->count;
    if (first)
        l->told_at = e->at;
    if (!say_once(&l->said, e->topic, e->at, &before))
        return false;
    if (first)
        l->told = l->total;
    return true;
}

bool flood_log_time(struct flood_log *l, int64_t now, char line[FLOOD_LOG_LINE])
{
    if (now < flood_log_deadline(l) || l->total == l->told)
        return false;
    l->told = l->total;
    snprintf(line, FLOOD_LOG_LINE,
             "since this start %" PRIu64 " messages were over an account's budget, and were not "
             "looked at",
             l->total);
    return true;
}

int64_t flood_log_deadline(const struct flood_log *l)
{
    return l->total == l->told ? INT64_MAX : l->told_at + SAY_ONCE_EVERY;
}
