#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/relay/gone.h"

#include <sodium.h>
#include <stdio.h>

static struct gone g;

static bool took(const char *endpoint)
{
    uint8_t hash[PUSH_OFFER_GONE_HASH], wanted[PUSH_OFFER_GONE_HASH];
    push_offer_gone_hash(endpoint, wanted);
    return gone_take(&g, hash) && sodium_memcmp(hash, wanted, sizeof hash) == 0;
}

static void test_each_is_said_once_and_again_when_a_phone_asks(void **state)
{
    uint8_t hash[PUSH_OFFER_GONE_HASH];
    (void)state;
    g = (struct gone){.count = 0};
    assert_false(gone_take(&g, hash));
    assert_false(gone_again(&g, "https://a/1"));
    gone_note(&g, "https://a/1");
    gone_note(&g, "https://a/1");
    assert_true(took("https://a/1"));
    assert_false(gone_take(&g, hash));
    assert_true(gone_again(&g, "https://a/1"));
    assert_false(gone_again(&g, "https://a/2"));
    assert_true(took("https://a/1"));
    assert_false(gone_take(&g, hash));
}

static void test_the_oldest_is_forgotten_first(void **state)
{
    char name[32];
    (void)state;
    g = (struct gone){.count = 0};
    for (int i = 0; i <= GONE_MAX; i++) {
        snprintf(name, sizeof name, "https://a/%d", i);
        gone_note(&g, name);
    }
    assert_int_equal(g.count, GONE_MAX);
    assert_false(gone_again(&g, "https://a/0"));
    assert_true(gone_again(&g, "https://a/1"));
    assert_true(gone_again(&g, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_said_once_and_again_when_a_phone_asks),
        cmocka_unit_test(test_the_oldest_is_forgotten_first),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
