#ifndef PORCHLIGHT_CORE_BATTERY_LEVEL_H
#define PORCHLIGHT_CORE_BATTERY_LEVEL_H

#include <stdbool.h>

/* Whether a battery has to be changed, where it had to be or not (`was`) at the last look. It is
 * low below BUTTON_BATTERY_LOW percent, until there are 10 more: a cold battery comes and goes. One
 * that is not known (-1) stays what it was. */
bool battery_level_is_low(int percent, bool was);

#endif
