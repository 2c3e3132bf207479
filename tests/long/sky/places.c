/* The same by kiosk/screen/sun.c: for each moment and place of stdin the sun's and the moon's
 * altitude and azimuth, the moon's phase, and how it is turned. */
#include "kiosk/screen/sun.h"

#include <stdio.h>

int main(void)
{
    long long unix_s;
    double latitude, longitude;
    while (scanf("%lld %lf %lf", &unix_s, &latitude, &longitude) == 3) {
        int64_t at = unix_s * 1000000000;
        struct sky_place sun = sun_place(at, latitude, longitude);
        struct sky_place moon = moon_place(at, latitude, longitude);
        printf("[%.6f, %.6f, %.6f, %.6f, %.6f, %.6f]\n", sun.altitude, sun.azimuth, moon.altitude,
               moon.azimuth, moon_phase(at), moon_tilt(at, latitude, longitude));
    }
    return 0;
}
