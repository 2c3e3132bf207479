/* Which address is tried when: RFC 8305, without a clock or a network. */

#include "kiosk/mqtt/race.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static union race_ip ip(const char *text)
{
    union race_ip out = {0};
    out.any.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(out.any.sa_family, text,
                               out.any.sa_family == AF_INET6 ? (void *)&out.six.sin6_addr
                                                             : (void *)&out.four.sin_addr),
                     1);
    return out;
}

static void add(struct race *r, const char *text, bool good, bool bad)
{
    union race_ip a = ip(text);
    race_add(r, &a, good, bad);
}

static void expect_next(struct race *r, const char *text, int64_t now)
{
    union race_ip wanted = ip(text);
    const struct race_address *a = race_begin(r, now);
    if (!a || !race_ip_equal(&a->ip, &wanted))
        fail_msg("%s is not next", text);
}

static void families_take_turns_a_quarter_of_a_second_apart(void **state)
{
    struct race r;
    (void)state;
    race_init(&r, 0);
    r.four_from = 0;
    add(&r, "192.0.2.1", false, false);
    add(&r, "192.0.2.2", false, false);
    add(&r, "2001:db8::1", false, false);
    add(&r, "2001:db8::2", false, false);
    add(&r, "2001:db8::2", false, false); /* twice in DNS is once in the race */
    expect_next(&r, "2001:db8::1", 0);
    assert_null(race_begin(&r, RACE_DELAY - 1));
    assert_int_equal(race_deadline(&r), RACE_DELAY);
    expect_next(&r, "192.0.2.1", RACE_DELAY);
    expect_next(&r, "2001:db8::2", 2 * RACE_DELAY);
    expect_next(&r, "192.0.2.2", 3 * RACE_DELAY);
    assert_null(race_begin(&r, 9 * RACE_DELAY));
    assert_int_equal(race_deadline(&r), INT64_MAX);
}

static void an_attempt_that_fails_lets_the_next_begin_at_once(void **state)
{
    struct race r;
    (void)state;
    race_init(&r, 0);
    r.four_from = 0;
    add(&r, "2001:db8::1", false, false);
    add(&r, "192.0.2.1", false, false);
    struct race_address *a = race_begin(&r, 0);
    race_fail(&r, a, ENETUNREACH, 5);
    expect_next(&r, "192.0.2.1", 5);
    race_fail(&r, &r.all[1], ECONNREFUSED, 6);
    assert_int_equal(r.error, ECONNREFUSED);
    assert_int_equal(race_counted(&r, RACE_FAILED), 2);
}

static void ipv4_waits_a_moment_for_ipv6s_look_up(void **state)
{
    struct race r;
    (void)state;
    race_init(&r, 0);
    add(&r, "192.0.2.1", false, false);
    assert_null(race_begin(&r, 0));
    r.four_from = RACE_RESOLUTION;
    assert_int_equal(race_deadline(&r), RACE_RESOLUTION);
    assert_null(race_begin(&r, RACE_RESOLUTION - 1));
    expect_next(&r, "192.0.2.1", RACE_RESOLUTION);
}

static void the_last_good_address_is_first_and_a_bad_one_last(void **state)
{
    struct race r;
    (void)state;
    race_init(&r, 0);
    add(&r, "2001:db8::bad", false, true);
    add(&r, "192.0.2.1", true, false);
    expect_next(&r, "192.0.2.1", 0); /* whatever the look-ups are at */
    r.four_from = 0;
    add(&r, "192.0.2.2", false, false);
    expect_next(&r, "192.0.2.2", RACE_DELAY);
    expect_next(&r, "2001:db8::bad", 2 * RACE_DELAY);
}

static void a_name_with_very_many_addresses_has_an_end(void **state)
{
    struct race r;
    (void)state;
    race_init(&r, 0);
    r.four_from = 0;
    for (int i = 0; i < 200; i++) {
        char text[24];
        snprintf(text, sizeof text, "192.0.2.%d", i);
        add(&r, text, false, false);
    }
    assert_int_equal(r.count, RACE_MAX);
    for (int64_t i = 0; i < RACE_MAX; i++)
        assert_non_null(race_begin(&r, i * RACE_DELAY));
    assert_null(race_begin(&r, RACE_MAX * RACE_DELAY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_take_turns_a_quarter_of_a_second_apart),
        cmocka_unit_test(an_attempt_that_fails_lets_the_next_begin_at_once),
        cmocka_unit_test(ipv4_waits_a_moment_for_ipv6s_look_up),
        cmocka_unit_test(the_last_good_address_is_first_and_a_bad_one_last),
        cmocka_unit_test(a_name_with_very_many_addresses_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
