#include "kiosk/core/drill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

enum { WEEK = 7 * 24 * 60 };

/* How many drills three weeks bring, minute by minute, and at which minute of the week. */
static int three_weeks(int from, int to, uint32_t random, int *at)
{
    struct drill_plan p;
    int drills = 0;
    drill_plan_init(&p, from, to);
    for (int i = 0; i < 3 * WEEK; i++)
        if (drill_due(&p, i % WEEK, random)) {
            drills++;
            *at = i % WEEK;
        }
    return drills;
}

static void test_once_a_week_inside_the_window(void **state)
{
    (void)state;
    for (uint32_t random = 0; random < 500; random += 7) {
        int at = -1;
        assert_int_equal(three_weeks(9540, 9660, random, &at), 3);
        assert_in_range(at, 9540, 9659);
    }
}

static void test_the_moment_moves(void **state)
{
    (void)state;
    int a = -1, b = -1;
    three_weeks(9540, 9660, 3, &a);
    three_weeks(9540, 9660, 90, &b);
    assert_int_not_equal(a, b);
}

static void test_a_window_over_the_weeks_end(void **state)
{
    (void)state;
    int at = -1;
    assert_int_equal(three_weeks(WEEK - 10, 10, 15, &at), 3);
    assert_int_equal(at, 5);
}

static void test_none_without_a_window_or_a_clock(void **state)
{
    (void)state;
    int at = -1;
    struct drill_plan p;
    assert_int_equal(three_weeks(-1, -1, 1, &at), 0);
    drill_plan_init(&p, 0, WEEK - 1);
    assert_false(drill_due(&p, -1, 0));
    assert_true(drill_due(&p, 0, 0));
}

static void test_entered_late_it_still_comes(void **state)
{
    (void)state;
    struct drill_plan p;
    int drills = 0;
    drill_plan_init(&p, 100, 200);
    for (int minute = 195; minute < 200; minute++)
        drills += drill_due(&p, minute, 4);
    assert_int_equal(drills, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once_a_week_inside_the_window),
        cmocka_unit_test(test_the_moment_moves),
        cmocka_unit_test(test_a_window_over_the_weeks_end),
        cmocka_unit_test(test_none_without_a_window_or_a_clock),
        cmocka_unit_test(test_entered_late_it_still_comes),
    };
    return cmocka_run_group_tests_name("drill", tests, NULL, NULL);
}
