#ifndef PORCHLIGHT_CORE_BATTERY_LEVEL_H
#define PORCHLIGHT_CORE_BATTERY_LEVEL_H

#include <stdbool.h>

/* Below this many percent a battery is low: a UPS's, a button's, by radio too. What UPower warns at
 * (PercentageLow). */
enum { BATTERY_LOW = 20 };

/* Whether a battery is low, where it was or not (`was`) at the last look: below BATTERY_LOW
 * percent, until there are 10 more, for a cold battery comes and goes. One that is not known (-1)
 * stays what it was. */
bool battery_level_is_low(int percent, bool was);

#endif
