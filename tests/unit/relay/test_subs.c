#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/relay/subs.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char anna[] = "00112233445566aa", ben[] = "00112233445566bb";
static const uint8_t seed[32] = {7}, venue[ENVELOPE_ID] = {1, 2, 3};

struct place {
    char prefix[64];
    struct subs subs;
};

static struct push_offer_letter letter_of(const char *account, uint8_t auth)
{
    struct push_offer_letter l = {.ask = PUSH_OFFER_SUBSCRIBE, .auth = {auth}};
    memcpy(l.account, account, sizeof l.account);
    snprintf(l.endpoint, sizeof l.endpoint, "https://push.example.net/%d", auth);
    return l;
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char folder[128];
    strcpy(p->prefix, "/tmp/porchlight-subs-XXXXXX");
    if (sodium_init() < 0 || !mkdtemp(p->prefix))
        return -1;
    snprintf(folder, sizeof folder, "%s/var/lib/porchlight-relay/", p->prefix);
    for (const char *part = folder + strlen(p->prefix); (part = strchr(part + 1, '/'));) {
        char made[128];
        snprintf(made, sizeof made, "%.*s", (int)(part - folder), folder);
        if (mkdir(made, 0700) < 0)
            return -1;
    }
    *state = p;
    return subs_load(&p->subs, p->prefix, seed);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char command[128];
    subs_finish(&p->subs);
    snprintf(command, sizeof command, "rm -r %s", p->prefix);
    int result = system(command);
    free(p);
    return result;
}

static struct sub *joined(struct place *p, const char *account, uint8_t auth)
{
    struct push_offer_letter l = letter_of(account, auth);
    return subs_put(&p->subs, &l);
}

static void vouch(struct place *p, const char *account, uint8_t auth)
{
    uint8_t hash[MESSAGE_HASH];
    push_offer_auth_hash((const uint8_t[PUSH_OFFER_AUTH]){auth}, hash);
    subs_vouch(&p->subs, account, hash);
}

static void test_awake_is_remembered_for_the_last_alerts(void **state)
{
    struct sub *one = joined(*state, anna, 1), *other = joined(*state, ben, 2);
    static const struct alert_id none;
    sub_note_awake(one, &none);
    assert_false(sub_is_awake(one, &none));
    for (int i = 1; i <= SUBS_AWAKE + 1; i++) {
        const struct alert_id id = {{(uint8_t)i}};
        sub_note_awake(one, &id);
        sub_note_awake(one, &id);
        assert_true(sub_is_awake(one, &id));
        assert_false(sub_is_awake(other, &id));
    }
    assert_false(sub_is_awake(one, &(struct alert_id){{1}}));
    assert_true(sub_is_awake(one, &(struct alert_id){{2}}));
}

static void test_a_check_is_due_once_in_each_period_at_any_hour(void **state)
{
    enum { SPAN = 7 * 24, WEEKS = 20000 };
    struct place *p = *state;
    struct sub *one = joined(p, anna, 1), *other = joined(p, ben, 2);
    unsigned hours[24] = {0}, same = 0;
    for (int64_t week = 0; week < WEEKS; week++) {
        int64_t at = sub_check_offset(&p->subs, one, week, SPAN);
        assert_in_range(at, 0, SPAN - 1);
        hours[at % 24]++;
        same += at == sub_check_offset(&p->subs, other, week, SPAN);
        assert_int_equal(at, sub_check_offset(&p->subs, one, week, SPAN));
    }
    for (size_t h = 0; h < 24; h++)
        assert_in_range(hours[h], WEEKS / 24 * 7 / 10, WEEKS / 24 * 13 / 10);
    assert_in_range(same, 1, WEEKS / SPAN * 2);
}

/* Who runs the broker knows neither the secret nor the nonce. */
static void test_only_the_phone_that_got_the_test_can_report_it(void **state)
{
    struct place *p = *state;
    struct sub *one = joined(p, anna, 1);
    uint8_t nonce[PUSH_OFFER_NONCE], stranger[PUSH_OFFER_NONCE] = {1}, id[ENVELOPE_ID];
    uint8_t other_auth[PUSH_OFFER_AUTH] = {9}, wire[ENVELOPE_SIZE];
    static const int64_t periods[] = {12, 11}, later[] = {14, 13};
    joined(p, ben, 2);
    sodium_hex2bin(id, sizeof id, anna, 16, NULL, NULL, NULL);
    sub_check(&p->subs, one, 11, nonce);

    push_offer_arrived_write(venue, id, one->auth, stranger, wire);
    assert_false(subs_arrived(&p->subs, venue, anna, wire, periods, 100));
    push_offer_arrived_write(venue, id, other_auth, nonce, wire);
    assert_false(subs_arrived(&p->subs, venue, anna, wire, periods, 100));
    push_offer_arrived_write(venue, id, one->auth, nonce, wire);
    assert_false(subs_arrived(&p->subs, venue, ben, wire, periods, 100));
    assert_false(subs_arrived(&p->subs, id, anna, wire, periods, 100));
    assert_false(subs_arrived(&p->subs, venue, anna, wire, later, 100));
    assert_int_equal(one->rang_on, 0);
    assert_true(subs_arrived(&p->subs, venue, anna, wire, periods, 100));
    assert_int_equal(one->rang_on, 100);
}

static void test_phones_are_counted_as_long_as_their_test_is_recent(void **state)
{
    struct place *p = *state;
    joined(p, anna, 1)->rang_on = 100;
    vouch(p, anna, 1);
    joined(p, anna, 3)->rang_on = 120; /* a spare: somebody else may have sent it */
    joined(p, ben, 2);
    for (int64_t day = 100; day < 100 + SUBS_RANG_DAYS; day++) {
        struct subs_count c = subs_count(&p->subs, day);
        assert_int_equal(c.rang, 1);
        assert_int_equal(c.month, 1);
        assert_int_equal(c.phones, 2);
    }
    for (int64_t day = 100 + SUBS_RANG_DAYS; day < 100 + SUBS_MONTH_DAYS; day++) {
        assert_int_equal(subs_count(&p->subs, day).rang, 0);
        assert_int_equal(subs_count(&p->subs, day).month, 1);
    }
    assert_int_equal(subs_count(&p->subs, 100 + SUBS_MONTH_DAYS).month, 0);
}

/* Who runs a broker asks in a phone's name before the phone does, and reports that it rang. */
static void test_only_what_the_kiosk_vouches_for_counts(void **state)
{
    struct place *p = *state;
    struct sub *strangers = joined(p, anna, 1), *own = joined(p, anna, 2);
    strangers->rang_on = 100;
    assert_int_equal(subs_count(&p->subs, 100).rang, 0);
    assert_int_equal(subs_count(&p->subs, 100).phones, 1);

    vouch(p, ben, 2); /* which is not ben's */
    assert_true(own->spare);
    vouch(p, anna, 2);
    assert_true(strangers->spare);
    assert_false(own->spare);
    assert_int_equal(subs_count(&p->subs, 100).rang, 0);
    own->rang_on = 100;
    assert_int_equal(subs_count(&p->subs, 100).rang, 1);
    assert_int_equal(subs_count(&p->subs, 100).phones, 1);

    joined(p, anna, 3)->rang_on = 100; /* in the place of the stranger's */
    assert_int_equal(p->subs.count, 2);
    assert_false(own->spare);
    assert_int_equal(subs_save(&p->subs), 0);
    subs_finish(&p->subs);
    assert_int_equal(subs_load(&p->subs, p->prefix, seed), 0);
    assert_int_equal(subs_count(&p->subs, 100).rang, 1);
}

static void test_the_day_is_kept_and_old_files_are_read(void **state)
{
    struct place *p = *state;
    struct sub *one = joined(p, anna, 1);
    one->rang_on = 20786;
    joined(p, ben, 2);
    assert_int_equal(subs_save(&p->subs), 0);
    subs_finish(&p->subs);
    assert_int_equal(subs_load(&p->subs, p->prefix, seed), 0);
    assert_int_equal(p->subs.count, 2);
    assert_int_equal(subs_find(&p->subs, anna, (const uint8_t[PUSH_OFFER_AUTH]){1})->rang_on,
                     20786);
    assert_int_equal(subs_find(&p->subs, ben, (const uint8_t[PUSH_OFFER_AUTH]){2})->rang_on, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_awake_is_remembered_for_the_last_alerts),
        TEST(test_a_check_is_due_once_in_each_period_at_any_hour),
        TEST(test_only_the_phone_that_got_the_test_can_report_it),
        TEST(test_phones_are_counted_as_long_as_their_test_is_recent),
        TEST(test_only_what_the_kiosk_vouches_for_counts),
        TEST(test_the_day_is_kept_and_old_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
