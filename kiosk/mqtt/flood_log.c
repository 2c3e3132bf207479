#include "kiosk/mqtt/flood_log.h"

#include <inttypes.h>
#include <stdio.h>

bool flood_log_note(struct flood_log *l, const struct mqtt_event *e)
{
    unsigned before;
    bool say = say_once(&l->said, e->topic, e->at, &before);
    tally_add(&l->dropped, e->count, say, e->at);
    return say;
}

bool flood_log_time(struct flood_log *l, int64_t now, char line[FLOOD_LOG_LINE])
{
    if (!tally_due(&l->dropped, now))
        return false;
    snprintf(line, FLOOD_LOG_LINE,
             "since this start %" PRIu64 " messages were over an account's budget, and were not "
             "looked at",
             l->dropped.total);
    return true;
}

int64_t flood_log_deadline(const struct flood_log *l)
{
    return tally_deadline(&l->dropped);
}
