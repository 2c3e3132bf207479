#include "kiosk/alertd/idle.h"

#include "kiosk/core/ns.h"

bool idle(const struct alert *a, bool wiping, bool pressed)
{
    return alert_on_site(a) == ALERT_QUIET && !alert_drill_on_site(a) && !a->now.wipe_pending &&
           a->wipe_at == NS_NEVER && !wiping && !pressed;
}
