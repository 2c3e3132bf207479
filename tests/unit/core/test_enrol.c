#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/enrol.h"
#include "tests/unit/core/vectors.h"
#include "tests/unit/rows.h"

#include <sodium.h>

#define WHO   "07827bce7ac774db"
#define OTHER "17827bce7ac774db"
#define PASS  "fresh-password-0123456789"

static struct enrol_letter ask(const char *account, uint8_t key, bool staff)
{
    struct enrol_letter e = {.staff = staff};
    strcpy(e.account, account);
    strcpy(e.password, PASS);
    memset(e.public, key, sizeof e.public);
    return e;
}

static struct enrol_letter done(const char *account)
{
    struct enrol_letter e = {.done = true};
    strcpy(e.account, account);
    return e;
}

static const struct {
    const char *text;
    int result;
} letters[] = {
    {"{\"v\":2,\"kind\":\"enrolled\",\"account\":\"" WHO "\"}", 0},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\""
     "6f461ab531a254dbc00fc3f950df84f28d195190968188ee70491f818bab51ae\",\"password\":\"" PASS
     "\",\"staff\":false}",
     0},
    {"{\"v\":1,\"kind\":\"enrolled\",\"account\":\"" WHO "\"}", -1},
    {"{\"v\":2,\"kind\":\"enrolled\",\"account\":\"07827BCE7AC774DB\"}", -1},
    {"{\"v\":2,\"kind\":\"enrolled\"}", -1},
    {"{\"v\":2,\"kind\":\"seen\",\"account\":\"" WHO "\"}", -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"6f46\",\"password\":\"" PASS
     "\",\"staff\":false}",
     -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\""
     "6f461ab531a254dbc00fc3f950df84f28d195190968188ee70491f818bab51ae\",\"password\":\""
     "quote\\\"in-the-password\",\"staff\":false}",
     -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\""
     "6f461ab531a254dbc00fc3f950df84f28d195190968188ee70491f818bab51ae\",\"password\":\"" PASS
     "\"}",
     -1},
    {"[]", -1},
    {"", -1},
    {"nonsense", -1},
};

static void letters_are_read_strictly(void **state)
{
    (void)state;
    EACH_ROW (i, letters, letters[i].text) {
        struct enrol_letter e;
        int got = enrol_read(letters[i].text, strlen(letters[i].text), &e);
        if (got != letters[i].result)
            fail_msg("letter %zu: %d instead of %d", i, got, letters[i].result);
    }
}

/* One invitation's life, a row a letter. */
static void an_invitation_is_one_keys_and_dies_when_used(void **state)
{
    struct enrol_list d = {0};
    const struct enrol_open *one;
    struct enrol_letter mine = ask(WHO, 1, false), thief = ask(WHO, 2, false), end = done(WHO);
    struct enrol_letter staff = ask(WHO, 1, true), stranger = ask(OTHER, 1, false);

    (void)state;
    assert_int_equal(enrol_invite(&d, WHO, false, 0), 0);
    assert_int_equal(enrol_invite(&d, WHO, false, 0), -1);
    assert_int_equal(enrol_receive(&d, &end, WHO, true, 1, &one), ENROL_REFUSED);
    assert_int_equal(enrol_receive(&d, &mine, WHO, false, 1, &one), ENROL_REFUSED);
    assert_int_equal(enrol_receive(&d, &mine, OTHER, true, 1, &one), ENROL_REFUSED);
    assert_int_equal(enrol_receive(&d, &staff, WHO, true, 1, &one), ENROL_REFUSED);
    assert_int_equal(enrol_receive(&d, &stranger, OTHER, true, 1, &one), ENROL_REFUSED);
    assert_null(enrol_key(&d, WHO));
    assert_int_equal(enrol_receive(&d, &mine, WHO, true, 1, &one), ENROL_WELCOME);
    assert_int_equal(enrol_receive(&d, &thief, WHO, true, 2, &one), ENROL_REFUSED);
    assert_int_equal(enrol_receive(&d, &mine, WHO, true, 2, &one), ENROL_WELCOME);
    assert_memory_equal(enrol_key(&d, WHO), mine.public, sizeof mine.public);
    assert_int_equal(enrol_receive(&d, &end, WHO, true, 3, &one), ENROL_PROMOTED);
    assert_string_equal(one->password, PASS);
    enrol_close(&d, WHO);
    assert_int_equal(enrol_receive(&d, &mine, WHO, true, 4, &one), ENROL_REFUSED);
    assert_true(sodium_is_zero((const uint8_t *)&d, sizeof d));
}

static void an_invitation_lives_ten_minutes(void **state)
{
    struct enrol_list d = {0};
    const struct enrol_open *one;
    struct enrol_letter mine = ask(WHO, 1, false);

    (void)state;
    enrol_invite(&d, WHO, false, 5);
    assert_int_equal(enrol_tick(&d, 5 + ENROL_VALID_FOR - 1, &one), ENROL_NOTHING);
    assert_int_equal(enrol_receive(&d, &mine, WHO, true, 5 + ENROL_VALID_FOR, &one), ENROL_REFUSED);
    assert_int_equal(enrol_tick(&d, 5 + ENROL_VALID_FOR, &one), ENROL_WITHDRAWN);
    assert_string_equal(one->account, WHO);
    enrol_close(&d, WHO);
    assert_int_equal(enrol_tick(&d, 5 + ENROL_VALID_FOR, &one), ENROL_NOTHING);
}

static void the_desk_has_an_end(void **state)
{
    struct enrol_list d = {0};
    char account[ENROL_ACCOUNT + 1];

    (void)state;
    for (unsigned i = 0; i < ENROL_OPEN_MAX; i++) {
        snprintf(account, sizeof account, "%016x", i);
        assert_int_equal(enrol_invite(&d, account, false, 0), 0);
    }
    assert_int_equal(enrol_invite(&d, WHO, false, 0), -1);
    assert_int_equal(enrol_invite(&d, "not hex at all!!", false, 0), -1);
}

static void staff_wait_for_the_root(void **state)
{
    struct enrol_list d = {0};
    const struct enrol_open *one;
    struct enrol_letter mine = ask(WHO, 1, true), end = done(WHO);
    struct cert_staff c = {.venue = {1}};
    uint8_t root[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET], signature[CERT_SIGNATURE];

    (void)state;
    crypto_sign_keypair(root, secret);
    memcpy(c.public, mine.public, sizeof c.public);
    sodium_hex2bin(c.account, sizeof c.account, WHO, 16, NULL, NULL, NULL);
    enrol_invite(&d, WHO, true, 0);
    assert_int_equal(enrol_receive(&d, &mine, WHO, true, 1, &one), ENROL_CERTIFY);
    assert_int_equal(enrol_receive(&d, &end, WHO, true, 1, &one), ENROL_REFUSED);
    memset(signature, 7, sizeof signature);
    assert_int_equal(enrol_certify(&d, c.venue, root, WHO, signature, 1, &one), ENROL_REFUSED);
    cert_staff_sign(&c, secret, signature);
    assert_int_equal(enrol_certify(&d, c.venue, root, OTHER, signature, 1, &one), ENROL_REFUSED);
    assert_int_equal(enrol_certify(&d, c.venue, root, WHO, signature, ENROL_VALID_FOR, &one),
                     ENROL_REFUSED);
    assert_int_equal(enrol_certify(&d, c.venue, root, WHO, signature, 1, &one), ENROL_WELCOME);
    assert_int_equal(enrol_receive(&d, &mine, WHO, true, 2, &one), ENROL_WELCOME);
    assert_int_equal(enrol_receive(&d, &end, WHO, true, 3, &one), ENROL_PROMOTED);
}

/* What a kiosk seals to a relay, and what is not that. */
static void a_new_key_is_opened_by_whom_it_is_for(void **state)
{
    uint8_t kiosk[32], kiosk_secret[64], relay[32], relay_secret[64], other[32], other_secret[64];
    uint8_t key[ENVELOPE_KEY], got[ENVELOPE_KEY] = {0}, wire[ENVELOPE_SIZE];
    struct envelope_place at = {.venue = {1}, .kiosk = {2}, .topic = "here"},
                          there = {.venue = {1}, .kiosk = {2}, .topic = "there"};
    (void)state;
    crypto_sign_keypair(kiosk, kiosk_secret);
    crypto_sign_keypair(relay, relay_secret);
    crypto_sign_keypair(other, other_secret);
    randombytes_buf(key, sizeof key);
    assert_int_equal(enrol_rotate(relay, &at, kiosk_secret, key, wire), ENVELOPE_OK);
    assert_int_equal(enrol_rotate_open(&at, other, other_secret, kiosk, wire, sizeof wire, got),
                     ENVELOPE_NOT_OURS);
    assert_int_equal(enrol_rotate_open(&at, relay, relay_secret, other, wire, sizeof wire, got),
                     ENVELOPE_FORGED);
    assert_int_equal(enrol_rotate_open(&there, relay, relay_secret, kiosk, wire, sizeof wire, got),
                     ENVELOPE_FORGED);
    assert_int_equal(enrol_rotate_open(&at, relay, relay_secret, kiosk, wire, 100, got),
                     ENVELOPE_MALFORMED);
    assert_true(sodium_is_zero(got, sizeof got));
    assert_int_equal(enrol_rotate_open(&at, relay, relay_secret, kiosk, wire, sizeof wire, got),
                     ENVELOPE_OK);
    assert_memory_equal(got, key, sizeof key);
    assert_int_equal(
        envelope_welcome_seal(&at, relay, kiosk_secret, "{\"kind\":\"welcome\"}", 18, wire),
        ENVELOPE_OK);
    assert_int_equal(enrol_rotate_open(&at, relay, relay_secret, kiosk, wire, sizeof wire, got),
                     ENVELOPE_MALFORMED);
}

#define AGAIN "{\"v\":2,\"kind\":\"again\",\"account\":\"" WHO "\",\"password\":\"" PASS "\""

static void who_asks_again_names_the_broker(void **state)
{
    static const char good[] = AGAIN ",\"broker\":\"wss://b.example.org/mqtt\"}";
    static const char *const bad[] = {
        AGAIN "}",
        AGAIN ",\"broker\":\"\"}",
        AGAIN ",\"broker\":7}",
        "{\"v\":2,\"kind\":\"again\",\"account\":\"" WHO "\",\"broker\":\"wss://b\"}",
        "{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"password\":\"" PASS
        "\",\"broker\":\"wss://b\"}",
        "",
    };
    struct enrol_again a;
    (void)state;
    assert_int_equal(enrol_again_read(good, strlen(good), &a), 0);
    assert_string_equal(a.account, WHO);
    assert_string_equal(a.password, PASS);
    assert_string_equal(a.broker, "wss://b.example.org/mqtt");
    EACH_ROW (i, bad, bad[i])
        assert_int_equal(enrol_again_read(bad[i], strlen(bad[i]), &a), -1);
}

static void the_link_is_the_vectors(void **state)
{
    cJSON *json = vectors_load("tests/vectors/enrol.json");
    const cJSON *v = cJSON_GetObjectItem(json, "invitation");
    uint8_t kiosk[ENVELOPE_PUBLIC], root[ENVELOPE_PUBLIC];
    char link[ENROL_LINK_MAX];

    (void)state;
    memset(kiosk, 0x11, sizeof kiosk);
    memset(root, 0x22, sizeof root);
    struct enrol_invitation i = {.page = "https://kettle.example.org/",
                                 .brokers = {"wss://kettle.example.org/mqtt"},
                                 .brokers_count = 1,
                                 .account = WHO,
                                 .password = "one-time-0123456789abcdef",
                                 .venue = "245b1cd24b1b033d",
                                 .kiosk = "7dd879d4c4aa715d",
                                 .expires = 1795380000,
                                 .kiosk_public = kiosk,
                                 .root_public = root,
                                 .staff = true,
                                 .push = "https://push.example.org/q8Zt"};
    assert_true(enrol_link(&i, link) > 0);
    assert_string_equal(link, vectors_text(v, "link"));
    char far[800];
    memset(far, 'x', sizeof far);
    far[sizeof far - 1] = '\0';
    i.push = far;
    assert_int_equal(enrol_link(&i, link), -1);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_read_strictly),
        cmocka_unit_test(an_invitation_is_one_keys_and_dies_when_used),
        cmocka_unit_test(an_invitation_lives_ten_minutes),
        cmocka_unit_test(the_desk_has_an_end),
        cmocka_unit_test(staff_wait_for_the_root),
        cmocka_unit_test(a_new_key_is_opened_by_whom_it_is_for),
        cmocka_unit_test(who_asks_again_names_the_broker),
        cmocka_unit_test(the_link_is_the_vectors),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
