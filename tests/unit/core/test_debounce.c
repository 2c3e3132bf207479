#include "kiosk/core/debounce.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const int64_t settle = 30 * NS_PER_MS;

static void test_a_level_counts_once_it_has_stood(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0;
    debounce_start(&d, settle, false, 0);
    assert_true(debounce_deadline(&d) == NS_NEVER);
    assert_true(debounce_horizon(&d, 500) == 500);
    debounce_level(&d, true, 1000);
    assert_true(debounce_deadline(&d) == 1000 + settle);
    assert_true(debounce_horizon(&d, 5000) == 1000);
    assert_false(debounce_settle(&d, 1000 + settle - 1, &since));
    assert_true(debounce_settle(&d, 1000 + settle, &since));
    assert_true(since == 1000);
    assert_true(d.level);
    assert_false(debounce_settle(&d, 1000 + 2 * settle, &since));
}

static void test_bounce_moves_the_moment_and_nothing_else(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0, t = 0;
    int changes = 0;
    debounce_start(&d, settle, false, 0);
    for (int i = 0; i < 9; i++) {
        t += NS_PER_MS;
        changes += debounce_settle(&d, t, &since);
        debounce_level(&d, i % 2 == 0, t);
    }
    assert_int_equal(changes, 0);
    assert_true(debounce_settle(&d, t + settle, &since));
    assert_true(since == t);
    assert_true(d.level);
}

static void test_a_re_read_of_the_same_level_restarts_nothing(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0;
    debounce_start(&d, settle, true, 0);
    debounce_level(&d, false, 10);
    debounce_level(&d, false, 10 + settle / 2);
    assert_true(debounce_settle(&d, 10 + settle, &since));
    assert_true(since == 10);
}

static void test_zero_takes_every_edge(void **state)
{
    (void)state;
    struct debounce d;
    int64_t since = 0;
    debounce_start(&d, 0, false, 0);
    debounce_level(&d, true, 5);
    assert_true(debounce_settle(&d, 5, &since));
    assert_true(d.level);
}

/* A line given as pieces in ms, the first of them open. Writes "closed@80" for each change. */
static void run_pieces(struct debounce *d, const int *pieces, size_t n, char *said, size_t size)
{
    int64_t t = 0, since;
    bool raw = !d->closed;
    said[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        int64_t end = t + pieces[i] * NS_PER_MS;
        debounce_level(d, raw, t);
        for (int64_t due; (due = debounce_deadline(d)) <= end;) {
            assert_true(due >= t);
            if (!debounce_settle(d, due, &since))
                continue;
            size_t used = strlen(said);
            snprintf(said + used, size - used, "%s%s@%lld", used ? " " : "",
                     d->level == d->closed ? "closed" : "open", (long long)(since / NS_PER_MS));
        }
        t = end;
        raw = !raw;
    }
}

struct line {
    const char *what;
    int pieces[24];
    const char *said;
};

static const struct line lines[] = {
    {"a press", {100, 200, 100}, "closed@100 open@300"},
    {"a release onto a wire that hums",
     {100, 200, 11, 9, 11, 9, 11, 9, 11, 9, 11, 9, 11, 9},
     "closed@100 open@300"},
    {"the same at 60 Hz, nearly half of it closed",
     {100, 200, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8},
     "closed@100 open@300"},
    {"a press on a wire that hums, and on",
     {11, 9, 11, 9, 11, 120, 11, 9, 11, 9, 11, 9, 11, 9, 11, 9, 11, 9, 11},
     "closed@51 open@171"},
    {"a burst in a hold", {100, 200, 5, 5, 5, 5, 5, 5, 5, 5, 5, 500}, "closed@100"},
    {"a burst and then a break of a worn contact",
     {100, 200, 8, 2, 8, 2, 8, 2, 8, 2, 8, 25, 5, 500},
     "closed@100"},
    {"a release in the doubt that a burst left is dated by the burst",
     {100, 200, 8, 2, 8, 2, 8, 2, 8, 2, 8, 25, 500},
     "closed@100 open@300"},
    {"a contact that never holds for 30 ms",
     {100, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 500},
     "closed@100 open@327"},
    {"the same, but gone before it is proved",
     {100, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 3, 20, 500},
     ""},
    {"pulses with pauses too long for a break",
     {100, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29, 7, 29},
     ""},
    {"pulses with pauses too many for one",
     {100, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14, 5, 14},
     ""},
};

static void test_a_line_that_cannot_make_up_its_mind(void **state)
{
    (void)state;
    EACH_ROW (i, lines, lines[i].what) {
        for (int closed = 0; closed < 2; closed++) {
            struct debounce d;
            char said[128];
            size_t n = 0;
            while (n < 24 && lines[i].pieces[n] > 0)
                n++;
            debounce_start(&d, settle, !closed, 0);
            debounce_closed_is(&d, closed);
            run_pieces(&d, lines[i].pieces, n, said, sizeof said);
            if (strcmp(said, lines[i].said) != 0)
                fail_msg("%s: \"%s\", expected \"%s\"", lines[i].what, said, lines[i].said);
        }
    }
}

/* Whatever the line does: nothing counts as certain beyond the doubt, the doubt is bounded, and no
 * deadline is in the past. */
static void test_the_horizon_and_the_deadline_hold(void **state)
{
    (void)state;
    struct debounce d;
    uint64_t x = 88172645463325252;
    int64_t t = 0, since;
    debounce_start(&d, settle, false, 0);
    for (int i = 0; i < 500000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        t += (int64_t)(x % 7 == 0 ? x % 200 : x % 12) * NS_PER_MS;
        bool changed = debounce_settle(&d, t, &since);
        assert_true(!changed || since <= t);
        debounce_level(&d, x >> 40 & 1, t);
        debounce_settle(&d, t, &since);
        int64_t horizon = debounce_horizon(&d, t);
        assert_true(horizon <= t && horizon >= t - DEBOUNCE_DOUBT);
        assert_true(debounce_deadline(&d) > t);
        assert_true(d.doubt == 0 || debounce_deadline(&d) < NS_NEVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_level_counts_once_it_has_stood),
        cmocka_unit_test(test_bounce_moves_the_moment_and_nothing_else),
        cmocka_unit_test(test_a_re_read_of_the_same_level_restarts_nothing),
        cmocka_unit_test(test_zero_takes_every_edge),
        cmocka_unit_test(test_a_line_that_cannot_make_up_its_mind),
        cmocka_unit_test(test_the_horizon_and_the_deadline_hold),
    };
    return cmocka_run_group_tests_name("debounce", tests, NULL, NULL);
}
