#include "kiosk/alertd/members/account_requests.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>
#include <sodium.h>

#define VENUE "245b1cd24b1b033d"
#define KIOSK "7dd879d4c4aa715d"
#define ONE   "07827bce7ac774db"
#define TWO   "17827bce7ac774db"
#define S     INT64_C(1000000000)

static const bool both[CONFIG_BROKERS_MAX] = {true, true};

static int make(void **state)
{
    struct account_requests *e = sodium_init() < 0 ? NULL : account_requests_new(VENUE, KIOSK);
    if (e == NULL)
        return -1;
    account_requests_brokers(e, both);
    *state = e;
    return 0;
}

static int finish(void **state)
{
    account_requests_free(*state);
    return 0;
}

static void add(struct account_requests *e, enum account_request_kind kind, enum topic_role who,
                const char *account)
{
    struct account_request one = {.kind = kind, .who = who, .password = "0123456789abcdef"};
    snprintf(one.account, sizeof one.account, "%s", account);
    assert_int_equal(account_requests_add(e, &one), 0);
}

/* The tag of a request that has one. */
static const char *tag_of(const char *request)
{
    static char tag[64];
    const char *at = strstr(request, "\"correlationData\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"correlationData\":\"%63[^\"]\"", tag), 1);
    return tag;
}

static bool answer(struct account_requests *e, size_t broker, const char *tag, const char *command,
                   const char *error)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"responses\":[{\"command\":\"%s\",%s%s%s\"correlationData\":\"%s\"}]}", command,
             error ? "\"error\":\"" : "", error ? error : "", error ? "\"," : "", tag);
    return account_requests_answer(e, broker, (const uint8_t *)text, strlen(text));
}

/* A role, then the account that holds it; each broker by itself; one on its way at a time. */
static void each_broker_gets_each_in_order(void **state)
{
    struct account_requests *e = *state;
    char out[DYNSEC_MAX];
    add(e, ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, ONE);
    add(e, ACCOUNT_REQUEST_REMOVE, ROLE_MEMBER, TWO);
    assert_true(account_requests_next(e, 0, S, out) > 0);
    assert_non_null(strstr(out, "\"createRole\",\"rolename\":\"newcomer-" ONE));
    assert_null(strstr(out, "correlationData"));
    assert_true(account_requests_next(e, 0, S, out) > 0);
    assert_non_null(strstr(out, "\"command\":\"createClient\",\"username\":\"" ONE));
    assert_int_equal(account_requests_next(e, 0, S + 1, (char[DYNSEC_MAX]){0}), 0);
    assert_true(answer(e, 0, tag_of(out), "createClient", NULL));
    assert_int_equal(account_requests_left(e, 0, ONE), 0);
    assert_int_equal(account_requests_left(e, 1, ONE), 1);
    assert_false(account_requests_done(e, ONE));
    assert_true(account_requests_next(e, 0, S, out) > 0);
    assert_non_null(strstr(out, "\"command\":\"deleteClient\",\"username\":\"" TWO));
    assert_string_equal(account_requests_fault(e, 0), "");
}

static void one_may_be_for_one_broker_alone(void **state)
{
    struct account_requests *e = *state;
    struct account_request one = {
        .kind = ACCOUNT_REQUEST_REMOVE, .who = ROLE_MEMBER, .account = ONE};
    assert_int_equal(account_requests_add_at(e, &one, 1), 0);
    assert_int_equal(account_requests_left(e, 0, ONE), 0);
    assert_int_equal(account_requests_left(e, 1, ONE), 1);
    assert_int_equal(account_requests_add_at(e, &one, 5), 0); /* none that phones use */
    assert_int_equal(account_requests_left(e, 5, ONE), 0);
}

/* It may come to serve other kiosks of the venue. */
static void a_relays_role_is_for_every_kiosk(void **state)
{
    struct account_requests *e = *state;
    char out[DYNSEC_MAX];
    add(e, ACCOUNT_REQUEST_ACCOUNT, ROLE_RELAY, ONE);
    assert_true(account_requests_next(e, 0, S, out) > 0);
    assert_non_null(strstr(out, "porchlight/" VENUE "/+/alert"));
    assert_null(strstr(out, KIOSK));
}

/* Each command of one request has the tag. */
static void every_command_is_tagged(void **state)
{
    struct account_requests *e = *state;
    char out[DYNSEC_MAX];
    int tags = 0;
    add(e, ACCOUNT_REQUEST_REMOVE, ROLE_STAFF, ONE);
    assert_true(account_requests_next(e, 0, S, out) > 0);
    for (const char *p = out; (p = strstr(p, tag_of(out))) != NULL; p++)
        tags++;
    assert_int_equal(tags, 2);
    assert_non_null(strstr(out, "\"command\":\"deleteRole\",\"rolename\":\"staff-" ONE "\""));
}

static void answers_to_other_kiosks_are_not_ours(void **state)
{
    struct account_requests *e = *state;
    char out[DYNSEC_MAX];
    add(e, ACCOUNT_REQUEST_REMOVE, ROLE_MEMBER, ONE);
    assert_false(answer(e, 0, "x", "deleteClient", NULL)); /* nothing was asked */
    assert_true(account_requests_next(e, 0, S, out) > 0);
    assert_false(answer(e, 0, "0000000000000000-1", "deleteClient", NULL));
    assert_false(answer(e, 1, tag_of(out), "deleteClient", NULL)); /* not asked there */
    assert_false(account_requests_answer(e, 0, (const uint8_t *)"{", 1));
    assert_int_equal(account_requests_left(e, 0, NULL), 1);
}

static void silence_and_a_new_connection_make_it_send_again(void **state)
{
    struct account_requests *e = *state;
    char first[DYNSEC_MAX], again[DYNSEC_MAX];
    add(e, ACCOUNT_REQUEST_REMOVE, ROLE_MEMBER, ONE);
    assert_true(account_requests_next(e, 0, S, first) > 0);
    assert_int_equal(account_requests_next(e, 0, S + ACCOUNT_REQUESTS_PATIENCE - 1, again), 0);
    assert_true(account_requests_next(e, 0, S + ACCOUNT_REQUESTS_PATIENCE, again) > 0);
    assert_string_equal(first, again);
    assert_non_null(strstr(account_requests_fault(e, 0), "no answer"));
    account_requests_again(e, 0);
    assert_true(account_requests_next(e, 0, S + ACCOUNT_REQUESTS_PATIENCE, again) > 0);
    assert_true(answer(e, 0, tag_of(again), "deleteClient", NULL));
    assert_string_equal(account_requests_fault(e, 0), "");
}

static const struct {
    enum account_request_kind kind;
    const char *command, *error;
    bool fault;
} errors[] = {
    {ACCOUNT_REQUEST_ACCOUNT, "createClient", "Client already exists", false},
    {ACCOUNT_REQUEST_ACCOUNT, "createClient", "Role not found", true},
    {ACCOUNT_REQUEST_PROMOTE, "deleteRole", "Role not found", false},
    {ACCOUNT_REQUEST_PROMOTE, "modifyClient", "Client not found", true},
    {ACCOUNT_REQUEST_PROMOTE, "modifyClient", "Role not found", true},
    {ACCOUNT_REQUEST_REMOVE, "deleteClient", "Client not found", false},
    {ACCOUNT_REQUEST_REMOVE, "deleteClient", "Internal error", true},
};

static void what_is_done_already_is_no_fault(void **state)
{
    struct account_requests *e = *state;
    EACH_ROW (i, errors, errors[i].command) {
        char out[DYNSEC_MAX] = "", next[DYNSEC_MAX];
        account_requests_brokers(e, both);
        add(e, errors[i].kind, ROLE_MEMBER, ONE);
        while (account_requests_next(e, 0, S, next) > 0)
            strcpy(out, next);
        assert_true(answer(e, 0, tag_of(out), errors[i].command, errors[i].error));
        assert_int_equal(account_requests_fault(e, 0)[0] != '\0', errors[i].fault);
        assert_int_equal(account_requests_left(e, 0, NULL), 0);
    }
}

static void what_is_dropped_is_not_sent(void **state)
{
    struct account_requests *e = *state;
    char out[DYNSEC_MAX];
    add(e, ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, ONE);
    add(e, ACCOUNT_REQUEST_REMOVE, ROLE_MEMBER, TWO);
    while (account_requests_next(e, 0, S, out) > 0)
        ;
    account_requests_drop(e, ONE);
    assert_true(account_requests_done(e, ONE));
    assert_true(account_requests_next(e, 0, S, out) > 0);
    assert_non_null(strstr(out, TWO));
}

static void a_full_table_says_so(void **state)
{
    struct account_requests *e = *state;
    struct account_request one = {
        .kind = ACCOUNT_REQUEST_REMOVE, .who = ROLE_MEMBER, .account = ONE};
    for (int i = 0; i < ACCOUNT_REQUESTS_MAX; i++)
        assert_int_equal(account_requests_add(e, &one), 0);
    assert_int_equal(account_requests_add(e, &one), -1);
    account_requests_brokers(e, (const bool[CONFIG_BROKERS_MAX]){false});
    assert_int_equal(account_requests_add(e, &one), 0);
    assert_true(account_requests_done(e, NULL));
}

/* The largest role of all has room in a packet of 2 kB beside its topic. */
static void every_request_fits_a_packet(void **state)
{
    struct account_requests *e = *state;
    char out[DYNSEC_MAX];
    size_t len;
    add(e, ACCOUNT_REQUEST_PROMOTE, ROLE_STAFF, ONE);
    add(e, ACCOUNT_REQUEST_PROMOTE, ROLE_MEMBER, TWO);
    while ((len = account_requests_next(e, 0, S, out)) > 0)
        assert_true(len + sizeof DYNSEC_REQUEST + 8 <= 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_broker_gets_each_in_order, make, finish),
        cmocka_unit_test_setup_teardown(one_may_be_for_one_broker_alone, make, finish),
        cmocka_unit_test_setup_teardown(a_relays_role_is_for_every_kiosk, make, finish),
        cmocka_unit_test_setup_teardown(every_command_is_tagged, make, finish),
        cmocka_unit_test_setup_teardown(answers_to_other_kiosks_are_not_ours, make, finish),
        cmocka_unit_test_setup_teardown(silence_and_a_new_connection_make_it_send_again, make,
                                        finish),
        cmocka_unit_test_setup_teardown(what_is_done_already_is_no_fault, make, finish),
        cmocka_unit_test_setup_teardown(what_is_dropped_is_not_sent, make, finish),
        cmocka_unit_test_setup_teardown(a_full_table_says_so, make, finish),
        cmocka_unit_test_setup_teardown(every_request_fits_a_packet, make, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
