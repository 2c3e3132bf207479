#include "kiosk/core/battery_level.h"

bool battery_level_is_low(int percent, bool was)
{
    return percent < 0 ? was : percent < BATTERY_LOW + (was ? 10 : 0);
}
