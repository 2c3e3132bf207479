/* What repeats itself is said once, and then with a count. */

#include "kiosk/common/say_once.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void a_thing_is_said_once_and_then_with_a_count(void **state)
{
    struct say_once s = {0};
    unsigned before;
    (void)state;
    assert_true(say_once(&s, "dns", 5, &before));
    assert_int_equal(before, 0);
    for (int i = 0; i < 7; i++)
        assert_false(say_once(&s, "dns", 6, &before));
    assert_true(say_once(&s, "tls", 7, &before));
    assert_true(say_once(&s, "dns", 5 + SAY_ONCE_EVERY, &before));
    assert_int_equal(before, 7);
    assert_int_equal(say_once_unsaid(&s, "dns"), 0);
}

static void what_was_not_said_can_be_summed_up(void **state)
{
    struct say_once s = {0};
    unsigned before;
    (void)state;
    assert_int_equal(say_once_unsaid(&s, "up"), 0);
    for (int i = 0; i < 4; i++)
        say_once(&s, "up", i, &before);
    assert_int_equal(say_once_unsaid(&s, "up"), 3);
    assert_int_equal(say_once_unsaid(&s, "up"), 0);
}

static void too_many_things_forget_the_oldest(void **state)
{
    struct say_once s = {0};
    unsigned before;
    char name[16];
    (void)state;
    for (int i = 0; i < SAY_ONCE_MAX + 1; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_true(say_once(&s, name, i, &before));
    }
    assert_false(say_once(&s, "5", 99, &before));
    assert_true(say_once(&s, "0", 99, &before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thing_is_said_once_and_then_with_a_count),
        cmocka_unit_test(what_was_not_said_can_be_summed_up),
        cmocka_unit_test(too_many_things_forget_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
