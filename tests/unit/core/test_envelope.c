#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/envelope.h"
#include "tests/unit/core/vectors.h"
#include "tests/unit/rows.h"

/* The shared vectors as C values, and what an opener expects: changed by a refused one. */
struct bench {
    cJSON *json;
    uint8_t venue_key[ENVELOPE_KEY];
    uint8_t kiosk_public[ENVELOPE_PUBLIC], kiosk_secret[ENVELOPE_SECRET];
    uint8_t staff_public[ENVELOPE_PUBLIC], staff_secret[ENVELOPE_SECRET];
};

/* As the shared vectors call a result. */
static const char *result_name(enum envelope_result r)
{
    static const char *const names[] = {
        [ENVELOPE_OK] = "ok",
        [ENVELOPE_TOO_LONG] = "too long",
        [ENVELOPE_MALFORMED] = "malformed",
        [ENVELOPE_NOT_OURS] = "not ours",
        [ENVELOPE_FORGED] = "forged",
    };
    return (size_t)r < sizeof names / sizeof names[0] ? names[r] : "unknown";
}

static int set_up(void **state)
{
    static struct bench b;
    if (sodium_init() < 0)
        return -1;
    b.json = vectors_load("tests/vectors/envelope.json");
    const cJSON *keys = cJSON_GetObjectItem(b.json, "keys");
    uint8_t seed[32], public[32];
    vectors_hex(vectors_text(keys, "venue"), b.venue_key, sizeof b.venue_key);
    vectors_hex(vectors_text(keys, "kiosk_seed"), seed, sizeof seed);
    vectors_hex(vectors_text(keys, "kiosk_public"), public, sizeof public);
    crypto_sign_seed_keypair(b.kiosk_public, b.kiosk_secret, seed);
    if (memcmp(public, b.kiosk_public, sizeof public) != 0)
        return -1;
    vectors_hex(vectors_text(keys, "staff_seed"), seed, sizeof seed);
    crypto_sign_seed_keypair(b.staff_public, b.staff_secret, seed);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    cJSON_Delete(b->json);
    return 0;
}

static void place_change(struct envelope_place *p, const cJSON *json)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (strcmp(item->string, "venue") == 0)
            vectors_hex(item->valuestring, p->venue, sizeof p->venue);
        else if (strcmp(item->string, "kiosk") == 0)
            vectors_hex(item->valuestring, p->kiosk, sizeof p->kiosk);
        else if (strcmp(item->string, "topic") == 0)
            p->topic = item->valuestring;
        else if (strcmp(item->string, "epoch") == 0)
            p->epoch = (uint64_t)item->valuedouble;
        else if (strcmp(item->string, "seq") == 0)
            p->seq = (uint64_t)item->valuedouble;
        else
            fail_msg("unknown key \"%s\" in a place", item->string);
    }
}

static struct envelope_place place_of(const cJSON *vector)
{
    struct envelope_place p = {.topic = ""};
    place_change(&p, cJSON_GetObjectItem(vector, "place"));
    return p;
}

static void test_broadcasts_seal_to_the_same_bytes_and_open(void **state)
{
    const struct bench *b = *state;
    const cJSON *vector, *list = cJSON_GetObjectItem(b->json, "broadcast");
    assert_true(cJSON_GetArraySize(list) >= 4);
    cJSON_ArrayForEach(vector, list)
    {
        struct envelope_place at = place_of(vector), found = at;
        const char *expected = vectors_text(vector, "text");
        uint8_t nonce[ENVELOPE_NONCE], wire[ENVELOPE_SIZE], sealed[ENVELOPE_SIZE];
        vectors_hex(vectors_text(vector, "nonce"), nonce, sizeof nonce);
        assert_int_equal(vectors_base64(vectors_text(vector, "wire"), wire, sizeof wire),
                         sizeof wire);
        assert_int_equal(envelope_seal(&at, b->venue_key, b->kiosk_secret, nonce, expected,
                                       strlen(expected), sealed),
                         ENVELOPE_OK);
        assert_memory_equal(sealed, wire, sizeof wire);
        char text[ENVELOPE_TEXT_MAX + 1];
        size_t len;
        found.epoch = found.seq = 77; /* filled from the wire */
        assert_int_equal(
            envelope_open(&found, b->venue_key, b->kiosk_public, wire, sizeof wire, text, &len),
            ENVELOPE_OK);
        assert_int_equal(len, strlen(expected));
        assert_string_equal(text, expected);
        assert_int_equal(found.epoch, at.epoch);
        assert_int_equal(found.seq, at.seq);
    }
}

static void test_clear_messages_are_signed_to_the_same_bytes_and_open(void **state)
{
    const struct bench *b = *state;
    const cJSON *vector, *list = cJSON_GetObjectItem(b->json, "clear");
    assert_true(cJSON_GetArraySize(list) >= 5);
    cJSON_ArrayForEach(vector, list)
    {
        struct envelope_place at = place_of(vector), found = at;
        const char *expected = vectors_text(vector, "text");
        uint8_t wire[ENVELOPE_SIZE], made[ENVELOPE_SIZE];
        char text[ENVELOPE_CLEAR_MAX + 1];
        size_t len;
        assert_int_equal(vectors_base64(vectors_text(vector, "wire"), wire, sizeof wire),
                         sizeof wire);
        assert_int_equal(
            envelope_clear_sign(&at, b->kiosk_secret, expected, strlen(expected), made),
            ENVELOPE_OK);
        assert_memory_equal(made, wire, sizeof wire);
        found.epoch = found.seq = 77; /* filled from the wire */
        assert_int_equal(
            envelope_clear_open(&found, b->kiosk_public, wire, sizeof wire, text, &len),
            ENVELOPE_OK);
        assert_int_equal(len, strlen(expected));
        assert_string_equal(text, expected);
        assert_int_equal(found.epoch, at.epoch);
        assert_int_equal(found.seq, at.seq);
    }
}

static void test_letters_open(void **state)
{
    const struct bench *b = *state;
    const cJSON *vector, *list = cJSON_GetObjectItem(b->json, "letter");
    assert_true(cJSON_GetArraySize(list) >= 3);
    cJSON_ArrayForEach(vector, list)
    {
        struct envelope_place at = place_of(vector);
        uint8_t wire[ENVELOPE_SIZE], signature[64];
        char text[ENVELOPE_LETTER_MAX + 1];
        size_t len;
        assert_int_equal(vectors_base64(vectors_text(vector, "wire"), wire, sizeof wire),
                         sizeof wire);
        assert_int_equal(envelope_letter_open(b->kiosk_public, b->kiosk_secret, wire, sizeof wire,
                                              text, &len, signature),
                         ENVELOPE_OK);
        assert_string_equal(text, vectors_text(vector, "text"));
        bool is_signed = cJSON_IsTrue(cJSON_GetObjectItem(vector, "signed"));
        assert_int_equal(sodium_is_zero(signature, sizeof signature), !is_signed);
        assert_int_equal(envelope_letter_signed(&at, b->staff_public, signature, text, len),
                         is_signed ? ENVELOPE_OK : ENVELOPE_FORGED);
    }
}

static const cJSON *vector_named(const cJSON *list, const char *name)
{
    const cJSON *vector;
    cJSON_ArrayForEach(vector, list)
    {
        if (strcmp(vectors_text(vector, "name"), name) == 0)
            return vector;
    }
    return NULL;
}

/* The lists of the vectors. */
static const char *const forms[] = {"broadcast", "clear", "letter"};

static enum envelope_result open_any(const struct bench *b, const char *form,
                                     struct envelope_place *at, const uint8_t *wire, size_t size)
{
    uint8_t signature[64];
    char text[ENVELOPE_CLEAR_MAX + 1]; /* the longest */
    size_t len;
    if (strcmp(form, "broadcast") == 0)
        return envelope_open(at, b->venue_key, b->kiosk_public, wire, size, text, &len);
    if (strcmp(form, "clear") == 0)
        return envelope_clear_open(at, b->kiosk_public, wire, size, text, &len);
    enum envelope_result r =
        envelope_letter_open(b->kiosk_public, b->kiosk_secret, wire, size, text, &len, signature);
    if (r == ENVELOPE_OK)
        r = envelope_letter_signed(at, b->staff_public, signature, text, len);
    return r;
}

static void test_every_change_is_refused_by_its_name(void **state)
{
    const struct bench *b = *state;
    const cJSON *refused, *list = cJSON_GetObjectItem(b->json, "refused");
    assert_true(cJSON_GetArraySize(list) >= 50);
    cJSON_ArrayForEach(refused, list)
    {
        const char *of = vectors_text(refused, "of");
        const cJSON *vector = NULL;
        const char *form = "";
        for (size_t i = 0; !vector && i < sizeof forms / sizeof forms[0]; i++) {
            form = forms[i];
            vector = vector_named(cJSON_GetObjectItem(b->json, form), of);
        }
        assert_non_null(vector);
        struct bench changed = *b;
        struct envelope_place at = place_of(vector);
        uint8_t wire[2 * ENVELOPE_SIZE] = {0};
        vectors_base64(vectors_text(vector, "wire"), wire, ENVELOPE_SIZE);
        assert_int_equal(open_any(&changed, form, &at, wire, ENVELOPE_SIZE), ENVELOPE_OK);
        size_t len = vectors_twist(refused, wire, sizeof wire, ENVELOPE_SIZE);
        place_change(&at, cJSON_GetObjectItem(refused, "place"));
        const cJSON *keys = cJSON_GetObjectItem(refused, "keys");
        if (cJSON_GetObjectItem(keys, "venue") != NULL)
            vectors_hex(vectors_text(keys, "venue"), changed.venue_key, ENVELOPE_KEY);
        if (cJSON_GetObjectItem(keys, "kiosk_public") != NULL)
            vectors_hex(vectors_text(keys, "kiosk_public"), changed.kiosk_public, ENVELOPE_PUBLIC);
        const char *got = result_name(open_any(&changed, form, &at, wire, len));
        if (strcmp(got, vectors_text(refused, "result")) != 0)
            fail_msg("%s, %s: %s instead of %s", of, vectors_text(refused, "why"), got,
                     vectors_text(refused, "result"));
    }
}

static void test_any_single_bit_is_noticed(void **state)
{
    static const int which[] = {0, 0, 1}, steps[] = {1, 7, 7}; /* opening a signature is slow */
    const struct bench *b = *state;
    EACH_ROW (form, forms, forms[form]) {
        const cJSON *vector =
            cJSON_GetArrayItem(cJSON_GetObjectItem(b->json, forms[form]), which[form]);
        uint8_t wire[ENVELOPE_SIZE];
        vectors_base64(vectors_text(vector, "wire"), wire, sizeof wire);
        for (size_t bit = 0; bit < 8 * sizeof wire; bit += (size_t)steps[form]) {
            struct envelope_place at = place_of(vector), before = at;
            wire[bit / 8] = (uint8_t)(wire[bit / 8] ^ (1u << bit % 8));
            if (open_any(b, forms[form], &at, wire, sizeof wire) == ENVELOPE_OK)
                fail_msg("%s: bit %zu is not noticed", forms[form], bit);
            assert_memory_equal(&at, &before, sizeof at);
            wire[bit / 8] = (uint8_t)(wire[bit / 8] ^ (1u << bit % 8));
        }
    }
}

static void test_what_does_not_fit_is_refused_when_made(void **state)
{
    const struct bench *b = *state;
    char topic[ENVELOPE_TOPIC_MAX + 2], text[ENVELOPE_CLEAR_MAX + 1];
    memset(topic, 't', sizeof topic - 1);
    topic[sizeof topic - 1] = '\0';
    memset(text, 'x', sizeof text);
    uint8_t nonce[ENVELOPE_NONCE] = {0}, out[ENVELOPE_SIZE];
    struct envelope_place at = {.topic = "t"};
    assert_int_equal(
        envelope_seal(&at, b->venue_key, b->kiosk_secret, nonce, text, ENVELOPE_TEXT_MAX + 1, out),
        ENVELOPE_TOO_LONG);
    assert_int_equal(
        envelope_letter_seal(&at, b->kiosk_public, NULL, text, ENVELOPE_LETTER_MAX + 1, out),
        ENVELOPE_TOO_LONG);
    assert_int_equal(envelope_clear_sign(&at, b->kiosk_secret, text, ENVELOPE_CLEAR_MAX + 1, out),
                     ENVELOPE_TOO_LONG);
    at.epoch = UINT64_C(1) << 53;
    assert_int_equal(envelope_seal(&at, b->venue_key, b->kiosk_secret, nonce, text, 1, out),
                     ENVELOPE_MALFORMED);
    at.epoch = 0;
    at.topic = topic;
    assert_int_equal(envelope_seal(&at, b->venue_key, b->kiosk_secret, nonce, text, 1, out),
                     ENVELOPE_MALFORMED);
    assert_int_equal(envelope_letter_seal(&at, b->kiosk_public, NULL, text, 1, out),
                     ENVELOPE_MALFORMED);
    at.topic = topic + 1;
    assert_int_equal(envelope_seal(&at, b->venue_key, b->kiosk_secret, nonce, text, 1, out),
                     ENVELOPE_OK);
}

static void test_a_letter_comes_back(void **state)
{
    const struct bench *b = *state;
    struct envelope_place at = {.topic = "porchlight/x/y/command/z", .epoch = 9, .seq = 9};
    struct envelope_place elsewhere = at;
    uint8_t one[ENVELOPE_SIZE], two[ENVELOPE_SIZE], signature[64];
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t len;
    assert_int_equal(envelope_letter_seal(&at, b->kiosk_public, b->staff_secret, "hello", 5, one),
                     ENVELOPE_OK);
    assert_int_equal(envelope_letter_seal(&at, b->kiosk_public, b->staff_secret, "hello", 5, two),
                     ENVELOPE_OK);
    assert_memory_not_equal(one, two, sizeof one);
    assert_int_equal(envelope_letter_open(b->kiosk_public, b->kiosk_secret, one, sizeof one, text,
                                          &len, signature),
                     ENVELOPE_OK);
    assert_string_equal(text, "hello");
    at.epoch = at.seq = 0; /* a letter binds neither */
    assert_int_equal(envelope_letter_signed(&at, b->staff_public, signature, text, len),
                     ENVELOPE_OK);
    elsewhere.kiosk[0] = 1;
    assert_int_equal(envelope_letter_signed(&elsewhere, b->staff_public, signature, text, len),
                     ENVELOPE_FORGED);
    assert_int_equal(envelope_letter_signed(&at, b->kiosk_public, signature, text, len),
                     ENVELOPE_FORGED);
    assert_int_equal(envelope_letter_signed(&at, b->staff_public, signature, "hellp", 5),
                     ENVELOPE_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broadcasts_seal_to_the_same_bytes_and_open),
        cmocka_unit_test(test_clear_messages_are_signed_to_the_same_bytes_and_open),
        cmocka_unit_test(test_letters_open),
        cmocka_unit_test(test_every_change_is_refused_by_its_name),
        cmocka_unit_test(test_any_single_bit_is_noticed),
        cmocka_unit_test(test_what_does_not_fit_is_refused_when_made),
        cmocka_unit_test(test_a_letter_comes_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
