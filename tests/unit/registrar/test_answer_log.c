#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/registrar/answer_log.h"

#include <stdio.h>
#include <string.h>

#define S INT64_C(1000000000)

static bool refused(struct answer_log *l, const char *who, const char *why, int64_t now)
{
    unsigned before;
    return answer_log_note(l, who, why, true, now, &before);
}

static void test_each_reason_is_said_once_for_who_asks_and_then_with_a_count(void **state)
{
    struct answer_log l = {.lines = 0};
    unsigned before = 9;
    (void)state;
    assert_true(answer_log_note(&l, "a", "no", true, S, &before));
    assert_int_equal(before, 0);
    assert_true(refused(&l, "a", "never", S));
    assert_true(refused(&l, "b", "no", S));
    for (int i = 0; i < 20; i++)
        assert_false(refused(&l, "a", "no", 2 * S));
    assert_true(answer_log_note(&l, "a", "no", true, S + ANSWER_LOG_EVERY, &before));
    assert_int_equal(before, 20);
}

static void test_all_that_was_not_said_is_counted(void **state)
{
    struct answer_log l = {.lines = 0};
    char line[ANSWER_LOG_LINE];
    unsigned before;
    (void)state;
    assert_true(refused(&l, "a", "no", S));
    assert_true(answer_log_note(&l, "a", "nothing to do", false, S, &before));
    assert_false(answer_log_note(&l, "a", "nothing to do", false, S, &before));
    assert_true(answer_log_deadline(&l) == INT64_MAX);
    assert_false(answer_log_time(&l, INT64_MAX, line)); /* it was said */
    for (int i = 0; i < 4; i++)
        assert_false(refused(&l, "a", "no", 2 * S));
    assert_true(answer_log_deadline(&l) == 2 * S + ANSWER_LOG_EVERY);
    assert_false(answer_log_time(&l, 2 * S + ANSWER_LOG_EVERY - 1, line));
    assert_true(answer_log_time(&l, 2 * S + ANSWER_LOG_EVERY, line));
    assert_non_null(strstr(line, " 5 requests "));
    assert_false(answer_log_time(&l, INT64_MAX, line));
}

/* More kiosks and reasons than are remembered. */
static void test_nobody_fills_the_log(void **state)
{
    struct answer_log l = {.lines = 0};
    char line[ANSWER_LOG_LINE], who[16];
    int lines = 0;
    (void)state;
    for (int i = 0; i < 24000; i++) { /* four a second, in one hour and forty minutes */
        int64_t now = S + i * S / 4;
        snprintf(who, sizeof who, "%d", i % 200);
        lines += refused(&l, who, "no", now);
        lines += answer_log_time(&l, now, line);
    }
    assert_in_range(lines, ANSWER_LOG_BURST, 10 * (ANSWER_LOG_BURST + 1));
    assert_int_equal(l.refused.total, 24000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_reason_is_said_once_for_who_asks_and_then_with_a_count),
        cmocka_unit_test(test_all_that_was_not_said_is_counted),
        cmocka_unit_test(test_nobody_fills_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
