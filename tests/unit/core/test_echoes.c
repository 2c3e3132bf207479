#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/echoes.h"

#include <stdio.h>
#include <string.h>

static void ping(struct echoes *e, unsigned account, bool relay, uint8_t nonce)
{
    char name[ECHOES_ACCOUNT + 1];
    uint8_t bytes[FRESHNESS_NONCE];
    snprintf(name, sizeof name, "%016x", account);
    memset(bytes, nonce, sizeof bytes);
    echoes_add(e, name, relay, bytes);
}

static bool echoed(const struct echoes *e, uint8_t nonce)
{
    uint8_t out[FRESHNESS_ECHO_MAX][FRESHNESS_NONCE];
    size_t n = echoes_copy(e, out);
    for (size_t i = 0; i < n; i++)
        if (out[i][0] == nonce && out[i][FRESHNESS_NONCE - 1] == nonce)
            return true;
    return false;
}

static void test_each_account_has_one(void **state)
{
    (void)state;
    struct echoes e = {.count = 0};
    for (unsigned i = 0; i < 1000; i++)
        ping(&e, 1, false, (uint8_t)i);
    ping(&e, 2, false, 77);
    assert_int_equal(e.count, 2);
    assert_true(echoed(&e, 999 & 0xff));
    assert_true(echoed(&e, 77));
    echoes_clear(&e);
    assert_int_equal(e.count, 0);
    assert_false(echoed(&e, 77));
}

static void test_phones_cannot_crowd_out_a_relay(void **state)
{
    (void)state;
    struct echoes e = {.count = 0};
    for (unsigned i = 0; i < 3 * FRESHNESS_ECHO_MAX; i++)
        ping(&e, i, false, (uint8_t)i);
    assert_int_equal(e.count, FRESHNESS_ECHO_MAX);
    ping(&e, 1000, true, 200);
    ping(&e, 1001, true, 201);
    assert_int_equal(e.count, FRESHNESS_ECHO_MAX);
    assert_true(echoed(&e, 200));
    assert_true(echoed(&e, 201));
    assert_true(echoed(&e, 0)); /* who came first keeps its place */
}

static void test_a_full_list_of_relays_is_full(void **state)
{
    (void)state;
    struct echoes e = {.count = 0};
    for (unsigned i = 0; i <= FRESHNESS_ECHO_MAX; i++)
        ping(&e, i, true, (uint8_t)i);
    assert_int_equal(e.count, FRESHNESS_ECHO_MAX);
    assert_false(echoed(&e, FRESHNESS_ECHO_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_account_has_one),
        cmocka_unit_test(test_phones_cannot_crowd_out_a_relay),
        cmocka_unit_test(test_a_full_list_of_relays_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
