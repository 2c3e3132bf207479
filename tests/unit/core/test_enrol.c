#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/enrol.h"
#include "tests/unit/rows.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define WHO   "07827bce7ac774db"
#define OTHER "17827bce7ac774db"
#define PASS  "fresh-password-0123456789"
#define KEY   "6f461ab531a254dbc00fc3f950df84f28d195190968188ee70491f818bab51ae"

static const uint8_t venue[ENVELOPE_ID] = {1}, kiosk[ENVELOPE_ID] = {2};
static const uint8_t secret[INVITATION_SECRET] = {3}, wrong_secret[INVITATION_SECRET] = {4};

static struct enrol_letter ask_with(const uint8_t *with, const char *account, uint8_t key,
                                    bool staff)
{
    struct enrol_letter e = {.staff = staff};
    strcpy(e.account, account);
    strcpy(e.password, PASS);
    memset(e.public, key, sizeof e.public);
    struct invitation_parties p = invitation_between(venue, kiosk, account, e.public);
    invitation_letter_mac(with, &p, staff, e.password, e.mac);
    return e;
}

static struct enrol_letter ask(const char *account, uint8_t key, bool staff)
{
    return ask_with(secret, account, key, staff);
}

static struct enrol_letter done(const char *account)
{
    struct enrol_letter e = {.done = true};
    strcpy(e.account, account);
    return e;
}

static struct enrol_list new_list(void)
{
    struct enrol_list l;
    enrol_begin(&l, venue, kiosk);
    return l;
}

static struct enrol_judgement judge(struct enrol_list *l, const struct enrol_letter *e, int64_t now)
{
    struct enrol_arrival a = {
        .letter = e, .topic_account = e->account, .signed_by_key = true, .nonce = {9}, .now = now};
    return enrol_receive(l, &a);
}

#define assert_verdict(judgement, wanted) assert_int_equal((judgement).verdict, wanted)

static void assert_refused(struct enrol_judgement j, enum enrol_reason reason)
{
    assert_int_equal(j.verdict, ENROL_REFUSED);
    assert_string_equal(enrol_reason_name(j.reason), enrol_reason_name(reason));
}

#define MAC "\"mac\":\"" KEY "\""

static const struct {
    const char *text;
    int result;
} letters[] = {
    {"{\"v\":2,\"kind\":\"enrolled\",\"account\":\"" WHO "\"}", 0},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"" KEY
     "\",\"password\":\"" PASS "\",\"staff\":false," MAC "}",
     0},
    {"{\"v\":1,\"kind\":\"enrolled\",\"account\":\"" WHO "\"}", -1},
    {"{\"v\":2,\"kind\":\"enrolled\",\"account\":\"07827BCE7AC774DB\"}", -1},
    {"{\"v\":2,\"kind\":\"enrolled\"}", -1},
    {"{\"v\":2,\"kind\":\"seen\",\"account\":\"" WHO "\"}", -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"6f46\",\"password\":\"" PASS
     "\",\"staff\":false," MAC "}",
     -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"" KEY
     "\",\"password\":\"quote\\\"in-the-password\",\"staff\":false," MAC "}",
     -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"" KEY
     "\",\"password\":\"" PASS "\"," MAC "}",
     -1},
    {"{\"v\":2,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"" KEY
     "\",\"password\":\"" PASS "\",\"staff\":false}",
     -1},
    {"{\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"" KEY "\"}", -1},
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
        assert_false(got == 0 && e.other_version);
    }
}

static void a_letter_of_another_version_is_answered(void **state)
{
    static const char text[] =
        "{\"v\":3,\"kind\":\"enrol\",\"account\":\"" WHO "\",\"public\":\"" KEY "\"}";
    struct enrol_list l = new_list();
    struct enrol_letter e;
    (void)state;
    assert_int_equal(enrol_invite(&l, WHO, false, secret, 0), 0);
    assert_int_equal(enrol_read(text, sizeof text - 1, &e), 0);
    assert_true(e.other_version);
    struct enrol_arrival a = {.letter = &e, .topic_account = WHO};
    assert_refused(enrol_receive(&l, &a), ENROL_REASON_VERSION);
    a.topic_account = OTHER;
    assert_refused(enrol_receive(&l, &a), ENROL_REASON_NONE);
    assert_null(enrol_key(&l, WHO));
}

/* One invitation, a line a letter. */
static void an_invitation_is_one_keys_and_works_once(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter mine = ask(WHO, 1, false), end = done(WHO), staff = ask(WHO, 1, true),
                        stranger = ask(OTHER, 1, false),
                        without = ask_with(wrong_secret, WHO, 1, false);
    struct enrol_arrival a = {.letter = &mine, .topic_account = WHO, .now = 1};

    (void)state;
    assert_int_equal(enrol_invite(&l, WHO, false, secret, 0), 0);
    assert_int_equal(enrol_invite(&l, WHO, false, secret, 0), -1);
    assert_refused(judge(&l, &end, 1), ENROL_REASON_NONE);
    assert_refused(enrol_receive(&l, &a), ENROL_REASON_NONE); /* not signed */
    a = (struct enrol_arrival){
        .letter = &mine, .topic_account = OTHER, .signed_by_key = true, .now = 1};
    assert_refused(enrol_receive(&l, &a), ENROL_REASON_NONE);
    assert_refused(judge(&l, &without, 1), ENROL_REASON_SECRET);
    assert_refused(judge(&l, &staff, 1), ENROL_REASON_ROLE);
    assert_refused(judge(&l, &stranger, 1), ENROL_REASON_CLOSED);
    assert_null(enrol_key(&l, WHO));
    assert_verdict(judge(&l, &mine, 1), ENROL_WELCOME);
    assert_verdict(judge(&l, &mine, 2), ENROL_WELCOME);
    assert_memory_equal(enrol_key(&l, WHO), mine.public, sizeof mine.public);
    struct enrol_judgement j = judge(&l, &end, 3);
    assert_verdict(j, ENROL_PROMOTED);
    assert_string_equal(j.one->password, PASS);
    enrol_joined(&l, WHO);
    assert_null(enrol_find(&l, WHO));
    assert_verdict(judge(&l, &end, 4), ENROL_NOTHING);
    assert_refused(judge(&l, &mine, 4), ENROL_REASON_CLOSED);
    assert_int_equal(enrol_recall(&l, WHO)->password[0], '\0');
    enrol_close(&l, WHO);
    assert_refused(judge(&l, &mine, 4), ENROL_REASON_CLOSED);
    assert_true(sodium_is_zero((const uint8_t *)l.open, sizeof l.open));
}

/* A MAC is about all that a letter says. */
static void a_letter_that_was_changed_is_refused(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter other_key = ask(WHO, 1, false), other_password = other_key,
                        other_mac = other_key;
    (void)state;
    enrol_invite(&l, WHO, false, secret, 0);
    other_key.public[31] ^= 1;
    other_password.password[0] ^= 1;
    other_mac.mac[31] ^= 1;
    assert_refused(judge(&l, &other_key, 1), ENROL_REASON_SECRET);
    assert_refused(judge(&l, &other_password, 1), ENROL_REASON_SECRET);
    assert_refused(judge(&l, &other_mac, 1), ENROL_REASON_SECRET);
}

static void a_copied_invitation_lets_nobody_in(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter mine = ask(WHO, 1, false), thief = ask(WHO, 2, false), end = done(WHO);
    (void)state;
    enrol_invite(&l, WHO, false, secret, 0);
    assert_verdict(judge(&l, &mine, 1), ENROL_WELCOME);
    struct enrol_judgement j = judge(&l, &thief, 2);
    assert_verdict(j, ENROL_COPIED);
    assert_memory_equal(j.one->public, mine.public, sizeof mine.public);
    assert_int_equal(j.one->standing, ENROL_VOID);
    assert_null(enrol_find(&l, WHO));
    assert_refused(judge(&l, &end, 3), ENROL_REASON_NONE);
    assert_refused(judge(&l, &mine, 3), ENROL_REASON_COPIED);
    assert_refused(judge(&l, &thief, 3), ENROL_REASON_COPIED);
    assert_int_equal(enrol_deadline(&l), ENROL_VALID_FOR);
    assert_verdict(enrol_tick(&l, ENROL_VALID_FOR), ENROL_NOTHING);
    assert_null(enrol_recall(&l, WHO));
}

static void a_copy_that_comes_late_is_noticed(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter mine = ask(WHO, 1, false), thief = ask(WHO, 2, false), end = done(WHO);
    (void)state;
    enrol_invite(&l, WHO, false, secret, 0);
    judge(&l, &mine, 1);
    judge(&l, &end, 2);
    enrol_joined(&l, WHO);
    struct enrol_judgement j = judge(&l, &thief, 3);
    assert_verdict(j, ENROL_COPIED);
    assert_int_equal(j.one->standing, ENROL_JOINED);
    assert_true(j.one->copied);
    assert_refused(judge(&l, &thief, 4), ENROL_REASON_COPIED); /* said once */
}

static void an_invitation_is_valid_for_ten_minutes(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter mine = ask(WHO, 1, false);

    (void)state;
    enrol_invite(&l, WHO, false, secret, 5);
    assert_verdict(enrol_tick(&l, 5 + ENROL_VALID_FOR - 1), ENROL_NOTHING);
    assert_refused(judge(&l, &mine, 5 + ENROL_VALID_FOR), ENROL_REASON_EXPIRED);
    struct enrol_judgement j = enrol_tick(&l, 5 + ENROL_VALID_FOR);
    assert_verdict(j, ENROL_WITHDRAWN);
    assert_string_equal(j.one->account, WHO);
    enrol_close(&l, WHO);
    assert_verdict(enrol_tick(&l, 5 + ENROL_VALID_FOR), ENROL_NOTHING);
}

static void there_is_room_for_sixteen(void **state)
{
    struct enrol_list l = new_list();
    char account[ENROL_ACCOUNT + 1];

    (void)state;
    for (unsigned i = 0; i < ENROL_OPEN_MAX; i++) {
        snprintf(account, sizeof account, "%016x", i);
        assert_int_equal(enrol_invite(&l, account, false, secret, 0), 0);
    }
    assert_int_equal(enrol_invite(&l, WHO, false, secret, 0), -1);
    enrol_joined(&l, account); /* which is only remembered from now on */
    assert_int_equal(enrol_invite(&l, "not hex at all!!", false, secret, 0), -1);
    assert_int_equal(enrol_invite(&l, WHO, false, secret, 0), 0);
    assert_null(enrol_recall(&l, account));
}

static void staff_are_confirmed_and_wait_for_the_root(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter mine = ask(WHO, 1, true), end = done(WHO);
    struct cert_staff c;
    uint8_t root[ENVELOPE_PUBLIC], root_secret[ENVELOPE_SECRET], signature[CERT_SIGNATURE];
    char digits[INVITATION_DIGITS + 1];

    (void)state;
    crypto_sign_keypair(root, root_secret);
    memcpy(c.venue, venue, sizeof c.venue);
    memcpy(c.public, mine.public, sizeof c.public);
    sodium_hex2bin(c.account, sizeof c.account, WHO, 16, NULL, NULL, NULL);
    cert_staff_sign(&c, root_secret, signature);
    enrol_invite(&l, WHO, true, secret, 0);
    assert_refused(enrol_confirm(&l, WHO, "000000", 1), ENROL_REASON_CLOSED);
    struct enrol_judgement j = judge(&l, &mine, 1);
    assert_verdict(j, ENROL_CONFIRM);
    assert_int_equal(j.one->nonce[0], 9);
    invitation_digits(secret, mine.public, j.one->nonce, digits);
    assert_refused(enrol_certify(&l, root, WHO, signature, 1), ENROL_REASON_CLOSED);
    assert_refused(judge(&l, &end, 1), ENROL_REASON_NONE);
    assert_refused(enrol_confirm(&l, WHO, digits, ENROL_VALID_FOR), ENROL_REASON_CLOSED);
    assert_verdict(enrol_confirm(&l, WHO, digits, 1), ENROL_CERTIFY);
    assert_verdict(judge(&l, &mine, 1), ENROL_CERTIFY);
    assert_refused(judge(&l, &end, 1), ENROL_REASON_NONE);
    signature[0] ^= 1;
    assert_refused(enrol_certify(&l, root, WHO, signature, 1), ENROL_REASON_NONE);
    signature[0] ^= 1;
    assert_refused(enrol_certify(&l, root, OTHER, signature, 1), ENROL_REASON_CLOSED);
    assert_refused(enrol_certify(&l, root, WHO, signature, ENROL_VALID_FOR), ENROL_REASON_CLOSED);
    assert_verdict(enrol_certify(&l, root, WHO, signature, 1), ENROL_WELCOME);
    assert_verdict(judge(&l, &mine, 2), ENROL_WELCOME);
    assert_verdict(judge(&l, &end, 3), ENROL_PROMOTED);
}

static void digits_have_three_tries(void **state)
{
    struct enrol_list l = new_list();
    struct enrol_letter mine = ask(WHO, 1, true);
    char wrong[INVITATION_DIGITS + 1];
    (void)state;
    enrol_invite(&l, WHO, true, secret, 0);
    invitation_digits(secret, mine.public, judge(&l, &mine, 1).one->nonce, wrong);
    char longer[INVITATION_DIGITS + 2];
    snprintf(longer, sizeof longer, "%s0", wrong);
    wrong[5] = wrong[5] == '9' ? '0' : (char)(wrong[5] + 1);
    assert_int_equal(enrol_confirm(&l, WHO, longer, 1).one->tries, 2);
    assert_refused(enrol_confirm(&l, WHO, wrong, 1), ENROL_REASON_DIGITS);
    struct enrol_judgement j = enrol_confirm(&l, WHO, wrong, 1);
    assert_verdict(j, ENROL_WITHDRAWN);
    assert_int_equal(j.reason, ENROL_REASON_DIGITS);
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

static void each_open_invitation_is_found_by_its_own_account(void **state)
{
    struct enrol_list l = new_list();
    (void)state;
    assert_int_equal(enrol_invite(&l, "0000000000000001", false, secret, 0), 0);
    assert_int_equal(enrol_invite(&l, "0000000000000002", true, secret, 0), 0);
    assert_string_equal(enrol_find(&l, "0000000000000002")->account, "0000000000000002");
    assert_string_equal(enrol_find(&l, "0000000000000001")->account, "0000000000000001");
    assert_null(enrol_find(&l, "0000000000000003"));
}

/* In an alert: members' invitations that nobody has answered, the first of the list too. */
static void an_alert_deadens_what_no_phone_has_answered(void **state)
{
    static const char *const accounts[] = {"0000000000000001", "0000000000000002",
                                           "0000000000000003"};
    struct enrol_list l = new_list();
    (void)state;
    assert_int_equal(enrol_invite(&l, accounts[0], false, secret, 0), 0);
    assert_int_equal(enrol_invite(&l, accounts[1], true, secret, 0), 0);
    assert_int_equal(enrol_invite(&l, accounts[2], false, secret, 0), 0);
    struct enrol_letter claimed = ask(accounts[2], 7, false);
    assert_verdict(judge(&l, &claimed, 1), ENROL_WELCOME);
    enrol_deaden(&l);
    assert_true(enrol_is_dead(&l, accounts[0]));
    assert_false(enrol_is_dead(&l, accounts[1]));
    assert_false(enrol_is_dead(&l, accounts[2]));
    assert_verdict(judge(&l, &claimed, 2), ENROL_WELCOME);
}

/* A member's letter is none for a staff phone's invitation, and the reverse. */
static void a_letters_mac_says_for_whom_it_is(void **state)
{
    uint8_t member[INVITATION_MAC], staff[INVITATION_MAC];
    struct invitation_parties p = {.phone = {2}};
    (void)state;
    invitation_letter_mac(secret, &p, false, PASS, member);
    invitation_letter_mac(secret, &p, true, PASS, staff);
    assert_memory_not_equal(member, staff, sizeof staff);
}

static void a_password_has_16_to_64_characters(void **state)
{
    static const char longest[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefg";
    (void)state;
    for (int len = 15; len <= 65; len++) {
        struct enrol_again a;
        char text[300];
        int n = snprintf(text, sizeof text,
                         "{\"v\":2,\"kind\":\"again\",\"account\":\"" WHO
                         "\",\"password\":\"%.*s\",\"broker\":\"wss://b.example.org/mqtt\"}",
                         len, longest);
        assert_int_equal(enrol_again_read(text, (size_t)n, &a), len >= 16 && len <= 64 ? 0 : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_read_strictly),
        cmocka_unit_test(a_letters_mac_says_for_whom_it_is),
        cmocka_unit_test(a_password_has_16_to_64_characters),
        cmocka_unit_test(a_letter_of_another_version_is_answered),
        cmocka_unit_test(an_invitation_is_one_keys_and_works_once),
        cmocka_unit_test(a_letter_that_was_changed_is_refused),
        cmocka_unit_test(a_copied_invitation_lets_nobody_in),
        cmocka_unit_test(a_copy_that_comes_late_is_noticed),
        cmocka_unit_test(an_invitation_is_valid_for_ten_minutes),
        cmocka_unit_test(there_is_room_for_sixteen),
        cmocka_unit_test(staff_are_confirmed_and_wait_for_the_root),
        cmocka_unit_test(digits_have_three_tries),
        cmocka_unit_test(each_open_invitation_is_found_by_its_own_account),
        cmocka_unit_test(an_alert_deadens_what_no_phone_has_answered),
        cmocka_unit_test(who_asks_again_names_the_broker),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
