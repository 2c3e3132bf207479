/* Which PUBACK proves what: answers under the wrong packet identifier never do. */

#include "kiosk/mqtt/pubacks.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

enum { STATE = 7, ALERT = 8, RING = 9 }; /* packet identifiers in the order of sending */

static struct pubacks three_sent(void)
{
    struct pubacks a = {0};
    pubacks_sent(&a, STATE, 0, false, NULL, "state", S);
    pubacks_sent(&a, ALERT, 1, false, NULL, "alert", S);
    pubacks_sent(&a, RING, 2, false, NULL, "ring", S);
    return a;
}

/* As libmosquitto reports it: its log first, then the answer where it knows of one. */
static void comes(struct pubacks *a, int mid, int64_t now)
{
    pubacks_came(a, mid);
    pubacks_answered(a, mid, 0, now);
}

static int next(struct pubacks *a, int64_t now)
{
    struct puback one;
    return pubacks_next(a, now, &one) ? one.mid : 0;
}

static void answers_in_order_count_at_once(void **state)
{
    struct pubacks a = three_sent();
    (void)state;
    for (int mid = STATE; mid <= RING; mid++) {
        comes(&a, mid, S);
        assert_int_equal(next(&a, S), mid);
        assert_int_equal(next(&a, S), 0);
    }
    assert_false(a.strange);
    assert_false(pubacks_wait(&a));
}

static void an_answer_out_of_order_counts_once_the_older_ones_came(void **state)
{
    struct pubacks a = three_sent();
    (void)state;
    comes(&a, RING, S);
    assert_int_equal(next(&a, S), 0);
    assert_true(pubacks_wait(&a));
    comes(&a, ALERT, S);
    assert_int_equal(next(&a, S), 0);
    comes(&a, STATE, S);
    assert_int_equal(next(&a, S), STATE);
    assert_int_equal(next(&a, S), ALERT);
    assert_int_equal(next(&a, S), RING);
    assert_false(a.strange);
}

static void an_answer_out_of_order_counts_after_a_second(void **state)
{
    struct pubacks a = three_sent();
    (void)state;
    comes(&a, ALERT, S);
    assert_int_equal(next(&a, S + PUBACKS_EARLY - MS), 0);
    assert_int_equal(next(&a, S + PUBACKS_EARLY), ALERT);
    assert_false(a.strange);
}

static void a_broker_that_answers_for_the_next_message_is_strange_before_it_counts(void **state)
{
    struct pubacks a = three_sent();
    (void)state;
    for (int mid = STATE; mid < RING; mid++) {
        comes(&a, mid + 1, S);
        assert_int_equal(next(&a, S), 0);
    }
    comes(&a, RING + 1, S);
    assert_true(a.strange);
    assert_int_equal(next(&a, S), ALERT); /* and the caller counts it as not proved */
}

static void a_broker_that_answers_for_the_message_before_is_strange_at_its_first_answer(
    void **state)
{
    struct pubacks a = three_sent();
    (void)state;
    assert_true(pubacks_came(&a, STATE - 1));
    assert_false(pubacks_came(&a, STATE - 1)); /* said once */
    assert_true(a.strange);
}

static void a_second_answer_for_the_same_message_is_strange(void **state)
{
    struct pubacks a = three_sent();
    (void)state;
    comes(&a, RING, S); /* in truth for the alert */
    comes(&a, RING, S);
    assert_true(a.strange);
}

static void more_unanswered_than_there_is_room_for_make_no_broker_strange(void **state)
{
    struct pubacks a = {0};
    (void)state;
    for (int i = 1; i <= PUBACKS_MAX + 1; i++)
        pubacks_sent(&a, i, 0, false, NULL, "notice", S);
    assert_null(pubacks_answered(&a, 1, 0, S));
    assert_false(pubacks_came(&a, 1));
    assert_false(a.strange);
}

static void what_is_never_answered_is_late_once_and_jams_when_there_is_no_room_left(void **state)
{
    struct pubacks a = {0};
    struct puback one;
    (void)state;
    pubacks_sent(&a, STATE, 0, false, NULL, "state", S);
    for (int i = 1; i < 3 * PUBACKS_MAX; i++) { /* what is answered makes room */
        pubacks_sent(&a, STATE + i, 0, false, NULL, "notice", S);
        comes(&a, STATE + i, S);
        assert_true(pubacks_next(&a, S + PUBACKS_EARLY, &one));
    }
    assert_null(pubacks_late(&a, S + PUBACKS_LATE - 1));
    assert_int_equal(pubacks_late(&a, S + PUBACKS_LATE)->mid, STATE);
    assert_null(pubacks_late(&a, 100 * S));
    for (int i = 1; i < PUBACKS_MAX; i++)
        pubacks_sent(&a, STATE + i, 0, false, NULL, "notice", 100 * S);
    assert_false(a.jammed);
    pubacks_sent(&a, 1000, 0, false, NULL, "notice", 100 * S);
    assert_true(a.jammed);
    assert_int_equal(pubacks_answered(&a, 1000, 0, 100 * S)->mid, 1000); /* a late answer counts */
}

static void something_vital_waits_until_it_is_judged_or_too_old(void **state)
{
    struct pubacks a = {0};
    struct puback one;
    (void)state;
    pubacks_sent(&a, STATE, 0, false, NULL, "state", S);
    assert_false(pubacks_wait_vital(&a, 0));
    pubacks_sent(&a, ALERT, 1, true, NULL, "alert", 2 * S);
    assert_true(pubacks_wait_vital(&a, 2 * S - 1));
    assert_false(pubacks_wait_vital(&a, 2 * S));
    comes(&a, ALERT, 2 * S); /* before the older one: it cannot be judged yet */
    assert_false(pubacks_next(&a, 2 * S, &one));
    assert_true(pubacks_wait_vital(&a, 2 * S - 1));
    comes(&a, STATE, 2 * S);
    assert_true(pubacks_next(&a, 2 * S, &one) && pubacks_next(&a, 2 * S, &one));
    assert_false(pubacks_wait_vital(&a, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_in_order_count_at_once),
        cmocka_unit_test(something_vital_waits_until_it_is_judged_or_too_old),
        cmocka_unit_test(an_answer_out_of_order_counts_once_the_older_ones_came),
        cmocka_unit_test(an_answer_out_of_order_counts_after_a_second),
        cmocka_unit_test(a_broker_that_answers_for_the_next_message_is_strange_before_it_counts),
        cmocka_unit_test(
            a_broker_that_answers_for_the_message_before_is_strange_at_its_first_answer),
        cmocka_unit_test(a_second_answer_for_the_same_message_is_strange),
        cmocka_unit_test(what_is_never_answered_is_late_once_and_jams_when_there_is_no_room_left),
        cmocka_unit_test(more_unanswered_than_there_is_room_for_make_no_broker_strange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
