#include "kiosk/core/debounce.h"
#include "kiosk/core/ns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const int64_t settle = 30 * NS_PER_MS;

static void test_a_level_counts_once_it_has_stood(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0;
    debounce_start(&d, settle, false, 0);
    assert_true(debounce_deadline(&d) == NS_NEVER);
    assert_true(debounce_horizon(&d, 500) == 500);
    debounce_level(&d, true, 1000);
    assert_true(debounce_deadline(&d) == 1000 + settle);
    assert_true(debounce_horizon(&d, 5000) == 1000);
    assert_false(debounce_settle(&d, 1000 + settle - 1, &since));
    assert_true(debounce_settle(&d, 1000 + settle, &since));
    assert_true(since == 1000);
    assert_true(d.level);
    assert_false(debounce_settle(&d, 1000 + 2 * settle, &since));
}

static void test_bounce_moves_the_moment_and_nothing_else(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0, t = 0;
    int changes = 0;
    debounce_start(&d, settle, false, 0);
    for (int i = 0; i < 9; i++) {
        t += NS_PER_MS;
        changes += debounce_settle(&d, t, &since);
        debounce_level(&d, i % 2 == 0, t);
    }
    assert_int_equal(changes, 0);
    assert_true(debounce_settle(&d, t + settle, &since));
    assert_true(since == t);
    assert_true(d.level);
}

static void test_a_re_read_of_the_same_level_restarts_nothing(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0;
    debounce_start(&d, settle, true, 0);
    debounce_level(&d, false, 10);
    debounce_level(&d, false, 10 + settle / 2);
    assert_true(debounce_settle(&d, 10 + settle, &since));
    assert_true(since == 10);
}

static void test_zero_takes_every_edge(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0;
    debounce_start(&d, 0, false, 0);
    debounce_level(&d, true, 5);
    assert_true(debounce_settle(&d, 5, &since));
    assert_true(d.level);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_level_counts_once_it_has_stood),
        cmocka_unit_test(test_bounce_moves_the_moment_and_nothing_else),
        cmocka_unit_test(test_a_re_read_of_the_same_level_restarts_nothing),
        cmocka_unit_test(test_zero_takes_every_edge),
    };
    return cmocka_run_group_tests_name("debounce", tests, NULL, NULL);
}
