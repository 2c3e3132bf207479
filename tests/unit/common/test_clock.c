#include "kiosk/common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The wall clock as this program sees it, moved by the tests. */
static time_t pretended;

time_t time(time_t *out)
{
    if (out)
        *out = pretended;
    return pretended;
}

static void monotonic(void **state)
{
    (void)state;
    int64_t a = clock_now(), b = clock_now();
    struct timespec t;
    assert_true(b >= a);
    clock_gettime(CLOCK_MONOTONIC, &t);
    assert_true((int64_t)t.tv_sec * 1000000000 + t.tv_nsec - b < INT64_C(1000000000));
}

static void unset_in_1970(void **state)
{
    char wall[24] = "x";

    (void)state;
    pretended = 3600;
    assert_false(clock_is_set());
    clock_wall(wall);
    assert_string_equal(wall, "");
}

static void set_later(void **state)
{
    char wall[24];

    (void)state;
    pretended = INT64_C(4102444805); /* 2100-01-01 00:00:05 UTC */
    assert_true(clock_is_set());
    clock_wall(wall);
    assert_string_equal(wall, "2100-01-01T00:00:05Z");
}

/* fake-hwclock restores the time of the last shutdown, long before the build of an update. */
static void unset_before_build(void **state)
{
    struct timespec t;

    (void)state;
    clock_gettime(CLOCK_REALTIME, &t);
    pretended = t.tv_sec + 86400;
    assert_true(clock_is_set());
    pretended = INT64_C(1577836800); /* 2020: before Porchlight's first line */
    assert_false(clock_is_set());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic),
        cmocka_unit_test(unset_in_1970),
        cmocka_unit_test(set_later),
        cmocka_unit_test(unset_before_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
