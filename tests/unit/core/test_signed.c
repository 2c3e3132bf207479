#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/cert.h"
#include "kiosk/core/enrol.h"
#include "kiosk/core/message.h"
#include "kiosk/core/push_offer.h"

#include "tests/unit/core/vectors.h"

/* tests/vectors/signed.json: made by the implementation in tests/vectors/third. */

struct pair {
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
};

static struct {
    cJSON *json;
    struct pair root, kiosk, staff, push;
    uint8_t venue_id[ENVELOPE_ID], kiosk_id[ENVELOPE_ID], account[ENVELOPE_ID];
    const char *account_text;
} v;

static int set_up(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    v.json = vectors_load("tests/vectors/signed.json");
    vectors_pair(v.json, "root", v.root.public, v.root.secret);
    vectors_pair(v.json, "kiosk", v.kiosk.public, v.kiosk.secret);
    vectors_pair(v.json, "staff", v.staff.public, v.staff.secret);
    vectors_pair(v.json, "push", v.push.public, v.push.secret);
    vectors_hex(vectors_text(v.json, "venue"), v.venue_id, sizeof v.venue_id);
    vectors_hex(vectors_text(v.json, "kiosk"), v.kiosk_id, sizeof v.kiosk_id);
    v.account_text = vectors_text(v.json, "account");
    vectors_hex(v.account_text, v.account, sizeof v.account);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cJSON_Delete(v.json);
    return 0;
}

static void certificate(const char *of, uint8_t signature[CERT_SIGNATURE])
{
    vectors_hex(vectors_text(cJSON_GetObjectItem(v.json, "certificates"), of), signature,
                CERT_SIGNATURE);
}

static void test_the_roots_certificates(void **state)
{
    uint8_t signature[CERT_SIGNATURE], made[CERT_SIGNATURE];
    struct cert_kiosk kiosk;
    struct cert_staff staff;
    (void)state;
    memcpy(kiosk.venue, v.venue_id, sizeof kiosk.venue);
    memcpy(kiosk.kiosk, v.kiosk_id, sizeof kiosk.kiosk);
    memcpy(kiosk.public, v.kiosk.public, sizeof kiosk.public);
    memcpy(staff.venue, v.venue_id, sizeof staff.venue);
    memcpy(staff.account, v.account, sizeof staff.account);
    memcpy(staff.public, v.staff.public, sizeof staff.public);

    certificate("kiosk", signature);
    assert_true(cert_kiosk_check(&kiosk, v.root.public, signature));
    cert_kiosk_sign(&kiosk, v.root.secret, made);
    assert_memory_equal(made, signature, sizeof made);
    certificate("staff", signature);
    assert_true(cert_staff_check(&staff, v.root.public, signature));
    cert_staff_sign(&staff, v.root.secret, made);
    assert_memory_equal(made, signature, sizeof made);
    certificate("push", signature);
    assert_true(push_offer_root_check(v.venue_id, v.push.public, v.root.public, signature));
    push_offer_root_sign(v.venue_id, v.push.public, v.root.secret, made);
    assert_memory_equal(made, signature, sizeof made);
}

static void clear_of(const cJSON *says, struct cert_clear *c)
{
    assert_int_equal(message_id_read(&c->id, vectors_text(says, "id")), 0);
    c->epoch = (uint64_t)vectors_number(says, "epoch");
    c->seq = (uint64_t)vectors_number(says, "seq");
    memcpy(c->account, v.account, sizeof c->account);
}

static void test_a_proof_is_made_and_read(void **state)
{
    const cJSON *proof = cJSON_GetObjectItem(v.json, "proof");
    struct cert_clear says, read;
    uint8_t bytes[CERT_PROOF], made[CERT_PROOF], staff[CERT_STAFF], signature[CERT_SIGNATURE];
    (void)state;
    assert_int_equal(vectors_base64(vectors_text(proof, "bytes"), bytes, sizeof bytes), CERT_PROOF);
    clear_of(cJSON_GetObjectItem(proof, "says"), &says);
    assert_true(cert_proof_read(&read, v.venue_id, v.kiosk_id, v.root.public, bytes, sizeof bytes));
    assert_true(alert_id_equal(&read.id, &says.id) && read.epoch == says.epoch &&
                read.seq == says.seq);
    assert_memory_equal(read.account, says.account, sizeof read.account);

    memcpy(staff, v.staff.public, ENVELOPE_PUBLIC);
    certificate("staff", staff + ENVELOPE_PUBLIC);
    cert_clear_sign(&says, v.venue_id, v.kiosk_id, v.staff.secret, signature);
    cert_proof_write(&says, staff, signature, made);
    assert_memory_equal(made, bytes, sizeof made);
}

static void test_twisted_proofs_are_refused(void **state)
{
    const cJSON *proof = cJSON_GetObjectItem(v.json, "proof"), *row;
    (void)state;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(proof, "refused"))
    {
        uint8_t bytes[CERT_PROOF + 1] = {0}, venue[ENVELOPE_ID], kiosk[ENVELOPE_ID],
                                   root[ENVELOPE_PUBLIC];
        struct cert_clear c;
        memcpy(venue, v.venue_id, sizeof venue);
        memcpy(kiosk, v.kiosk_id, sizeof kiosk);
        memcpy(root, v.root.public, sizeof root);
        vectors_base64(vectors_text(proof, "bytes"), bytes, sizeof bytes);
        size_t len = vectors_twist(row, bytes, sizeof bytes, CERT_PROOF);
        vectors_elsewhere(row, "venue", venue, sizeof venue);
        vectors_elsewhere(row, "kiosk", kiosk, sizeof kiosk);
        vectors_elsewhere(row, "root_public", root, sizeof root);
        if (cert_proof_read(&c, venue, kiosk, root, bytes, len))
            fail_msg("believed: %s", vectors_text(row, "why"));
    }
}

static void test_an_offer_is_made_byte_for_byte(void **state)
{
    const cJSON *offer = cJSON_GetObjectItem(v.json, "offer");
    uint8_t vapid[PUSH_OFFER_POINT], signature[CERT_SIGNATURE], wire[ENVELOPE_SIZE],
        made[ENVELOPE_SIZE];
    (void)state;
    vectors_hex(vectors_text(offer, "vapid"), vapid, sizeof vapid);
    assert_int_equal(vectors_base64(vectors_text(offer, "wire"), wire, sizeof wire), sizeof wire);
    certificate("push", signature);
    push_offer_write(v.venue_id, v.push.secret, signature, vapid, made);
    assert_memory_equal(made, wire, sizeof made);
}

static void test_the_report_of_a_test_is_made_byte_for_byte(void **state)
{
    const cJSON *arrived = cJSON_GetObjectItem(v.json, "arrived");
    uint8_t auth[PUSH_OFFER_AUTH], nonce[PUSH_OFFER_NONCE], wire[ENVELOPE_SIZE],
        made[ENVELOPE_SIZE];
    (void)state;
    vectors_hex(vectors_text(v.json, "auth"), auth, sizeof auth);
    vectors_hex(vectors_text(arrived, "nonce"), nonce, sizeof nonce);
    assert_int_equal(vectors_base64(vectors_text(arrived, "wire"), wire, sizeof wire), sizeof wire);
    push_offer_arrived_write(v.venue_id, v.account, auth, nonce, made);
    assert_memory_equal(made, wire, sizeof made);
    assert_true(push_offer_is_arrived(wire, sizeof wire));
    assert_false(push_offer_is_arrived(wire, sizeof wire - 1));
}

/* A relay compares it, byte for byte, with the reports that it waits for. */
static void test_twisted_reports_are_refused(void **state)
{
    const cJSON *arrived = cJSON_GetObjectItem(v.json, "arrived"), *row;
    (void)state;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(arrived, "refused"))
    {
        uint8_t wire[ENVELOPE_SIZE + 1] = {0}, good[ENVELOPE_SIZE];
        vectors_base64(vectors_text(arrived, "wire"), wire, sizeof wire);
        memcpy(good, wire, sizeof good);
        size_t len = vectors_twist(row, wire, sizeof wire, ENVELOPE_SIZE);
        if (push_offer_is_arrived(wire, len) && memcmp(wire, good, sizeof good) == 0)
            fail_msg("believed: %s", vectors_text(row, "why"));
        bool other =
            strstr(vectors_text(row, "why"), "another") || strstr(vectors_text(row, "why"), "MAC");
        if (push_offer_is_arrived(wire, len) != other)
            fail_msg("its form was judged otherwise: %s", vectors_text(row, "why"));
    }
}

static void test_an_address_that_is_gone_is_said_byte_for_byte(void **state)
{
    const cJSON *gone = cJSON_GetObjectItem(v.json, "gone");
    uint8_t hash[PUSH_OFFER_GONE_HASH], wire[ENVELOPE_SIZE], made[ENVELOPE_SIZE];
    (void)state;
    assert_int_equal(vectors_base64(vectors_text(gone, "wire"), wire, sizeof wire), sizeof wire);
    push_offer_gone_hash(vectors_text(gone, "endpoint"), hash);
    push_offer_gone_write(v.venue_id, v.push.secret, hash, made);
    assert_memory_equal(made, wire, sizeof made);
}

/* Whether a kiosk or a relay can read this text. */
static bool is_read(const char *text, size_t len)
{
    const char *why;
    struct push_offer_letter wake;
    struct enrol_letter enrol;
    struct enrol_again again;
    struct message m;
    return push_offer_read(text, len, &wake) == 0 || enrol_read(text, len, &enrol) == 0 ||
           enrol_again_read(text, len, &again) == 0 || message_read(&m, text, len, &why) == 0;
}

static void check_letter(const cJSON *row)
{
    char text[ENVELOPE_LETTER_MAX + 1], topic[160];
    uint8_t wire[ENVELOPE_SIZE], signature[64];
    size_t len;
    struct envelope_place at = {.topic = topic};
    const char *to = vectors_text(row, "to"), *expected = vectors_text(row, "text");
    const cJSON *signer = cJSON_GetObjectItem(row, "signed");
    const struct pair *own = strcmp(to, "push") == 0 ? &v.push : &v.kiosk;
    memcpy(at.venue, v.venue_id, sizeof at.venue);
    memcpy(at.kiosk, v.kiosk_id, sizeof at.kiosk);
    snprintf(topic, sizeof topic, "porchlight/%s/%s/%s/%s", vectors_text(v.json, "venue"),
             vectors_text(v.json, "kiosk"), vectors_text(row, "topic"), v.account_text);
    assert_int_equal(vectors_base64(vectors_text(row, "wire"), wire, sizeof wire), sizeof wire);
    if (strcmp(to, "staff") == 0) {
        assert_int_equal(envelope_welcome_open(&at, v.staff.public, v.staff.secret, v.kiosk.public,
                                               wire, sizeof wire, text, &len),
                         ENVELOPE_OK);
        assert_string_equal(text, expected);
        return;
    }
    assert_int_equal(
        envelope_letter_open(own->public, own->secret, wire, sizeof wire, text, &len, signature),
        ENVELOPE_OK);
    assert_string_equal(text, expected);
    if (cJSON_IsString(signer))
        assert_int_equal(envelope_letter_signed(&at, v.staff.public, signature, text, len),
                         ENVELOPE_OK);
    else
        assert_true(sodium_is_zero(signature, sizeof signature));
    if (!is_read(text, len))
        fail_msg("not read: %s", text);
}

static void test_every_letter_opens_and_is_read(void **state)
{
    const cJSON *row, *letters = cJSON_GetObjectItem(v.json, "letters");
    (void)state;
    assert_true(cJSON_GetArraySize(letters) >= 18);
    cJSON_ArrayForEach(row, letters) check_letter(row);
}

static void test_a_subscription_is_named_by_the_hash_of_its_secret(void **state)
{
    uint8_t auth[PUSH_OFFER_AUTH], hash[MESSAGE_HASH];
    char hex[2 * MESSAGE_HASH + 1];
    const cJSON *row;
    size_t found = 0;
    (void)state;
    vectors_hex(vectors_text(v.json, "auth"), auth, sizeof auth);
    push_offer_auth_hash(auth, hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(v.json, "letters"))
    {
        const char *text = vectors_text(row, "text");
        found += strstr(text, "\"subscribed\"") && strstr(text, hex);
    }
    assert_int_equal(found, 1);
}

static void test_texts_are_read_or_refused(void **state)
{
    const cJSON *row, *texts = cJSON_GetObjectItem(v.json, "texts");
    (void)state;
    assert_true(cJSON_GetArraySize(texts) >= 110);
    cJSON_ArrayForEach(row, texts)
    {
        const char *text = vectors_text(row, "text"), *why = "";
        struct message m;
        bool good = message_read(&m, text, strlen(text), &why) == 0;
        if (good != cJSON_IsTrue(cJSON_GetObjectItem(row, "good")))
            fail_msg("%s: %s %s", vectors_text(row, "why"), good ? "read" : "refused:", why);
    }
}

static void test_what_kiosk_and_relay_are_asked_is_read_or_refused(void **state)
{
    const cJSON *row, *asked = cJSON_GetObjectItem(v.json, "asked");
    (void)state;
    assert_true(cJSON_GetArraySize(asked) >= 115);
    cJSON_ArrayForEach(row, asked)
    {
        const char *text = vectors_text(row, "text");
        bool good = is_read(text, strlen(text));
        if (good != cJSON_IsTrue(cJSON_GetObjectItem(row, "good")))
            fail_msg("%s: %s", vectors_text(row, "why"), good ? "read" : "refused");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_roots_certificates),
        cmocka_unit_test(test_a_proof_is_made_and_read),
        cmocka_unit_test(test_twisted_proofs_are_refused),
        cmocka_unit_test(test_an_offer_is_made_byte_for_byte),
        cmocka_unit_test(test_the_report_of_a_test_is_made_byte_for_byte),
        cmocka_unit_test(test_twisted_reports_are_refused),
        cmocka_unit_test(test_an_address_that_is_gone_is_said_byte_for_byte),
        cmocka_unit_test(test_every_letter_opens_and_is_read),
        cmocka_unit_test(test_a_subscription_is_named_by_the_hash_of_its_secret),
        cmocka_unit_test(test_texts_are_read_or_refused),
        cmocka_unit_test(test_what_kiosk_and_relay_are_asked_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
