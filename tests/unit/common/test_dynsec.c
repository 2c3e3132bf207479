#include "kiosk/common/dynsec.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VENUE "245b1cd24b1b033d"
#define KIOSK "7dd879d4c4aa715d"
#define WHO   "07827bce7ac774db"
#define BASE  "porchlight/" VENUE "/" KIOSK "/"

/* Whether a role's request allows `acl` on the topic below BASE. */
static int allows(const char *request, const char *acl, const char *topic)
{
    char wanted[256];

    snprintf(wanted, sizeof wanted, "{\"acltype\":\"%s\",\"topic\":\"" BASE "%s\",\"allow\":true}",
             acl, topic);
    return strstr(request, wanted) != NULL;
}

static const struct {
    enum topic_role who;
    const char *topic;
    int send, read;
} rights[] = {
    {ROLE_KIOSK, "alert", 1, 0},         {ROLE_KIOSK, "ack/+", 0, 1},
    {ROLE_KIOSK, "command/+", 0, 1},     {ROLE_KIOSK, "enrol/+", 1, 1},
    {ROLE_KIOSK, "relay/+", 0, 1},       {ROLE_KIOSK, "state", 1, 1},
    {ROLE_MEMBER, "alert", 0, 1},        {ROLE_MEMBER, "notice", 0, 0},
    {ROLE_MEMBER, "ack/" WHO, 1, 0},     {ROLE_MEMBER, "ack/+", 0, 0},
    {ROLE_MEMBER, "command/" WHO, 0, 0}, {ROLE_MEMBER, "enrol/" WHO, 0, 1},
    {ROLE_STAFF, "notice", 0, 1},        {ROLE_STAFF, "command/" WHO, 1, 0},
    {ROLE_STAFF, "state", 0, 1},         {ROLE_NEWCOMER, "alert", 0, 0},
    {ROLE_NEWCOMER, "state", 0, 0},      {ROLE_NEWCOMER, "enrol/" WHO, 1, 1},
    {ROLE_RELAY, "relay/" WHO, 1, 0},    {ROLE_RELAY, "alert", 0, 0},
    {ROLE_RELAY, "ack/" WHO, 0, 0},      {ROLE_RELAY, "wake/+", 0, 1},
    {ROLE_RELAY, "push", 1, 0},          {ROLE_MEMBER, "wake/" WHO, 1, 0},
    {ROLE_MEMBER, "push", 0, 1},         {ROLE_KIOSK, "wake/+", 1, 0},
    {ROLE_NEWCOMER, "push", 0, 0},       {ROLE_RELAY, "enrol/" WHO, 0, 0},
    {ROLE_RELAY, "enrol/+", 0, 0},       {ROLE_RELAY, "state", 0, 0},
    {ROLE_RELAY, "notice", 0, 0},        {ROLE_RELAY, "ring", 0, 1},
    {ROLE_RELAY, "beat", 0, 1},          {ROLE_RELAY, "root", 0, 1},
    {ROLE_MEMBER, "ring", 0, 0},         {ROLE_KIOSK, "ring", 1, 0},
    {ROLE_MEMBER, "root", 0, 1},         {ROLE_KIOSK, "root", 0, 1},
    {ROLE_KIOSK, "answer/+", 1, 0},      {ROLE_STAFF, "answer/" WHO, 0, 1},
    {ROLE_MEMBER, "answer/+", 0, 0},     {ROLE_KIOSK, "words/+", 1, 0},
    {ROLE_MEMBER, "words/+", 0, 1},      {ROLE_STAFF, "words/+", 0, 1},
    {ROLE_NEWCOMER, "words/+", 0, 0},    {ROLE_RELAY, "words/+", 0, 0},
};

static void roles_are_the_table(void **state)
{
    (void)state;
    EACH_ROW (i, rights, rights[i].topic) {
        char out[DYNSEC_MAX];

        assert_true(
            dynsec_write(dynsec_role(rights[i].who, VENUE, KIOSK, WHO), NULL, out, sizeof out) > 0);
        assert_int_equal(allows(out, "publishClientSend", rights[i].topic), rights[i].send);
        assert_int_equal(allows(out, "publishClientReceive", rights[i].topic), rights[i].read);
        assert_int_equal(allows(out, "subscribeLiteral", rights[i].topic), rights[i].read);
        assert_null(strstr(out, "[,"));
        assert_null(strstr(out, "}{"));
    }
}

/* A relay may serve every kiosk of its venue, and no other venue's. */
static void a_relay_has_its_rights_at_every_kiosk(void **state)
{
    char out[DYNSEC_MAX];

    (void)state;
    assert_true(dynsec_write(dynsec_role(ROLE_RELAY, VENUE, "+", WHO), NULL, out, sizeof out) > 0);
    assert_non_null(strstr(out, "{\"acltype\":\"subscribePattern\",\"topic\":\"porchlight/" VENUE
                                "/+/ring\",\"allow\":true}"));
    assert_non_null(strstr(out, "{\"acltype\":\"publishClientSend\",\"topic\":\"porchlight/" VENUE
                                "/+/relay/" WHO "\",\"allow\":true}"));
    assert_null(strstr(out, "subscribeLiteral"));
}

/* Nobody else may speak to the plugin. */
static void the_registrar_alone_speaks_to_the_plugin(void **state)
{
    char out[DYNSEC_MAX];

    (void)state;
    assert_true(dynsec_write(dynsec_registrar_role(), NULL, out, sizeof out) > 0);
    assert_string_equal(
        out,
        "{\"commands\":[{\"command\":\"createRole\",\"rolename\":\"" DYNSEC_REGISTRAR
        "\",\"acls\":["
        "{\"acltype\":\"publishClientReceive\",\"topic\":\"porchlight/+/+/"
        "registrar\",\"allow\":true},"
        "{\"acltype\":\"subscribePattern\",\"topic\":\"porchlight/+/+/registrar\",\"allow\":true},"
        "{\"acltype\":\"publishClientSend\",\"topic\":\"porchlight/+/+/"
        "registered\",\"allow\":true},"
        "{\"acltype\":\"publishClientSend\",\"topic\":\"" DYNSEC_REQUEST "\",\"allow\":true},"
        "{\"acltype\":\"publishClientReceive\",\"topic\":\"" DYNSEC_RESPONSE "\",\"allow\":true},"
        "{\"acltype\":\"subscribeLiteral\",\"topic\":\"" DYNSEC_RESPONSE "\",\"allow\":true}]}]}");
    for (unsigned who = ROLE_KIOSK; who <= ROLE_ROOT; who <<= 1) {
        assert_true(dynsec_write(dynsec_role((enum topic_role)who, VENUE, KIOSK, WHO), NULL, out,
                                 sizeof out) > 0);
        assert_null(strstr(out, "CONTROL"));
    }
}

/* The root speaks in every kiosk's place, and asks the registrar in its own name. */
static void the_root_asks_in_its_own_name(void **state)
{
    char out[DYNSEC_MAX];

    (void)state;
    assert_true(dynsec_write(dynsec_role(ROLE_ROOT, VENUE, WHO, WHO), NULL, out, sizeof out) > 0);
    assert_non_null(
        strstr(out, "\"publishClientSend\",\"topic\":\"porchlight/" VENUE "/" WHO "/registrar\""));
    assert_non_null(strstr(out, "\"publishClientSend\",\"topic\":\"porchlight/" VENUE "/+/root\""));
    assert_null(strstr(out, "/+/regist"));
}

static void a_description_says_whose_an_account_is(void **state)
{
    char text[DYNSEC_DESCRIPTION_MAX], venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1];
    bool current = false;

    (void)state;
    dynsec_description(VENUE, KIOSK, text);
    assert_int_equal(dynsec_description_read(text, venue, kiosk, &current), 0);
    assert_string_equal(venue, VENUE);
    assert_string_equal(kiosk, KIOSK);
    assert_true(current);
    assert_int_equal(
        dynsec_description_read("porchlight " VENUE " " KIOSK " 1", venue, kiosk, &current), 0);
    assert_false(current);
    assert_int_equal(dynsec_description_read("porchlight " VENUE, venue, kiosk, &current), -1);
    assert_int_equal(dynsec_description_read("", venue, kiosk, &current), -1);
    assert_string_equal(venue, "");
}

static void an_account_is_bound_to_its_client_id(void **state)
{
    char out[DYNSEC_MAX];

    (void)state;
    assert_true(dynsec_write(dynsec_account(ROLE_MEMBER, VENUE, KIOSK, WHO, "0123456789abcdef"),
                             NULL, out, sizeof out) > 0);
    assert_string_equal(out, "{\"commands\":[{\"command\":\"createClient\",\"username\":\"" WHO
                             "\",\"password\":\"0123456789abcdef\",\"clientid\":\"" WHO
                             "\",\"textdescription\":\"porchlight " VENUE " " KIOSK
                             " 4\",\"roles\":[{\"rolename\":\"member-" WHO "\"}]}]}");
}

static void what_would_need_escaping_is_refused(void **state)
{
    static const char *const bad[] = {"", "short", "0123456789abcde\"", "0123456789abcde\\",
                                      "0123456789 abcdef"};
    char out[DYNSEC_MAX];

    (void)state;
    EACH_ROW (i, bad, bad[i]) {
        assert_int_equal(dynsec_write(dynsec_account(ROLE_MEMBER, VENUE, KIOSK, WHO, bad[i]), NULL,
                                      out, sizeof out),
                         -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(
            dynsec_write(dynsec_account(ROLE_MEMBER, VENUE, KIOSK, bad[i], "0123456789abcdef"),
                         NULL, out, sizeof out),
            -1);
        assert_int_equal(dynsec_write(dynsec_remove(ROLE_MEMBER, bad[i]), NULL, out, sizeof out),
                         -1);
    }
    assert_int_equal(
        dynsec_write(dynsec_role((enum topic_role)(ROLE_MEMBER | ROLE_STAFF), VENUE, KIOSK, WHO),
                     NULL, out, sizeof out),
        -1);
    assert_int_equal(
        dynsec_write(dynsec_role(ROLE_MEMBER, "+", "kiosk", WHO), NULL, out, sizeof out), -1);
}

static void every_request_fits_and_a_small_room_is_told(void **state)
{
    char out[DYNSEC_MAX];

    (void)state;
    for (unsigned who = ROLE_KIOSK; who <= ROLE_RELAY; who <<= 1)
        assert_true(dynsec_write(dynsec_role((enum topic_role)who, VENUE, KIOSK, WHO), NULL, out,
                                 sizeof out) > 0);
    assert_true(dynsec_write(dynsec_defaults(), NULL, out, sizeof out) > 0);
    assert_int_equal(dynsec_write(dynsec_role(ROLE_STAFF, VENUE, KIOSK, WHO), NULL, out, 300), -1);
    assert_int_equal(errno, EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_are_the_table),
        cmocka_unit_test(a_relay_has_its_rights_at_every_kiosk),
        cmocka_unit_test(the_registrar_alone_speaks_to_the_plugin),
        cmocka_unit_test(the_root_asks_in_its_own_name),
        cmocka_unit_test(a_description_says_whose_an_account_is),
        cmocka_unit_test(an_account_is_bound_to_its_client_id),
        cmocka_unit_test(what_would_need_escaping_is_refused),
        cmocka_unit_test(every_request_fits_and_a_small_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
