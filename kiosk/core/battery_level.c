#include "kiosk/core/battery_level.h"

#include "kiosk/core/button.h"

bool battery_level_is_low(int percent, bool was)
{
    return percent < 0 ? was : percent < BUTTON_BATTERY_LOW + (was ? 10 : 0);
}
