#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/message.h"
#include "kiosk/core/root_word.h"
#include "tests/unit/core/vectors.h"
#include "tests/unit/rows.h"

struct at {
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
};

static cJSON *json;
static struct at at;

static int load(void **state)
{
    uint8_t seed[32];
    (void)state;
    json = vectors_load("tests/vectors/root_word.json");
    const cJSON *keys = cJSON_GetObjectItem(json, "keys");
    vectors_hex(vectors_text(json, "venue"), at.venue, sizeof at.venue);
    vectors_hex(vectors_text(json, "kiosk"), at.kiosk, sizeof at.kiosk);
    vectors_hex(vectors_text(keys, "root_seed"), seed, sizeof seed);
    return sodium_init() < 0 || crypto_sign_seed_keypair(at.public, at.secret, seed) != 0;
}

static int unload(void **state)
{
    (void)state;
    cJSON_Delete(json);
    return 0;
}

static struct root_word said(const cJSON *one)
{
    const cJSON *says = cJSON_GetObjectItem(one, "says"), *account;
    const cJSON *ended = cJSON_GetObjectItem(says, "ended");
    const cJSON *retired = cJSON_GetObjectItem(says, "retired");
    struct root_word w = {.made = (uint64_t)vectors_number(says, "made"),
                          .retired = cJSON_IsString(retired),
                          .ended = cJSON_IsObject(ended)};
    if (w.retired)
        vectors_hex(retired->valuestring, w.public, sizeof w.public);
    if (w.ended) {
        assert_int_equal(message_id_read(&w.id, vectors_text(ended, "id")), 0);
        w.epoch = (uint64_t)vectors_number(ended, "epoch");
        w.seq = (uint64_t)vectors_number(ended, "seq");
    }
    cJSON_ArrayForEach(account, cJSON_GetObjectItem(says, "revoked"))
        vectors_hex(account->valuestring, w.revoked[w.revoked_count++], ENVELOPE_ID);
    return w;
}

static const cJSON *named(const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "words"))
    {
        if (strcmp(vectors_text(one, "name"), name) == 0)
            return one;
    }
    fail_msg("no word %s", name);
    return NULL;
}

static size_t wire_of(const cJSON *one, uint8_t wire[ENVELOPE_SIZE + 1])
{
    return vectors_base64(vectors_text(one, "wire"), wire, ENVELOPE_SIZE + 1);
}

static void check_same(const char *name, const struct root_word *a, const struct root_word *b)
{
    if (memcmp(a, b, sizeof *a) != 0)
        fail_msg("%s: it does not say what it should", name);
}

static void test_words(void **state)
{
    const cJSON *one;
    int count = 0;
    (void)state;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "words"))
    {
        const char *name = vectors_text(one, "name");
        uint8_t wire[ENVELOPE_SIZE + 1], made[ENVELOPE_SIZE];
        struct root_word w, expected = said(one);
        size_t len = wire_of(one, wire);
        if (!root_word_read(&w, at.venue, at.kiosk, at.public, wire, len))
            fail_msg("%s: refused", name);
        check_same(name, &w, &expected);
        root_word_sign(&expected, at.venue, at.kiosk, at.secret, made);
        if (memcmp(made, wire, sizeof made) != 0)
            fail_msg("%s: signed otherwise", name);
        count++;
    }
    assert_true(count >= 9);
}

static void test_refused(void **state)
{
    const cJSON *one;
    int count = 0;
    (void)state;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "refused"))
    {
        uint8_t wire[ENVELOPE_SIZE + 1] = {0};
        struct at here = at;
        struct root_word w;
        size_t len = wire_of(named(vectors_text(one, "of")), wire);
        len = vectors_twist(one, wire, sizeof wire, len);
        vectors_elsewhere(one, "venue", here.venue, sizeof here.venue);
        vectors_elsewhere(one, "kiosk", here.kiosk, sizeof here.kiosk);
        vectors_elsewhere(one, "root_public", here.public, sizeof here.public);
        if (root_word_read(&w, here.venue, here.kiosk, here.public, wire, len))
            fail_msg("taken: %s", vectors_text(one, "why"));
        count++;
    }
    assert_true(count >= 24);
}

static void test_joined(void **state)
{
    const cJSON *one, *name;
    (void)state;
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "joined"))
    {
        struct root_word all = {0}, w, expected = said(one);
        cJSON_ArrayForEach(name, cJSON_GetObjectItem(one, "of"))
        {
            w = said(named(name->valuestring));
            root_word_join(&all, &w);
            assert_false(root_word_join(&all, &w));
        }
        check_same("joined", &all, &expected);
    }
}

static void test_what_it_ends(void **state)
{
    const struct root_word w = {.ended = true, .id = {{1}}, .epoch = 7, .seq = 41};
    const struct root_word nothing = {.epoch = 7, .seq = 41};
    const struct {
        const char *name;
        struct alert_id id;
        uint64_t epoch, seq;
        bool over;
    } rows[] = {
        {"the last message covered", {{2}}, 7, 41, true},
        {"the first behind it", {{2}}, 7, 42, false},
        {"an earlier epoch", {{2}}, 6, 900, true},
        {"a later epoch", {{2}}, 8, 0, false},
        {"the alert itself, later", {{1}}, 7, 42, true},
        {"the alert itself, after a restart", {{1}}, 9, 1, true},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        assert_int_equal(root_word_ends(&w, &rows[i].id, rows[i].epoch, rows[i].seq), rows[i].over);
        assert_false(root_word_ends(&nothing, &rows[i].id, rows[i].epoch, rows[i].seq));
    }
}

static void test_revoked_and_retired(void **state)
{
    struct root_word w = {0};
    const uint8_t one[ENVELOPE_ID] = {1};
    const uint8_t key[ENVELOPE_PUBLIC] = {5}, other[ENVELOPE_PUBLIC] = {6};
    (void)state;
    assert_false(root_word_revokes(&w, one));
    for (int i = 1; i <= ROOT_WORD_REVOKED_MAX; i++)
        assert_int_equal(root_word_revoke(&w, (uint8_t[ENVELOPE_ID]){(uint8_t)i}), 0);
    assert_true(root_word_revokes(&w, one));
    assert_int_equal(root_word_revoke(&w, one), 0);
    assert_int_equal(root_word_revoke(&w, (uint8_t[ENVELOPE_ID]){0}), -1);
    assert_false(root_word_retires(&w, w.public));
    w.retired = true;
    memcpy(w.public, key, sizeof key);
    assert_true(root_word_retires(&w, key));
    assert_false(root_word_retires(&w, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_what_it_ends),
        cmocka_unit_test(test_revoked_and_retired),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
