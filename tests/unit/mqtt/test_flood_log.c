#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/mqtt/flood_log.h"

#include <stdio.h>
#include <string.h>

#define S INT64_C(1000000000)

static bool dropped(struct flood_log *l, const char *topic, size_t count, int64_t at)
{
    struct mqtt_event e = {.kind = MQTT_DROPPED, .count = count, .at = at};
    snprintf(e.topic, sizeof e.topic, "%s", topic);
    return flood_log_note(l, &e);
}

static void test_a_flood_is_said_when_it_begins_and_then_as_a_whole(void **state)
{
    struct flood_log l = {.dropped = {0}};
    char line[FLOOD_LOG_LINE];
    (void)state;
    assert_false(flood_log_time(&l, 0, line));
    assert_true(flood_log_deadline(&l) == INT64_MAX);
    assert_true(dropped(&l, "a", 10, 5 * S));
    assert_true(flood_log_deadline(&l) == INT64_MAX); /* all of it was said */
    assert_false(flood_log_time(&l, INT64_MAX, line));
    for (int64_t i = 0; i < 100; i++)
        assert_false(dropped(&l, "a", 20, (6 + i) * S));
    assert_true(flood_log_deadline(&l) == 6 * S + SAY_ONCE_EVERY);
    assert_false(flood_log_time(&l, 6 * S + SAY_ONCE_EVERY - 1, line));
    assert_true(flood_log_time(&l, 6 * S + SAY_ONCE_EVERY, line));
    assert_non_null(strstr(line, " 2010 messages "));
    assert_false(flood_log_time(&l, INT64_MAX, line));
}

static void test_at_the_end_what_was_not_said_is(void **state)
{
    struct flood_log l = {.dropped = {0}};
    char line[FLOOD_LOG_LINE];
    (void)state;
    assert_true(dropped(&l, "a", 10, 5 * S));
    assert_false(dropped(&l, "a", 1, 6 * S));
    assert_true(dropped(&l, "b", 3, 7 * S));
    assert_true(flood_log_time(&l, INT64_MAX, line));
    assert_non_null(strstr(line, " 14 messages "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_is_said_when_it_begins_and_then_as_a_whole),
        cmocka_unit_test(test_at_the_end_what_was_not_said_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
