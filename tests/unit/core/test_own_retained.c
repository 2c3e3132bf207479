#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/own_retained.h"
#include "tests/unit/rows.h"

/* This kiosk runs under epoch 8 and has sent 20 messages; its record was of epoch 7. */
enum { RECORD = 7, NOW = 8, SENT = 20 };

static const struct alert_id one = {{1}}, other = {{2}}, over = {{3}};
static const struct own_retained_proof none = {.valid = false};

static const struct row {
    const char *name;
    enum alert_state here; /* what is active, with the id `one` */
    bool drill;
    uint64_t before;
    struct message m;
    int64_t age;
    uint64_t above;
    enum own_retained_alert alert;
} rows[] = {
    {"its own state",
     ALERT_LOCKDOWN,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = NOW, .seq = SENT, .state = ALERT_LOCKDOWN, .id = {{1}}},
     0,
     0,
     OWN_RETAINED_KNOWN},
    {"quiet of the last run",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .seq = 99},
     -1,
     0,
     OWN_RETAINED_KNOWN},
    {"a later epoch",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 9},
     -1,
     9,
     OWN_RETAINED_KNOWN},
    {"a later epoch, presence",
     ALERT_QUIET,
     false,
     0,
     {.kind = MSG_ONLINE, .epoch = 900, .seq = 1},
     -1,
     900,
     OWN_RETAINED_KNOWN},
    {"a later epoch, a will",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_LOST, .epoch = 9},
     -1,
     9,
     OWN_RETAINED_KNOWN},
    {"its own epoch, and not its own",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_ONLINE, .epoch = NOW, .seq = SENT + 1},
     -1,
     NOW,
     OWN_RETAINED_KNOWN},
    {"its own epoch, a will",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_LOST, .epoch = NOW},
     -1,
     0,
     OWN_RETAINED_KNOWN},
    {"an epoch that leaves no room above",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_ONLINE, .epoch = OWN_RETAINED_EPOCH_MAX},
     -1,
     0,
     OWN_RETAINED_KNOWN},
    {"a lockdown of the last run",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_LOCKDOWN, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_TAKE_OVER},
    {"a lockdown of this run's epoch, before the record failed",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = NOW, .seq = 40, .state = ALERT_LOCKDOWN, .id = {{2}}},
     -1,
     NOW,
     OWN_RETAINED_TAKE_OVER},
    {"one that the record is younger than",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 6, .state = ALERT_LOCKDOWN, .id = {{2}}},
     5,
     0,
     OWN_RETAINED_KNOWN},
    {"a caution of the last run",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_CAUTION, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_TAKE_OVER},
    {"more than is active",
     ALERT_CAUTION,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_LOCKDOWN, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_TAKE_OVER},
    {"more than a drill",
     ALERT_LOCKDOWN,
     true,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_CAUTION, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_TAKE_OVER},
    {"no more than is active",
     ALERT_LOCKDOWN,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_LOCKDOWN, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_KNOWN},
    {"a drill",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_LOCKDOWN, .drill = true, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_KNOWN},
    {"one that this kiosk has seen end",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 7, .state = ALERT_LOCKDOWN, .id = {{3}}},
     -1,
     0,
     OWN_RETAINED_KNOWN},
    {"a copy's, fresh",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 12, .state = ALERT_LOCKDOWN, .id = {{2}}},
     OWN_RETAINED_FRESH_S - 1,
     12,
     OWN_RETAINED_TAKE_OVER},
    {"a copy's, old",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 12, .state = ALERT_LOCKDOWN, .id = {{2}}},
     OWN_RETAINED_FRESH_S,
     12,
     OWN_RETAINED_ASK},
    {"a copy's, of unknown age",
     ALERT_QUIET,
     false,
     RECORD,
     {.kind = MSG_STATE, .epoch = 12, .state = ALERT_LOCKDOWN, .id = {{2}}},
     -1,
     12,
     OWN_RETAINED_ASK},
    {"the record was lost, fresh",
     ALERT_QUIET,
     false,
     0,
     {.kind = MSG_STATE, .epoch = 3, .state = ALERT_LOCKDOWN, .id = {{2}}},
     30,
     0,
     OWN_RETAINED_TAKE_OVER},
    {"the record was lost, old",
     ALERT_QUIET,
     false,
     0,
     {.kind = MSG_STATE, .epoch = 3, .state = ALERT_LOCKDOWN, .id = {{2}}},
     -1,
     0,
     OWN_RETAINED_ASK},
};

static struct own_retained_self self_in(enum alert_state here, bool drill, uint64_t before)
{
    return (struct own_retained_self){.epoch = NOW,
                                      .seq = SENT,
                                      .started = NOW,
                                      .before = before,
                                      .state = here,
                                      .drill = drill,
                                      .id = here == ALERT_QUIET ? (struct alert_id){{0}} : one,
                                      .ended = &over,
                                      .ended_count = 1};
}

static void test_what_brokers_keep(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        const struct own_retained_self self = self_in(rows[i].here, rows[i].drill, rows[i].before);
        struct own_retained_verdict v = own_retained_judge(&self, &rows[i].m, &none, rows[i].age);
        assert_int_equal(v.above, rows[i].above);
        assert_int_equal(v.alert, rows[i].alert);
        assert_int_equal(v.present, rows[i].m.kind == MSG_LOST);
        assert_false(v.ended);
    }
}

/* Its record was of epoch 3: a copy has run under those between, or a record was lost. */
static void test_an_epoch_that_it_never_used_is_a_copys(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t before, epoch, seq;
        bool plain, copy;
    } rows_copy[] = {
        {"its own of now", 3, NOW, SENT, false, false},
        {"later than its own of now", 3, NOW, SENT + 1, false, true},
        {"above", 3, 9, 0, false, true},
        {"between", 3, 5, 99, false, true},
        {"just below", 3, 7, 99, false, true},
        {"that of the record", 3, 3, 99, false, false},
        {"before the record", 3, 2, 99, false, false},
        {"there was no record", 0, 5, 99, false, false},
        {"between, and anybody may have said it", 3, 5, 99, true, false},
    };
    EACH_ROW (i, rows_copy, rows_copy[i].name) {
        struct own_retained_self self = self_in(ALERT_QUIET, false, rows_copy[i].before);
        self.plain = rows_copy[i].plain;
        const struct message m = {
            .kind = MSG_STATE, .epoch = rows_copy[i].epoch, .seq = rows_copy[i].seq};
        assert_int_equal(own_retained_judge(&self, &m, &none, -1).copy, rows_copy[i].copy);
    }
}

/* Anybody could have written it. */
static void test_a_plain_venue_begins_no_alert(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct own_retained_self self = self_in(rows[i].here, rows[i].drill, rows[i].before);
        self.plain = true;
        struct own_retained_verdict v = own_retained_judge(&self, &rows[i].m, &none, rows[i].age);
        assert_int_equal(v.above, rows[i].above);
        assert_int_equal(v.alert, OWN_RETAINED_KNOWN);
    }
}

/* What staff have ended is not begun again: that very alert, and all that is older than what the
 * staff phone was looking at. */
static void test_a_proof_covers_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct own_retained_proof proof;
        enum own_retained_alert alert;
    } proofs[] = {
        {"none", {.valid = false}, OWN_RETAINED_TAKE_OVER},
        {"of this alert", {true, {{2}}, 1, 1}, OWN_RETAINED_KNOWN},
        {"of a later one", {true, {{9}}, 7, 60}, OWN_RETAINED_KNOWN},
        {"of a later epoch", {true, {{9}}, 8, 2}, OWN_RETAINED_KNOWN},
        {"of an earlier one", {true, {{9}}, 7, 59}, OWN_RETAINED_TAKE_OVER},
        {"not valid", {false, {{2}}, 9, 9}, OWN_RETAINED_TAKE_OVER},
    };
    const struct message m = {
        .kind = MSG_STATE, .epoch = 7, .seq = 60, .state = ALERT_LOCKDOWN, .id = other};
    EACH_ROW (i, proofs, proofs[i].name) {
        struct own_retained_self self = self_in(ALERT_QUIET, false, RECORD);
        self.proof = proofs[i].proof;
        assert_int_equal(own_retained_judge(&self, &m, &none, -1).alert, proofs[i].alert);
    }
}

static void test_staff_ended_it_elsewhere(void **state)
{
    (void)state;
    const struct message quiet = {.kind = MSG_STATE, .epoch = 12};
    const struct own_retained_proof of_one = {true, one, 12, 4}, of_other = {true, other, 12, 4};
    struct own_retained_self self = self_in(ALERT_LOCKDOWN, false, RECORD);
    assert_true(own_retained_judge(&self, &quiet, &of_one, -1).ended);
    assert_false(own_retained_judge(&self, &quiet, &of_other, -1).ended);
    assert_false(own_retained_judge(&self, &quiet, &none, -1).ended);
    self = self_in(ALERT_LOCKDOWN, true, RECORD);
    assert_false(own_retained_judge(&self, &quiet, &of_one, -1).ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_brokers_keep),
        cmocka_unit_test(test_an_epoch_that_it_never_used_is_a_copys),
        cmocka_unit_test(test_a_plain_venue_begins_no_alert),
        cmocka_unit_test(test_a_proof_covers_it),
        cmocka_unit_test(test_staff_ended_it_elsewhere),
    };
    return cmocka_run_group_tests_name("own_retained", tests, NULL, NULL);
}
