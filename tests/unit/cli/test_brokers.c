/* The command line's set of brokers: its plan, and what it says of a fault. */

#include "kiosk/cli/brokers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define VENUE "0123456789abcdef"
#define KIOSK "fedcba9876543210"

static struct brokers_plan plan;

static void a_plan_holds_as_many_topics_as_a_thread_takes(void **state)
{
    (void)state;
    brokers_plan_init(&plan);
    for (int i = 0; i < MQTT_SUBSCRIPTIONS_MAX; i++)
        assert_int_equal(brokers_plan_topic(&plan, TOPIC_STATE, VENUE, KIOSK, NULL), 0);
    assert_int_equal(brokers_plan_topic(&plan, TOPIC_STATE, VENUE, KIOSK, NULL), -1);
    assert_int_equal(plan.common.subscribe_count, MQTT_SUBSCRIPTIONS_MAX);
    assert_string_equal(plan.common.subscribe[0].topic, "porchlight/" VENUE "/" KIOSK "/state");
    assert_int_equal(plan.common.subscribe[0].qos, 1);
}

static void what_is_no_id_is_no_topic(void **state)
{
    (void)state;
    brokers_plan_init(&plan);
    assert_int_equal(brokers_plan_topic(&plan, TOPIC_STATE, "venue", KIOSK, NULL), -1);
}

static void a_fault_is_explained_with_what_was_said_of_it(void **state)
{
    struct mqtt_event e = {.kind = MQTT_DOWN, .fault = MQTT_FAULT_ROUTE};
    char why[BROKERS_WHY_MAX];
    (void)state;
    brokers_why(&e, why);
    assert_string_equal(why, mqtt_fault_sentence(MQTT_FAULT_ROUTE));
    strcpy(e.detail, "Connection refused");
    brokers_why(&e, why);
    assert_memory_equal(why, mqtt_fault_sentence(MQTT_FAULT_ROUTE),
                        strlen(mqtt_fault_sentence(MQTT_FAULT_ROUTE)));
    assert_non_null(strstr(why, "(Connection refused)"));
}

static void the_longest_reason_fits(void **state)
{
    struct mqtt_event e = {.kind = MQTT_DOWN};
    char why[BROKERS_WHY_MAX];
    (void)state;
    memset(e.detail, 'x', sizeof e.detail - 1);
    for (int f = MQTT_FAULT_FINE + 1; f < MQTT_FAULTS; f++) {
        e.fault = (enum mqtt_fault)f;
        brokers_why(&e, why);
        assert_int_equal(why[strlen(why) - 1], ')');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_holds_as_many_topics_as_a_thread_takes),
        cmocka_unit_test(what_is_no_id_is_no_topic),
        cmocka_unit_test(a_fault_is_explained_with_what_was_said_of_it),
        cmocka_unit_test(the_longest_reason_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
