#include "kiosk/alertd/members/registry.h"
#include "tests/unit/alertd/registrar_stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>
#include <sodium.h>

#define VENUE    "245b1cd24b1b033d"
#define KIOSK    "7dd879d4c4aa715d"
#define ONE      "07827bce7ac774db"
#define TWO      "17827bce7ac774db"
#define PASSWORD "0123456789abcdef"
#define S        INT64_C(1000000000)

/* A registry with two brokers that phones use and one that they do not, and the open invitations.
 */
struct place {
    char folder[32], path[64];
    struct config config;
    struct phone_brokers brokers;
    struct enrol_list open;
    struct registry r;
    struct registrar_stub there;
};

static void start(struct place *p)
{
    assert_int_equal(registry_open(&p->r, p->path, VENUE, KIOSK, &p->there.kiosk_keys), 0);
    registry_brokers(&p->r, &p->brokers, &p->open);
}

static void restart(struct place *p)
{
    registry_close(&p->r);
    p->open = (struct enrol_list){0};
    start(p);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (p == NULL || sodium_init() < 0)
        return -1;
    strcpy(p->folder, "/tmp/registry.XXXXXX");
    if (mkdtemp(p->folder) == NULL)
        return -1;
    snprintf(p->path, sizeof p->path, "%s/phones", p->folder);
    p->config.brokers_count = 3;
    strcpy(p->config.brokers[0].phones, "wss://one.example/mqtt");
    strcpy(p->config.brokers[2].phones, "wss://two.example/mqtt");
    for (size_t i = 0; i < p->config.brokers_count; i++)
        p->config.brokers[i].registrar = true;
    p->brokers.config = &p->config;
    registrar_stub_init(&p->there, VENUE, KIOSK);
    start(p);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    registry_close(&p->r);
    unlink(p->path);
    rmdir(p->folder);
    free(p);
    return 0;
}

/* Broker number `broker` gets all that waits for it, and its registrar does it. How many requests.
 */
static int answer_all(struct place *p, size_t broker)
{
    uint8_t wire[ENVELOPE_SIZE], back[ENVELOPE_SIZE];
    struct registration_request q;
    int n = 0, qos;
    while (account_requests_next(p->r.requests, broker, S, wire, &qos)) {
        if (registrar_stub_is_hello(&p->there, wire)) {
            registrar_stub_announce(&p->there, REGISTRATION_WELCOME, back);
        } else {
            assert_int_equal(registrar_stub_open(&p->there, wire, &q), 0);
            registrar_stub_answer(&p->there, &(struct registration_answer){.number = q.number},
                                  back);
            n++;
        }
        registry_answer(&p->r, broker, back, sizeof back, S);
    }
    return n;
}

static const uint8_t secret[INVITATION_SECRET] = {1};

static void invite(struct place *p, const char *account)
{
    assert_int_equal(enrol_invite(&p->open, account, false, secret, S), 0);
    assert_null(registry_invite(&p->r, account, false, PASSWORD));
}

static const struct phone *member(struct place *p, const char *account)
{
    struct phone one = {.standing = PHONE_IN};
    snprintf(one.account, sizeof one.account, "%s", account);
    assert_int_equal(roster_put(p->r.phones, &one), 0);
    return roster_find(p->r.phones, account);
}

static void an_invited_phone_gets_an_account_where_phones_are(void **state)
{
    struct place *p = *state;
    invite(p, ONE);
    assert_int_equal(roster_find(p->r.phones, ONE)->standing, PHONE_INVITED);
    assert_int_equal(answer_all(p, 0), 1);
    assert_int_equal(account_requests_left(p->r.requests, 1, ONE), 0);
    assert_int_equal(account_requests_left(p->r.requests, 2, ONE), 1);
    registry_sweep(&p->r, &p->open);
    assert_non_null(roster_find(p->r.phones, ONE)); /* its invitation is still open */
}

/* Off the list only when its account is gone at every broker: else a restart would forget it. */
static void a_removed_phone_stays_on_the_list_until_every_broker_has_done_it(void **state)
{
    struct place *p = *state;
    assert_null(registry_remove(&p->r, member(p, ONE), NULL));
    assert_int_equal(roster_find(p->r.phones, ONE)->standing, PHONE_GONE);
    assert_int_equal(answer_all(p, 0), 1);
    registry_sweep(&p->r, &p->open);
    assert_non_null(roster_find(p->r.phones, ONE));
    restart(p);
    assert_int_equal(answer_all(p, 0), 1); /* asked again: nobody knows what was done */
    assert_int_equal(answer_all(p, 2), 1);
    registry_sweep(&p->r, &p->open);
    assert_null(roster_find(p->r.phones, ONE));
}

static void a_restart_takes_invitations_back(void **state)
{
    struct place *p = *state;
    invite(p, ONE);
    member(p, TWO);
    restart(p);
    assert_int_equal(answer_all(p, 0), 1);
    assert_int_equal(answer_all(p, 2), 1);
    registry_sweep(&p->r, &p->open);
    assert_null(roster_find(p->r.phones, ONE));
    assert_non_null(roster_find(p->r.phones, TWO));
}

/* More than there is room for at once: the rest is asked when the first are done. */
static void a_crowd_is_removed_in_turns(void **state)
{
    struct place *p = *state;
    for (unsigned i = 0; i < 2 * ACCOUNT_REQUESTS_MAX; i++) {
        char account[TOPIC_ID_LEN + 1];
        snprintf(account, sizeof account, "%016x", i + 1);
        assert_null(registry_remove(&p->r, member(p, account), NULL));
    }
    assert_string_not_equal(p->r.unasked, "");
    int rounds = 0;
    while (roster_count(p->r.phones, PHONE_GONE, false) > 0 && rounds < 10) {
        rounds++;
        answer_all(p, 0);
        answer_all(p, 2);
        registry_sweep(&p->r, &p->open);
    }
    assert_int_equal(roster_count(p->r.phones, PHONE_GONE, false), 0);
    assert_true(rounds > 1);
}

static void a_phone_is_let_in_again_at_one_broker_alone(void **state)
{
    struct place *p = *state;
    assert_null(registry_readmit(&p->r, member(p, ONE), PASSWORD, NULL, 2));
    assert_int_equal(account_requests_left(p->r.requests, 0, ONE), 0);
    assert_int_equal(account_requests_left(p->r.requests, 2, ONE), 2); /* account, then role */
}

static void a_relay_takes_no_phones_account(void **state)
{
    struct place *p = *state;
    const uint8_t public[ENVELOPE_PUBLIC] = {7}, grant[CERT_SIGNATURE] = {8};
    member(p, ONE);
    assert_non_null(registry_add_relay(&p->r, ONE, PASSWORD, public, grant));
    assert_false(roster_find(p->r.phones, ONE)->relay);
    assert_null(registry_add_relay(&p->r, TWO, PASSWORD, public, grant));
    assert_null(registry_add_relay(&p->r, TWO, "another-password-", public, grant));
    assert_int_equal(roster_relays(p->r.phones), 1);
    assert_int_equal(roster_find(p->r.phones, TWO)->public[0], 7);
}

static void nothing_is_asked_where_no_registrar_runs(void **state)
{
    struct place *p = *state;
    p->config.brokers[0].registrar = false;
    registry_brokers(&p->r, &p->brokers, &p->open);
    assert_null(registry_invite(&p->r, ONE, false, "password-0123456789"));
    assert_int_equal(account_requests_left(p->r.requests, 0, ONE), 0);
    assert_int_equal(account_requests_left(p->r.requests, 2, ONE), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_invited_phone_gets_an_account_where_phones_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_removed_phone_stays_on_the_list_until_every_broker_has_done_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restart_takes_invitations_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crowd_is_removed_in_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_phone_is_let_in_again_at_one_broker_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_relay_takes_no_phones_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_asked_where_no_registrar_runs, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
