#ifndef PORCHLIGHT_SCREEN_SUN_H
#define PORCHLIGHT_SCREEN_SUN_H

#include <stdint.h>

/* The places of sun and moon, from low-precision series (P. Schlyter's and the Astronomical
 * Almanac's "low precision" orders of size): the sun to about 0.02 degrees, the moon to about 1
 * degree, which is twice its own width and enough for a picture. Valid 1950 to 2050. */

struct sky_place {
    double altitude; /* degrees above the horizon, without refraction */
    double azimuth;  /* degrees, 0 north, 90 east, 180 south */
};

/* `unix_ns`: ns since 1970-01-01 UTC. Latitude north and longitude east positive, degrees. */
struct sky_place sun_place(int64_t unix_ns, double latitude, double longitude);
struct sky_place moon_place(int64_t unix_ns, double latitude, double longitude);

/* The moon's age as a part of its round: 0 new, 0.25 first quarter, 0.5 full, 0.75 last quarter. */
double moon_phase(int64_t unix_ns);

/* How the moon is turned for who looks at it, rad clockwise: at 0 its right side is lit while it
 * grows, and its left side while it wanes. */
double moon_tilt(int64_t unix_ns, double latitude, double longitude);

#endif
