#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"
#include "kiosk/core/staff_box.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char id_text[] = "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66";

/* Every kind, with all that it can carry at its longest. */
static struct message message_longest(enum message_kind kind)
{
    struct message m = {
        .kind = kind,
        .epoch = (UINT64_C(1) << 53) - 1,
        .seq = (UINT64_C(1) << 53) - 1,
        .at = "2026-11-22T18:33:04Z",
        .age_ms = (INT64_C(1) << 53) - 1,
        .drill = false,
        .resumed = false,
        .detail = "abcdefghijklmnopqrstuvw",
    };
    assert_int_equal(message_id_read(&m.id, id_text), 0);
    if (kind == MSG_STATE) {
        m.state = ALERT_LOCKDOWN;
        m.unconfirmed = false;
        memset(m.nonce, 0xa5, sizeof m.nonce);
        m.detail[0] = '\0'; /* it says what is true now */
    }
    if (kind == MSG_DRILL_REPORT)
        m.seen = m.safe = m.rang = UINT32_MAX;
    if (kind == MSG_COUNTS) {
        m.seen = m.safe = m.help = m.of = m.rang = m.phones = UINT32_MAX;
        m.age_ms = -1;
        m.detail[0] = '\0';
    }
    if (kind == MSG_ONLINE || kind == MSG_LOST)
        m.connection = (UINT64_C(1) << 53) - 1;
    if (kind == MSG_BEAT || kind == MSG_RING || kind == MSG_PING) {
        m.age_ms = -1; /* not on the wire */
        m.detail[0] = '\0';
    }
    if (kind == MSG_BEAT || kind == MSG_PING)
        memset(&m.id, 0, sizeof m.id);
    if (kind == MSG_PING) {
        m.newest[FRESHNESS_RING] = 77;
        m.rang = m.phones = m.month = UINT32_MAX;
        m.dropped = (UINT64_C(1) << 53) - 1;
        m.month_known = true;
        m.at[0] = '\0';
        m.echo_count = 1;
    }
    if (kind == MSG_BEAT) {
        m.up_ms = (UINT64_C(1) << 53) - 1;
        for (size_t i = 0; i < FRESHNESS_GROUPS; i++)
            m.newest[i] = (UINT64_C(1) << 53) - 1 - i;
        m.echo_count = FRESHNESS_ECHO_MAX;
    }
    for (size_t i = 0; i < m.echo_count; i++)
        memset(m.echo[i], 0xe0 + (int)i, sizeof m.echo[i]);
    if (kind == MSG_RING) {
        m.on = true;
        memset(&m.staff, 0x77, sizeof m.staff);
    }
    if (kind >= MSG_SEEN)
        strcpy(m.account, "0123456789abcdef");
    if (kind >= MSG_CMD_LOCKDOWN)
        memset(m.nonce, 0x5a, sizeof m.nonce);
    if (kind == MSG_SUBSCRIBED || kind == MSG_VOUCHED)
        memset(m.hash, 0xc3, sizeof m.hash);
    if (kind == MSG_STATE || kind == MSG_ALL_CLEAR)
        m.proof_len = MESSAGE_PROOF_MAX;
    if (kind == MSG_CMD_ALL_CLEAR)
        m.proof_len = 64;
    memset(m.proof, 0xff, m.proof_len);
    return m;
}

static void assert_same(const struct message *a, const struct message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_memory_equal(&a->id, &b->id, sizeof a->id);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->seq, b->seq);
    assert_string_equal(a->at, b->at);
    assert_int_equal(a->age_ms, b->age_ms);
    assert_int_equal(a->drill, b->drill);
    assert_int_equal(a->resumed, b->resumed);
    assert_string_equal(a->detail, b->detail);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->unconfirmed, b->unconfirmed);
    assert_int_equal(a->seen, b->seen);
    assert_int_equal(a->safe, b->safe);
    assert_int_equal(a->help, b->help);
    assert_int_equal(a->of, b->of);
    assert_int_equal(a->rang, b->rang);
    assert_int_equal(a->phones, b->phones);
    assert_int_equal(a->month, b->month);
    assert_int_equal(a->month_known, b->month_known);
    assert_int_equal(a->dropped, b->dropped);
    assert_memory_equal(a->nonce, b->nonce, sizeof a->nonce);
    assert_int_equal(a->proof_len, b->proof_len);
    assert_memory_equal(a->proof, b->proof, a->proof_len);
    assert_int_equal(a->connection, b->connection);
    assert_string_equal(a->account, b->account);
    assert_int_equal(a->up_ms, b->up_ms);
    assert_int_equal(a->synced, b->synced);
    assert_memory_equal(a->newest, b->newest, sizeof a->newest);
    assert_int_equal(a->echo_count, b->echo_count);
    assert_memory_equal(a->echo, b->echo, sizeof a->echo);
    assert_int_equal(a->on, b->on);
    assert_memory_equal(&a->staff, &b->staff, sizeof a->staff);
}

/* What staff read, at its longest, fits into their box, and comes back. */
static void test_what_staff_read_fits_into_its_box(void **state)
{
    (void)state;
    for (enum message_kind k = MSG_DOOR; k <= MSG_COUNTS; k++) {
        struct message m = message_longest(k), back;
        char text[STAFF_BOX_TEXT_MAX + 1];
        const char *why;
        m.epoch = m.seq = 0;
        int len = message_write_boxed(&m, text, sizeof text);
        if (len < 0)
            fail_msg("%s: %s", message_kind_name(k), strerror(errno));
        assert_int_equal(message_read(&back, text, (size_t)len, &why), 0);
        assert_same(&back, &m);
    }
}

static void test_every_kind_comes_back_and_fits(void **state)
{
    (void)state;
    for (enum message_kind k = 0; k < MSG_KINDS; k++) {
        struct message m = message_longest(k), back;
        char text[ENVELOPE_CLEAR_MAX + 1];
        const char *why = NULL;
        int len =
            message_write(&m, text, message_is_clear(k) ? sizeof text : ENVELOPE_TEXT_MAX + 1);
        if (len < 0)
            fail_msg("%s: %s", message_kind_name(k), strerror(errno));
        assert_int_equal(len, strlen(text));
        if (message_read(&back, text, (size_t)len, &why) < 0)
            fail_msg("%s: %s: %s", message_kind_name(k), why, text);
        assert_same(&m, &back);
    }
}

static void test_nothing_known_comes_back_as_null(void **state)
{
    (void)state;
    struct message m = {.kind = MSG_STATE, .age_ms = -1}, back;
    char text[ENVELOPE_TEXT_MAX + 1];
    const char *why;
    int len = message_write(&m, text, sizeof text);
    assert_non_null(strstr(text, "\"id\":null"));
    assert_non_null(strstr(text, "\"at\":null"));
    assert_non_null(strstr(text, "\"age_ms\":null"));
    assert_non_null(strstr(text, "\"detail\":null"));
    assert_null(strstr(text, "proof"));
    assert_int_equal(message_read(&back, text, (size_t)len, &why), 0);
    assert_same(&m, &back);
}

static void test_a_written_message_has_these_bytes(void **state)
{
    (void)state;
    struct message m = {.kind = MSG_LOCKDOWN,
                        .epoch = 3,
                        .seq = 41,
                        .at = "2026-11-22T18:33:04Z",
                        .age_ms = 2,
                        .synced = true,
                        .up_ms = 1250};
    assert_int_equal(message_id_read(&m.id, id_text), 0);
    char text[ENVELOPE_TEXT_MAX + 1];
    message_write(&m, text, sizeof text);
    assert_string_equal(
        text, "{\"v\":2,\"kind\":\"lockdown\",\"id\":\"6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66\","
              "\"epoch\":3,\"seq\":41,\"at\":\"2026-11-22T18:33:04Z\",\"age_ms\":2,"
              "\"drill\":false,\"resumed\":false,\"detail\":null,\"synced\":true,\"up\":1250}");
    char small[100];
    assert_int_equal(message_write(&m, small, sizeof small), -1);
    assert_int_equal(errno, EMSGSIZE);
    size_t exact = strlen(text);
    assert_int_equal(message_write(&m, text, exact), -1);
    assert_int_equal(message_write(&m, text, exact + 1), (int)exact);
}

static void test_what_could_not_be_read_is_not_written(void **state)
{
    (void)state;
    char text[ENVELOPE_TEXT_MAX + 1];
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        struct message m = message_longest(MSG_ALL_CLEAR);                                         \
        assert_true(message_write(&m, text, sizeof text) > 0);                                     \
        change;                                                                                    \
        errno = 0;                                                                                 \
        assert_int_equal(message_write(&m, text, sizeof text), -1);                                \
        assert_int_equal(errno, EINVAL);                                                           \
    } while (0)
    REFUSED(m.epoch = UINT64_C(1) << 53);
    REFUSED(m.seq = UINT64_C(1) << 53);
    REFUSED(m.age_ms = -2);
    REFUSED(strcpy(m.at, "yesterday"));
    REFUSED(strcpy(m.detail, "Two words"));
    REFUSED(m.proof_len = MESSAGE_PROOF_MAX + 1);
    REFUSED(memset(&m.id, 0, sizeof m.id));
    REFUSED(m.kind = MSG_KINDS);
    REFUSED(m.kind = MSG_LOCKDOWN); /* which carries no proof */
    REFUSED({
        m.kind = MSG_SEEN;
        m.proof_len = 0; /* and no account */
    });
    REFUSED({
        m = message_longest(MSG_STATE);
        m.state = (enum alert_state)(ALERT_LOCKDOWN + 1);
    });
    REFUSED({
        m.kind = MSG_FAULT;
        m.proof_len = 0;
        m.detail[0] = '\0';
    });
#undef REFUSED
}

#define BEAT_HEAD       "{\"v\":2,\"kind\":\"beat\",\"epoch\":1,\"seq\":1,\"at\":null,"
#define BEAT_REST(echo) "\"up\":1,\"state\":0,\"staff\":0,\"ring\":0,\"echo\":" echo "}"

#define ALERT_REST                                                                                 \
    "\"epoch\":3,\"seq\":41,\"at\":null,\"age_ms\":null,\"drill\":false,\"resumed\":false,"        \
    "\"detail\":null}"
#define ALERT_ID    "\"id\":\"6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66\","
#define COUNTS_HEAD "{\"v\":2,\"kind\":\"counts\"," ALERT_ID "\"at\":null,"
#define STATE_HEAD                                                                                 \
    "{\"v\":2,\"kind\":\"state\",\"id\":null,\"epoch\":3,\"seq\":41,\"at\":null,\"age_ms\":null,"  \
    "\"drill\":false,\"resumed\":false,\"detail\":null,\"synced\":true,\"up\":5,"

static void test_broken_messages_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } table[] = {
        {"", "not one whole"},
        {"{", "not one whole"},
        {"{}x", "not one whole"},
        {"[]", "not a JSON object"},
        {"7", "not a JSON object"},
        {"{}", "v is missing"},
        {"{\"v\":1,\"kind\":\"lockdown\"}", "another version"},
        {"{\"v\":\"1\"}", "v is missing or not a number"},
        {"{\"v\":2}", "kind is missing"},
        {"{\"v\":2,\"kind\":\"party\"}", "kind is not known"},
        {"{\"v\":2,\"kind\":\"Lockdown\"}", "kind is not known"},
        {"{\"v\":2,\"kind\":\"lockdown\"}", "id is neither"},
        {"{\"v\":2,\"kind\":\"lockdown\",\"id\":5," ALERT_REST, "id is neither"},
        {"{\"v\":2,\"kind\":\"lockdown\",\"id\":\"6C1F\"," ALERT_REST, "id is neither"},
        {"{\"v\":2,\"kind\":\"lockdown\",\"id\":null," ALERT_REST, "id is null"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"kind\":\"beat\"," ALERT_REST, "twice"},
        {"{\"v\":2,\"kind\":\"lock\\u0000down\"," ALERT_ID ALERT_REST, "a zero"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"epoch\":-1,\"seq\":0}", "epoch"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"epoch\":1.5,\"seq\":0}", "epoch"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"epoch\":1,\"seq\":9007199254740992}", "seq"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"epoch\":1,\"seq\":1e999}", "seq"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"epoch\":1,\"seq\":1}", "at is"},
        {"{\"v\":2,\"kind\":\"lockdown\"," ALERT_ID "\"epoch\":1,\"seq\":1,\"at\":\"1970\"}",
         "at is"},
        {STATE_HEAD "\"state\":\"calm\"}", "state is not"},
        {STATE_HEAD "\"state\":\"quiet\",\"unconfirmed\":0}", "unconfirmed"},
        {COUNTS_HEAD "\"seen\":-1}", "seen"},
        {COUNTS_HEAD "\"seen\":4294967296,\"safe\":0}", "seen"},
        {COUNTS_HEAD "\"seen\":1,\"safe\":0}", "help"},
        {COUNTS_HEAD "\"seen\":1,\"safe\":0,\"help\":0,\"of\":9}", "rang"},
        {COUNTS_HEAD "\"seen\":1,\"safe\":0,\"help\":0,\"of\":9,\"rang\":1}", "phones"},
        {STATE_HEAD "\"state\":\"quiet\",\"unconfirmed\":false,\"nonce\":\"00\"}", "nonce"},
        {STATE_HEAD "\"state\":\"quiet\",\"unconfirmed\":false,"
                    "\"nonce\":\"00112233445566778899aabbccddeeff\",\"proof\":\"!\"}",
         "proof"},
        {"{\"v\":2,\"kind\":\"seen\"," ALERT_ID "\"epoch\":0,\"seq\":0}", "account"},
        {"{\"v\":2,\"kind\":\"seen\"," ALERT_ID "\"epoch\":0,\"seq\":0,\"account\":null}",
         "account"},
        {"{\"v\":2,\"kind\":\"seen\"," ALERT_ID "\"epoch\":0,\"seq\":0,\"account\":\"bob\"}",
         "account"},
        {"{\"v\":2,\"kind\":\"seen\"," ALERT_ID
         "\"epoch\":0,\"seq\":0,\"account\":\"0123456789abcdef\",\"drill\":\"no\"}",
         "drill"},
        {BEAT_HEAD "\"synced\":1," BEAT_REST("[]"), "synced"},
        {BEAT_HEAD "\"synced\":true,\"up\":-1}", "up"},
        {BEAT_HEAD "\"synced\":true,\"up\":1,\"state\":0,\"staff\":0,\"echo\":[]}", "ring"},
        {BEAT_HEAD "\"synced\":true," BEAT_REST("\"0011223344556677\""), "echo"},
        {BEAT_HEAD "\"synced\":true," BEAT_REST("[\"00112233445566778\"]"), "echo"},
        {BEAT_HEAD "\"synced\":true," BEAT_REST("[5]"), "echo"},
        {BEAT_HEAD "\"synced\":true," BEAT_REST("[5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5]"), "echo"},
        {"{\"v\":2,\"kind\":\"ring\",\"epoch\":1,\"seq\":1,\"at\":null,\"id\":null,\"on\":1}",
         "on is"},
        {"{\"v\":2,\"kind\":\"ring\",\"epoch\":1,\"seq\":1,\"at\":null,\"id\":null,\"on\":true}",
         "staff"},
        {"{\"v\":2,\"kind\":\"ping\",\"epoch\":0,\"seq\":0}", "ring"},
        {"{\"v\":2,\"kind\":\"ping\",\"epoch\":0,\"seq\":0,\"ring\":0,\"nonce\":"
         "\"0011223344556677889900aabbccddee\"}",
         "nonce"},
        {"{\"v\":2,\"kind\":\"ping\",\"epoch\":0,\"seq\":0,\"ring\":0,\"phones\":5}", "rang"},
        {"{\"v\":2,\"kind\":\"ping\",\"epoch\":0,\"seq\":0,\"ring\":0,\"nonce\":"
         "\"0011223344556677\",\"rang\":1,\"phones\":5,\"month\":-1}",
         "month"},
    };
    EACH_ROW (i, table, table[i].text) {
        struct message m;
        const char *why = NULL;
        if (message_read(&m, table[i].text, strlen(table[i].text), &why) == 0)
            fail_msg("accepted: %s", table[i].text);
        if (why == NULL || strstr(why, table[i].why) == NULL)
            fail_msg("%s: \"%s\" instead of \"%s\"", table[i].text, why, table[i].why);
    }
}

static void test_unknown_keys_are_ignored_and_letters_may_be_short(void **state)
{
    (void)state;
    static const char letter[] = "{\"v\":2,\"kind\":\"seen\"," ALERT_ID
                                 "\"epoch\":0,\"seq\":0,\"account\":\"0123456789abcdef\","
                                 "\"new\":[{\"deep\":1}]}";
    struct message m;
    const char *why;
    assert_int_equal(message_read(&m, letter, strlen(letter), &why), 0);
    assert_int_equal(m.kind, MSG_SEEN);
    assert_int_equal(m.age_ms, -1);
    assert_string_equal(m.account, "0123456789abcdef");
    assert_string_equal(m.detail, "");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_staff_read_fits_into_its_box),
        cmocka_unit_test(test_every_kind_comes_back_and_fits),
        cmocka_unit_test(test_nothing_known_comes_back_as_null),
        cmocka_unit_test(test_a_written_message_has_these_bytes),
        cmocka_unit_test(test_what_could_not_be_read_is_not_written),
        cmocka_unit_test(test_broken_messages_are_refused_with_a_reason),
        cmocka_unit_test(test_unknown_keys_are_ignored_and_letters_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
