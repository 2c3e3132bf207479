#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/acks.h"
#include "tests/unit/rows.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct alert_id one = {{1}}, other = {{2}}, none = {{0}};
static const uint8_t key[ACKS_KEY] = {7};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct acks));
    return *state == NULL || sodium_init() < 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void test_each_account_counts_once(void **state)
{
    struct acks *a = *state;
    static const struct {
        const char *account;
        enum acks_answer answer;
        enum acks_result result;
        uint32_t seen_then, safe_then, rang_then;
    } table[] = {
        {"a000000000000000", ACKS_SEEN, ACKS_NEWS, 1, 0, 0},
        {"a000000000000000", ACKS_SEEN, ACKS_AGAIN, 1, 0, 0},
        {"b000000000000000", ACKS_SAFE, ACKS_NEWS, 2, 1, 0}, /* safe without seen before */
        {"b000000000000000", ACKS_SEEN, ACKS_AGAIN, 2, 1, 0},
        {"a000000000000000", ACKS_SAFE, ACKS_NEWS, 2, 2, 0},
        {"a000000000000000", ACKS_SAFE, ACKS_AGAIN, 2, 2, 0},
        {"c000000000000000", ACKS_SEEN, ACKS_NEWS, 3, 2, 0},
        {"d000000000000000", ACKS_RANG, ACKS_NEWS, 3, 2, 1}, /* rang, and nobody looked */
        {"d000000000000000", ACKS_RANG, ACKS_AGAIN, 3, 2, 1},
        {"d000000000000000", ACKS_SAFE, ACKS_NEWS, 4, 3, 1},
        {"a000000000000000", ACKS_RANG, ACKS_NEWS, 4, 3, 2},
        {"a000000000000000", ACKS_SEEN, ACKS_AGAIN, 4, 3, 2},
    };
    acks_begin(a, &one, key);
    EACH_ROW (i, table, table[i].account) {
        assert_int_equal(acks_take(a, &one, table[i].account, table[i].answer), table[i].result);
        assert_int_equal(a->seen, table[i].seen_then);
        assert_int_equal(a->safe, table[i].safe_then);
        assert_int_equal(a->rang, table[i].rang_then);
    }
}

static void test_only_the_standing_alert_is_answered(void **state)
{
    struct acks *a = *state;
    acks_begin(a, &one, key);
    assert_int_equal(acks_take(a, &other, "a000000000000000", ACKS_SAFE), ACKS_STALE);
    assert_int_equal(acks_take(a, &none, "a000000000000000", ACKS_SAFE), ACKS_STALE);
    assert_int_equal(a->seen, 0);
    acks_begin(a, &other, key);
    assert_int_equal(acks_take(a, &one, "a000000000000000", ACKS_SAFE), ACKS_STALE);
    assert_int_equal(acks_take(a, &other, "a000000000000000", ACKS_SAFE), ACKS_NEWS);
    acks_forget(a);
    assert_int_equal(acks_take(a, &other, "a000000000000000", ACKS_SAFE), ACKS_STALE);
    assert_int_equal(acks_take(a, &none, "a000000000000000", ACKS_SAFE), ACKS_STALE);
}

static void test_nothing_is_left_when_forgotten(void **state)
{
    struct acks *a = *state;
    acks_begin(a, &one, key);
    for (int i = 0; i < 500; i++) {
        char account[17];
        snprintf(account, sizeof account, "%016x", i);
        acks_take(a, &one, account, i % 2 ? ACKS_SAFE : ACKS_SEEN);
    }
    acks_forget(a);
    assert_true(sodium_is_zero((const uint8_t *)a, sizeof *a));
}

static void test_no_account_can_be_read_from_it(void **state)
{
    struct acks *a = *state;
    static const uint8_t key_two[ACKS_KEY] = {8};
    static const char account[] = "a000000000000000";
    uint64_t found[2] = {0};
    for (int round = 0; round < 2; round++) {
        acks_begin(a, &one, round ? key_two : key);
        acks_take(a, &one, account, ACKS_SEEN);
        assert_null(memmem(a, sizeof *a, account, sizeof account - 1));
        for (size_t i = 0; i < ACKS_SLOTS; i++)
            found[round] |= a->slots[i];
    }
    assert_int_not_equal(found[0], found[1]); /* another alert, another name */
}

static void test_a_flood_fills_it_and_breaks_nothing(void **state)
{
    struct acks *a = *state;
    char account[24];
    acks_begin(a, &one, key);
    for (unsigned i = 0; i < ACKS_ACCOUNTS; i++) {
        snprintf(account, sizeof account, "%016x", i);
        assert_int_equal(acks_take(a, &one, account, ACKS_SEEN), ACKS_NEWS);
    }
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(account, sizeof account, "f%015x", i);
        assert_int_equal(acks_take(a, &one, account, ACKS_SAFE), ACKS_FULL);
    }
    assert_int_equal(a->seen, ACKS_ACCOUNTS);
    assert_int_equal(a->safe, 0);
    assert_int_equal(acks_take(a, &one, "0000000000000005", ACKS_SAFE),
                     ACKS_NEWS); /* still counted */
    assert_int_equal(a->safe, 1);
    acks_begin(a, &other, key);
    assert_int_equal(acks_take(a, &other, "f000000000000001", ACKS_SAFE), ACKS_NEWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_account_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_the_standing_alert_is_answered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_left_when_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_account_can_be_read_from_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_fills_it_and_breaks_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
