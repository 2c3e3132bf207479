#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/enrol.h"
#include "tests/unit/core/vectors.h"

#include <sodium.h>

#define WHO "07827bce7ac774db"

/* Invitations and letters in the bytes that another implementation made. */

struct vectors {
    cJSON *json;
    const cJSON *invitation;
    uint8_t kiosk[32], kiosk_secret[64], root[32], root_secret[64], phone[32], phone_secret[64];
    uint8_t venue[ENVELOPE_ID], at_kiosk[ENVELOPE_ID], invitation_secret[INVITATION_SECRET];
    struct envelope_place at;
    struct invitation_parties parties;
    struct enrol_open open;
};

static struct vectors vectors_read(void)
{
    struct vectors v = {.json = vectors_load("tests/vectors/enrol.json")};
    const cJSON *i = v.invitation = cJSON_GetObjectItem(v.json, "invitation");
    vectors_pair(v.json, "kiosk", v.kiosk, v.kiosk_secret);
    vectors_pair(v.json, "root", v.root, v.root_secret);
    vectors_pair(v.json, "phone", v.phone, v.phone_secret);
    vectors_hex(vectors_text(i, "venue"), v.venue, sizeof v.venue);
    vectors_hex(vectors_text(i, "kiosk"), v.at_kiosk, sizeof v.at_kiosk);
    vectors_hex(vectors_text(i, "secret"), v.invitation_secret, sizeof v.invitation_secret);
    memcpy(v.at.venue, v.venue, sizeof v.at.venue);
    memcpy(v.at.kiosk, v.at_kiosk, sizeof v.at.kiosk);
    v.at.topic = vectors_text(v.json, "topic");
    v.parties = invitation_between(v.venue, v.at_kiosk, WHO, v.phone);
    v.open = (struct enrol_open){.account = WHO, .staff = true};
    memcpy(v.open.public, v.phone, sizeof v.open.public);
    memcpy(v.open.secret, v.invitation_secret, sizeof v.open.secret);
    return v;
}

static void the_link_is_the_vectors(void **state)
{
    struct vectors v = vectors_read();
    const cJSON *brokers = cJSON_GetObjectItem(v.invitation, "brokers");
    uint8_t pin[INVITATION_PIN];
    char link[INVITATION_LINK_MAX];

    (void)state;
    vectors_hex(cJSON_GetArrayItem(cJSON_GetObjectItem(v.invitation, "pins"), 1)->valuestring, pin,
                sizeof pin);
    struct invitation i = {.page = "https://kettle.example.org/",
                           .brokers = {cJSON_GetArrayItem(brokers, 0)->valuestring,
                                       cJSON_GetArrayItem(brokers, 1)->valuestring},
                           .pins = {NULL, pin},
                           .brokers_count = 2,
                           .password = vectors_text(v.invitation, "password"),
                           .expires = (int64_t)vectors_number(v.invitation, "expires"),
                           .kiosk_public = v.kiosk,
                           .root_public = v.root,
                           .secret = v.invitation_secret,
                           .staff = true,
                           .push = vectors_text(v.invitation, "push")};
    memcpy(i.account, v.parties.account, sizeof i.account);
    memcpy(i.venue, v.venue, sizeof i.venue);
    memcpy(i.kiosk, v.at_kiosk, sizeof i.kiosk);
    assert_int_equal(invitation_link(&i, link), strlen(vectors_text(v.invitation, "link")));
    assert_string_equal(link, vectors_text(v.invitation, "link"));
    i.spare = true;
    assert_true(invitation_link(&i, link) > 0);
    assert_string_equal(link, vectors_text(cJSON_GetObjectItem(v.json, "spare"), "link"));
    char far[INVITATION_LINK_MAX];
    memset(far, 'x', sizeof far);
    far[INVITATION_ADDRESS_MAX + 1] = '\0';
    i.push = far;
    assert_int_equal(invitation_link(&i, link), -1);
    far[INVITATION_ADDRESS_MAX] = '\0';
    assert_true(invitation_link(&i, link) > 0);
    i.brokers[0] = i.brokers[1] = far;
    assert_int_equal(invitation_link(&i, link), -1);
    cJSON_Delete(v.json);
}

/* As short as it can be: a longer link is a code with smaller squares. */
static void a_link_stays_short(void **state)
{
    const uint8_t key[32] = {0};
    char link[INVITATION_LINK_MAX];
    struct invitation i = {.page = "https://kettle.example.org/",
                           .brokers = {"wss://kettle.example.org/mqtt"},
                           .brokers_count = 1,
                           .password = "0123456789abcdef",
                           .kiosk_public = key,
                           .root_public = key,
                           .secret = key};
    (void)state;
    assert_int_equal(invitation_link(&i, link), 265);
}

static void the_letter_is_the_vectors(void **state)
{
    struct vectors v = vectors_read();
    const cJSON *letter = cJSON_GetObjectItem(v.json, "letter");
    const char *text = vectors_text(letter, "text");
    uint8_t mac[INVITATION_MAC];
    struct enrol_letter e;
    (void)state;
    assert_int_equal(enrol_read(text, strlen(text), &e), 0);
    assert_memory_equal(e.public, v.phone, sizeof e.public);
    assert_string_equal(e.password, vectors_text(letter, "password"));
    invitation_letter_mac(v.invitation_secret, &v.parties, e.staff, e.password, mac);
    assert_memory_equal(mac, e.mac, sizeof mac);
    vectors_hex(vectors_text(cJSON_GetObjectItem(v.json, "spare"), "mac"), e.mac, sizeof e.mac);
    invitation_letter_mac(v.invitation_secret, &v.parties, e.staff,
                          vectors_text(v.invitation, "password"), mac);
    assert_memory_equal(mac, e.mac, sizeof mac);
    cJSON_Delete(v.json);
}

/* What C sealed says what the vectors say, and the vectors' own bytes open to the same text. */
static void assert_says(const struct vectors *v, const uint8_t *wire, const cJSON *of)
{
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t theirs[ENVELOPE_SIZE];
    size_t len;
    assert_int_equal(envelope_welcome_open(&v->at, v->phone, v->phone_secret, v->kiosk, wire,
                                           ENVELOPE_SIZE, text, &len),
                     ENVELOPE_OK);
    assert_string_equal(text, vectors_text(of, "text"));
    assert_int_equal(vectors_base64(vectors_text(of, "wire"), theirs, sizeof theirs),
                     ENVELOPE_SIZE);
    assert_int_equal(envelope_welcome_open(&v->at, v->phone, v->phone_secret, v->kiosk, theirs,
                                           ENVELOPE_SIZE, text, &len),
                     ENVELOPE_OK);
    assert_string_equal(text, vectors_text(of, "text"));
}

static void the_kiosks_answers_are_the_vectors(void **state)
{
    struct vectors v = vectors_read();
    const cJSON *welcome = cJSON_GetObjectItem(v.json, "welcome"),
                *confirm = cJSON_GetObjectItem(v.json, "confirm"),
                *rotate = cJSON_GetObjectItem(v.json, "rotate"), *refusal;
    uint8_t wire[ENVELOPE_SIZE], key[ENVELOPE_KEY];
    char digits[INVITATION_DIGITS + 1];
    int reason = ENROL_REASON_NONE;

    (void)state;
    vectors_hex(vectors_text(confirm, "nonce"), v.open.nonce, sizeof v.open.nonce);
    vectors_hex(vectors_text(welcome, "certificate"), v.open.certificate, CERT_SIGNATURE);
    vectors_hex(vectors_text(welcome, "venue_key"), key, sizeof key);
    assert_int_equal(enrol_welcome(&v.open, &v.at, v.kiosk_secret, v.root, key, wire), ENVELOPE_OK);
    assert_says(&v, wire, welcome);
    assert_int_equal(enrol_ask_digits(&v.open, &v.at, v.kiosk_secret, wire), ENVELOPE_OK);
    assert_says(&v, wire, confirm);
    invitation_digits(v.invitation_secret, v.phone, v.open.nonce, digits);
    assert_string_equal(digits, vectors_text(confirm, "digits"));
    assert_int_equal(enrol_rotate(v.phone, &v.at, v.kiosk_secret, key, wire), ENVELOPE_OK);
    assert_says(&v, wire, rotate);
    cJSON_ArrayForEach(refusal, cJSON_GetObjectItem(v.json, "refusals"))
    {
        reason++;
        assert_string_equal(enrol_reason_name((enum enrol_reason)reason),
                            vectors_text(refusal, "reason"));
        assert_int_equal(
            enrol_refuse(WHO, (enum enrol_reason)reason, v.phone, &v.at, v.kiosk_secret, wire),
            ENVELOPE_OK);
        assert_says(&v, wire, refusal);
    }
    assert_int_equal(reason, ENROL_REASON_WITHDRAWN);
    cJSON_Delete(v.json);
}

static void a_twisted_letter_to_a_phone_is_refused(void **state)
{
    struct vectors v = vectors_read();
    const cJSON *row, *welcome = cJSON_GetObjectItem(v.json, "welcome"),
                      *refused = cJSON_GetObjectItem(v.json, "refused");
    (void)state;
    assert_true(cJSON_GetArraySize(refused) >= 14);
    cJSON_ArrayForEach(row, refused)
    {
        uint8_t wire[ENVELOPE_SIZE + 1] = {0};
        char text[ENVELOPE_LETTER_MAX + 1];
        struct envelope_place at = v.at;
        size_t len = vectors_base64(vectors_text(welcome, "wire"), wire, sizeof wire);
        len = vectors_twist(row, wire, sizeof wire, len);
        vectors_elsewhere(row, "venue", at.venue, sizeof at.venue);
        vectors_elsewhere(row, "kiosk", at.kiosk, sizeof at.kiosk);
        if (envelope_welcome_open(&at, v.phone, v.phone_secret, v.kiosk, wire, len, text, &len) ==
            ENVELOPE_OK)
            fail_msg("opened: %s", vectors_text(row, "why"));
    }
    cJSON_Delete(v.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_link_is_the_vectors),
        cmocka_unit_test(a_link_stays_short),
        cmocka_unit_test(the_letter_is_the_vectors),
        cmocka_unit_test(the_kiosks_answers_are_the_vectors),
        cmocka_unit_test(a_twisted_letter_to_a_phone_is_refused),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
