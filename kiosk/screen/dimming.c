#include "kiosk/screen/dimming.h"

#include <math.h>
#include <stdbool.h>

static bool quiet(int minute, int from, int to)
{
    if (minute < 0 || from < 0 || to < 0 || from == to)
        return false;
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

int dimming_drawn_percent(int dim)
{
    return 100 - (100 - dim) / 3;
}

float dimming_light(double altitude, int dim, int minute, int from, int to)
{
    if (quiet(minute, from, to))
        return 0;
    double night = (-4 - altitude) / 8; /* 0 with the sun 4 degrees down, 1 at 12 */
    night = night < 0 ? 0 : night > 1 ? 1 : night;
    double light = 1 - night * (1 - dim / 100.0);
    return (float)(round(light * 64) / 64);
}

float dimming_ease(float light, float goal, int64_t ns)
{
    float by = DIMMING_PACE * (float)((double)ns / 1e9);
    if (light < goal)
        return light + by < goal ? light + by : goal;
    return light - by > goal ? light - by : goal;
}

/* 0, 1, .. reach, .. -reach, .. -1 in steps. */
static int to_and_fro(int64_t step, int reach)
{
    int64_t k = step % (4 * (int64_t)reach);
    if (k > 3 * reach)
        return (int)(k - 4 * reach);
    return (int)(k > reach ? 2 * reach - k : k);
}

void dimming_shift(int64_t wall_ns, int reach, int *x, int *y)
{
    int64_t minutes = wall_ns / (INT64_C(60) * 1000000000);
    *x = *y = 0;
    if (reach < 1 || minutes < 0)
        return;
    /* Never both in the same minute; the two rounds only meet again after a day or so. */
    *x = to_and_fro(minutes / 4, reach);
    *y = to_and_fro((minutes + 2) / 12, reach);
}
