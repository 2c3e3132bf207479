#include "kiosk/core/ns.h"
#include "kiosk/core/switch.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct switch_rules single = {
    .debounce = 30 * NS_PER_MS,
    .gesture = {.press_max = 800 * NS_PER_MS,
                .gap = 700 * NS_PER_MS,
                .hold = 1500 * NS_PER_MS,
                .wipe_hold = 4 * NS_PER_S,
                .stuck = 30 * NS_PER_S,
                .code = 5},
};

/* Wires as text: "10" at some ms means no closed, nc open. What came of it must read as `said`. */
struct tale {
    const char *wires;
    const char *said;
};

static const struct tale tales[] = {
    {"0:01 1000:00 1020:10 3000:00 3020:01 9000:01", "sensed lockdown"},
    {"0:01 1000:10 1200:01 1400:10 1600:01 9000:01", "sensed sensed caution"},
    {"0:01 1000:00 9000:00", "cut"},
    {"0:01 1000:11 9000:11", "short"},
    {"0:01 1000:00 3000:01 9000:01", "cut repaired"},
    {"0:10 9000:10", "found"},
    {"0:10 3000:01 9000:01", "found freed"},
};

static void say(char *said, size_t size, const struct switch_event *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(said);
        const char *word =
            e[i].wires ? changeover_event_name(e[i].fault) : gesture_name(e[i].gesture);
        snprintf(said + len, size - len, "%s%s", len > 0 ? " " : "", word);
    }
}

static void run_time(struct switch_state *s, const struct switch_rules *r, int64_t until,
                     char *said, size_t size)
{
    struct switch_event e[SWITCH_MAX];
    while (switch_deadline(s, r) < until)
        say(said, size, e, switch_time(s, r, switch_deadline(s, r), e));
}

static void test_supervised(void **state)
{
    (void)state;
    struct switch_rules r = single;
    r.supervised = true;
    r.throw_time = 100 * NS_PER_MS;
    EACH_ROW (i, tales, tales[i].wires) {
        struct switch_state s;
        struct switch_event e[SWITCH_MAX];
        char said[256] = "";
        bool started = false;
        for (const char *p = tales[i].wires; *p != '\0';) {
            char *rest;
            int64_t at = strtol(p, &rest, 10) * NS_PER_MS;
            bool no = rest[1] == '1', nc = rest[2] == '1';
            if (!started) {
                say(said, sizeof said, e, switch_start(&s, &r, no, nc, at, e));
            } else {
                run_time(&s, &r, at, said, sizeof said);
                say(said, sizeof said, e, switch_level(&s, &r, SWITCH_NO, no, at, e));
                say(said, sizeof said, e, switch_level(&s, &r, SWITCH_NC, nc, at, e));
            }
            started = true;
            p = rest + 3 + (rest[3] == ' ');
        }
        assert_string_equal(said, tales[i].said);
    }
}

static void test_a_hold_let_go_in_time_is_no_lockdown(void **state)
{
    (void)state;
    /* the release bounces and is not settled when the hold would be over: it counts all the same */
    struct switch_state s;
    struct switch_event e[SWITCH_MAX];
    char said[128] = "";
    switch_start(&s, &single, false, false, 0, e);
    say(said, sizeof said, e, switch_level(&s, &single, SWITCH_NO, true, 0, e));
    run_time(&s, &single, 1490 * NS_PER_MS, said, sizeof said);
    say(said, sizeof said, e, switch_level(&s, &single, SWITCH_NO, false, 1490 * NS_PER_MS, e));
    say(said, sizeof said, e, switch_time(&s, &single, 1505 * NS_PER_MS, e));
    run_time(&s, &single, 9 * NS_PER_S, said, sizeof said);
    assert_string_equal(said, "sensed unclear");
}

static void test_lost_edges_are_healed_by_a_re_read(void **state)
{
    (void)state;
    struct switch_state s;
    struct switch_event e[SWITCH_MAX];
    char said[128] = "";
    switch_start(&s, &single, false, false, 0, e);
    switch_level(&s, &single, SWITCH_NO, true, 0, e);
    run_time(&s, &single, 200 * NS_PER_MS, said, sizeof said);
    /* the release edge never came; the level read later says open */
    say(said, sizeof said, e, switch_level(&s, &single, SWITCH_NO, false, 300 * NS_PER_MS, e));
    run_time(&s, &single, 9 * NS_PER_S, said, sizeof said);
    assert_string_equal(said, "sensed ignored");
    assert_false(switch_at_fault(&s));
}

/* The device of a button may release its keys just before it goes: that is no press either. */
static const struct {
    const char *name;
    int let_go, gone; /* ms; pressed at 0 */
    const char *said;
} losses[] = {
    {"gone while pressed", 0, 300, "sensed"},
    {"released and gone at once", 300, 301, "sensed"},
    {"let go, and gone later", 300, 400, "sensed ignored"},
    {"held for long enough, then gone", 0, 1700, "sensed lockdown"},
};

static void test_a_line_that_is_gone_while_pressed(void **state)
{
    (void)state;
    EACH_ROW (i, losses, losses[i].name) {
        struct switch_state s;
        struct switch_rules r = single;
        struct switch_event e[SWITCH_MAX];
        char said[128] = "";
        int64_t gone = losses[i].gone * NS_PER_MS, let_go = losses[i].let_go * NS_PER_MS;
        r.debounce = 0;
        r.release = 50 * NS_PER_MS;
        switch_start(&s, &r, false, false, 0, e);
        say(said, sizeof said, e, switch_level(&s, &r, SWITCH_NO, true, 0, e));
        if (let_go > 0)
            say(said, sizeof said, e, switch_level(&s, &r, SWITCH_NO, false, let_go, e));
        run_time(&s, &r, gone, said, sizeof said);
        say(said, sizeof said, e, switch_lost(&s, &r, gone, e));
        run_time(&s, &r, 9 * NS_PER_S, said, sizeof said);
        assert_string_equal(said, losses[i].said);
        assert_false(switch_at_fault(&s));
    }
}

/* A hand that holds for 2 s, or presses five times, and a contact that opens meanwhile. */
static const struct {
    const char *name;
    int hold, times, pause; /* ms; `times` presses of `hold`, `pause` apart */
    int at, out;            /* ms: when in the first press the contact drops out, for how long */
    const char *said;
} drops[] = {
    {"a short drop-out early in a hold", 2000, 1, 0, 300, 45, "sensed lockdown"},
    {"a drop-out in a hold", 2000, 1, 0, 900, 140, "sensed lockdown"},
    {"a drop-out as the hold is complete", 2000, 1, 0, 1450, 100, "sensed lockdown"},
    {"let go in a hold, and pressed again", 2000, 1, 0, 900, 160, "sensed sensed unclear"},
    {"a drop-out in one of five presses", 200, 5, 200, 80, 45,
     "sensed sensed sensed sensed sensed code"},
    {"five quick presses", 60, 5, 60, 0, 0, "sensed sensed sensed sensed sensed code"},
    {"two quick presses", 60, 2, 55, 0, 0, "sensed sensed caution"},
};

static void test_a_drop_out_is_no_release(void **state)
{
    struct switch_rules r = single;
    (void)state;
    r.release = 50 * NS_PER_MS;
    r.dropout = 150 * NS_PER_MS;
    EACH_ROW (i, drops, drops[i].name) {
        struct switch_state s;
        struct switch_event e[SWITCH_MAX];
        char said[256] = "";
        int64_t t = 0;
        switch_start(&s, &r, false, false, 0, e);
        for (int k = 0; k < drops[i].times; k++, t += drops[i].pause * NS_PER_MS) {
            int64_t edges[] = {t, t + drops[i].at * NS_PER_MS,
                               t + (drops[i].at + drops[i].out) * NS_PER_MS,
                               t + drops[i].hold * NS_PER_MS};
            for (int n = 0; n < 4; n++) {
                if (k > 0 && (n == 1 || n == 2))
                    continue;
                run_time(&s, &r, edges[n], said, sizeof said);
                say(said, sizeof said, e, switch_level(&s, &r, SWITCH_NO, n % 2 == 0, edges[n], e));
            }
            t = edges[3];
        }
        run_time(&s, &r, t + 9 * NS_PER_S, said, sizeof said);
        assert_string_equal(said, drops[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supervised),
        cmocka_unit_test(test_a_hold_let_go_in_time_is_no_lockdown),
        cmocka_unit_test(test_a_drop_out_is_no_release),
        cmocka_unit_test(test_a_line_that_is_gone_while_pressed),
        cmocka_unit_test(test_lost_edges_are_healed_by_a_re_read),
    };
    return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
