#include "kiosk/core/ns.h"
#include "kiosk/relay/ring_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/* A relay that starts again, behind a broker that sends it what it recorded before, in its order.
 */

#define NO     RING_POLICY_NOTHING
#define MINUTE (60 * NS_PER_S)

static struct message ring_of(uint64_t epoch, uint64_t seq, char id, bool on, char staff)
{
    struct message m = {.kind = MSG_RING, .epoch = epoch, .seq = seq, .on = on};
    memset(m.id.bytes, id, sizeof m.id.bytes);
    memset(m.staff.bytes, staff, sizeof m.staff.bytes);
    return m;
}

/* Three alerts with their ends, a code in between, and one more of each in a later start. */
static struct message recorded(size_t i)
{
    const struct message all[] = {
        ring_of(4, 10, 'a', true, 0),    ring_of(4, 11, 'a', false, 0),
        ring_of(4, 20, 'b', true, 0),    ring_of(4, 21, 'b', false, 0),
        ring_of(4, 30, 'b', false, 'x'), ring_of(4, 31, 'b', false, 0),
        ring_of(4, 40, 'c', true, 0),    ring_of(4, 41, 'c', false, 0),
        ring_of(6, 3, 0, false, 0),      ring_of(6, 9, 0, false, 'y'),
        ring_of(6, 20, 'd', true, 'y'),  ring_of(6, 21, 'd', false, 'y'),
    };
    return all[i];
}
enum { RECORDED = 12 };

static enum ring_policy_ring word(struct ring_policy *w, const struct message *m, int64_t now)
{
    return ring_policy_word(w, 0, m, false, 0, now);
}

static void restart(struct ring_policy *w, struct freshness_mark top, int64_t late_at, int64_t now)
{
    ring_policy_init(w, 1, 0, 0, now);
    ring_policy_resume(w, 0, top, late_at);
    ring_policy_link(w, true, now);
}

/* How often it rings for all that is recorded. */
static int play(struct ring_policy *w, int64_t now)
{
    int rings = 0;
    for (size_t i = 0; i < RECORDED; i++) {
        struct message m = recorded(i);
        rings += word(w, &m, now) != NO;
    }
    return rings;
}

static void test_what_was_recorded_rings_once_an_hour_at_most_however_often_a_relay_starts(
    void **state)
{
    struct ring_policy w;
    int rings = 0;
    (void)state;
    restart(&w, (struct freshness_mark){0, 0}, NS_NEVER, 0);
    assert_int_equal(play(&w, 0), 10); /* so that the rest fails for a reason */
    for (int start = 1; start <= 240; start++) {
        restart(&w, w.kiosks[0].top, w.kiosks[0].late_at, start * MINUTE);
        assert_int_equal(w.kiosks[0].top.epoch, 6);
        assert_int_equal(w.kiosks[0].top.seq, 21);
        rings += play(&w, start * MINUTE);
        rings += play(&w, start * MINUTE);
    }
    assert_int_equal(rings, 4);
}

static void test_what_is_new_after_a_restart_rings_at_once(void **state)
{
    static const struct {
        const char *name;
        uint64_t epoch, seq;
        char id;
        bool on;
        char staff;
        enum ring_policy_ring then;
    } rows[] = {
        {"the next one", 6, 22, 'e', true, 0, RING_POLICY_ALERT},
        {"of a new start of the kiosk", 7, 1, 'e', true, 0, RING_POLICY_ALERT},
        {"the alert that may have been rung for", 6, 21, 'e', true, 0, RING_POLICY_ALERT},
        {"a code", 6, 22, 0, false, 'z', RING_POLICY_STAFF},
        {"of a kiosk that lost its record", 1, 1, 'e', true, 0, RING_POLICY_ALERT},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct message m =
            ring_of(rows[i].epoch, rows[i].seq, rows[i].id, rows[i].on, rows[i].staff);
        struct ring_policy w;
        restart(&w, (struct freshness_mark){6, 21}, NS_NEVER, 0);
        assert_int_equal(word(&w, &m, 1), rows[i].then);
        assert_int_equal(word(&w, &m, 2), NO);
    }
}

/* The newest of the earlier run comes once more: how old it is, a beat says. */
static void test_the_newest_of_before_is_dated_though_it_comes_as_if_it_were_new(void **state)
{
    static const struct {
        const char *name;
        int64_t ago_s;
        enum ring_policy_ring then;
    } rows[] = {{"of a moment ago", 60, RING_POLICY_STAFF}, {"of yesterday", 86400, NO}};
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct message m = ring_of(6, 21, 'd', false, 'y');
        struct message beat = {.kind = MSG_BEAT, .epoch = 6, .seq = 99, .up_ms = 200000000};
        struct ring_policy w;
        restart(&w, (struct freshness_mark){6, 21}, NS_NEVER, 0);
        assert_int_equal(ring_policy_word(&w, 0, &m, false, 1790000000, 1), NO);
        assert_int_equal(ring_policy_word(&w, 0, &beat, false, 1790000000 + rows[i].ago_s, 2),
                         rows[i].then);
    }
}

/* It was alive in an earlier epoch once: that makes what is older than the newest no newer. */
static void test_a_kiosk_that_lost_its_record_gives_old_rings_no_new_chance(void **state)
{
    static const uint8_t nonce[FRESHNESS_NONCE] = {1};
    const uint8_t echo[1][FRESHNESS_NONCE] = {{1}};
    struct message beat = {.kind = MSG_BEAT, .epoch = 2, .seq = 1, .up_ms = 1000, .echo_count = 1};
    struct message first = ring_of(2, 5, 'e', true, 0), end = ring_of(2, 6, 'e', false, 0);
    struct ring_policy w;
    (void)state;
    memcpy(beat.echo, echo, sizeof echo);
    restart(&w, (struct freshness_mark){6, 21}, 0, 0);
    ring_policy_ask(&w, 0, nonce, 1);
    assert_int_equal(word(&w, &beat, 2), NO);
    assert_int_equal(word(&w, &first, 3), RING_POLICY_ALERT);
    assert_int_equal(word(&w, &end, 4), RING_POLICY_ALERT);
    for (int64_t i = 0; i < 5; i++) {
        assert_int_equal(play(&w, 5 + i), 0);
        assert_int_equal(word(&w, &first, 5 + i), NO);
        assert_int_equal(word(&w, &end, 5 + i), NO);
    }
    struct message fresh = ring_of(2, 7, 'f', true, 0);
    assert_int_equal(word(&w, &fresh, 20), RING_POLICY_ALERT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_what_was_recorded_rings_once_an_hour_at_most_however_often_a_relay_starts),
        cmocka_unit_test(test_what_is_new_after_a_restart_rings_at_once),
        cmocka_unit_test(test_the_newest_of_before_is_dated_though_it_comes_as_if_it_were_new),
        cmocka_unit_test(test_a_kiosk_that_lost_its_record_gives_old_rings_no_new_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
