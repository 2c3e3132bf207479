/* When a phone says once more what it answered. */

#include "kiosk/core/own_answer.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static struct message said(enum message_kind kind, uint8_t id, uint64_t epoch)
{
    struct message m = {.kind = kind, .epoch = epoch, .state = ALERT_LOCKDOWN};
    memset(m.id.bytes, id, sizeof m.id.bytes);
    return m;
}

static struct own_answers answered(enum message_kind kind)
{
    struct own_answers a = {0};
    struct message m = said(MSG_LOCKDOWN, 7, 10);
    own_answer_hear(&a, &m, 0, 50 * S);
    own_answer_give(&a, kind, 3);
    return a;
}

static void hear(struct own_answers *a, const struct message *m, uint32_t chance)
{
    own_answer_hear(a, m, chance, 100 * S);
}

static void a_restart_makes_a_phone_answer_again_once(void **state)
{
    (void)state;
    struct own_answers a = answered(MSG_HELP);
    struct message before = said(MSG_STATE, 7, 10), after = said(MSG_STATE, 7, 11);
    hear(&a, &before, 0);
    assert_false(own_answer_is_due(&a, 1000 * S));
    hear(&a, &after, 0);
    assert_true(own_answer_is_due(&a, 100 * S + 1));
    assert_int_equal(a.now.seq, 3);
    assert_int_equal(a.now.kind, MSG_HELP);
    assert_false(own_answer_is_due(&a, 1000 * S));
    hear(&a, &after, 0);
    hear(&a, &before, 0);
    assert_false(own_answer_is_due(&a, 1000 * S));
}

static void an_alarm_that_is_sent_again_counts_as_much_as_a_state(void **state)
{
    (void)state;
    static const enum message_kind kinds[] = {MSG_LOCKDOWN, MSG_CAUTION, MSG_STATE};
    EACH_ROW (i, kinds, message_kind_name(kinds[i])) {
        struct own_answers a = answered(MSG_SEEN);
        struct message m = said(kinds[i], 7, 11);
        hear(&a, &m, 0);
        assert_true(own_answer_is_due(&a, 1000 * S));
    }
}

static void who_needs_help_waits_5_s_at_most_and_the_rest_60(void **state)
{
    (void)state;
    static const struct {
        enum message_kind kind;
        int64_t most;
    } rows[] = {{MSG_HELP, 5 * S}, {MSG_SEEN, 60 * S}, {MSG_SAFE, 60 * S}};
    EACH_ROW (i, rows, message_kind_name(rows[i].kind)) {
        struct own_answers a = answered(rows[i].kind);
        struct message m = said(MSG_STATE, 7, 11);
        hear(&a, &m, UINT32_MAX);
        assert_false(own_answer_is_due(&a, 100 * S + rows[i].most - S / 10));
        assert_true(own_answer_is_due(&a, 100 * S + rows[i].most));
    }
}

static void what_was_not_answered_or_is_over_is_not_answered_again(void **state)
{
    (void)state;
    struct own_answers a = answered(MSG_SAFE), none = {0};
    struct message other = said(MSG_STATE, 8, 11), third = said(MSG_STATE, 9, 11),
                   quiet = said(MSG_STATE, 0, 11), same = said(MSG_STATE, 7, 11),
                   end = said(MSG_ALL_CLEAR, 7, 11);
    quiet.state = ALERT_QUIET;
    hear(&a, &other, 0);
    hear(&a, &third, 0);
    hear(&a, &same, 0); /* a new one to this phone: it keeps the answers to two */
    assert_false(own_answer_is_due(&a, 1000 * S));
    a = answered(MSG_SAFE);
    hear(&a, &same, 0);
    hear(&a, &quiet, 0);
    assert_false(own_answer_is_due(&a, 1000 * S));
    a = answered(MSG_SAFE);
    hear(&a, &same, 0);
    hear(&a, &end, 0);
    assert_false(own_answer_is_due(&a, 1000 * S));
    hear(&none, &same, 0);
    same.epoch++;
    hear(&none, &same, 0);
    assert_false(own_answer_is_due(&none, 1000 * S));
}

static void a_later_answer_takes_the_place_of_one_that_waits(void **state)
{
    (void)state;
    struct own_answers a = answered(MSG_SAFE);
    struct message after = said(MSG_STATE, 7, 11), later = said(MSG_STATE, 7, 12);
    hear(&a, &after, UINT32_MAX);
    own_answer_give(&a, MSG_HELP, 4);
    hear(&a, &after, 0);
    assert_false(own_answer_is_due(&a, 1000 * S));
    hear(&a, &later, 0);
    assert_true(own_answer_is_due(&a, 1000 * S));
    assert_int_equal(a.now.seq, 4);
}

/* The power failed as the lockdown began: the kiosk comes back with the caution before it, until
 * its broker has told it of the lockdown. */
static void the_answer_to_an_alert_outlives_a_moment_of_the_one_before(void **state)
{
    (void)state;
    struct own_answers a = {0};
    struct message caution = said(MSG_CAUTION, 6, 10), lockdown = said(MSG_LOCKDOWN, 7, 10);
    hear(&a, &caution, 0);
    own_answer_give(&a, MSG_SEEN, 1);
    hear(&a, &lockdown, 0);
    own_answer_give(&a, MSG_HELP, 2);
    caution.epoch = lockdown.epoch = 11;
    hear(&a, &caution, UINT32_MAX);
    hear(&a, &lockdown, 0);
    assert_true(own_answer_is_due(&a, 100 * S + 1));
    assert_int_equal(a.now.id.bytes[0], 7);
    assert_int_equal(a.now.kind, MSG_HELP);
    assert_int_equal(a.now.seq, 2);
    assert_false(own_answer_is_due(&a, 1000 * S));
    hear(&a, &caution, 0);
    assert_true(own_answer_is_due(&a, 1000 * S));
    assert_int_equal(a.now.kind, MSG_SEEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_makes_a_phone_answer_again_once),
        cmocka_unit_test(an_alarm_that_is_sent_again_counts_as_much_as_a_state),
        cmocka_unit_test(who_needs_help_waits_5_s_at_most_and_the_rest_60),
        cmocka_unit_test(what_was_not_answered_or_is_over_is_not_answered_again),
        cmocka_unit_test(the_answer_to_an_alert_outlives_a_moment_of_the_one_before),
        cmocka_unit_test(a_later_answer_takes_the_place_of_one_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
