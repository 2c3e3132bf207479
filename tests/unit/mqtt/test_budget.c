/* Budgets: bursts, rates, and floods that cost nobody else. */

#include "kiosk/mqtt/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static const struct mqtt_budget five = {.burst = 5, .a_second = 2};

static void a_burst_and_then_a_rate(void **state)
{
    struct budget_bucket b = {0};
    int taken = 0;
    (void)state;
    for (int i = 0; i < 50; i++)
        taken += budget_take(&b, five, 7 * S);
    assert_int_equal(taken, 5);
    assert_false(budget_take(&b, five, 7 * S + S / 2 - 1));
    assert_true(budget_take(&b, five, 7 * S + S / 2));
    assert_false(budget_take(&b, five, 7 * S + S / 2));
    taken = 0;
    for (int i = 0; i < 50; i++) /* after a rest, a burst again */
        taken += budget_take(&b, five, 90 * S);
    assert_int_equal(taken, 5);
}

static void no_burst_is_no_limit(void **state)
{
    struct budget_bucket b = {0};
    (void)state;
    for (int i = 0; i < 10000; i++)
        assert_true(budget_take(&b, (struct mqtt_budget){0}, 0));
}

static void a_flood_on_one_topic_leaves_the_others_theirs(void **state)
{
    static struct budget_table t;
    (void)state;
    for (int i = 0; i < 10000; i++)
        budget_take_topic(&t, "ack/flood", five, S);
    for (int i = 0; i < 200; i++) {
        char topic[16];
        snprintf(topic, sizeof topic, "ack/%d", i);
        assert_true(budget_take_topic(&t, topic, five, S));
    }
    assert_false(budget_take_topic(&t, "ack/flood", five, S));
}

static void topics_that_rest_make_room(void **state)
{
    static struct budget_table t;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char topic[16];
        snprintf(topic, sizeof topic, "ack/%d", i);
        assert_true(budget_take_topic(&t, topic, five, i * S));
    }
    for (int i = 0; i < 5; i++)
        assert_true(budget_take_topic(&t, "ack/new", five, 20000 * S));
    assert_false(budget_take_topic(&t, "ack/new", five, 20000 * S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_a_rate),
        cmocka_unit_test(no_burst_is_no_limit),
        cmocka_unit_test(a_flood_on_one_topic_leaves_the_others_theirs),
        cmocka_unit_test(topics_that_rest_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
