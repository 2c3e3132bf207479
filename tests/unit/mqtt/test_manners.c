/* What a broker has been found to allow, without a broker. */

#include "kiosk/mqtt/manners.h"
#include "tests/unit/rows.h"

#include <mqtt_protocol.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static void a_subscription_that_ended_the_connection_is_left_out(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = manners_of(&m, 's', "command/+", 0);
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    assert_true(manners_blame(&m, t, false, S));
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_ptr_equal(manners_of(&m, 's', "command/+", 0), t);
    assert_ptr_not_equal(manners_of(&m, 's', "ack/+", 0), t);
}

static void it_gets_one_second_chance(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = manners_of(&m, 's', "command/+", 0);
    manners_blame(&m, t, false, S);
    assert_false(manners_chance(t, MANNERS_CHANCE - 1));
    assert_true(manners_chance(t, MANNERS_CHANCE));
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    manners_blame(&m, t, false, 400 * S);
    assert_false(manners_chance(t, MANNERS_CHANCE));
    assert_int_equal(t->standing, MANNERS_BLAMED);
}

static void a_publication_is_left_out_at_its_second_time(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = manners_of(&m, 'q', "beat", 0);
    assert_true(manners_blame(&m, t, false, S));
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    manners_blame(&m, t, false, 2 * S);
    assert_int_equal(t->standing, MANNERS_BLAMED);
    assert_true(manners_chance(t, MANNERS_CHANCE_PUBLISH));
}

static void a_retained_message_is_then_sent_unretained(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    struct manners_thing *t = manners_of(&m, 'p', "state", 1);
    assert_true(manners_blame(&m, t, true, S));
    assert_true(m.no_retain);
    assert_int_equal(t->standing, MANNERS_UNPROVEN);
    assert_false(manners_chance_retain(&m, MANNERS_CHANCE - 1));
    assert_true(manners_chance_retain(&m, MANNERS_CHANCE));
    manners_blame(&m, t, true, 400 * S);
    assert_false(manners_chance_retain(&m, MANNERS_CHANCE));
}

static void who_always_hangs_up_does_so_for_another_reason(void **state)
{
    static const char *const topics[] = {"a", "b", "c", "d", "e", "f",
                                         "g", "h", "i", "j", "k", "l"};
    struct mqtt_manners m = {0};
    bool learnt = true;
    (void)state;
    EACH_ROW (i, topics, topics[i]) {
        learnt = manners_blame(&m, manners_of(&m, 's', topics[i], 0), false, S);
    }
    assert_false(learnt);
    EACH_ROW (i, topics, topics[i]) {
        assert_int_not_equal(manners_of(&m, 's', topics[i], 0)->standing, MANNERS_BLAMED);
    }
    manners_lasted(&m);
    assert_true(manners_blame(&m, manners_of(&m, 's', "a", 0), false, S));
}

static void all_is_tried_again_after_an_hour(void **state)
{
    struct mqtt_manners m = {0};
    (void)state;
    manners_blame(&m, manners_of(&m, 'p', "state", 1), true, S);
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
        cmocka_unit_test(a_subscription_that_ended_the_connection_is_left_out),
        cmocka_unit_test(it_gets_one_second_chance),
        cmocka_unit_test(a_publication_is_left_out_at_its_second_time),
        cmocka_unit_test(a_retained_message_is_then_sent_unretained),
        cmocka_unit_test(who_always_hangs_up_does_so_for_another_reason),
        cmocka_unit_test(all_is_tried_again_after_an_hour),
        cmocka_unit_test(a_refused_connect_asks_for_less_and_never_without_end),
        cmocka_unit_test(who_hangs_up_at_connect_is_asked_for_less_of_a_will),
        cmocka_unit_test(a_wrong_password_costs_no_will),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
