/* How much a log says of a connection that comes and goes. */

#include "kiosk/mqtt/link_log.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static char line[LINK_LOG_LINE];

static bool comes(struct link_log *l, int64_t now)
{
    return link_log_up(l, ", MQTT 5", now, line);
}

static bool goes(struct link_log *l, int64_t now)
{
    return link_log_down(l, MQTT_FAULT_ROUTE, "timed out", now, line);
}

static void a_state_is_said_once(void **state)
{
    struct link_log l = {0};
    (void)state;
    assert_true(goes(&l, S));
    assert_non_null(strstr(line, "not connected (route: timed out). It does not answer."));
    assert_false(goes(&l, 2 * S));
    assert_true(link_log_down(&l, MQTT_FAULT_DNS, "", 3 * S, line));
    assert_true(comes(&l, 4 * S));
    assert_string_equal(line, "connected, MQTT 5");
    assert_false(link_log_time(&l, 400 * S, line));
}

static void a_connection_that_flaps_is_said_a_few_times_in_ten_minutes(void **state)
{
    struct link_log l = {0};
    unsigned lines = 0;
    (void)state;
    for (int64_t i = 0; i < 600; i += 3) {
        lines += comes(&l, i * S) + goes(&l, (i + 1) * S);
        lines += link_log_time(&l, (i + 1) * S, line);
    }
    assert_int_equal(lines, LINK_LOG_BURST);
    assert_true(comes(&l, 601 * S));
    assert_string_equal(line, "connected, MQTT 5 (it has come and gone 198 times since)");
}

static void what_lasts_then_is_said_all_the_same(void **state)
{
    struct link_log l = {0};
    (void)state;
    for (int64_t i = 0; i < 8; i++)
        i % 2 == 0 ? comes(&l, i * S) : goes(&l, i * S);
    assert_false(link_log_time(&l, 7 * S + LINK_LOG_STEADY - 1, line));
    assert_true(link_log_time(&l, 7 * S + LINK_LOG_STEADY, line));
    assert_non_null(strstr(line,
                           "not connected for 30 s (route: timed out) (it has come and gone 2 "
                           "times since)."));
    assert_false(link_log_time(&l, 100 * S, line));
    assert_false(comes(&l, 101 * S));
    assert_true(link_log_time(&l, 101 * S + LINK_LOG_STEADY, line));
    assert_string_equal(line, "connected for 30 s, MQTT 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_said_once),
        cmocka_unit_test(a_connection_that_flaps_is_said_a_few_times_in_ten_minutes),
        cmocka_unit_test(what_lasts_then_is_said_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
