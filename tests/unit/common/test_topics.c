#include "kiosk/common/topics.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char venue[] = "00112233445566ff", kiosk[] = "aabbccddeeff0011",
                  account[] = "0123456789abcdef";

static void names_every_topic(void **state)
{
    char out[TOPIC_NAME_MAX], who[TOPIC_ID_LEN + 1];

    (void)state;
    for (enum topic t = 0; t < TOPIC_COUNT; t++) {
        const char *a = topic_table[t].per_account ? account : "";
        enum topic back;
        assert_int_equal(topic_name(t, venue, kiosk, a, out), 0);
        assert_int_equal(topic_parse(out, venue, kiosk, &back, who), 0);
        assert_int_equal(back, t);
        assert_string_equal(who, a);
    }
    topic_name(TOPIC_ALERT, venue, kiosk, NULL, out);
    assert_string_equal(out, "porchlight/00112233445566ff/aabbccddeeff0011/alert");
    topic_name(TOPIC_ACK, venue, kiosk, account, out);
    assert_string_equal(out, "porchlight/00112233445566ff/aabbccddeeff0011/ack/0123456789abcdef");
    assert_int_equal(topic_name(TOPIC_COMMAND, venue, "+", "+", out), 0);
    assert_string_equal(out, "porchlight/00112233445566ff/+/command/+");
}

static void refuses_bad_parts(void **state)
{
    static const struct {
        enum topic t;
        const char *venue, *kiosk, *account;
    } cases[] = {
        {TOPIC_COUNT, venue, kiosk, ""},
        {TOPIC_ALERT, "", kiosk, ""},
        {TOPIC_ALERT, NULL, kiosk, ""},
        {TOPIC_ALERT, "#", kiosk, ""},
        {TOPIC_ALERT, "00112233445566fF", kiosk, ""},
        {TOPIC_ALERT, "00112233445566f", kiosk, ""},
        {TOPIC_ALERT, "00112233445566ff0", kiosk, ""},
        {TOPIC_ALERT, venue, "++", ""},
        {TOPIC_ALERT, venue, kiosk, account},
        {TOPIC_ACK, venue, kiosk, ""},
        {TOPIC_ACK, venue, kiosk, NULL},
        {TOPIC_ACK, venue, kiosk, "a/b"},
        {TOPIC_ACK, venue, kiosk, "../../../../../.."},
    };
    char out[TOPIC_NAME_MAX];

    (void)state;
    EACH_ROW (i, cases, cases[i].venue) {
        errno = 0;
        assert_int_equal(
            topic_name(cases[i].t, cases[i].venue, cases[i].kiosk, cases[i].account, out), -1);
        assert_int_equal(errno, EINVAL);
        assert_string_equal(out, "");
    }
}

#define OURS "porchlight/00112233445566ff/aabbccddeeff0011/"

static void parse_refuses(void **state)
{
    static const char *const cases[] = {
        "",
        "/",
        "porchlight",
        "porchlight/",
        "porchlight//",
        OURS,
        OURS "alert/",
        OURS "alert/0123456789abcdef",
        OURS "alerts",
        OURS "ALERT",
        OURS " alert",
        OURS "ack",
        OURS "ack/",
        OURS "ack/0123456789abcde",
        OURS "ack/0123456789abcdef0",
        OURS "ack/0123456789abcdeF",
        OURS "ack/0123456789abcdef/",
        OURS "ack/+",
        OURS "ack/#",
        OURS "+",
        OURS "#",
        "/" OURS "alert",
        "porchlight/00112233445566fe/aabbccddeeff0011/alert",
        "porchlight/00112233445566ff/aabbccddeeff0012/alert",
        "porchlight/00112233445566ff/alert",
        "porchlight/00112233445566ffaabbccddeeff0011/alert",
        "$SYS/broker/uptime",
    };
    (void)state;
    EACH_ROW (i, cases, cases[i]) {
        char who[TOPIC_ID_LEN + 1];
        enum topic t;
        errno = 0;
        if (topic_parse(cases[i], venue, kiosk, &t, who) != -1 || errno != EINVAL)
            fail_msg("\"%s\" was taken for a topic", cases[i]);
    }
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Every true name with one to four bytes changed, cut or grown: parsed only if it names itself. */
static void parse_garbage(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        enum topic t = (enum topic)(draw(&seed) % TOPIC_COUNT), got;
        char name[TOPIC_NAME_MAX + 8] = "", who[TOPIC_ID_LEN + 1], again[TOPIC_NAME_MAX];
        topic_name(t, venue, kiosk, topic_table[t].per_account ? account : "", name);
        for (uint32_t n = 1 + draw(&seed) % 4; n > 0; n--)
            name[draw(&seed) % (strlen(name) + 2)] = (char)draw(&seed);
        if (topic_parse(name, venue, kiosk, &got, who) < 0)
            continue;
        assert_int_equal(topic_name(got, venue, kiosk, who, again), 0);
        assert_string_equal(again, name);
    }
}

/* The table says what the design's does. */
static void table_is_sound(void **state)
{
    (void)state;
    for (enum topic t = 0; t < TOPIC_COUNT; t++) {
        const struct topic_rule *r = &topic_table[t];
        assert_true(r->writes != 0 && r->reads != 0);
        assert_true(!r->retained || !r->per_account || t == TOPIC_WORDS);
        assert_true(r->per_account || r->writes == ROLE_KIOSK || t == TOPIC_PUSH ||
                    t == TOPIC_ROOT || t == TOPIC_REGISTRAR || t == TOPIC_REGISTERED);
        assert_true(r->qos == 0 || r->qos == 1);
    }
    assert_true(topic_table[TOPIC_STATE].retained && topic_table[TOPIC_STATE].expiry_s > 120);
    assert_true(topic_table[TOPIC_PRESENCE].retained);
    assert_false(topic_table[TOPIC_ALERT].retained);
    assert_int_equal(topic_table[TOPIC_NOTICE].reads, ROLE_STAFF);
    assert_int_equal(topic_table[TOPIC_STAFF].reads, ROLE_STAFF);
    assert_true(topic_table[TOPIC_STAFF].retained &&
                topic_table[TOPIC_STAFF].expiry_s == topic_table[TOPIC_STATE].expiry_s);
    assert_int_equal(topic_table[TOPIC_COMMAND].writes, ROLE_STAFF);
    assert_int_equal(topic_table[TOPIC_PUSH].writes, ROLE_RELAY);
    assert_int_equal(topic_table[TOPIC_WAKE].reads, ROLE_RELAY);
    assert_int_equal(topic_table[TOPIC_WORDS].writes, ROLE_KIOSK);
    assert_int_equal(topic_table[TOPIC_WORDS].reads, ROLE_MEMBER | ROLE_STAFF);
    assert_int_equal(topic_table[TOPIC_RING].reads, ROLE_RELAY | ROLE_ROOT);
    assert_int_equal(topic_table[TOPIC_ROOT].writes, ROLE_ROOT);
    for (enum topic t = 0; t < TOPIC_COUNT; t++) /* what is sealed needs no root account */
        assert_true(!(topic_table[t].reads & ROLE_ROOT) || t == TOPIC_RING || t == TOPIC_BEAT ||
                    t == TOPIC_ROOT || t == TOPIC_REGISTERED);
    assert_false((topic_table[TOPIC_ALERT].reads | topic_table[TOPIC_STATE].reads |
                  topic_table[TOPIC_NOTICE].reads | topic_table[TOPIC_ENROL].reads) &
                 ROLE_RELAY);
    assert_false(topic_table[TOPIC_ACK].reads & (ROLE_MEMBER | ROLE_STAFF | ROLE_RELAY));
}

static void a_filter_takes_what_a_broker_takes_for_it(void **state)
{
    static const struct {
        const char *filter, *name;
        bool takes;
    } rows[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/c", false},
        {"a/b", "a/b/c", false},
        {"a/b/c", "a/b", false},
        {"a/+", "a/b", true},
        {"a/+", "a/", true},
        {"a/+", "a", false},
        {"a/+", "a/b/c", false},
        {"a/+", "c/b", false},
        {"a/+/+/r", "a/b/c/r", true},
        {"a/+/+/r", "a/b/c/s", false},
        {"a/+/+/r", "a/b/r", false},
        {"a/+/+/r", "a/b/c/d/r", false},
        {"+/b", "a/b", true},
        {"+", "a", true},
        {"a/+/c", "a/b", false},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        assert_int_equal(topic_matches(rows[i].filter, rows[i].name), rows[i].takes);
    }
}

/* Whom a cell of the document names; an account may be a member's or a staff phone's. */
static unsigned roles_in(const char *cell)
{
    static const struct {
        const char *word;
        unsigned roles;
    } words[] = {{"that account", ROLE_MEMBER | ROLE_STAFF},
                 {"member", ROLE_MEMBER},
                 {"staff", ROLE_STAFF},
                 {"newcomer", ROLE_NEWCOMER},
                 {"kiosk", ROLE_KIOSK},
                 {"relay", ROLE_RELAY},
                 {"registrar", ROLE_REGISTRAR},
                 {"root", ROLE_ROOT}};
    unsigned roles = 0;
    EACH_ROW (i, words, words[i].word) {
        roles |= strstr(cell, words[i].word) ? words[i].roles : 0;
    }
    return roles;
}

static void row_is_as_in_the_code(enum topic topic, const char *qos, const char *retained,
                                  const char *expiry, const char *writes, const char *reads)
{
    const struct topic_rule *t = &topic_table[topic];
    unsigned accounts =
        topic == TOPIC_ENROL ? ROLE_NEWCOMER : 0; /* the newcomer's, then the phone's */
    long seconds = strcmp(expiry, "as state") == 0 ? topic_table[TOPIC_STATE].expiry_s
                                                   : strtol(expiry, NULL, 10);
    assert_int_equal(strtol(qos, NULL, 10), t->qos);
    assert_int_equal(strstr(retained, "yes") != NULL, t->retained);
    assert_int_equal(seconds, t->expiry_s);
    assert_int_equal(roles_in(writes), t->writes);
    assert_int_equal(roles_in(reads) | accounts, t->reads);
}

/* `| topic | form | QoS | retained | expiry | written by | read by |` of the protocol's document.
 */
static void the_document_says_the_same(void **state)
{
    FILE *f = fopen("kiosk/handbook/PROTOCOL.md", "re");
    char line[512], cells[6][128];
    unsigned found = 0;
    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line,
                   "| `%127[a-z]%*[^|]| %*[^|]| %127[^|]| %127[^|]| %127[^|]| %127[^|]| %127[^|]|",
                   cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]) != 6)
            continue;
        for (int i = 3; i < 6; i++)
            cells[i][strlen(cells[i]) - 1] = '\0'; /* the blank before the bar */
        for (int topic = 0; topic < TOPIC_COUNT; topic++)
            if (strcmp(topic_table[topic].name, cells[0]) == 0 && !(found & 1u << topic)) {
                row_is_as_in_the_code((enum topic)topic, cells[1], cells[2], cells[3], cells[4],
                                      cells[5]);
                found |= 1u << topic;
            }
    }
    fclose(f);
    assert_int_equal(found, (1u << TOPIC_COUNT) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_topic),
        cmocka_unit_test(refuses_bad_parts),
        cmocka_unit_test(parse_refuses),
        cmocka_unit_test(parse_garbage),
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(the_document_says_the_same),
        cmocka_unit_test(a_filter_takes_what_a_broker_takes_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
