#include "config/city.h"
#include "config/config.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE                                                                                       \
    "[venue]\nid = 00112233445566ff\n[kiosk]\nid = aabbccddeeff0011\n"                             \
    "[broker out]\nhost = mqtt.example.org\nca = /ca.pem\n[switch front]\nline = sim:front\n"      \
    "[screen]\n"

/* Places as an atlas has them, to a tenth of a degree: tzdata's own table is what is read. */
static void cities_are_found(void **state)
{
    static const struct {
        const char *name;
        double latitude, longitude;
        const char *zone;
    } rows[] = {
        {"Baku", 40.4, 49.9, "Asia/Baku"},
        {"baku", 40.4, 49.9, "Asia/Baku"},
        {"Asia/Tbilisi", 41.7, 44.8, "Asia/Tbilisi"},
        {"Buenos Aires", -34.6, -58.5, "America/Argentina/Buenos_Aires"},
        {"buenos_aires", -34.6, -58.5, "America/Argentina/Buenos_Aires"},
        {"Port-au-Prince", 18.5, -72.3, "America/Port-au-Prince"},
        {"Istanbul", 41.0, 29.0, "Europe/Istanbul"},
        {"Honolulu", 21.3, -157.9, "Pacific/Honolulu"},
        {"Troll", -72.0, 2.5, "Antarctica/Troll"},
    };
    char near[128];
    struct city c;

    (void)state;
    EACH_ROW (k, rows, rows[k].name) {
        assert_int_equal(city_find(CITY_TABLE, rows[k].name, &c, near), 0);
        assert_true(fabs(c.latitude - rows[k].latitude) < 0.1);
        assert_true(fabs(c.longitude - rows[k].longitude) < 0.1);
        assert_string_equal(c.timezone, rows[k].zone);
    }
}

static void near_names_are_told(void **state)
{
    static const struct {
        const char *name, *near;
    } rows[] = {
        {"Tiblisi", "Tbilisi"},   {"Yerewan", "Yerevan"}, {"Kiyv", ""},
        {"Istambul", "Istanbul"}, {"Atlantis", ""},       {"", ""},
    };
    char near[128];
    struct city c;

    (void)state;
    EACH_ROW (k, rows, rows[k].name) {
        assert_int_equal(city_find(CITY_TABLE, rows[k].name, &c, near), -1);
        assert_int_equal(errno, ESRCH);
        if (rows[k].near[0] ? !strstr(near, rows[k].near) : strlen(near) > 60)
            fail_msg("\"%s\": found near: \"%s\"", rows[k].name, near);
    }
}

/* Lines that are not rows are skipped; a missing table is an error of its own. */
static void broken_tables(void **state)
{
    char path[] = "build/zone.XXXXXX", near[128];
    struct city c;
    int fd = mkstemp(path);
    static const char rows[] =
        "# a remark\nAZ\nAZ\t+40\tAsia/One\nAZ\t+4023\tAsia/Two\nAZ\t4023+04951\tAsia/Three\n"
        "AZ\t+4023+44951\tAsia/Four\nAZ\t+9123+04951\tAsia/Five\n"
        "AZ\t+4023+04951\tAsia/A_name_that_is_longer_than_any_that_is_known\n\n"
        "AZ\t+402330-0495130\tAsia/Last\tmost of it\n";

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rows, sizeof rows - 1), sizeof rows - 1);
    close(fd);
    assert_int_equal(city_find(path, "Two", &c, near), -1);
    assert_int_equal(city_find(path, "Three", &c, near), -1);
    assert_int_equal(city_find(path, "Four", &c, near), -1);
    assert_int_equal(city_find(path, "Five", &c, near), -1);
    assert_int_equal(city_find(path, "Last", &c, near), 0);
    assert_true(fabs(c.latitude - 40.391667) < 1e-5);
    assert_true(fabs(c.longitude + 49.858333) < 1e-5);
    unlink(path);
    assert_int_equal(city_find(path, "Last", &c, near), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(city_find("build", "Last", &c, near), -1); /* a folder */
}

static void fail_with(void *context, const char *sentence)
{
    (void)context;
    fail_msg("%s", sentence);
}

static void what_is_written_goes_before_the_city(void **state)
{
    static const struct {
        const char *text;
        double latitude, longitude;
        const char *zone;
    } rows[] = {
        {BASE "city = Tbilisi\n", 41.7167, 44.8167, "Asia/Tbilisi"},
        {BASE "city = Tbilisi\ntimezone = Asia/Baku\n", 41.7167, 44.8167, "Asia/Baku"},
        {BASE "longitude = 41.6\ncity = Tbilisi\nlatitude = 41.6\n", 41.6, 41.6, "Asia/Tbilisi"},
        {BASE "timezone = Asia/Tbilisi\n", 41.7167, 44.8167, "Asia/Tbilisi"},
        {BASE "timezone = Asia/Tbilisi\nlongitude = 41.6\n", 40.41, 41.6, "Asia/Tbilisi"},
        {BASE "timezone = UTC\n", 40.41, 49.87, "UTC"},
        {BASE, 40.41, 49.87, ""},
    };
    struct config *c = malloc(sizeof *c);

    (void)state;
    EACH_ROW (k, rows, rows[k].text) {
        assert_int_equal(
            config_parse("t.conf", rows[k].text, strlen(rows[k].text), c, fail_with, NULL), 0);
        assert_true(fabs(c->screen.latitude - rows[k].latitude) < 1e-3);
        assert_true(fabs(c->screen.longitude - rows[k].longitude) < 1e-3);
        assert_string_equal(c->screen.timezone, rows[k].zone);
    }
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cities_are_found),
        cmocka_unit_test(near_names_are_told),
        cmocka_unit_test(broken_tables),
        cmocka_unit_test(what_is_written_goes_before_the_city),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
