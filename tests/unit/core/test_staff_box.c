#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/staff_box.h"
#include "tests/unit/core/vectors.h"

struct bench {
    cJSON *json;
    struct envelope_place at;
    uint8_t kiosk_public[ENVELOPE_PUBLIC];
    uint8_t public[STAFF_BOX_SLOTS][ENVELOPE_PUBLIC], secret[STAFF_BOX_SLOTS][ENVELOPE_SECRET];
    uint8_t stranger_public[ENVELOPE_PUBLIC], stranger_secret[ENVELOPE_SECRET];
};

static int set_up(void **state)
{
    static struct bench b;
    uint8_t seed[32];
    if (sodium_init() < 0)
        return -1;
    b.json = vectors_load("tests/vectors/staff_box.json");
    const cJSON *keys = cJSON_GetObjectItem(b.json, "keys");
    const cJSON *phone, *phones = cJSON_GetObjectItem(keys, "phones");
    vectors_hex(vectors_text(keys, "venue_id"), b.at.venue, sizeof b.at.venue);
    vectors_hex(vectors_text(keys, "kiosk_id"), b.at.kiosk, sizeof b.at.kiosk);
    vectors_hex(vectors_text(keys, "kiosk_public"), b.kiosk_public, sizeof b.kiosk_public);
    size_t i = 0;
    cJSON_ArrayForEach(phone, phones)
    {
        vectors_hex(phone->valuestring, seed, sizeof seed);
        crypto_sign_seed_keypair(b.public[i], b.secret[i], seed);
        i++;
    }
    vectors_hex(vectors_text(keys, "stranger"), seed, sizeof seed);
    crypto_sign_seed_keypair(b.stranger_public, b.stranger_secret, seed);
    *state = &b;
    return i == STAFF_BOX_SLOTS ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    cJSON_Delete(b->json);
    return 0;
}

static bool is_for(const cJSON *vector, int phone)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(vector, "phones")) if (one->valueint ==
                                                                       phone) return true;
    return false;
}

static void test_boxes_open_for_their_phones_alone(void **state)
{
    const struct bench *b = *state;
    const cJSON *vector, *list = cJSON_GetObjectItem(b->json, "box");
    assert_true(cJSON_GetArraySize(list) >= 6);
    cJSON_ArrayForEach(vector, list)
    {
        uint8_t box[STAFF_BOX_SIZE];
        const char *expected = vectors_text(vector, "text");
        assert_int_equal(vectors_base64(vectors_text(vector, "box"), box, sizeof box), sizeof box);
        for (int i = 0; i < STAFF_BOX_SLOTS; i++) {
            char text[STAFF_BOX_TEXT_MAX + 1] = "untouched";
            size_t len = 0;
            enum envelope_result r =
                staff_box_open(&b->at, b->public[i], b -> secret[i], box, text, &len);
            assert_int_equal(r, is_for(vector, i) ? ENVELOPE_OK : ENVELOPE_NOT_OURS);
            assert_string_equal(text, is_for(vector, i) ? expected : "untouched");
        }
    }
}

/* Signs the message's box again, with a key of our own: all but the signature is the same. */
static void assert_signed_alike(const struct envelope_place *at, uint64_t time, const uint8_t *wire)
{
    enum { AT_SIGNATURE = 18, AT_TIME = AT_SIGNATURE + 64 };
    uint8_t made[ENVELOPE_SIZE] = {0}, public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
    struct envelope_place found = *at;
    const uint8_t *box = wire + ENVELOPE_SIZE - STAFF_BOX_SIZE;
    crypto_sign_seed_keypair(public, secret, seed);
    assert_int_equal(envelope_staff_sign(at, secret, time, box, made), ENVELOPE_OK);
    assert_memory_equal(made, wire, AT_SIGNATURE);
    assert_memory_equal(made + AT_TIME, wire + AT_TIME, ENVELOPE_SIZE - AT_TIME);
    found.epoch = found.seq = 0;
    assert_int_equal(envelope_staff_check(&found, public, made, sizeof made, &time, &box),
                     ENVELOPE_OK);
    assert_true(found.epoch == at->epoch && found.seq == at->seq);
}

static void test_messages_are_signed_to_the_same_bytes(void **state)
{
    const struct bench *b = *state;
    const cJSON *vector, *list = cJSON_GetObjectItem(b->json, "wire");
    cJSON_ArrayForEach(vector, list)
    {
        uint8_t wire[ENVELOPE_SIZE];
        const uint8_t *box;
        uint64_t time;
        struct envelope_place at = b->at;
        at.topic = vectors_text(vector, "topic");
        assert_int_equal(vectors_base64(vectors_text(vector, "wire"), wire, sizeof wire),
                         sizeof wire);
        assert_int_equal(envelope_staff_check(&at, b->kiosk_public, wire, sizeof wire, &time, &box),
                         ENVELOPE_OK);
        assert_true((double)at.epoch == vectors_number(vector, "epoch"));
        assert_true((double)at.seq == vectors_number(vector, "seq"));
        assert_true((double)time == vectors_number(vector, "time"));
        assert_ptr_equal(box, wire + ENVELOPE_SIZE - STAFF_BOX_SIZE);
        assert_signed_alike(&at, time, wire);
    }
}

/* A changed message is refused when it is checked, or its box when phone 0 opens it. */
static void test_refused(void **state)
{
    const struct bench *b = *state;
    static const char *const names[] = {
        [ENVELOPE_MALFORMED] = "malformed",
        [ENVELOPE_NOT_OURS] = "not ours",
        [ENVELOPE_FORGED] = "forged",
    };
    const cJSON *vector;
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(b->json, "wire"), 0);
    cJSON_ArrayForEach(vector, cJSON_GetObjectItem(b->json, "refused"))
    {
        uint8_t wire[ENVELOPE_SIZE];
        char text[STAFF_BOX_TEXT_MAX + 1];
        const uint8_t *box;
        uint64_t time;
        struct envelope_place at = b->at;
        vectors_base64(vectors_text(first, "wire"), wire, sizeof wire);
        size_t len = vectors_twist(vector, wire, sizeof wire, sizeof wire);
        at.topic = vectors_text(cJSON_GetObjectItem(vector, "topic") ? vector : first, "topic");
        enum envelope_result r = envelope_staff_check(&at, b->kiosk_public, wire, len, &time, &box);
        if (strcmp(vectors_text(vector, "step"), "open") == 0) {
            assert_int_equal(r, ENVELOPE_OK);
            r = staff_box_open(&at, b->public[0], b -> secret[0], box, text, &len);
        }
        if (r == ENVELOPE_OK || strcmp(names[r], vectors_text(vector, "result")) != 0)
            fail_msg("%s: %d", vectors_text(vector, "why"), r);
    }
}

static void test_what_is_sealed_opens_for_each_of_them(void **state)
{
    const struct bench *b = *state;
    static const char said[] = "{\"kind\":\"code\"}";
    for (size_t count = 0; count <= STAFF_BOX_SLOTS; count++) {
        uint8_t box[STAFF_BOX_SIZE], seed[STAFF_BOX_SEED] = {(uint8_t)count};
        char text[STAFF_BOX_TEXT_MAX + 1];
        size_t len;
        assert_int_equal(staff_box_seal(&b->at, b->public, count, seed, said, strlen(said), box),
                         ENVELOPE_OK);
        for (size_t i = 0; i < STAFF_BOX_SLOTS; i++) {
            enum envelope_result r =
                staff_box_open(&b->at, b->public[i], b -> secret[i], box, text, &len);
            assert_int_equal(r, i < count ? ENVELOPE_OK : ENVELOPE_NOT_OURS);
            if (i < count)
                assert_string_equal(text, said);
        }
        assert_int_equal(
            staff_box_open(&b->at, b->stranger_public, b->stranger_secret, box, text, &len),
            ENVELOPE_NOT_OURS);
    }
}

/* The place of a phone's slot says nothing: over many boxes each place is used. */
static void test_slots_are_at_random_places(void **state)
{
    const struct bench *b = *state;
    unsigned used = 0;
    for (unsigned n = 0; n < 200; n++) {
        uint8_t one[STAFF_BOX_SIZE], other[STAFF_BOX_SIZE], seed[STAFF_BOX_SEED] = {0};
        memcpy(seed, &n, sizeof n);
        staff_box_seal(&b->at, b->public, 1, seed, "", 0, one);
        staff_box_seal(&b->at, b->public, 0, seed, "", 0, other);
        for (unsigned slot = 0; slot < STAFF_BOX_SLOTS; slot++)
            if (memcmp(one + 32 + slot * 48, other + 32 + slot * 48, 48) != 0)
                used |= 1u << slot;
    }
    assert_int_equal(used, (1u << STAFF_BOX_SLOTS) - 1);
}

static void test_bounds(void **state)
{
    const struct bench *b = *state;
    uint8_t box[STAFF_BOX_SIZE], seed[STAFF_BOX_SEED] = {0};
    char text[STAFF_BOX_TEXT_MAX + 1];
    uint8_t bad[1][ENVELOPE_PUBLIC] = {{0xff, 0xff}};
    size_t len;
    memset(text, 'x', sizeof text);
    assert_int_equal(staff_box_seal(&b->at, b->public, 1, seed, text, STAFF_BOX_TEXT_MAX + 1, box),
                     ENVELOPE_TOO_LONG);
    assert_int_equal(staff_box_seal(&b->at, b->public, STAFF_BOX_SLOTS + 1, seed, "", 0, box),
                     ENVELOPE_TOO_LONG);
    assert_int_equal(staff_box_seal(&b->at, bad, 1, seed, text, STAFF_BOX_TEXT_MAX, box),
                     ENVELOPE_OK);
    assert_int_equal(staff_box_open(&b->at, b->public[0], b -> secret[0], box, text, &len),
                     ENVELOPE_NOT_OURS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes_open_for_their_phones_alone),
        cmocka_unit_test(test_messages_are_signed_to_the_same_bytes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_what_is_sealed_opens_for_each_of_them),
        cmocka_unit_test(test_slots_are_at_random_places),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("staff_box", tests, set_up, tear_down);
}
