#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/command.h"
#include "tests/unit/rows.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char account[] = "0123456789abcdef", stranger[] = "fedcba9876543210";
static const struct alert_id alert = {{0xa1}}, earlier = {{0xe4}};

/* A kiosk with one staff phone, and a letter that it accepts; an attack changes something. */
struct bench {
    uint8_t root_public[32], root_secret[64];
    uint8_t kiosk_public[32], kiosk_secret[64];
    uint8_t staff_public[32], staff_secret[64];
    uint8_t other_public[32], other_secret[64];
    struct command_staff staff;
    struct command_check desk;
    struct envelope_place at;
    char topic[64];
    struct message message;
    const uint8_t *sealed_to, *signer;
    const char *on_account;
    bool retained;
};

static void pair(uint8_t label, uint8_t public[32], uint8_t secret[64])
{
    uint8_t seed[32];
    memset(seed, label, sizeof seed);
    crypto_sign_seed_keypair(public, secret, seed);
}

static void prove(struct bench *b, const uint8_t *secret)
{
    struct cert_clear clear = {
        .id = b->message.id, .epoch = b->message.epoch, .seq = b->message.seq};
    memcpy(clear.account, b->staff.account, sizeof clear.account);
    cert_clear_sign(&clear, b->desk.venue, b->desk.kiosk, secret, b->message.proof);
    b->message.proof_len = CERT_SIGNATURE;
}

static void bench_init(struct bench *b, enum message_kind kind)
{
    struct cert_staff cert;
    memset(b, 0, sizeof *b);
    pair(1, b->root_public, b->root_secret);
    pair(2, b->kiosk_public, b->kiosk_secret);
    pair(3, b->staff_public, b->staff_secret);
    pair(4, b->other_public, b->other_secret);
    memset(b->desk.venue, 0x11, ENVELOPE_ID);
    memset(b->desk.kiosk, 0x22, ENVELOPE_ID);
    sodium_hex2bin(b->staff.account, ENVELOPE_ID, account, 16, NULL, NULL, NULL);
    memcpy(cert.venue, b->desk.venue, ENVELOPE_ID);
    memcpy(cert.account, b->staff.account, ENVELOPE_ID);
    memcpy(cert.public, b->staff_public, 32);
    memcpy(b->staff.cert, b->staff_public, 32);
    cert_staff_sign(&cert, b->root_secret, b->staff.cert + 32);
    b->desk.kiosk_public = b->kiosk_public;
    b->desk.kiosk_secret = b->kiosk_secret;
    b->desk.root_public = b->root_public;
    b->desk.staff = &b->staff;
    b->desk.staff_count = 1;
    memset(b->desk.nonce, 0x5a, sizeof b->desk.nonce);
    b->desk.epoch = 4;
    b->desk.seq = 100;
    b->desk.standing = alert;
    snprintf(b->topic, sizeof b->topic, "porchlight/venue/kiosk/command/%s", account);
    memcpy(b->at.venue, b->desk.venue, ENVELOPE_ID);
    memcpy(b->at.kiosk, b->desk.kiosk, ENVELOPE_ID);
    b->at.topic = b->topic;
    b->message = (struct message){.kind = kind, .id = alert, .epoch = 4, .seq = 99, .age_ms = -1};
    memcpy(b->message.nonce, b->desk.nonce, sizeof b->message.nonce);
    memcpy(b->message.account, account, sizeof account);
    b->sealed_to = b->kiosk_public;
    b->signer = b->staff_secret;
    b->on_account = account;
    if (kind == MSG_CMD_ALL_CLEAR)
        prove(b, b->staff_secret);
}

static enum command_result try_wire(const struct bench *b, const uint8_t *wire, size_t len,
                                    struct command *c)
{
    return command_read(&b->desk, b->topic, b->on_account, b->retained, wire, len, c);
}

static enum command_result try(const struct bench *b, struct command *c)
{
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t wire[ENVELOPE_SIZE];
    int len = message_write(&b->message, text, sizeof text);
    assert_true(len > 0);
    assert_int_equal(envelope_letter_seal(&b->at, b->sealed_to, b->signer, text, (size_t)len, wire),
                     ENVELOPE_OK);
    return try_wire(b, wire, sizeof wire, c);
}

static void test_every_command_is_accepted(void **state)
{
    (void)state;
    static const enum alert_command meant[] = {ALERT_CMD_LOCKDOWN, ALERT_CMD_CAUTION,
                                               ALERT_CMD_ALL_CLEAR, ALERT_CMD_DRILL,
                                               ALERT_CMD_ABORT};
    for (enum message_kind k = MSG_CMD_LOCKDOWN; k <= MSG_CMD_ABORT; k++) {
        struct bench b;
        struct command c;
        bench_init(&b, k);
        assert_int_equal(try(&b, &c), COMMAND_ACCEPTED);
        assert_int_equal(c.command, meant[k - MSG_CMD_LOCKDOWN]);
        assert_string_equal(c.account, account);
        assert_memory_equal(&c.id, &alert, sizeof alert);
        assert_int_equal(c.proof_len, k == MSG_CMD_ALL_CLEAR ? CERT_PROOF : 0);
    }
}

static void test_an_accepted_all_clear_convinces_phones(void **state)
{
    (void)state;
    struct bench b;
    struct command c;
    struct cert_clear clear;
    bench_init(&b, MSG_CMD_ALL_CLEAR);
    assert_int_equal(try(&b, &c), COMMAND_ACCEPTED);
    assert_true(
        cert_proof_read(&clear, b.desk.venue, b.desk.kiosk, b.root_public, c.proof, c.proof_len));
    assert_memory_equal(&clear.id, &alert, sizeof alert);
    assert_int_equal(clear.epoch, 4);
    assert_int_equal(clear.seq, 99);
}

/* --- attacks --------------------------------------------------------------------------------- */

static void kept_by_a_broker(struct bench *b)
{
    b->retained = true;
}
static void with_a_used_nonce(struct bench *b)
{
    b->desk.nonce[15] ^= 1;
}
static void by_a_stranger(struct bench *b)
{
    b->signer = b->other_secret;
}
static void by_the_kiosk_itself(struct bench *b)
{
    b->signer = b->kiosk_secret;
}
static void unsigned_letter(struct bench *b)
{
    b->signer = NULL;
}
static void sealed_to_another_kiosk(struct bench *b)
{
    b->sealed_to = b->other_public;
}
static void signed_for_another_kiosk(struct bench *b)
{
    b->at.kiosk[0] ^= 1;
}
static void signed_for_another_venue(struct bench *b)
{
    b->at.venue[0] ^= 1;
}
static void signed_for_another_topic(struct bench *b)
{
    b->at.topic = "porchlight/venue/kiosk/ack/0123456789abcdef";
}
static void on_a_strangers_topic(struct bench *b)
{
    b->on_account = stranger;
}
static void by_an_account_without_certificate(struct bench *b)
{
    b->on_account = stranger;
    memcpy(b->message.account, stranger, sizeof stranger);
}
static void by_a_phone_taken_back(struct bench *b)
{
    b->desk.staff_count = 0;
}
static void that_is_an_answer(struct bench *b)
{
    b->message.kind = MSG_SEEN;
    b->message.proof_len = 0;
}
static void that_is_the_kiosks_own_word(struct bench *b)
{
    b->message.kind = MSG_ALL_CLEAR;
    b->message.proof_len = 0;
}

static const struct {
    const char *name;
    void (*change)(struct bench *b);
    enum command_result result;
} attacks[] = {
    {"kept by a broker", kept_by_a_broker, COMMAND_RETAINED},
    {"with a used nonce", with_a_used_nonce, COMMAND_REPLAYED},
    {"by a stranger", by_a_stranger, COMMAND_FORGED},
    {"by the kiosk itself", by_the_kiosk_itself, COMMAND_FORGED},
    {"unsigned", unsigned_letter, COMMAND_FORGED},
    {"sealed to another kiosk", sealed_to_another_kiosk, COMMAND_FOREIGN},
    {"signed for another kiosk", signed_for_another_kiosk, COMMAND_FORGED},
    {"signed for another venue", signed_for_another_venue, COMMAND_FORGED},
    {"signed for another topic", signed_for_another_topic, COMMAND_FORGED},
    {"on a stranger's topic", on_a_strangers_topic, COMMAND_FORGED},
    {"without certificate", by_an_account_without_certificate, COMMAND_UNKNOWN},
    {"by a phone taken back", by_a_phone_taken_back, COMMAND_UNKNOWN},
    {"an answer", that_is_an_answer, COMMAND_MALFORMED},
    {"the kiosk's own word", that_is_the_kiosks_own_word, COMMAND_MALFORMED},
};

static void test_attacks_are_refused_by_name(void **state)
{
    (void)state;
    for (enum message_kind k = MSG_CMD_LOCKDOWN; k <= MSG_CMD_ABORT; k++) {
        EACH_ROW (i, attacks, attacks[i].name) {
            struct bench b;
            struct command c, before;
            memset(&c, 0x77, sizeof c);
            before = c;
            bench_init(&b, k);
            attacks[i].change(&b);
            enum command_result got = try(&b, &c);
            if (got != attacks[i].result)
                fail_msg("%s, %s: %s", message_kind_name(k), attacks[i].name,
                         command_result_name(got));
            assert_memory_equal(&c, &before, sizeof c);
        }
    }
}

static void no_proof(struct bench *b)
{
    b->message.proof_len = 0;
}
static void proof_of_another_key(struct bench *b)
{
    prove(b, b->other_secret);
}
static void proof_of_another_alert(struct bench *b)
{
    b->message.id = earlier;
    prove(b, b->staff_secret);
    b->message.id = alert;
}
static void proof_of_a_state_to_come(struct bench *b)
{
    b->message.seq = 101;
    prove(b, b->staff_secret);
}
static void proof_of_an_epoch_to_come(struct bench *b)
{
    b->message.epoch = 5;
    b->message.seq = 0;
    prove(b, b->staff_secret);
}
static void proof_that_is_a_whole_one(struct bench *b)
{
    b->message.proof_len = CERT_PROOF;
}
static void of_an_earlier_alert(struct bench *b)
{
    b->message.id = earlier;
    prove(b, b->staff_secret);
}
static void of_no_alert(struct bench *b)
{
    memset(&b->message.id, 0, sizeof b->message.id);
    prove(b, b->staff_secret);
}
static void of_a_root_that_is_not_ours(struct bench *b)
{
    b->desk.root_public = b->other_public;
}

static void test_an_end_needs_its_proof_and_its_alert(void **state)
{
    (void)state;
    static const struct {
        void (*change)(struct bench *b);
        enum command_result result;
    } table[] = {
        {no_proof, COMMAND_FORGED},
        {proof_of_another_key, COMMAND_FORGED},
        {proof_of_another_alert, COMMAND_FORGED},
        {proof_of_a_state_to_come, COMMAND_FORGED},
        {proof_of_an_epoch_to_come, COMMAND_FORGED},
        {proof_that_is_a_whole_one, COMMAND_FORGED},
        {of_an_earlier_alert, COMMAND_STALE},
        {of_no_alert, COMMAND_STALE},
        {of_a_root_that_is_not_ours, COMMAND_FORGED},
    };
    EACH_ROW (i, table, NULL) {
        struct bench b;
        struct command c;
        bench_init(&b, MSG_CMD_ALL_CLEAR);
        table[i].change(&b);
        enum command_result got = try(&b, &c);
        if (got != table[i].result)
            fail_msg("row %zu: %s", i, command_result_name(got));
    }
}

static void test_an_abort_of_another_alert_is_stale(void **state)
{
    (void)state;
    struct bench b;
    struct command c;
    bench_init(&b, MSG_CMD_ABORT);
    b.message.id = earlier;
    assert_int_equal(try(&b, &c), COMMAND_STALE);
    memset(&b.message.id, 0, sizeof b.message.id); /* of a wipe's grace, say */
    assert_int_equal(try(&b, &c), COMMAND_ACCEPTED);
}

static void test_what_is_no_letter_is_malformed(void **state)
{
    (void)state;
    struct bench b;
    struct command c;
    uint8_t wire[ENVELOPE_SIZE + 1] = {ENVELOPE_VERSION, 1};
    static const char plain[] = "{\"v\":2,\"kind\":\"command-lockdown\"}";
    bench_init(&b, MSG_CMD_LOCKDOWN);
    assert_int_equal(try_wire(&b, wire, 0, &c), COMMAND_MALFORMED);
    assert_int_equal(try_wire(&b, wire, ENVELOPE_SIZE, &c), COMMAND_MALFORMED);
    assert_int_equal(try_wire(&b, wire, ENVELOPE_SIZE + 1, &c), COMMAND_MALFORMED);
    assert_int_equal(try_wire(&b, (const uint8_t *)plain, sizeof plain - 1, &c), COMMAND_MALFORMED);
    wire[1] = 2;
    assert_int_equal(try_wire(&b, wire, ENVELOPE_SIZE, &c), COMMAND_FOREIGN);
    assert_int_equal(envelope_letter_seal(&b.at, b.kiosk_public, b.staff_secret, "{}", 2, wire),
                     ENVELOPE_OK);
    assert_int_equal(try_wire(&b, wire, ENVELOPE_SIZE, &c), COMMAND_MALFORMED);
}

static void test_staff_are_vouched_for(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, MSG_CMD_DRILL);
    assert_true(command_staff_check(&b.staff, b.desk.venue, b.root_public));
    assert_false(command_staff_check(&b.staff, b.desk.venue, b.other_public));
    assert_false(command_staff_check(&b.staff, b.desk.kiosk, b.root_public));
    b.staff.account[0] ^= 1;
    assert_false(command_staff_check(&b.staff, b.desk.venue, b.root_public));
}

static void test_every_result_has_a_name(void **state)
{
    (void)state;
    for (int r = 0; r < COMMAND_RESULTS; r++)
        assert_string_not_equal(command_result_name((enum command_result)r), "unknown");
    assert_string_equal(command_result_name(COMMAND_RESULTS), "unknown");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_command_is_accepted),
        cmocka_unit_test(test_an_accepted_all_clear_convinces_phones),
        cmocka_unit_test(test_attacks_are_refused_by_name),
        cmocka_unit_test(test_an_end_needs_its_proof_and_its_alert),
        cmocka_unit_test(test_an_abort_of_another_alert_is_stale),
        cmocka_unit_test(test_what_is_no_letter_is_malformed),
        cmocka_unit_test(test_staff_are_vouched_for),
        cmocka_unit_test(test_every_result_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
