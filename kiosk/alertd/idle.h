#ifndef PORCHLIGHT_ALERTD_IDLE_H
#define PORCHLIGHT_ALERTD_IDLE_H

#include "kiosk/core/alert.h"

#include <stdbool.h>

/* Whether porchlightd may be restarted for an upgrade that can wait: the site shows no alert or
 * drill, nobody touches a switch, and no wipe is asked for or under way. An alert that the site
 * does not show is none here, so that the answer does not reveal it: a restart takes it up again
 * from the record. `wiping`: wiper_busy; `pressed`: some switch is active. Pure. */
bool idle(const struct alert *a, bool wiping, bool pressed);

#endif
