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

#define SEEN ACKS_SEEN
#define SAFE ACKS_SAFE
#define HELP ACKS_HELP
#define RANG ACKS_RANG

static const char anna[] = "a000000000000000", ben[] = "b000000000000000",
                  cleo[] = "c000000000000000", dora[] = "d000000000000000";

static void test_each_account_counts_once(void **state)
{
    struct acks *a = *state;
    static const struct {
        const char *account;
        enum acks_answer answer;
        uint64_t number;
        enum acks_result result;
        uint32_t seen, safe, help, rang, asked; /* then */
    } table[] = {
        {anna, SEEN, 1, ACKS_NEWS, 1, 0, 0, 0, 0},  {anna, SEEN, 1, ACKS_AGAIN, 1, 0, 0, 0, 0},
        {ben, SAFE, 1, ACKS_NEWS, 2, 1, 0, 0, 0}, /* safe without seen before */
        {ben, SEEN, 2, ACKS_AGAIN, 2, 1, 0, 0, 0},  {anna, SAFE, 2, ACKS_NEWS, 2, 2, 0, 0, 0},
        {anna, SAFE, 2, ACKS_AGAIN, 2, 2, 0, 0, 0}, {cleo, HELP, 1, ACKS_NEWS, 3, 2, 1, 0, 1},
        {dora, RANG, 0, ACKS_NEWS, 3, 2, 1, 1, 1}, /* rang, and nobody looked */
        {dora, RANG, 0, ACKS_AGAIN, 3, 2, 1, 1, 1}, {dora, SAFE, 1, ACKS_NEWS, 4, 3, 1, 1, 1},
        {anna, RANG, 0, ACKS_NEWS, 4, 3, 1, 2, 1},  {anna, SEEN, 3, ACKS_AGAIN, 4, 3, 1, 2, 1},
        {anna, HELP, 4, ACKS_NEWS, 4, 2, 2, 2, 2}, /* safe no more */
        {anna, SAFE, 5, ACKS_NEWS, 4, 3, 1, 2, 2}, /* and safe again: it did ask */
        {anna, HELP, 6, ACKS_NEWS, 4, 2, 2, 2, 2},  {cleo, SEEN, 2, ACKS_AGAIN, 4, 2, 2, 2, 2},
    };
    acks_begin(a, &one, key);
    EACH_ROW (i, table, table[i].account) {
        assert_int_equal(acks_take(a, &one, table[i].account, table[i].answer, table[i].number),
                         table[i].result);
        assert_int_equal(a->seen, table[i].seen);
        assert_int_equal(a->safe, table[i].safe);
        assert_int_equal(a->help, table[i].help);
        assert_int_equal(a->rang, table[i].rang);
        assert_int_equal(a->asked, table[i].asked);
    }
}

/* What a broker delays, or sends again, takes no later answer back. */
static void test_the_last_answer_counts_however_they_come(void **state)
{
    struct acks *a = *state;
    static const struct {
        const char *label;
        struct {
            enum acks_answer answer;
            uint64_t number;
        } come[4];
        enum acks_answer is;
    } table[] = {
        {"in order", {{SEEN, 1}, {SAFE, 2}, {HELP, 3}, {HELP, 3}}, HELP},
        {"safe comes late", {{HELP, 3}, {SEEN, 1}, {SAFE, 2}, {SAFE, 2}}, HELP},
        {"safe is played again", {{SAFE, 1}, {HELP, 2}, {SAFE, 1}, {SAFE, 1}}, HELP},
        {"help is played again", {{HELP, 1}, {SAFE, 2}, {HELP, 1}, {HELP, 1}}, SAFE},
        {"seen was the last", {{HELP, 1}, {SEEN, 2}, {SAFE, 1}, {SEEN, 2}}, HELP},
        {"without numbers help counts", {{HELP, 0}, {SAFE, 0}, {SEEN, 0}, {SAFE, 0}}, HELP},
        {"without numbers safe before seen", {{SEEN, 0}, {SAFE, 0}, {SEEN, 0}, {SEEN, 0}}, SAFE},
        {"a number that is too large",
         {{SAFE, 1}, {HELP, UINT64_MAX}, {SAFE, 9}, {SAFE, 255}},
         HELP},
    };
    EACH_ROW (i, table, table[i].label) {
        acks_begin(a, &one, key);
        for (size_t n = 0; n < 4; n++)
            acks_take(a, &one, anna, table[i].come[n].answer, table[i].come[n].number);
        assert_int_equal(a->seen, 1);
        assert_int_equal(a->safe, table[i].is == SAFE);
        assert_int_equal(a->help, table[i].is == HELP);
    }
}

/* Each press counts, and what a broker sends again does not. */
static void test_help_is_asked_for_again(void **state)
{
    struct acks *a = *state;
    static const struct {
        enum acks_answer answer;
        uint64_t number;
        uint32_t asks; /* then */
    } table[] = {
        {SEEN, 1, 0}, {HELP, 2, 1}, {HELP, 2, 1}, {HELP, 3, 2},   {SAFE, 4, 2},   {HELP, 3, 2},
        {HELP, 5, 3}, {RANG, 0, 3}, {SEEN, 6, 3}, {HELP, 255, 4}, {HELP, 256, 4},
    };
    acks_begin(a, &one, key);
    EACH_ROW (i, table, NULL) {
        acks_take(a, &one, anna, table[i].answer, table[i].number);
        assert_int_equal(a->asks, table[i].asks);
    }
    acks_take(a, &one, ben, HELP, 0); /* of a phone that counts nothing */
    acks_take(a, &one, ben, HELP, 0);
    assert_int_equal(a->asks, 5);
    assert_int_equal(a->asked, 2);
}

static void test_only_the_standing_alert_is_answered(void **state)
{
    struct acks *a = *state;
    acks_begin(a, &one, key);
    assert_int_equal(acks_take(a, &other, "a000000000000000", ACKS_SAFE, 1), ACKS_STALE);
    assert_int_equal(acks_take(a, &none, "a000000000000000", ACKS_SAFE, 1), ACKS_STALE);
    assert_int_equal(a->seen, 0);
    acks_begin(a, &other, key);
    assert_int_equal(acks_take(a, &one, "a000000000000000", ACKS_SAFE, 1), ACKS_STALE);
    assert_int_equal(acks_take(a, &other, "a000000000000000", ACKS_SAFE, 1), ACKS_NEWS);
    acks_forget(a);
    assert_int_equal(acks_take(a, &other, "a000000000000000", ACKS_SAFE, 1), ACKS_STALE);
    assert_int_equal(acks_take(a, &none, "a000000000000000", ACKS_SAFE, 1), ACKS_STALE);
}

static void test_nothing_is_left_when_forgotten(void **state)
{
    struct acks *a = *state;
    acks_begin(a, &one, key);
    for (int i = 0; i < 500; i++) {
        char account[17];
        snprintf(account, sizeof account, "%016x", i);
        acks_take(a, &one, account, i % 2 ? ACKS_SAFE : ACKS_SEEN, 1);
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
        acks_take(a, &one, account, ACKS_SEEN, 1);
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
        assert_int_equal(acks_take(a, &one, account, ACKS_SEEN, 1), ACKS_NEWS);
    }
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(account, sizeof account, "f%015x", i);
        assert_int_equal(acks_take(a, &one, account, ACKS_SAFE, 1), ACKS_FULL);
    }
    assert_int_equal(a->seen, ACKS_ACCOUNTS);
    assert_int_equal(a->safe, 0);
    assert_int_equal(acks_take(a, &one, "0000000000000005", ACKS_SAFE, 2),
                     ACKS_NEWS); /* still counted */
    assert_int_equal(a->safe, 1);
    acks_begin(a, &other, key);
    assert_int_equal(acks_take(a, &other, "f000000000000001", ACKS_SAFE, 1), ACKS_NEWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_account_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_answer_counts_however_they_come, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_help_is_asked_for_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_the_standing_alert_is_answered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_left_when_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_account_can_be_read_from_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_fills_it_and_breaks_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
