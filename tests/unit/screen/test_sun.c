#include "kiosk/screen/sky.h"
#include "kiosk/screen/sun.h"
#include "tests/unit/rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

/* What almanacs print: eclipses and phases, solstice heights, sunrises. */

static void test_noon_heights(void **state)
{
    (void)state;
    static const struct {
        int64_t day; /* 00:00 UTC */
        double latitude, longitude, height;
    } rows[] = {
        {1782000000, 40.41, 49.87, 73.0},  /* 2026-06-21 Baku: 90 - 40.41 + 23.44 */
        {1797811200, 40.41, 49.87, 26.2},  /* 2026-12-21 Baku */
        {1773964800, 0.0, 0.0, 90.0},      /* 2026-03-20 equator, equinox */
        {1782000000, -33.87, 151.21, 32.7} /* 2026-06-21 Sydney, winter */
    };
    EACH_ROW (k, rows, NULL) {
        double most = -90;
        for (int64_t s = 0; s < 86400; s += 60)
            most = fmax(
                most,
                sun_place((rows[k].day + s) * S, rows[k].latitude, rows[k].longitude).altitude);
        assert_true(fabs(most - rows[k].height) < 0.3);
    }
}

/* At an equinox the sun rises due east and sets due west. */
static void test_equinox(void **state)
{
    (void)state;
    struct sky_place before = {0};
    int crossings = 0;
    for (int64_t s = 0; s < 86400; s += 60) {
        struct sky_place now = sun_place((1773964800 + s) * S, 40.41, 49.87);
        if (s > 0 && (before.altitude < 0) != (now.altitude < 0)) {
            double want = now.altitude > 0 ? 90 : 270;
            assert_true(fabs(now.azimuth - want) < 1);
            crossings++;
        }
        before = now;
    }
    assert_int_equal(crossings, 2);
}

/* 2026-08-12, 18:29 UTC: total eclipse of the sun over Burgos. Two series of their own meet. */
static void test_eclipse(void **state)
{
    (void)state;
    int64_t at = INT64_C(1786559340) * S;
    struct sky_place sun = sun_place(at, 42.34, -3.70), moon = moon_place(at, 42.34, -3.70);
    double apart = hypot(sun.altitude - moon.altitude,
                         (sun.azimuth - moon.azimuth) * cos(sun.altitude * 0.0174533));
    assert_true(sun.altitude > 5 && sun.altitude < 12);
    assert_true(apart < 1.0);
    double phase = moon_phase(at);
    assert_true(phase < 0.01 || phase > 0.99);
}

static void test_phases(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        double phase;
    } rows[] = {
        {1772537880, 0.5},  /* 2026-03-03 11:38, full (eclipsed) */
        {1779534660, 0.25}, /* 2026-05-23 11:11, first quarter */
        {1778361060, 0.75}, /* 2026-05-09 21:11, last quarter */
    };
    EACH_ROW (k, rows, NULL)
        assert_true(fabs(moon_phase(rows[k].at * S) - rows[k].phase) < 0.01);
}

/* The palette has no corner that could be seen: a tenth of a degree changes no colour by more
 * than the 24 seconds that it takes at the equator can hide. */
static void test_palette_is_smooth(void **state)
{
    (void)state;
    for (int morning = 0; morning <= 1; morning++) {
        struct sky before = sky_of(-30, (float)morning);
        for (int k = 1; k < 1200; k++) {
            struct sky now = sky_of(-30 + 0.1f * (float)k, (float)morning);
            for (int i = 0; i < SKY_STOPS; i++) {
                assert_true(fabsf(now.ramp[i].r - before.ramp[i].r) < 2.5f);
                assert_true(fabsf(now.ramp[i].g - before.ramp[i].g) < 2.5f);
                assert_true(fabsf(now.ramp[i].b - before.ramp[i].b) < 2.5f);
            }
            before = now;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noon_heights), cmocka_unit_test(test_equinox),
        cmocka_unit_test(test_eclipse), cmocka_unit_test(test_phases),
        cmocka_unit_test(test_palette_is_smooth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
