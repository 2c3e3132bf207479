#ifndef PORCHLIGHT_ALERTD_IDLE_H
#define PORCHLIGHT_ALERTD_IDLE_H

#include "kiosk/core/alert.h"

#include <stdbool.h>

/* Whether porchlightd may be restarted for an upgrade that can wait: no alert or drill is open,
 * also none that the site does not show, nobody touches a switch, and no wipe is asked for or under
 * way. `wiping`: wiper_busy; `pressed`: some switch is active. Pure. */
bool idle(const struct alert *a, bool wiping, bool pressed);

#endif
