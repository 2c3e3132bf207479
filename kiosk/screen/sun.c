#include "kiosk/screen/sun.h"

#include <math.h>

#define DEG 0.017453292519943295

struct ecliptic {
    double longitude, latitude; /* degrees */
};

static double wrap360(double x)
{
    x = fmod(x, 360.0);
    return x < 0 ? x + 360.0 : x;
}

/* Days since J2000.0 (2000-01-01 12:00 UTC). */
static double days_of(int64_t unix_ns)
{
    return (double)unix_ns / 86400e9 - 10957.5;
}

static struct ecliptic sun_ecliptic(double d)
{
    double anomaly = (357.529 + 0.98560028 * d) * DEG;
    double mean = 280.459 + 0.98564736 * d;
    struct ecliptic e = {.latitude = 0};
    e.longitude = wrap360(mean + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly));
    return e;
}

/* The largest terms alone: the moon's own ellipse, evection, variation, the year's inequality. */
static struct ecliptic moon_ecliptic(double d)
{
    double mean = 218.316 + 13.176396 * d;
    double anomaly = (134.963 + 13.064993 * d) * DEG;
    double node_distance = (93.272 + 13.229350 * d) * DEG;
    double elongation = (297.850 + 12.190749 * d) * DEG;
    double sun_anomaly = (357.529 + 0.98560028 * d) * DEG;
    struct ecliptic e;
    e.longitude =
        wrap360(mean + 6.289 * sin(anomaly) + 1.274 * sin(2 * elongation - anomaly) +
                0.658 * sin(2 * elongation) + 0.214 * sin(2 * anomaly) - 0.186 * sin(sun_anomaly));
    e.latitude = 5.128 * sin(node_distance) + 0.281 * sin(anomaly + node_distance) -
                 0.278 * sin(node_distance - anomaly);
    return e;
}

static struct sky_place sun_place_of(struct ecliptic e, double d, double latitude, double longitude)
{
    double tilt = (23.439 - 0.00000036 * d) * DEG;
    double l = e.longitude * DEG, b = e.latitude * DEG;
    double x = cos(b) * cos(l);
    double y = cos(tilt) * cos(b) * sin(l) - sin(tilt) * sin(b);
    double z = sin(tilt) * cos(b) * sin(l) + cos(tilt) * sin(b);
    double ascension = atan2(y, x), declination = asin(z);
    double sidereal = wrap360(280.46061837 + 360.98564736629 * d + longitude) * DEG;
    double hour = sidereal - ascension, lat = latitude * DEG;
    double up = sin(lat) * sin(declination) + cos(lat) * cos(declination) * cos(hour);
    double east = -cos(declination) * sin(hour);
    double north = cos(lat) * sin(declination) - sin(lat) * cos(declination) * cos(hour);
    struct sky_place p = {.altitude = asin(fmax(-1, fmin(1, up))) / DEG,
                          .azimuth = wrap360(atan2(east, north) / DEG)};
    return p;
}

struct sky_place sun_place(int64_t unix_ns, double latitude, double longitude)
{
    double d = days_of(unix_ns);
    return sun_place_of(sun_ecliptic(d), d, latitude, longitude);
}

struct sky_place moon_place(int64_t unix_ns, double latitude, double longitude)
{
    double d = days_of(unix_ns);
    struct sky_place p = sun_place_of(moon_ecliptic(d), d, latitude, longitude);
    /* Seen from the surface, not the centre: the moon's parallax is almost a degree. */
    p.altitude -= 0.95 * cos(p.altitude * DEG);
    return p;
}

double moon_phase(int64_t unix_ns)
{
    double d = days_of(unix_ns);
    return wrap360(moon_ecliptic(d).longitude - sun_ecliptic(d).longitude) / 360.0;
}

double moon_tilt(int64_t unix_ns, double latitude, double longitude)
{
    struct sky_place sun = sun_place(unix_ns, latitude, longitude);
    struct sky_place moon = moon_place(unix_ns, latitude, longitude);
    double ahead = (sun.azimuth - moon.azimuth) * DEG;
    double sun_up = sun.altitude * DEG, moon_up = moon.altitude * DEG;
    /* The way from the moon to the sun along the sky: the lit side looks there. */
    double right = sin(ahead) * cos(sun_up);
    double up = sin(sun_up) * cos(moon_up) - cos(sun_up) * sin(moon_up) * cos(ahead);
    return moon_phase(unix_ns) < 0.5 ? atan2(-up, right) : atan2(up, -right);
}
