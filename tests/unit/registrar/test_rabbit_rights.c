#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/registrar/asker.h"
#include "kiosk/registrar/rabbit_rights.h"
#include "tests/unit/rows.h"

#include <regex.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define VENUE   "1111111111111111"
#define KIOSK   "2222222222222222"
#define ACCOUNT "0123456789abcdef"
#define OTHER   "fedcba9876543210"
#define HERE    "porchlight." VENUE "." KIOSK "."

static const struct {
    const char *name;
    enum topic_role who;
    bool writes;
    const char *topic; /* as RabbitMQ has it */
    bool may;
} rows[] = {
    {"a kiosk's alert", ROLE_KIOSK, true, HERE "alert", true},
    {"another kiosk's", ROLE_KIOSK, true, "porchlight." VENUE "." VENUE ".alert", false},
    {"another venue's", ROLE_KIOSK, true, "porchlight." KIOSK "." KIOSK ".alert", false},
    {"a dot is a dot", ROLE_KIOSK, true, "porchlight." VENUE "." KIOSK "xalert", false},
    {"a longer name", ROLE_KIOSK, true, HERE "alert.more", false},
    {"a name in front", ROLE_KIOSK, true, "x" HERE "alert", false},
    {"every phone's answer", ROLE_KIOSK, false, HERE "ack." OTHER, true},
    {"the subscription to them", ROLE_KIOSK, false, HERE "ack.*", true},
    {"a level below them", ROLE_KIOSK, false, HERE "ack." OTHER ".x", false},
    {"a kiosk cannot say what the root says", ROLE_KIOSK, true, HERE "root", false},
    {"a member reads the alert", ROLE_MEMBER, false, HERE "alert", true},
    {"a member writes none", ROLE_MEMBER, true, HERE "alert", false},
    {"a member answers", ROLE_MEMBER, true, HERE "ack." ACCOUNT, true},
    {"not as another", ROLE_MEMBER, true, HERE "ack." OTHER, false},
    {"a member reads no notice", ROLE_MEMBER, false, HERE "notice", false},
    {"a staff phone does", ROLE_STAFF, false, HERE "notice", true},
    {"a staff phone commands", ROLE_STAFF, true, HERE "command." ACCOUNT, true},
    {"a member does not", ROLE_MEMBER, true, HERE "command." ACCOUNT, false},
    {"a newcomer asks", ROLE_NEWCOMER, true, HERE "enrol." ACCOUNT, true},
    {"and reads no alert", ROLE_NEWCOMER, false, HERE "alert", false},
    {"the root at another kiosk", ROLE_ROOT, true, "porchlight." VENUE "." OTHER ".root", true},
    {"the registrar reads every request", ROLE_REGISTRAR, false, HERE "registrar", true},
    {"and no alert", ROLE_REGISTRAR, false, HERE "alert", false},
};

static bool pattern_fits(const char *pattern, const char *text)
{
    regex_t r;
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool fits = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return fits;
}

static void topics_are_those_of_the_table(void **state)
{
    char pattern[RABBIT_PATTERN_MAX];
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        bool all = rows[i].who == ROLE_REGISTRAR;
        assert_int_equal(rabbit_rights_topics(rows[i].who, all ? "+" : VENUE, all ? "+" : KIOSK,
                                              ACCOUNT, rows[i].writes, pattern),
                         0);
        assert_int_equal(pattern_fits(pattern, rows[i].topic), rows[i].may);
    }
}

static void a_wrong_name_gets_no_rights(void **state)
{
    char pattern[RABBIT_PATTERN_MAX];
    (void)state;
    assert_int_equal(rabbit_rights_topics(ROLE_MEMBER, "x", KIOSK, ACCOUNT, true, pattern), -1);
    assert_int_equal(rabbit_rights_topics(ROLE_MEMBER, VENUE, KIOSK, "a|b", true, pattern), -1);
}

static void queues_are_the_accounts_own(void **state)
{
    char pattern[RABBIT_PATTERN_MAX];
    (void)state;
    rabbit_rights_queues(ACCOUNT, pattern);
    assert_true(pattern_fits(pattern, "mqtt-subscription-" ACCOUNT "qos1"));
    assert_true(pattern_fits(pattern, "mqtt-will-" ACCOUNT));
    assert_true(pattern_fits(pattern, "amq.topic"));
    assert_false(pattern_fits(pattern, "mqtt-subscription-" OTHER "qos1"));
    assert_false(pattern_fits(pattern, "mqtt-subscription-" ACCOUNT "xqos1"));
    assert_false(pattern_fits(pattern, "amq.direct"));
    assert_false(pattern_fits(pattern, "amqxtopic"));
}

static void tags_say_whose_it_is(void **state)
{
    (void)state;
    for (enum registration_role role = REGISTRATION_NEWCOMER; role < REGISTRATION_ROLES; role++)
        for (int suspended = 0; suspended < 2; suspended++) {
            cJSON *tags = rabbit_rights_tags(role, VENUE, KIOSK, suspended);
            struct registration_account a = rabbit_rights_account(tags);
            assert_true(a.there && a.role == role && a.suspended == suspended);
            assert_string_equal(a.venue, VENUE);
            assert_string_equal(a.kiosk, KIOSK);
            cJSON_Delete(tags);
        }
}

static void what_is_not_ours_is_nobodys(void **state)
{
    static const char *const texts[] = {"null", "[]", "[\"administrator\"]", "7",
                                        "[\"venue-x\",\"kiosk-\",\"porchlight-admin\"]"};
    (void)state;
    EACH_ROW (i, texts, texts[i]) {
        cJSON *tags = cJSON_Parse(texts[i]);
        struct registration_account a = rabbit_rights_account(tags);
        assert_true(a.there && a.role == REGISTRATION_NOBODY && !a.suspended);
        assert_true(a.venue[0] == '\0' && a.kiosk[0] == '\0');
        cJSON_Delete(tags);
    }
}

static void an_older_server_gives_words_with_commas(void **state)
{
    cJSON *tags = cJSON_CreateString("porchlight-member,venue-" VENUE ",kiosk-" KIOSK ",suspended");
    struct registration_account a = rabbit_rights_account(tags);
    (void)state;
    assert_true(a.role == REGISTRATION_MEMBER && a.suspended);
    assert_string_equal(a.kiosk, KIOSK);
    cJSON_Delete(tags);
}

/* --- who asks -------------------------------------------------------------------------------- */

static void askers_grow_with_the_venues(void **state)
{
    struct askers a = {.count = 0};
    struct registrar_venue venue = {.venue = {.id = VENUE}};
    char kiosk[TOPIC_ID_LEN + 1];
    (void)state;
    for (unsigned i = 0; i < ASKERS_MAX; i++) {
        snprintf(kiosk, sizeof kiosk, "%016x", i);
        struct asker *one = asker_of(&a, &venue, kiosk);
        assert_non_null(one);
        one->loaded = true;
    }
    assert_null(asker_of(&a, &venue, OTHER));
    struct asker *last = asker_of(&a, &venue, kiosk),
                 *first = asker_of(&a, &venue, "0000000000000000");
    assert_true(last && first && last != first);
    last->waiting = first->waiting = true;
    assert_ptr_equal(asker_next(&a), first);
    assert_ptr_equal(asker_next(&a), last);
    assert_ptr_equal(asker_next(&a), first);
    first->loaded = false; /* never certified: its place is free for another */
    assert_ptr_equal(asker_of(&a, &venue, OTHER), first);
    askers_free(&a);
}

static void nobody_waits_where_nobody_asked(void **state)
{
    struct askers a = {.count = 0};
    (void)state;
    assert_null(asker_next(&a));
    askers_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_those_of_the_table),
        cmocka_unit_test(a_wrong_name_gets_no_rights),
        cmocka_unit_test(queues_are_the_accounts_own),
        cmocka_unit_test(tags_say_whose_it_is),
        cmocka_unit_test(what_is_not_ours_is_nobodys),
        cmocka_unit_test(an_older_server_gives_words_with_commas),
        cmocka_unit_test(askers_grow_with_the_venues),
        cmocka_unit_test(nobody_waits_where_nobody_asked),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
