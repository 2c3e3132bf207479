#include "kiosk/alertd/outbox.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static struct alert_action alarm_of(uint8_t id, enum alert_publish what)
{
    struct alert_action a = {.kind = ALERT_DO_PUBLISH, .publish = what};
    a.id.bytes[0] = id;
    return a;
}

static void add(struct outbox *o, uint8_t id, enum alert_publish what, int64_t at)
{
    struct alert_action a = alarm_of(id, what);
    outbox_add(o, &a, false, at, 0);
}

static void test_every_broker_gets_every_alert_in_order(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 2);
    add(&o, 1, ALERT_PUB_CAUTION, 10);
    add(&o, 2, ALERT_PUB_LOCKDOWN, 20);
    for (size_t broker = 0; broker < 2; broker++) {
        struct outbox_entry *e = outbox_next(&o, broker, 0);
        assert_int_equal(e->id.bytes[0], 1);
        uint64_t first = outbox_sent(&o, e, broker, 0);
        e = outbox_next(&o, broker, 0);
        assert_int_equal(e->id.bytes[0], 2);
        outbox_sent(&o, e, broker, 0);
        assert_null(outbox_next(&o, broker, 0));
        outbox_acked(&o, broker, true, first, OUTBOX_ACKED, 0, &acked);
        assert_int_equal(acked.id.bytes[0], 1);
    }
    assert_int_equal(outbox_pending(&o), 1);
}

/* Sent before it, its end shows quiet between the two; after it, to one that missed the alert. */
static void test_a_real_alert_takes_a_drill_and_its_end_out(void **state)
{
    (void)state;
    struct outbox o;
    struct alert_action drill = alarm_of(1, ALERT_PUB_LOCKDOWN);
    drill.drill = true;
    outbox_init(&o, 1);
    outbox_add(&o, &drill, false, 5, 0);
    drill.publish = ALERT_PUB_ALL_CLEAR;
    outbox_add(&o, &drill, false, 10, 0);
    add(&o, 2, ALERT_PUB_LOCKDOWN, 20);
    struct outbox_entry *e = outbox_next(&o, 0, 0);
    assert_int_equal(e->id.bytes[0], 2);
    outbox_sent(&o, e, 0, 0);
    assert_null(outbox_next(&o, 0, 0));
}

static void test_what_a_real_alert_takes_out_makes_room_for_it(void **state)
{
    (void)state;
    struct outbox o;
    struct alert_action drill = alarm_of(100, ALERT_PUB_LOCKDOWN);
    drill.drill = true;
    outbox_init(&o, 1);
    for (int i = 1; i < OUTBOX_MAX; i++)
        add(&o, (uint8_t)i, ALERT_PUB_LOCKDOWN, i);
    outbox_add(&o, &drill, false, 50, 0);
    add(&o, 101, ALERT_PUB_LOCKDOWN, 60);
    assert_int_equal(outbox_next(&o, 0, 0)->id.bytes[0], 1);
    assert_int_equal(outbox_pending(&o), OUTBOX_MAX);
}

static void test_a_real_alert_takes_the_place_of_earlier_calm(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum alert_publish calm, alarm;
    } rows[] = {{"lockdown", ALERT_PUB_ALL_CLEAR, ALERT_PUB_LOCKDOWN},
                {"caution", ALERT_PUB_ALL_CLEAR, ALERT_PUB_CAUTION},
                {"unclear", ALERT_PUB_ALL_CLEAR, ALERT_PUB_UNCLEAR},
                {"lockdown again after a code", ALERT_PUB_UNCONFIRMED, ALERT_PUB_LOCKDOWN}};
    EACH_ROW (k, rows, rows[k].name) {
        struct outbox o;
        struct outbox_entry acked;
        outbox_init(&o, 2);
        add(&o, 1, rows[k].calm, 10);
        uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
        add(&o, 2, rows[k].alarm, 20);
        for (size_t broker = 0; broker < 2; broker++) {
            struct outbox_entry *e = outbox_next(&o, broker, 0);
            assert_int_equal(e->id.bytes[0], 2);
            outbox_sent(&o, e, broker, 0);
            assert_null(outbox_next(&o, broker, 0));
        }
        assert_false(outbox_acked(&o, 0, true, token, OUTBOX_ACKED, 0, &acked));
        outbox_broker_down(&o, 0);
        assert_int_equal(outbox_next(&o, 0, 0)->id.bytes[0], 2);
    }
}

static void test_a_broker_here_hands_nothing_over(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 2);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    uint64_t here = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    uint64_t outside = outbox_sent(&o, outbox_next(&o, 1, 0), 1, 0);
    assert_false(outbox_acked(&o, 0, false, here, OUTBOX_ACKED, 0, &acked));
    assert_int_equal(outbox_pending(&o), 1);
    assert_true(outbox_acked(&o, 1, true, outside, OUTBOX_ACKED, 0, &acked));
    assert_int_equal(outbox_pending(&o), 0);
}

static void test_what_waits_for_its_acknowledgement_is_known(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 2);
    assert_int_equal(outbox_unacked_since(&o, 0), NS_NEVER);
    add(&o, 1, ALERT_PUB_CAUTION, 10);
    add(&o, 2, ALERT_PUB_LOCKDOWN, 20);
    uint64_t first = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 30);
    uint64_t second = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 40);
    assert_int_equal(outbox_unacked_since(&o, 0), 30);
    assert_int_equal(outbox_unacked_since(&o, 1), NS_NEVER);
    outbox_acked(&o, 0, true, first, OUTBOX_ACKED, 0, &acked);
    assert_int_equal(outbox_unacked_since(&o, 0), 40);
    outbox_acked(&o, 0, true, second, OUTBOX_ACKED, 0, &acked);
    assert_int_equal(outbox_unacked_since(&o, 0), NS_NEVER);
}

static void test_what_could_not_be_sent_is_next_again(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    struct outbox_entry *e = outbox_next(&o, 0, 0);
    uint64_t token = outbox_sent(&o, e, 0, 30);
    outbox_unsent(e, 0);
    assert_int_equal(outbox_unacked_since(&o, 0), NS_NEVER);
    assert_false(outbox_acked(&o, 0, true, token, OUTBOX_ACKED, 0, &acked));
    assert_ptr_equal(outbox_next(&o, 0, 0), e);
    assert_int_equal(outbox_pending(&o), 1);
}

static void test_what_was_in_doubt_is_sent_again(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    uint64_t lost = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    outbox_broker_down(&o, 0);
    assert_false(outbox_acked(&o, 0, true, lost, OUTBOX_ACKED, 0, &acked));
    assert_int_equal(acked.order, 0);
    uint64_t again = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_true(lost != again);
    assert_true(outbox_acked(&o, 0, true, again, OUTBOX_ACKED, 0, &acked));
    assert_null(outbox_next(&o, 0, 0));
}

static void test_a_repeat_starts_its_entry_again(void **state)
{
    (void)state;
    struct outbox o;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 5);
    assert_int_equal(outbox_pending(&o), 1);
    assert_int_equal(outbox_next(&o, 0, 0)->at, 5);
    add(&o, 1, ALERT_PUB_UNCONFIRMED, 6);
    assert_int_equal(outbox_pending(&o), 2);
}

static void test_a_members_answer_hands_over(void **state)
{
    (void)state;
    struct outbox o;
    struct alert_action a = alarm_of(7, ALERT_PUB_LOCKDOWN);
    outbox_init(&o, 1);
    outbox_add(&o, &a, false, 0, 0);
    assert_true(outbox_answered(&o, &a.id));
    assert_false(outbox_answered(&o, &a.id));
    assert_int_equal(outbox_pending(&o), 0);
    assert_non_null(outbox_next(&o, 0, 0));
}

static void test_what_nobody_received_is_sent_again_until_something_younger_is_there(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_false(outbox_acked(&o, 0, true, token, OUTBOX_NO_SUBSCRIBER, 5, &acked));
    assert_int_equal(outbox_pending(&o), 1);
    assert_null(outbox_next(&o, 0, 5 + OUTBOX_AGAIN - 1));
    struct outbox_entry *again = outbox_next(&o, 0, 5 + OUTBOX_AGAIN);
    assert_non_null(again);
    assert_true(again->sent_before[0]);
    add(&o, 1, ALERT_PUB_ALL_CLEAR, 6);
    token = outbox_sent(&o, outbox_next(&o, 0, 5 + OUTBOX_AGAIN), 0, 7);
    assert_true(outbox_acked(&o, 0, true, token, OUTBOX_ACKED, 7, &acked));
    assert_int_equal(acked.publish, ALERT_PUB_ALL_CLEAR);
    assert_null(outbox_next(&o, 0, 9 * OUTBOX_AGAIN)); /* not the lockdown after its end */
}

static void test_what_was_refused_comes_again_in_order(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_false(outbox_acked(&o, 0, true, token, OUTBOX_DENIED, 5, &acked));
    assert_int_equal(outbox_pending(&o), 1);
    assert_false(outbox_waiting(&o));
    assert_null(outbox_next(&o, 0, 6));
    add(&o, 1, ALERT_PUB_ALL_CLEAR, 7); /* perhaps it is let through now */
    assert_int_equal(outbox_next(&o, 0, 7)->publish, ALERT_PUB_LOCKDOWN);
}

static void test_what_cannot_be_proved_is_taken_and_not_handed_over(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    const struct alert_action a = alarm_of(1, ALERT_PUB_LOCKDOWN);
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_false(outbox_acked(&o, 0, true, token, OUTBOX_UNPROVED, 5, &acked));
    assert_int_equal(outbox_pending(&o), 0);
    assert_null(outbox_next(&o, 0, 9 * OUTBOX_AGAIN));
    outbox_broker_down(&o, 0); /* perhaps it was lost with the connection */
    assert_non_null(outbox_next(&o, 0, 0));
    assert_true(outbox_answered(&o, &a.id));
}

static void test_a_full_box_gives_up_what_was_handed_over_first(void **state)
{
    (void)state;
    struct outbox o;
    outbox_init(&o, 1);
    for (int i = 0; i < OUTBOX_MAX; i++)
        add(&o, (uint8_t)(i + 1), ALERT_PUB_LOCKDOWN, i);
    struct alert_action fifth = alarm_of(5, ALERT_PUB_LOCKDOWN);
    outbox_answered(&o, &fifth.id);
    add(&o, 100, ALERT_PUB_LOCKDOWN, 100);
    assert_int_equal(outbox_pending(&o), OUTBOX_MAX);
    assert_int_equal(outbox_next(&o, 0, 0)->id.bytes[0], 1);
    add(&o, 101, ALERT_PUB_LOCKDOWN, 101);
    assert_int_equal(outbox_next(&o, 0, 0)->id.bytes[0], 2);
}

static void test_only_what_was_handed_over_grows_old(void **state)
{
    (void)state;
    struct outbox o;
    struct alert_action a = alarm_of(1, ALERT_PUB_LOCKDOWN);
    outbox_init(&o, 1);
    outbox_add(&o, &a, false, 0, 0);
    outbox_expire(&o, 100, 1000);
    assert_non_null(outbox_next(&o, 0, 0));
    outbox_answered(&o, &a.id);
    outbox_expire(&o, 100, 100);
    assert_non_null(outbox_next(&o, 0, 0));
    outbox_expire(&o, 100, 101);
    assert_null(outbox_next(&o, 0, 0));
}

static void test_new_brokers_get_what_is_pending(void **state)
{
    (void)state;
    struct outbox o;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    outbox_brokers(&o, 3);
    for (size_t broker = 0; broker < 3; broker++)
        assert_non_null(outbox_next(&o, broker, 0));
}

/* What the old brokers had, the new ones do not. */
static void test_new_brokers_are_new_to_all(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    outbox_broker_down(&o, 0);
    assert_true(outbox_next(&o, 0, 0)->sent_before[0]);
    outbox_brokers(&o, 2);
    assert_false(outbox_next(&o, 0, 0)->sent_before[0]);
    assert_false(outbox_next(&o, 1, 0)->sent_before[1]);
    uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_true(outbox_acked(&o, 0, true, token, OUTBOX_ACKED, 0, &acked));
    assert_non_null(outbox_next(&o, 1, 0)); /* which waits for it still */
}

static void test_one_broker_outside_that_has_it_is_enough(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 2);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    uint64_t first = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_true(outbox_waiting(&o));
    assert_true(outbox_acked(&o, 0, true, first, OUTBOX_ACKED, 0, &acked));
    assert_true(acked.handed_over);
    assert_int_equal(outbox_pending(&o), 0);
    assert_false(outbox_waiting(&o));
    uint64_t second = outbox_sent(&o, outbox_next(&o, 1, 0), 1, 0);
    assert_false(outbox_acked(&o, 1, true, second, OUTBOX_ACKED, 0, &acked)); /* no news */
}

static void test_it_waits_while_one_broker_has_not_taken_it(void **state)
{
    (void)state;
    struct outbox o;
    struct outbox_entry acked;
    outbox_init(&o, 3);
    assert_false(outbox_waiting(&o));
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    for (size_t broker = 0; broker < 3; broker++) {
        assert_true(outbox_waiting(&o));
        uint64_t token = outbox_sent(&o, outbox_next(&o, broker, 0), broker, 0);
        outbox_acked(&o, broker, true, token, OUTBOX_NO_SUBSCRIBER, 0, &acked);
    }
    assert_false(outbox_waiting(&o));
}

/* Only what nobody is known to have is sent again, and only the youngest of it. */
static void test_a_broker_that_goes_is_sent_again_what_may_be_lost(void **state)
{
    static const struct {
        const char *name;
        enum outbox_leg how;
        bool outside, younger, again;
    } rows[] = {{"heard here", OUTBOX_ACKED, false, false, false},
                {"heard outside", OUTBOX_ACKED, true, false, false},
                {"nobody was there", OUTBOX_NO_SUBSCRIBER, true, false, true},
                {"nobody was there, and it is history", OUTBOX_NO_SUBSCRIBER, true, true, false},
                {"it cannot say", OUTBOX_UNPROVED, true, false, true},
                {"it cannot say, and it is history", OUTBOX_UNPROVED, true, true, false}};
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct outbox o;
        struct outbox_entry acked;
        outbox_init(&o, 2);
        add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
        uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
        outbox_acked(&o, 0, rows[i].outside, token, rows[i].how, 0, &acked);
        if (rows[i].younger) {
            add(&o, 2, ALERT_PUB_LOCKDOWN, 1);
            outbox_sent(&o, outbox_next(&o, 0, 0), 0, 1);
        }
        outbox_broker_down(&o, 0);
        const struct outbox_entry *next = outbox_next(&o, 0, 1);
        assert_int_equal(next && next->id.bytes[0] == 1, rows[i].again);
    }
}

/* It was heard, here or outside: new brokers do not need it. */
static void test_new_brokers_do_not_get_what_is_over(void **state)
{
    (void)state;
    for (int outside = 0; outside < 2; outside++) {
        struct outbox o;
        struct outbox_entry acked;
        outbox_init(&o, 1 + (size_t)outside);
        add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
        uint64_t token = outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
        outbox_acked(&o, 0, outside == 1, token, OUTBOX_ACKED, 0, &acked);
        outbox_brokers(&o, 1);
        assert_null(outbox_next(&o, 0, 0));
    }
}

static void test_a_drill_takes_no_calm_out(void **state)
{
    (void)state;
    struct outbox o;
    struct alert_action drill = alarm_of(2, ALERT_PUB_LOCKDOWN);
    drill.drill = true;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_ALL_CLEAR, 0);
    outbox_add(&o, &drill, false, 10, 0);
    assert_int_equal(outbox_next(&o, 0, 0)->publish, ALERT_PUB_ALL_CLEAR);
}

static void test_it_waits_for_what_was_sent(void **state)
{
    (void)state;
    struct outbox o;
    outbox_init(&o, 1);
    add(&o, 1, ALERT_PUB_LOCKDOWN, 0);
    outbox_sent(&o, outbox_next(&o, 0, 0), 0, 0);
    assert_true(outbox_waiting(&o));
}

/* As long as a slot is free, nothing is given up. */
static void test_a_free_slot_goes_before_what_was_handed_over(void **state)
{
    (void)state;
    struct outbox o;
    outbox_init(&o, 1);
    for (int i = 1; i <= OUTBOX_MAX; i++) {
        struct alert_action a = alarm_of((uint8_t)i, ALERT_PUB_LOCKDOWN);
        outbox_add(&o, &a, false, i, 0);
        outbox_answered(&o, &a.id);
    }
    for (int i = 1; i <= OUTBOX_MAX; i++) {
        struct outbox_entry *e = outbox_next(&o, 0, 0);
        assert_int_equal(e->id.bytes[0], i);
        outbox_sent(&o, e, 0, 0);
    }
    assert_null(outbox_next(&o, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_broker_gets_every_alert_in_order),
        cmocka_unit_test(test_a_real_alert_takes_a_drill_and_its_end_out),
        cmocka_unit_test(test_what_a_real_alert_takes_out_makes_room_for_it),
        cmocka_unit_test(test_a_real_alert_takes_the_place_of_earlier_calm),
        cmocka_unit_test(test_a_broker_here_hands_nothing_over),
        cmocka_unit_test(test_what_waits_for_its_acknowledgement_is_known),
        cmocka_unit_test(test_what_could_not_be_sent_is_next_again),
        cmocka_unit_test(test_what_was_in_doubt_is_sent_again),
        cmocka_unit_test(test_a_repeat_starts_its_entry_again),
        cmocka_unit_test(test_a_members_answer_hands_over),
        cmocka_unit_test(test_what_nobody_received_is_sent_again_until_something_younger_is_there),
        cmocka_unit_test(test_what_was_refused_comes_again_in_order),
        cmocka_unit_test(test_what_cannot_be_proved_is_taken_and_not_handed_over),
        cmocka_unit_test(test_a_full_box_gives_up_what_was_handed_over_first),
        cmocka_unit_test(test_only_what_was_handed_over_grows_old),
        cmocka_unit_test(test_new_brokers_get_what_is_pending),
        cmocka_unit_test(test_new_brokers_are_new_to_all),
        cmocka_unit_test(test_one_broker_outside_that_has_it_is_enough),
        cmocka_unit_test(test_it_waits_while_one_broker_has_not_taken_it),
        cmocka_unit_test(test_a_broker_that_goes_is_sent_again_what_may_be_lost),
        cmocka_unit_test(test_new_brokers_do_not_get_what_is_over),
        cmocka_unit_test(test_a_drill_takes_no_calm_out),
        cmocka_unit_test(test_it_waits_for_what_was_sent),
        cmocka_unit_test(test_a_free_slot_goes_before_what_was_handed_over),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
