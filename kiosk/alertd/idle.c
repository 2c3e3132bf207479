#include "kiosk/alertd/idle.h"

#include "kiosk/core/ns.h"

bool idle(const struct alert *a, bool wiping, bool pressed)
{
    return a->now.state == ALERT_QUIET && !a->now.drill && !a->now.wipe_pending &&
           a->wipe_at == NS_NEVER && !wiping && !pressed;
}
