#include "kiosk/core/gesture.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* A night at the switch as text: "p250" pressed for 250 ms, "r200" released for 200 ms, "x200" gone
 * for 200 ms. What the
 * recogniser said, in order, must read as `said`. */
struct night {
    const char *hand;
    const char *said;
};

static const struct gesture_rules rules = {
    .press_max = 800 * NS_PER_MS,
    .gap = 700 * NS_PER_MS,
    .hold = 1500 * NS_PER_MS,
    .wipe_hold = 4 * NS_PER_S,
    .stuck = 30 * NS_PER_S,
    .code = 5,
};

static const struct night nights[] = {
    {"r5000", ""},
    {"p100 r5000", "sensed ignored"},
    {"p100 r200 p100 r5000", "sensed sensed caution"},
    {"p100 r200 p100 r200 p100 r5000", "sensed sensed sensed unclear"},
    {"p100 r200 p100 r200 p100 r200 p100 r5000", "sensed sensed sensed sensed duress"},
    {"p100 r200 p100 r200 p100 r200 p100 r200 p100 r5000",
     "sensed sensed sensed sensed sensed code"},
    {"p100 r200 p100 r200 p100 r200 p100 r200 p100 r200 p100 r5000",
     "sensed sensed sensed sensed sensed sensed duress"},
    /* slow presses of a code are the code; of a caution they are unclear */
    {"p900 r200 p100 r200 p900 r200 p100 r200 p100 r5000",
     "sensed sensed sensed sensed sensed code"},
    {"p900 r5000", "sensed unclear"},
    {"p900 r200 p100 r5000", "sensed sensed unclear"},
    {"p800 r200 p100 r5000", "sensed sensed caution"},
    /* holds, also at the end of a train, and at the very moment */
    {"p1499 r5000", "sensed unclear"},
    {"p1500 r5000", "sensed lockdown"},
    {"p3999 r5000", "sensed lockdown"},
    {"p4000 r5000", "sensed lockdown wipe"},
    {"p100 r200 p1600 r5000", "sensed sensed lockdown"},
    {"p100 r200 p100 r200 p100 r200 p1600 r5000", "sensed sensed sensed sensed lockdown"},
    {"p1600 r200 p1600 r5000", "sensed lockdown sensed lockdown"},
    {"p1600 r100 p100 r100 p100 r5000", "sensed lockdown sensed sensed caution"},
    /* the gap: one ns short continues the train, at it the train is over */
    {"p100 r699 p100 r5000", "sensed sensed caution"},
    {"p100 r700 p100 r5000", "sensed ignored sensed ignored"},
    /* stuck is a fault and no second alert; what comes after it works */
    {"p31000 r1000", "sensed lockdown wipe stuck freed"},
    {"p31000 r1000 p1600 r1000", "sensed lockdown wipe stuck freed sensed lockdown"},
    /* gone while it is pressed: what was complete before counts, the press itself never does */
    {"p300 x5000", "sensed"},
    {"p100 r200 p300 x5000", "sensed sensed"},
    {"p100 r200 p100 r200 p300 x5000", "sensed sensed sensed unclear"},
    {"p100 r200 p100 r200 p100 r200 p100 r200 p300 x5000",
     "sensed sensed sensed sensed sensed unclear"},
    {"p1600 x5000", "sensed lockdown"},
    {"p31000 x5000 p1600 r1000", "sensed lockdown wipe stuck sensed lockdown"},
    /* gone after it was let go: its pause decides */
    {"p100 r200 p100 r100 x5000", "sensed sensed caution"},
    {"p100 r200 p100 r200 p100 r200 p100 r200 p100 r100 x5000",
     "sensed sensed sensed sensed sensed code"},
};

static void say(char *said, size_t size, const enum gesture *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (said[0] != '\0')
            strncat(said, " ", size - strlen(said) - 1);
        strncat(said, gesture_name(g[i]), size - strlen(said) - 1);
    }
}

/* Plays a night. `step` > 0 asks gesture_time every so many ns; 0: only at its own deadlines. */
static void play(const char *hand, int64_t step, char *said, size_t size)
{
    struct gesture_state g;
    enum gesture out[GESTURE_MAX];
    int64_t now = 77 * NS_PER_S;
    said[0] = '\0';
    assert_int_equal(gesture_start(&g, false, now, out), 0);
    for (const char *p = hand; *p != '\0';) {
        bool pressed = *p == 'p';
        char *rest;
        int64_t end = now + strtol(p + 1, &rest, 10) * NS_PER_MS;
        say(said, size, out,
            *p == 'x' ? gesture_lost(&g, &rules, now, out)
                      : gesture_level(&g, &rules, pressed, now, out));
        for (;;) {
            int64_t next = step > 0 ? now + step : gesture_deadline(&g, &rules);
            if (next >= end)
                break;
            now = next;
            say(said, size, out, gesture_time(&g, &rules, now, out));
        }
        now = end;
        p = *rest == ' ' ? rest + 1 : rest;
    }
}

static void test_nights(void **state)
{
    (void)state;
    static const int64_t steps[] = {0, 1 * NS_PER_MS, 7 * NS_PER_MS, 333 * NS_PER_MS};
    EACH_ROW (i, nights, nights[i].hand) {
        EACH_ROW (k, steps, NULL) {
            char said[256];
            play(nights[i].hand, steps[k], said, sizeof said);
            assert_string_equal(said, nights[i].said);
        }
    }
}

static void test_found_pressed_is_a_fault_until_released(void **state)
{
    (void)state;
    struct gesture_state g;
    enum gesture out[GESTURE_MAX];
    assert_int_equal(gesture_start(&g, true, 0, out), 1);
    assert_int_equal(out[0], GESTURE_FOUND);
    assert_true(gesture_deadline(&g, &rules) == NS_NEVER);
    assert_int_equal(gesture_time(&g, &rules, 60 * NS_PER_S, out), 0);
    assert_int_equal(gesture_level(&g, &rules, false, 61 * NS_PER_S, out), 1);
    assert_int_equal(out[0], GESTURE_FREED);
    assert_int_equal(gesture_level(&g, &rules, true, 62 * NS_PER_S, out), 1);
    assert_int_equal(gesture_time(&g, &rules, 64 * NS_PER_S, out), 1);
    assert_int_equal(out[0], GESTURE_LOCKDOWN);
}

static void test_switch_without_wipe(void **state)
{
    (void)state;
    struct gesture_rules r = rules;
    struct gesture_state g;
    enum gesture out[GESTURE_MAX];
    r.wipe_hold = 0;
    gesture_start(&g, false, 0, out);
    gesture_level(&g, &r, true, 0, out);
    assert_int_equal(gesture_time(&g, &r, 29 * NS_PER_S, out), 1);
    assert_int_equal(out[0], GESTURE_LOCKDOWN);
    assert_true(gesture_deadline(&g, &r) == 30 * NS_PER_S);
}

static void test_late_reader_misses_nothing(void **state)
{
    (void)state;
    /* edges read long after they happened: what time alone decided comes first */
    struct gesture_state g;
    enum gesture out[GESTURE_MAX];
    gesture_start(&g, false, 0, out);
    gesture_level(&g, &rules, true, 0, out);
    assert_int_equal(gesture_level(&g, &rules, false, 40 * NS_PER_S, out), 4);
    assert_int_equal(out[0], GESTURE_LOCKDOWN);
    assert_int_equal(out[1], GESTURE_WIPE);
    assert_int_equal(out[2], GESTURE_STUCK);
    assert_int_equal(out[3], GESTURE_FREED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nights),
        cmocka_unit_test(test_found_pressed_is_a_fault_until_released),
        cmocka_unit_test(test_switch_without_wipe),
        cmocka_unit_test(test_late_reader_misses_nothing),
    };
    return cmocka_run_group_tests_name("gesture", tests, NULL, NULL);
}
