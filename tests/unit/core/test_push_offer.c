#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/push_offer.h"
#include "tests/unit/rows.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const uint8_t venue[ENVELOPE_ID] = {1, 2, 3, 4, 5, 6, 7, 8};

static void test_an_offer_is_signed_twice(void **state)
{
    uint8_t root[ENVELOPE_PUBLIC], root_secret[ENVELOPE_SECRET], push[ENVELOPE_PUBLIC],
        push_secret[ENVELOPE_SECRET], vapid[PUSH_OFFER_POINT] = {4, 9}, wire[ENVELOPE_SIZE];
    uint8_t signature[CERT_SIGNATURE], covered[90] = "porchlight-offer";
    (void)state;
    crypto_sign_keypair(root, root_secret);
    crypto_sign_keypair(push, push_secret);
    push_offer_root_sign(venue, push, root_secret, signature);
    assert_true(push_offer_root_check(venue, push, root, signature));
    assert_false(push_offer_root_check(venue, root, root, signature));
    assert_false(push_offer_root_check(venue, push, push, signature));
    push_offer_write(venue, push_secret, signature, vapid, wire);
    assert_memory_equal(wire, "\2\5", 2);
    assert_memory_equal(wire + 2, push, sizeof push);
    assert_memory_equal(wire + 34, signature, sizeof signature);
    assert_memory_equal(wire + 98, vapid, sizeof vapid);
    memcpy(covered + 17, venue, sizeof venue);
    memcpy(covered + 25, vapid, sizeof vapid);
    assert_int_equal(crypto_sign_verify_detached(wire + 163, covered, sizeof covered, push), 0);
    assert_true(sodium_is_zero(wire + 227, ENVELOPE_SIZE - 227));
}

static void test_an_address_that_is_gone_is_named_by_its_hash(void **state)
{
    uint8_t push[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET], wire[ENVELOPE_SIZE],
        hash[PUSH_OFFER_GONE_HASH], other[PUSH_OFFER_GONE_HASH];
    uint8_t covered[16 + ENVELOPE_ID + PUSH_OFFER_GONE_HASH] = "porchlight-gone";
    (void)state;
    crypto_sign_keypair(push, secret);
    push_offer_gone_hash("https://push.example.net/x", hash);
    push_offer_gone_hash("https://push.example.net/y", other);
    assert_memory_not_equal(hash, other, sizeof hash);
    push_offer_gone_write(venue, secret, hash, wire);
    assert_memory_equal(wire, "\2\13", 2);
    assert_memory_equal(wire + 2, hash, sizeof hash);
    memcpy(covered + 16, venue, sizeof venue);
    memcpy(covered + 24, hash, sizeof hash);
    assert_int_equal(crypto_sign_verify_detached(wire + 34, covered, sizeof covered, push), 0);
    assert_true(sodium_is_zero(wire + 98, ENVELOPE_SIZE - 98));
}

#define POINT                                                                                      \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define KEY  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HEAD "{\"v\":2,\"account\":\"0123456789abcdef\",\"kind\":"
#define SUB(endpoint, point, auth)                                                                 \
    HEAD "\"subscribe\",\"endpoint\":\"" endpoint "\",\"p256dh\":\"" point "\",\"auth\":\"" auth   \
         "\"}"

static void test_letters_are_read(void **state)
{
    static const struct {
        const char *text;
        int result;
    } table[] = {
        {SUB("https://push.example.net/x", POINT, AUTH), 0},
        {HEAD "\"unsubscribe\",\"auth\":\"" AUTH "\"}", 0},
        {HEAD "\"test\",\"auth\":\"" AUTH "\"}", 0},
        {HEAD "\"unsubscribe\"}", -1},
        {HEAD "\"test\"}", -1},
        {HEAD "\"test\",\"auth\":\"short\"}", -1},
        {HEAD "\"rest\"}", -1},
        {HEAD "\"staff\"}", -1},
        {HEAD "\"staff\",\"public\":\"" KEY "\",\"certificate\":\"" KEY "\"}", -1},
        {HEAD "\"staff\",\"public\":\"" KEY "\",\"certificate\":\"" KEY KEY "\"}", 0},
        {"{\"v\":2,\"kind\":\"test\"}", -1},
        {"{\"v\":1,\"kind\":\"test\",\"account\":\"0123456789abcdef\"}", -1},
        {"{\"v\":2,\"kind\":\"test\",\"account\":\"0123456789abcdeg\"}", -1},
        {"{\"v\":2,\"kind\":\"test\",\"account\":\"0123456789abcdef0\"}", -1},
        {SUB("http://push.example.net/x", POINT, AUTH), -1},
        {SUB("https://push.example.net/ x", POINT, AUTH), -1},
        {SUB("https://push.example.net/\\n", POINT, AUTH), -1},
        {SUB("", POINT, AUTH), -1},
        {SUB("https://push.example.net/x", AUTH, AUTH), -1},
        {SUB("https://push.example.net/x", POINT, POINT), -1},
        {SUB("https://push.example.net/x", POINT, "BTBZMqHH6r4Tts7J/aSIgg"), -1},
        {HEAD "\"subscribe\"}", -1},
        {"[]", -1},
        {"", -1},
    };
    (void)state;
    EACH_ROW (i, table, table[i].text) {
        struct push_offer_letter l;
        int result = push_offer_read(table[i].text, strlen(table[i].text), &l);
        if (result != table[i].result)
            fail_msg("case %zu: %s", i, table[i].text);
    }
    struct push_offer_letter l;
    assert_int_equal(push_offer_read(table[0].text, strlen(table[0].text), &l), 0);
    assert_int_equal(l.ask, PUSH_OFFER_SUBSCRIBE);
    assert_string_equal(l.account, "0123456789abcdef");
    assert_string_equal(l.endpoint, "https://push.example.net/x");
    assert_int_equal(l.p256dh[0], 4);
}

#define LONG                                                                                       \
    "{\"v\":2,\"kind\":\"subscribe\",\"account\":\"0123456789abcdef\",\"endpoint\":\"%s\","        \
    "\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH "\"}"

static void test_the_longest_endpoint_fits_a_letter(void **state)
{
    char text[ENVELOPE_LETTER_MAX + 200], endpoint[PUSH_OFFER_ENDPOINT_MAX + 1] = "https://";
    struct push_offer_letter l;
    (void)state;
    memset(endpoint + 8, 'a', sizeof endpoint - 8);
    endpoint[PUSH_OFFER_ENDPOINT_MAX - 1] = '\0';
    int n = snprintf(text, sizeof text, LONG, endpoint);
    assert_true(n <= ENVELOPE_LETTER_MAX);
    assert_int_equal(push_offer_read(text, (size_t)n, &l), 0);
    endpoint[PUSH_OFFER_ENDPOINT_MAX - 1] = 'a';
    endpoint[PUSH_OFFER_ENDPOINT_MAX] = '\0';
    n = snprintf(text, sizeof text, LONG, endpoint);
    assert_int_equal(push_offer_read(text, (size_t)n, &l), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_offer_is_signed_twice),
        cmocka_unit_test(test_an_address_that_is_gone_is_named_by_its_hash),
        cmocka_unit_test(test_letters_are_read),
        cmocka_unit_test(test_the_longest_endpoint_fits_a_letter),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
