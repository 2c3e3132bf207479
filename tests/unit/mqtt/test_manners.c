/* What a broker has been found to allow, without a broker. */

#include "kiosk/mqtt/manners.h"
#include "tests/unit/rows.h"

#include <mqtt_protocol.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static struct manners_thing *needed_thing(struct mqtt_manners *m, char kind, const char *topic,
                                          int how)
{
    struct manners_thing *t = manners_of(m, kind, topic, how);
    t->needed = true;
    return t;
}

static void what_is_optional_is_left_out_at_once(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = manners_of(&m, 's', "relay/+", 0);
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    assert_true(manners_blame(&m, t, false, false, S));
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_ptr_equal(manners_of(&m, 's', "relay/+", 0), t);
    assert_ptr_not_equal(manners_of(&m, 's', "ack/+", 0), t);
}

static void what_is_optional_gets_one_more_chance_after_30_s(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = manners_of(&m, 's', "relay/+", 0);
    assert_int_equal(MANNERS_CHANCE, 30 * S);
    manners_blame(&m, t, false, false, S);
    assert_false(manners_chance(t, MANNERS_CHANCE - 1));
    assert_true(manners_chance(t, MANNERS_CHANCE));
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    manners_blame(&m, t, false, false, 400 * S);
    assert_false(manners_chance(t, MANNERS_CHANCE_LATER));
    assert_int_equal(t->standing, MANNERS_BLAMED);
}

static void what_is_needed_is_left_out_at_its_second_time_and_comes_back_soon(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = needed_thing(&m, 's', "command/+", 0);
    assert_true(manners_blame(&m, t, false, false, S));
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    manners_blame(&m, t, false, false, 2 * S);
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_false(manners_chance(t, MANNERS_CHANCE - 1));
    assert_true(manners_chance(t, MANNERS_CHANCE));
    manners_blame(&m, t, false, false, 40 * S);
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_false(manners_chance(t, MANNERS_CHANCE_LATER - 1));
    assert_true(manners_chance(t, MANNERS_CHANCE_LATER));
    manners_blame(&m, t, false, false, 400 * S);
    assert_false(manners_chance(t, MANNERS_CHANCE_LATER));
}

static void what_is_refused_by_a_code_is_asked_for_again_each_30_s(void **state)
{
    (void)state;
    assert_false(manners_asks_again(0, MANNERS_MEMORY));
    assert_false(manners_asks_again(1, 30 * S - 1));
    assert_true(manners_asks_again(1, 30 * S));
    assert_false(manners_asks_again(2, 60 * S - 1));
    assert_true(manners_asks_again(2, 60 * S));
}

static void what_the_broker_has_taken_meanwhile_begins_again(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = needed_thing(&m, 's', "command/+", 0);
    for (int i = 0; i < 5; i++) {
        manners_blame(&m, t, false, false, S);
        assert_int_equal(t->standing, MANNERS_UNPROVEN);
        manners_prove(&m, t, false);
        assert_int_equal(t->standing, MANNERS_PROVEN);
        t->standing = MANNERS_UNPROVEN;
    }
}

static void a_broker_that_says_why_is_believed_at_once(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = needed_thing(&m, 's', "command/+", 0);
    assert_true(manners_blame(&m, t, false, true, S));
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_true(manners_chance(t, MANNERS_CHANCE));
}

static void a_retained_message_is_then_sent_unretained(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = needed_thing(&m, 'p', "state", 1);
    assert_true(manners_blame(&m, t, true, false, S));
    assert_false(m.no_retain);
    manners_blame(&m, t, true, false, 2 * S);
    assert_true(m.no_retain);
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    assert_false(manners_chance_retain(&m, MANNERS_CHANCE - 1));
    assert_true(manners_chance_retain(&m, MANNERS_CHANCE));
    manners_blame(&m, t, true, false, 40 * S);
    assert_false(manners_chance_retain(&m, MANNERS_CHANCE_LATER - 1));
    assert_true(manners_chance_retain(&m, MANNERS_CHANCE_LATER));
    manners_blame(&m, t, true, false, 400 * S);
    assert_false(manners_chance_retain(&m, MANNERS_CHANCE_LATER));
}

static void where_retained_messages_are_taken_one_that_is_not_is_about_its_topic(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    manners_prove(&m, needed_thing(&m, 'p', "state", 1), true);
    struct manners_thing *t = manners_of(&m, 'p', "homeassistant/device", 1);
    assert_true(manners_blame(&m, t, true, false, S));
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_false(m.no_retain);
}

static struct manners_thing *thing_of_family(struct mqtt_manners *m, const char *topic)
{
    struct manners_thing *t = manners_of(m, 'p', topic, 1);
    t->family = 'h';
    return t;
}

static void who_may_not_do_one_of_a_family_is_not_asked_for_the_others(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *one = thing_of_family(&m, "home/a"), *two = thing_of_family(&m, "home/b");
    struct manners_thing *taken = thing_of_family(&m, "home/c"),
                         *other = manners_of(&m, 'p', "text", 0);
    manners_prove(&m, taken, true);
    assert_false(manners_leaves_out(&m, two, 0));
    manners_blame(&m, one, true, false, S);
    assert_true(manners_leaves_out(&m, one, 0));
    assert_true(manners_leaves_out(&m, two, 0));
    assert_true(manners_leaves_out(&m, thing_of_family(&m, "home/d"), 0));
    assert_false(manners_leaves_out(&m, taken, 0));
    assert_false(manners_leaves_out(&m, other, 0));
}

static void a_family_gets_one_chance_by_whichever_of_it_comes_first(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *one = thing_of_family(&m, "home/a"), *two = thing_of_family(&m, "home/b");
    manners_blame(&m, one, false, false, S);
    assert_true(manners_leaves_out(&m, two, MANNERS_CHANCE - 1));
    assert_false(manners_leaves_out(&m, two, MANNERS_CHANCE));
    manners_blame(&m, two, false, false, 40 * S);
    assert_true(manners_leaves_out(&m, one, MANNERS_CHANCE_LATER));
    assert_true(manners_leaves_out(&m, two, MANNERS_CHANCE_LATER));
}

static void who_never_answers_mqtt_5_may_be_old(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    for (int i = 0; i < MANNERS_SILENT_OLD; i++) {
        assert_false(manners_is_old(&m));
        manners_refused(&m, 0, i == 0, S);
    }
    assert_true(manners_is_old(&m));
    manners_old(&m);
    assert_false(m.no_will || m.will_unretained);
    manners_begin(&m, S + MANNERS_MEMORY + 1);
    assert_true(manners_is_old(&m)); /* 5 is asked for once, and then 3.1.1 */
    manners_taken(&m);               /* it was renewed */
    for (int i = 0; i < 20; i++) {
        assert_false(manners_is_old(&m));
        manners_refused(&m, 0, true, S);
    }
}

static void who_always_hangs_up_does_so_for_another_reason(void **state)
{
    struct mqtt_manners m = {0};
    bool learnt = true;
    char topic[2] = "a";
    (void)state;
    for (int i = 0; i < MANNERS_EARLY_MOST; i++, topic[0]++)
        learnt = manners_blame(&m, manners_of(&m, 's', topic, 0), false, false, S);
    assert_false(learnt);
    for (topic[0] = 'a'; topic[0] < 'a' + MANNERS_EARLY_MOST; topic[0]++)
        assert_int_not_equal(manners_of(&m, 's', topic, 0)->standing, MANNERS_BLAMED);
    manners_lasted(&m);
    assert_true(manners_blame(&m, manners_of(&m, 's', "a", 0), false, false, S));
}

static void all_is_tried_again_after_an_hour(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    manners_blame(&m, manners_of(&m, 'p', "state", 1), true, true, S);
    manners_begin(&m, S + MANNERS_MEMORY);
    assert_true(m.no_retain);
    manners_begin(&m, S + MANNERS_MEMORY + 1);
    assert_false(m.no_retain);
}

static const struct {
    int reason;
    bool first, second; /* worth another CONNECT at once */
} refusals[] = {
    {MQTT_RC_RETAIN_NOT_SUPPORTED, true, true}, /* without retain, then without a will */
    {MQTT_RC_QOS_NOT_SUPPORTED, true, true},
    {MQTT_RC_PACKET_TOO_LARGE, true, false},
    {MQTT_RC_TOPIC_NAME_INVALID, true, false},
    {MQTT_RC_NOT_AUTHORIZED, true, false}, /* it was the account */
    {MQTT_RC_CLIENTID_NOT_VALID, true, false},
    {MQTT_RC_BAD_USERNAME_OR_PASSWORD, false, false},
    {MQTT_RC_SERVER_BUSY, false, false},
    {MQTT_RC_USE_ANOTHER_SERVER, false, false},
};

static void a_refused_connect_asks_for_less_and_never_without_end(void **state)
{
    (void)state;
    EACH_ROW (i, refusals, NULL) {
        struct mqtt_manners m = {0};
        assert_int_equal(manners_refused(&m, refusals[i].reason, true, S), refusals[i].first);
        assert_int_equal(manners_refused(&m, refusals[i].reason, !m.no_will, S),
                         refusals[i].second);
        assert_false(manners_refused(&m, refusals[i].reason, !m.no_will, S));
        assert_false(manners_refused(&m, refusals[i].reason, !m.no_will, S));
    }
}

/* And what is retained stays so: an old state would go on showing quiet. */
static void who_hangs_up_at_connect_is_asked_for_less_of_a_will(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_false(manners_refused(&m, 0, true, S));
        assert_false(m.no_will || m.will_unretained);
    }
    manners_refused(&m, 0, true, S);
    assert_true(m.will_unretained && !m.no_will && !m.no_retain);
    manners_refused(&m, 0, true, S);
    manners_refused(&m, 0, true, S);
    assert_true(m.no_will && !m.will_unretained);
    manners_lasted(&m);
    assert_false(m.no_will || m.will_unretained);
}

static void a_wrong_password_costs_no_will(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    manners_refused(&m, MQTT_RC_NOT_AUTHORIZED, true, S);
    assert_true(m.no_will);
    manners_refused(&m, MQTT_RC_NOT_AUTHORIZED, false, S);
    assert_false(m.no_will);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_optional_is_left_out_at_once),
        cmocka_unit_test(what_is_optional_gets_one_more_chance_after_30_s),
        cmocka_unit_test(what_is_needed_is_left_out_at_its_second_time_and_comes_back_soon),
        cmocka_unit_test(what_is_refused_by_a_code_is_asked_for_again_each_30_s),
        cmocka_unit_test(what_the_broker_has_taken_meanwhile_begins_again),
        cmocka_unit_test(a_broker_that_says_why_is_believed_at_once),
        cmocka_unit_test(a_retained_message_is_then_sent_unretained),
        cmocka_unit_test(where_retained_messages_are_taken_one_that_is_not_is_about_its_topic),
        cmocka_unit_test(who_never_answers_mqtt_5_may_be_old),
        cmocka_unit_test(who_may_not_do_one_of_a_family_is_not_asked_for_the_others),
        cmocka_unit_test(a_family_gets_one_chance_by_whichever_of_it_comes_first),
        cmocka_unit_test(who_always_hangs_up_does_so_for_another_reason),
        cmocka_unit_test(all_is_tried_again_after_an_hour),
        cmocka_unit_test(a_refused_connect_asks_for_less_and_never_without_end),
        cmocka_unit_test(who_hangs_up_at_connect_is_asked_for_less_of_a_will),
        cmocka_unit_test(a_wrong_password_costs_no_will),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
