#include "kiosk/alertd/alert_message.h"

#include "kiosk/core/ns.h"

#include <string.h>

static const struct {
    enum message_kind kind;
    const char *detail;
} wording[] = {
    [ALERT_PUB_LOCKDOWN] = {MSG_LOCKDOWN, ""},
    [ALERT_PUB_CAUTION] = {MSG_CAUTION, ""},
    [ALERT_PUB_UNCLEAR] = {MSG_CAUTION, "unclear"},
    [ALERT_PUB_ALL_CLEAR] = {MSG_ALL_CLEAR, ""},
    [ALERT_PUB_UNCONFIRMED] = {MSG_ALL_CLEAR, "unconfirmed"},
};

/* ms since the gesture; -1: not known, as after a restart without a clock. */
static int64_t age_of(const struct outbox_entry *e, int64_t now, int64_t wall)
{
    if (!e->resumed)
        return (now - e->at) / NS_PER_MS;
    return e->began > 0 && wall >= e->began ? (wall - e->began) * 1000 : -1;
}

void alert_message_make(const struct outbox_entry *e, int64_t now, int64_t wall, struct message *m)
{
    *m = (struct message){.kind = wording[e->publish].kind,
                          .id = e->id,
                          .age_ms = age_of(e, now, wall),
                          .drill = e->drill,
                          .resumed = e->resumed};
    strcpy(m->detail, wording[e->publish].detail);
}
