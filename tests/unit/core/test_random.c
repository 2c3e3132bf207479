#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/command.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"
#include "kiosk/core/view.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* What comes from outside, changed at random: nothing of it crashes (the sanitizers watch), nothing
 * tampered with is believed, and what is read can be written and read again. The seed is fixed, so
 * that a failure comes back; it is printed with the round. */

enum { ROUNDS = 100000, LETTERS = 4000, TEXT = 1024 };

static uint64_t dice_state;

/* xorshift64*: quick, and the same everywhere. */
static uint32_t dice(uint32_t sides)
{
    dice_state ^= dice_state >> 12;
    dice_state ^= dice_state << 25;
    dice_state ^= dice_state >> 27;
    return (uint32_t)((dice_state * UINT64_C(0x2545F4914F6CDD1D)) >> 32) % sides;
}

/* --- mutations ------------------------------------------------------------------------------- */

static const char *const pieces[] = {
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "false",
    "-1",
    "0",
    "1e999",
    "1.5",
    "1e2",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\\",
    "\"v\":2,",
    "\"kind\":\"state\",",
    "\"kind\":\"command-all-clear\",",
    "\"id\":null,",
    "\"account\":\"0123456789abcdef\",",
    "\"proof\":\"AAAA\",",
    "\"nonce\":\"00\",",
    "\xff",
    "\xc3",
    "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66",
    "2026-11-22T18:33:04Z",
    "lockdown",
    "unconfirmed",
};

static size_t splice(char *text, size_t len, const char *piece, size_t piece_len)
{
    size_t at = dice((uint32_t)len + 1);
    if (len + piece_len > TEXT)
        return len;
    memmove(text + at + piece_len, text + at, len - at);
    memcpy(text + at, piece, piece_len);
    return len + piece_len;
}

static size_t mutate_once(char *text, size_t len)
{
    char copy[64];
    size_t at, n;
    if (len == 0)
        return splice(text, len, "{", 1);
    at = dice((uint32_t)len);
    switch (dice(6)) {
    case 0: /* a bit */
        text[at] = (char)(text[at] ^ (1 << dice(8)));
        return len;
    case 1: /* any byte */
        text[at] = (char)dice(256);
        return len;
    case 2: /* a hole */
        n = dice(16) + 1;
        n = n < len - at ? n : len - at;
        memmove(text + at, text + at + n, len - at - n);
        return len - n;
    case 3: /* a piece of JSON */
        n = dice(sizeof pieces / sizeof pieces[0]);
        return splice(text, len, pieces[n], strlen(pieces[n]));
    case 4: /* a piece of itself */
        n = dice(sizeof copy);
        n = n < len - at ? n : len - at;
        memcpy(copy, text + at, n);
        return splice(text, len, copy, n);
    default: /* the end is missing */
        return dice(4) == 0 ? at : len;
    }
}

static size_t mutate(char *text, size_t len)
{
    for (uint32_t n = dice(4) + 1; n > 0; n--)
        len = mutate_once(text, len);
    return len;
}

static struct message message_any(void)
{
    struct message m = {.kind = (enum message_kind)dice(MSG_KINDS),
                        .epoch = dice(3) ? dice(9) : (UINT64_C(1) << 53) - 1,
                        .seq = dice(1000),
                        .age_ms = (int64_t)dice(3) - 1,
                        .drill = dice(2),
                        .resumed = dice(2)};
    bool lasting = m.kind == MSG_STATE || m.kind == MSG_ALL_CLEAR;
    memset(m.id.bytes, (int)dice(255) + 1, sizeof m.id.bytes);
    strcpy(m.at, dice(2) ? "2026-11-22T18:33:04Z" : "");
    strcpy(m.detail, dice(2) || m.kind == MSG_DOOR || m.kind == MSG_FAULT ? "unconfirmed" : "");
    if (m.kind >= MSG_SEEN)
        strcpy(m.account, "0123456789abcdef");
    m.echo_count = m.kind == MSG_PING ? 1 : m.kind == MSG_BEAT ? dice(FRESHNESS_ECHO_MAX + 1) : 0;
    m.state = (enum alert_state)dice(3);
    m.unconfirmed = dice(2);
    m.seen = dice(UINT32_MAX);
    m.safe = dice(100);
    m.help = dice(100);
    m.of = dice(100);
    m.rang = dice(100);
    m.phones = dice(100);
    m.month_known = m.kind == MSG_PING && m.phones > 0 && dice(2);
    m.month = m.month_known ? dice(100) : 0;
    m.dropped = m.kind == MSG_PING ? dice(100) : 0;
    if (lasting && dice(2))
        m.proof_len = MESSAGE_PROOF_MAX;
    else if (m.kind == MSG_CMD_ALL_CLEAR)
        m.proof_len = CERT_SIGNATURE;
    for (size_t i = 0; i < m.proof_len; i++)
        m.proof[i] = (uint8_t)dice(256);
    for (size_t i = 0; i < sizeof m.nonce; i++)
        m.nonce[i] = (uint8_t)dice(256);
    return m;
}

/* --- properties
 * ----------------------------------------------------------------------------------- */

static void test_what_is_read_can_be_written_and_read_again(void **state)
{
    (void)state;
    int accepted = 0;
    dice_state = 0x9e3779b97f4a7c15;
    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT + 1], again[TEXT + 1], third[TEXT + 1];
        const char *why = NULL;
        struct message m = message_any(), back;
        int len = message_write(&m, text, sizeof text);
        assert_true(len > 0);
        size_t changed = mutate(text, (size_t)len);
        if (message_read(&m, text, changed, &why) < 0) {
            assert_non_null(why);
            continue;
        }
        accepted++;
        int first = message_write(&m, again, sizeof again);
        if (first < 0 || message_read(&back, again, (size_t)first, &why) < 0)
            fail_msg("round %d: read, but not written and read again: %.*s", round, (int)changed,
                     text);
        assert_int_equal(message_write(&back, third, sizeof third), first);
        assert_string_equal(again, third);
    }
    assert_in_range(accepted, ROUNDS / 50, ROUNDS / 2); /* the mutations hit something */
}

static void test_no_changed_broadcast_is_believed(void **state)
{
    (void)state;
    uint8_t key[ENVELOPE_KEY] = {1}, public[32], secret[64], seed[32] = {2}, nonce[24] = {3};
    uint8_t whole[ENVELOPE_SIZE];
    struct envelope_place at = {.topic = "porchlight/v/k/alert", .epoch = 3, .seq = 4};
    static const char said[] = "{\"v\":2}";
    crypto_sign_seed_keypair(public, secret, seed);
    assert_int_equal(envelope_seal(&at, key, secret, nonce, said, sizeof said - 1, whole),
                     ENVELOPE_OK);
    dice_state = 0x853c49e6748fea9b;
    for (int round = 0; round < ROUNDS; round++) {
        char wire[TEXT + 1], text[ENVELOPE_TEXT_MAX + 1];
        struct envelope_place found = at;
        size_t len;
        memcpy(wire, whole, sizeof whole);
        size_t size = mutate(wire, sizeof whole);
        if (size == sizeof whole && memcmp(wire, whole, size) == 0)
            continue;
        if (envelope_open(&found, key, public, (const uint8_t *)wire, size, text, &len) ==
            ENVELOPE_OK)
            fail_msg("round %d: a changed envelope was opened", round);
    }
}

struct letters {
    struct command_check desk;
    struct command_staff staff;
    uint8_t root_public[32], root_secret[64];
    uint8_t kiosk_public[32], kiosk_secret[64], staff_secret[64];
    struct envelope_place at;
};

static const char account[] = "0123456789abcdef";

static void letters_init(struct letters *l)
{
    struct cert_staff cert = {.account = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}};
    uint8_t seed[32] = {1};
    memset(l, 0, sizeof *l);
    crypto_sign_seed_keypair(l->root_public, l->root_secret, seed);
    seed[0] = 2;
    crypto_sign_seed_keypair(l->kiosk_public, l->kiosk_secret, seed);
    seed[0] = 3;
    crypto_sign_seed_keypair(cert.public, l->staff_secret, seed);
    memcpy(l->staff.account, cert.account, sizeof cert.account);
    memcpy(l->staff.cert, cert.public, sizeof cert.public);
    cert_staff_sign(&cert, l->root_secret, l->staff.cert + 32);
    l->desk = (struct command_check){.kiosk_public = l->kiosk_public,
                                     .kiosk_secret = l->kiosk_secret,
                                     .root_public = l->root_public,
                                     .staff = &l->staff,
                                     .staff_count = 1,
                                     .epoch = 6,
                                     .seq = 2000};
    l->at.topic = "porchlight/v/k/command/0123456789abcdef";
}

static void prove(const struct letters *l, struct message *m)
{
    struct cert_clear clear = {.id = m->id, .epoch = m->epoch, .seq = m->seq};
    memcpy(clear.account, l->staff.account, sizeof clear.account);
    cert_clear_sign(&clear, l->desk.venue, l->desk.kiosk, l->staff_secret, m->proof);
}

/* A member with a right account, the kiosk's public key and no staff key writes what it likes. */
static void test_no_letter_without_the_staff_key_commands(void **state)
{
    (void)state;
    struct letters l;
    letters_init(&l);
    dice_state = 0xda3e39cb94b95bdb;
    for (int round = 0; round < LETTERS; round++) {
        char text[TEXT + 1];
        uint8_t wire[ENVELOPE_SIZE];
        struct command c;
        struct message m = message_any();
        memcpy(m.nonce, l.desk.nonce, sizeof m.nonce);
        int len = message_write(&m, text, sizeof text);
        size_t changed = dice(2) ? (size_t)len : mutate(text, (size_t)len);
        if (changed > ENVELOPE_LETTER_MAX)
            changed = ENVELOPE_LETTER_MAX;
        const uint8_t *signer = dice(2) ? l.kiosk_secret : NULL;
        assert_int_equal(envelope_letter_seal(&l.at, l.kiosk_public, signer, text, changed, wire),
                         ENVELOPE_OK);
        if (command_read(&l.desk, l.at.topic, account, false, wire, sizeof wire, &c) ==
            COMMAND_ACCEPTED)
            fail_msg("round %d: accepted %.*s", round, (int)changed, text);
    }
}

/* A staff phone that has gone wrong, or into wrong hands, signs anything: what is accepted is a
 * whole command with the current nonce, and an end always has a proof that phones believe. */
static void test_what_a_staff_key_signs_is_still_judged(void **state)
{
    (void)state;
    struct letters l;
    int accepted = 0, ends = 0;
    letters_init(&l);
    dice_state = 0x2545f4914f6cdd1d;
    for (int round = 0; round < LETTERS; round++) {
        char text[TEXT + 1];
        uint8_t wire[ENVELOPE_SIZE];
        struct command c;
        struct cert_clear clear;
        struct message m = message_any();
        if (m.kind < MSG_SEEN) {
            m.kind = dice(2) ? MSG_CMD_CAUTION : MSG_CMD_ALL_CLEAR;
            m.proof_len = m.kind == MSG_CMD_ALL_CLEAR ? CERT_SIGNATURE : 0;
            strcpy(m.account, account);
        }
        if (m.kind == MSG_CMD_ALL_CLEAR && dice(2))
            prove(&l, &m);
        if (dice(4))
            memcpy(m.nonce, l.desk.nonce, sizeof m.nonce);
        l.desk.standing = m.id;
        int len = message_write(&m, text, sizeof text);
        assert_true(len > 0);
        size_t changed = dice(2) ? (size_t)len : mutate(text, (size_t)len);
        if (changed > ENVELOPE_LETTER_MAX)
            changed = ENVELOPE_LETTER_MAX;
        assert_int_equal(
            envelope_letter_seal(&l.at, l.kiosk_public, l.staff_secret, text, changed, wire),
            ENVELOPE_OK);
        if (dice(8) == 0)
            wire[dice(sizeof wire)] ^= (uint8_t)(1u << dice(8));
        if (command_read(&l.desk, l.at.topic, account, false, wire, sizeof wire, &c) !=
            COMMAND_ACCEPTED)
            continue;
        accepted++;
        assert_string_equal(c.account, account);
        if (c.command != ALERT_CMD_ALL_CLEAR)
            continue;
        ends++;
        assert_true(cert_proof_read(&clear, l.desk.venue, l.desk.kiosk, l.root_public, c.proof,
                                    c.proof_len));
    }
    assert_in_range(accepted, LETTERS / 10, LETTERS);
    assert_in_range(ends, 50, LETTERS / 2);
}

/* Whatever a kiosk's key says, in whatever order: a real lockdown leaves the screen of a phone only
 * with staff's proof, and quiet is shown only with a fresh sign of life. */
static void test_no_word_of_a_kiosk_alone_hides_a_lockdown(void **state)
{
    (void)state;
    const struct view_rules r = {VIEW_LOST_AFTER, VIEW_STALE_AFTER, VIEW_ALL_CLEAR_LASTS, 0, 0};
    struct view_kiosk v;
    int64_t now = 0;
    int ended = 0;
    view_init(&v);
    view_link(&v, true, 0);
    dice_state = 0x14057b7ef767814f;
    for (int round = 0; round < ROUNDS; round++) {
        struct message m = message_any();
        struct view_message w = {
            .message = &m, .retained = dice(4) == 0, .wall_age = dice(4) == 0 ? -1 : 0};
        bool was_locked = v.state == ALERT_LOCKDOWN && !v.drill;
        m.epoch = v.epoch + (dice(20) == 0);
        m.seq = v.live_next + dice(5) - (v.live_next > 2 ? dice(3) : 0);
        m.connection = dice(4);
        if (dice(2))
            strcpy(m.detail, "");
        if (dice(30) == 0) {
            w.proved = true;
            w.proved_id = v.alert.id;
            w.proved_epoch = v.epoch;
            w.proved_seq = m.seq > 0 ? m.seq - 1 : 0;
        }
        now += (int64_t)dice(3000) * 1000000;
        if (dice(50) == 0)
            view_link(&v, dice(2), now);
        view_step(&v, &r, &w, now);
        bool is_locked = v.state == ALERT_LOCKDOWN && !v.drill;
        if (was_locked && !is_locked && !w.proved)
            fail_msg("round %d: %s ended a lockdown", round, message_kind_name(m.kind));
        ended += was_locked && !is_locked;
        enum view_show show = view_look(&v, &r, now).show;
        if (is_locked)
            assert_in_range(show, VIEW_UNCONFIRMED, VIEW_LOCKDOWN);
        if (show < VIEW_RETIRED)
            assert_true(v.linked && now - v.life_at < VIEW_LOST_AFTER &&
                        now - v.state_at < VIEW_STALE_AFTER);
    }
    assert_in_range(ended, 50, ROUNDS);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read_can_be_written_and_read_again),
        cmocka_unit_test(test_no_changed_broadcast_is_believed),
        cmocka_unit_test(test_no_letter_without_the_staff_key_commands),
        cmocka_unit_test(test_what_a_staff_key_signs_is_still_judged),
        cmocka_unit_test(test_no_word_of_a_kiosk_alone_hides_a_lockdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
