/* What is said of a connection that comes and goes. */

#include "kiosk/mqtt/link_flap.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static const struct link_flap fresh = {.steady = 30 * S};

/* It is up for so long, `times` times, with a second between. */
static int64_t comes_and_goes(struct link_flap *f, int64_t now, int times, int64_t lasts)
{
    for (int i = 0; i < times; i++) {
        link_flap_up(f, now);
        link_flap_down(f, MQTT_FAULT_LIMITS, now + lasts);
        now += lasts + S;
    }
    return now;
}

static void one_restart_is_none(void **state)
{
    struct link_flap f = fresh;
    int64_t now = comes_and_goes(&f, S, 1, S);
    (void)state;
    link_flap_up(&f, now);
    assert_int_equal(link_flap_fault(&f), MQTT_FAULT_FINE);
    assert_int_equal(link_flap_deadline(&f), INT64_MAX);
}

static void two_soon_are_named_until_one_has_lasted(void **state)
{
    struct link_flap f = fresh;
    int64_t now = comes_and_goes(&f, S, 2, 30 * S - 1);
    (void)state;
    assert_int_equal(link_flap_fault(&f), MQTT_FAULT_LIMITS);
    assert_int_equal(link_flap_deadline(&f), INT64_MAX);
    link_flap_up(&f, now);
    assert_int_equal(link_flap_fault(&f), MQTT_FAULT_LIMITS);
    assert_int_equal(link_flap_deadline(&f), now + 30 * S);
    assert_false(link_flap_is_over(&f, now + 30 * S - 1));
    assert_true(link_flap_is_over(&f, now + 30 * S));
    assert_int_equal(link_flap_fault(&f), MQTT_FAULT_FINE);
    assert_false(link_flap_is_over(&f, now + 31 * S));
}

static void those_that_lasted_are_not_counted(void **state)
{
    struct link_flap f = fresh;
    (void)state;
    comes_and_goes(&f, comes_and_goes(&f, S, 1, S), 5, 30 * S);
    assert_int_equal(link_flap_fault(&f), MQTT_FAULT_FINE);
}

static void an_attempt_that_never_came_up_changes_nothing(void **state)
{
    struct link_flap f = fresh;
    int64_t now = comes_and_goes(&f, S, 2, S);
    (void)state;
    link_flap_down(&f, MQTT_FAULT_ROUTE, now);
    link_flap_up(&f, now + S);
    assert_int_equal(link_flap_fault(&f), MQTT_FAULT_LIMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_restart_is_none),
        cmocka_unit_test(two_soon_are_named_until_one_has_lasted),
        cmocka_unit_test(those_that_lasted_are_not_counted),
        cmocka_unit_test(an_attempt_that_never_came_up_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
