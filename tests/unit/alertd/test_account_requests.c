#include "kiosk/alertd/members/account_requests.h"
#include "kiosk/core/ns.h"
#include "tests/unit/alertd/registrar_stub.h"
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

struct place {
    struct account_requests *e;
    struct registrar_stub there;
    uint8_t wire[ENVELOPE_SIZE];
    int qos;
};

static int make(void **state)
{
    static struct place p;
    if (sodium_init() < 0)
        return -1;
    registrar_stub_init(&p.there, VENUE, KIOSK);
    p.e = account_requests_new(VENUE, KIOSK, &p.there.kiosk_keys);
    if (!p.e)
        return -1;
    account_requests_brokers(p.e, both);
    *state = &p;
    return 0;
}

static int finish(void **state)
{
    struct place *p = *state;
    account_requests_free(p->e);
    return 0;
}

static void add(struct place *p, enum account_request_kind kind, enum topic_role who,
                const char *account)
{
    struct account_request one = {.kind = kind, .who = who, .password = "0123456789abcdef"};
    snprintf(one.account, sizeof one.account, "%s", account);
    assert_int_equal(account_requests_add(p->e, &one), 0);
}

static bool next(struct place *p, size_t broker, int64_t now)
{
    return account_requests_next(p->e, broker, now, p->wire, &p->qos);
}

static void announced(struct place *p, size_t broker, enum registration_standing standing)
{
    uint8_t wire[ENVELOPE_SIZE];
    registrar_stub_announce(&p->there, standing, wire);
    assert_false(account_requests_answer(p->e, broker, wire, sizeof wire, S));
}

/* A hello, and the registrar's announcement. */
static void meet(struct place *p, size_t broker)
{
    assert_true(next(p, broker, S));
    assert_true(registrar_stub_is_hello(&p->there, p->wire));
    announced(p, broker, REGISTRATION_WELCOME);
}

/* The request that is sent now. */
static struct registration_request sent(struct place *p, size_t broker, int64_t now)
{
    struct registration_request q;
    assert_true(next(p, broker, now));
    assert_int_equal(p->qos, 1);
    assert_int_equal(registrar_stub_open(&p->there, p->wire, &q), 0);
    return q;
}

static bool answered(struct place *p, size_t broker, enum registration_outcome outcome,
                     uint64_t number, const char *why)
{
    uint8_t wire[ENVELOPE_SIZE];
    struct registration_answer a = {
        .outcome = outcome, .number = number, .last = p->there.last, .after_s = 60};
    snprintf(a.why, sizeof a.why, "%s", why);
    registrar_stub_answer(&p->there, &a, wire);
    return account_requests_answer(p->e, broker, wire, sizeof wire, S);
}

static void each_broker_gets_each_in_order(void **state)
{
    struct place *p = *state;
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, ONE);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, TWO);
    struct registration_request q = sent(p, 0, S);
    assert_int_equal(q.kind, REGISTRATION_CREATE);
    assert_int_equal(q.role, REGISTRATION_NEWCOMER);
    assert_string_equal(q.account, ONE);
    assert_string_equal(q.password, "0123456789abcdef");
    assert_false(next(p, 0, S + 1));
    assert_true(answered(p, 0, REGISTRATION_DONE, q.number, ""));
    assert_int_equal(account_requests_left(p->e, 0, ONE), 0);
    assert_int_equal(account_requests_left(p->e, 1, ONE), 1);
    assert_false(account_requests_done(p->e, ONE));
    uint64_t before = q.number;
    q = sent(p, 0, S);
    assert_int_equal(q.kind, REGISTRATION_SUSPEND);
    assert_string_equal(q.account, TWO);
    assert_true(q.number > before);
    assert_string_equal(account_requests_fault(p->e, 0), "");
}

static void one_may_be_for_one_broker_alone(void **state)
{
    struct place *p = *state;
    struct account_request one = {.kind = ACCOUNT_REQUEST_SUSPEND, .account = ONE};
    assert_int_equal(account_requests_add_at(p->e, &one, 1), 0);
    assert_int_equal(account_requests_left(p->e, 0, ONE), 0);
    assert_int_equal(account_requests_left(p->e, 1, ONE), 1);
    assert_int_equal(account_requests_add_at(p->e, &one, 5), 0); /* none that phones use */
    assert_int_equal(account_requests_left(p->e, 5, ONE), 0);
}

static void what_the_root_signed_goes_along(void **state)
{
    struct place *p = *state;
    struct account_request one = {.kind = ACCOUNT_REQUEST_PROMOTE,
                                  .who = ROLE_STAFF,
                                  .account = ONE,
                                  .password = "0123456789abcdef",
                                  .has_staff = true,
                                  .has_grant = true,
                                  .staff = {5},
                                  .grant = {6}};
    meet(p, 0);
    assert_int_equal(account_requests_add_at(p->e, &one, 0), 0);
    struct registration_request q = sent(p, 0, S);
    assert_int_equal(q.role, REGISTRATION_STAFF);
    assert_true(q.has_staff && q.staff[0] == 5 && q.has_grant && q.grant[0] == 6);
    assert_memory_equal(q.certificate, p->there.kiosk_keys.certificate, sizeof q.certificate);
}

static void it_is_greeted_again_at_a_time_of_its_own(void **state)
{
    struct place *p = *state;
    int64_t second = S + ACCOUNT_REQUESTS_PATIENCE, third = second + ACCOUNT_REQUESTS_REST;
    assert_int_equal(account_requests_deadline(p->e, 0), NS_NEVER);
    assert_true(next(p, 0, S));
    assert_int_equal(account_requests_deadline(p->e, 0), second);
    assert_true(next(p, 0, second));
    assert_int_equal(account_requests_deadline(p->e, 0), third);
    assert_true(next(p, 0, third));
    assert_int_equal(account_requests_deadline(p->e, 0), third + ACCOUNT_REQUESTS_REST);
    announced(p, 0, REGISTRATION_WELCOME);
    assert_int_equal(account_requests_deadline(p->e, 0), NS_NEVER);
}

/* A hello comes first, and costs nothing where nobody answers. */
static void a_registrar_that_does_not_answer_is_named(void **state)
{
    struct place *p = *state;
    assert_true(next(p, 0, S));
    assert_int_equal(p->qos, 0);
    assert_string_equal(account_requests_fault(p->e, 0), "");
    assert_false(next(p, 0, S + ACCOUNT_REQUESTS_PATIENCE - 1));
    assert_true(next(p, 0, S + ACCOUNT_REQUESTS_PATIENCE));
    assert_false(next(p, 0, S + ACCOUNT_REQUESTS_PATIENCE + ACCOUNT_REQUESTS_REST - 1));
    assert_false(account_requests_served(p->e, 0));
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    assert_true(next(p, 0, S + 2 * ACCOUNT_REQUESTS_PATIENCE));
    assert_true(registrar_stub_is_hello(&p->there, p->wire));
    assert_non_null(strstr(account_requests_fault(p->e, 0), "no registrar answers"));
    announced(p, 0, REGISTRATION_WELCOME);
    assert_true(account_requests_served(p->e, 0));
    assert_string_equal(account_requests_fault(p->e, 0), "");
}

static void one_that_refuses_this_kiosk_says_why(void **state)
{
    struct place *p = *state;
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    assert_true(next(p, 0, S));
    announced(p, 0, REGISTRATION_UNKNOWN_VENUE);
    assert_non_null(strstr(account_requests_fault(p->e, 0), "porchlight registrar"));
    assert_false(account_requests_served(p->e, 0));
    assert_true(next(p, 0, S + ACCOUNT_REQUESTS_PATIENCE));
    assert_true(registrar_stub_is_hello(&p->there, p->wire));
    assert_non_null(strstr(account_requests_fault(p->e, 0), "porchlight registrar"));
}

static void silence_and_a_new_connection_make_it_send_again_under_its_number(void **state)
{
    struct place *p = *state;
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    uint64_t number = sent(p, 0, S).number;
    assert_false(next(p, 0, S + ACCOUNT_REQUESTS_PATIENCE - 1));
    assert_int_equal(sent(p, 0, S + ACCOUNT_REQUESTS_PATIENCE).number, number);
    assert_non_null(strstr(account_requests_fault(p->e, 0), "does not answer"));
    account_requests_again(p->e, 0);
    meet(p, 0);
    assert_int_equal(sent(p, 0, S + ACCOUNT_REQUESTS_PATIENCE).number, number);
    assert_true(answered(p, 0, REGISTRATION_DONE, number, ""));
    assert_string_equal(account_requests_fault(p->e, 0), "");
    assert_int_equal(account_requests_left(p->e, 0, NULL), 0);
}

/* A restart forgets them: the registrar says what was used. */
static void numbers_go_on_where_the_registrar_says(void **state)
{
    struct place *p = *state;
    p->there.last = 4711;
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    assert_int_equal(sent(p, 0, S).number, 4712);
    p->there.last = 5000; /* a copy of this kiosk has asked meanwhile */
    assert_false(answered(p, 0, REGISTRATION_OLD, 4712, "used"));
    assert_int_equal(sent(p, 0, S).number, 5001);
    account_requests_again(p->e, 0);
    p->there.last = 6000;
    meet(p, 0);
    assert_int_equal(sent(p, 0, S).number, 6001);
}

static void a_refusal_is_final_and_says_why(void **state)
{
    struct place *p = *state;
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    assert_true(answered(p, 0, REGISTRATION_REFUSED, sent(p, 0, S).number, "only the root may"));
    assert_int_equal(account_requests_left(p->e, 0, NULL), 0);
    assert_string_equal(account_requests_fault(p->e, 0), "only the root may");
}

/* It holds up nothing else. */
static void what_is_put_off_comes_later(void **state)
{
    struct place *p = *state;
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    add(p, ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, TWO);
    assert_false(answered(p, 0, REGISTRATION_LATER, sent(p, 0, S).number, "five"));
    assert_string_equal(account_requests_fault(p->e, 0), "five");
    struct registration_request q = sent(p, 0, S);
    assert_string_equal(q.account, TWO);
    assert_true(answered(p, 0, REGISTRATION_DONE, q.number, ""));
    assert_false(next(p, 0, S + 59 * S));
    assert_string_equal(sent(p, 0, S + 60 * S).account, ONE);
}

/* A registrar that starts again counts anew. */
static void what_it_has_dropped_is_what_it_said_last(void **state)
{
    struct place *p = *state;
    const uint64_t said[] = {2010, 3, 0};
    uint8_t wire[ENVELOPE_SIZE];
    meet(p, 0);
    assert_int_equal(account_requests_dropped(p->e, 0), 0);
    EACH_ROW (i, said, NULL) {
        add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
        struct registration_answer a = {.number = sent(p, 0, S).number, .dropped = said[i]};
        registrar_stub_answer(&p->there, &a, wire);
        assert_true(account_requests_answer(p->e, 0, wire, sizeof wire, S));
        assert_int_equal(account_requests_dropped(p->e, 0), said[i]);
    }
    assert_int_equal(account_requests_dropped(p->e, 1), 0);
}

static void answers_of_others_are_not_ours(void **state)
{
    struct place *p = *state;
    struct registrar_stub other;
    uint8_t seed[32] = {9}, wire[ENVELOPE_SIZE];
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, ONE);
    uint64_t number = sent(p, 0, S).number;
    assert_false(answered(p, 0, REGISTRATION_DONE, number + 1, ""));
    assert_false(answered(p, 1, REGISTRATION_DONE, number, "")); /* not met there */
    other = p->there;
    crypto_sign_seed_keypair(other.public, other.secret, seed);
    registrar_stub_answer(&other, &(struct registration_answer){.number = number}, wire);
    assert_false(account_requests_answer(p->e, 0, wire, sizeof wire, S));
    assert_false(account_requests_answer(p->e, 0, (const uint8_t *)"{", 1, S));
    assert_int_equal(account_requests_left(p->e, 0, NULL), 1);
}

static void what_is_dropped_is_not_sent(void **state)
{
    struct place *p = *state;
    meet(p, 0);
    add(p, ACCOUNT_REQUEST_ACCOUNT, ROLE_NEWCOMER, ONE);
    add(p, ACCOUNT_REQUEST_SUSPEND, 0, TWO);
    sent(p, 0, S);
    account_requests_drop(p->e, ONE);
    assert_true(account_requests_done(p->e, ONE));
    assert_string_equal(sent(p, 0, S).account, TWO);
}

static void a_full_table_says_so(void **state)
{
    struct place *p = *state;
    struct account_request one = {.kind = ACCOUNT_REQUEST_SUSPEND, .account = ONE};
    for (int i = 0; i < ACCOUNT_REQUESTS_MAX; i++)
        assert_int_equal(account_requests_add(p->e, &one), 0);
    assert_int_equal(account_requests_add(p->e, &one), -1);
    account_requests_brokers(p->e, (const bool[CONFIG_BROKERS_MAX]){false});
    assert_int_equal(account_requests_add(p->e, &one), 0);
    assert_true(account_requests_done(p->e, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_broker_gets_each_in_order, make, finish),
        cmocka_unit_test_setup_teardown(one_may_be_for_one_broker_alone, make, finish),
        cmocka_unit_test_setup_teardown(what_the_root_signed_goes_along, make, finish),
        cmocka_unit_test_setup_teardown(it_is_greeted_again_at_a_time_of_its_own, make, finish),
        cmocka_unit_test_setup_teardown(a_registrar_that_does_not_answer_is_named, make, finish),
        cmocka_unit_test_setup_teardown(one_that_refuses_this_kiosk_says_why, make, finish),
        cmocka_unit_test_setup_teardown(
            silence_and_a_new_connection_make_it_send_again_under_its_number, make, finish),
        cmocka_unit_test_setup_teardown(numbers_go_on_where_the_registrar_says, make, finish),
        cmocka_unit_test_setup_teardown(a_refusal_is_final_and_says_why, make, finish),
        cmocka_unit_test_setup_teardown(what_is_put_off_comes_later, make, finish),
        cmocka_unit_test_setup_teardown(answers_of_others_are_not_ours, make, finish),
        cmocka_unit_test_setup_teardown(what_it_has_dropped_is_what_it_said_last, make, finish),
        cmocka_unit_test_setup_teardown(what_is_dropped_is_not_sent, make, finish),
        cmocka_unit_test_setup_teardown(a_full_table_says_so, make, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
