#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/common/tally.h"

#define S INT64_C(1000000000)

static void test_what_was_said_is_not_said_again(void **state)
{
    struct tally t = {.total = 0};
    (void)state;
    assert_false(tally_due(&t, INT64_MAX));
    tally_add(&t, 3, true, S);
    assert_true(t.total == 3 && tally_deadline(&t) == INT64_MAX);
    assert_false(tally_due(&t, INT64_MAX));
}

static void test_the_rest_is_said_as_a_sum_later(void **state)
{
    struct tally t = {.total = 0};
    (void)state;
    tally_add(&t, 3, true, S);
    tally_add(&t, 4, false, 2 * S);
    tally_add(&t, 5, false, 3 * S);
    tally_add(&t, 6, true, 4 * S); /* not all: the sum still has to be said */
    assert_true(t.total == 18 && tally_deadline(&t) == 2 * S + SAY_ONCE_EVERY);
    assert_false(tally_due(&t, 2 * S + SAY_ONCE_EVERY - 1));
    assert_true(tally_due(&t, 2 * S + SAY_ONCE_EVERY));
    assert_false(tally_due(&t, INT64_MAX));
    tally_add(&t, 1, false, 9 * S);
    assert_true(tally_deadline(&t) == 9 * S + SAY_ONCE_EVERY);
    assert_true(tally_due(&t, INT64_MAX)); /* at the end */
}

/* What is no more does not begin the wait. */
static void test_none_more_changes_nothing(void **state)
{
    struct tally t = {.total = 0};
    (void)state;
    tally_add(&t, 0, false, S);
    assert_true(t.total == 0 && tally_deadline(&t) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_said_is_not_said_again),
        cmocka_unit_test(test_the_rest_is_said_as_a_sum_later),
        cmocka_unit_test(test_none_more_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
