#include "kiosk/wipe/run_judge.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DONE = WIPE_DESTROYED, GONE = WIPE_ALREADY_GONE, UNSURE = WIPE_UNVERIFIED };
enum { JUDGED = PROGRESS_JUDGED, LOST = PROGRESS_LOST | PROGRESS_JUDGED };

/* What the same wipe said before it was cut short, what this start found, and what follows. */
static const struct {
    const char *name;
    uint32_t marks, before;
    int32_t error;
    uint32_t found, outcome;
    bool lost;
} rows[] = {
    {"destroyed by the start before", JUDGED, DONE, 0, GONE, DONE, false},
    {"not proved, and it is gone", JUDGED, UNSURE, 0, GONE, GONE, false},
    {"in use, and it is gone", JUDGED, UNSURE, EBUSY, GONE, DONE, false},
    {"in use and lost", LOST, UNSURE, EBUSY, GONE, UNSURE, true},
    {"lost is never better", LOST, UNSURE, 0, DONE, UNSURE, true},
    {"lost, and worse now", LOST, UNSURE, 0, WIPE_FAILED, WIPE_FAILED, true},
    {"failed, and it is gone", JUDGED, WIPE_FAILED, 0, GONE, GONE, false},
    {"failed, and destroyed now", JUDGED, WIPE_FAILED, 0, DONE, DONE, false},
    {"destroyed, and there again", JUDGED, DONE, 0, WIPE_FAILED, WIPE_FAILED, false},
    {"0.1.0 called it destroyed", 0, DONE, 0, GONE, UNSURE, false},
    {"0.1.0 called it already gone", 0, GONE, 0, GONE, UNSURE, false},
    {"0.1.0 found it in use", 0, UNSURE, EBUSY, GONE, UNSURE, false},
    {"0.1.0 failed, and it is gone", 0, WIPE_FAILED, 0, GONE, GONE, false},
    {"0.1.0 called it destroyed, and it is destroyed now", 0, DONE, 0, DONE, DONE, false},
};

static void test_what_was_said_before(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct progress_slot before = {.kind = PLAN_FILE,
                                       .outcome = rows[i].before,
                                       .error = rows[i].error,
                                       .marks = rows[i].marks,
                                       .why = "as before"};
        struct target_report r = {.outcome = (enum wipe_outcome)rows[i].found};

        run_judge_old(&before);
        run_judge_before(&before, &r);
        assert_int_equal(r.outcome, rows[i].outcome);
        assert_int_equal(r.lost, rows[i].lost);
        assert_true(r.outcome != WIPE_UNVERIFIED || r.why[0]);
    }
}

/* A result of 0.1.0 is worth no more than "unverified", and says what it was. */
static void test_results_of_0_1_0(void **state)
{
    static const struct {
        const char *name;
        uint32_t kind, marks, outcome, worth;
    } old[] = {
        {"destroyed", PLAN_KEY, 0, DONE, UNSURE},
        {"already gone", PLAN_TREE, 0, GONE, UNSURE},
        {"a service does not run", PLAN_UNIT, 0, GONE, GONE},
        {"a service was stopped", PLAN_UNIT, 0, DONE, DONE},
        {"unverified", PLAN_FILE, 0, UNSURE, UNSURE},
        {"failed", PLAN_FILE, 0, WIPE_FAILED, WIPE_FAILED},
        {"of this version", PLAN_KEY, JUDGED, DONE, DONE},
        {"of this version, gone", PLAN_KEY, JUDGED, GONE, GONE},
    };

    (void)state;
    EACH_ROW (i, old, old[i].name) {
        struct progress_slot slot = {
            .kind = old[i].kind, .marks = old[i].marks, .outcome = old[i].outcome, .why = "own"};
        run_judge_old(&slot);
        assert_int_equal(slot.outcome, old[i].worth);
        if (old[i].worth == old[i].outcome)
            assert_string_equal(slot.why, "own");
        else
            assert_non_null(strstr(slot.why, wipe_outcome_name(old[i].outcome)));
        assert_true(strlen(slot.why) < sizeof slot.why - 1);
    }
}

#define ON(path_in)                                                                                \
    {                                                                                              \
        .known = true, .type = "ext4", .uuid = "01", .within = (path_in)                           \
    }

/* Where a target is, where it was seen, what was found, and what is said of it. */
static const struct {
    const char *name;
    struct target_place now;
    struct remembered_target seen;
    uint32_t found, outcome, marks;
    const char *why;
} places[] = {
    {"there, and seen there",
     {.counts = true, .at = ON("/a")},
     {.at = ON("/a")},
     DONE,
     DONE,
     0,
     ""},
    {"there, and never seen", {.counts = true, .at = ON("/a")}, {.name = ""}, DONE, DONE, 0, ""},
    {"there, and seen elsewhere",
     {.counts = true, .at = ON("/a")},
     {.at = ON("/b")},
     DONE,
     UNSURE,
     PROGRESS_WAITS,
     "was destroyed, but it was on another file system"},
    {"gone",
     {.counts = true, .missing = true, .at = ON("/a")},
     {.at = ON("/a")},
     GONE,
     GONE,
     0,
     ""},
    {"gone, and seen elsewhere",
     {.counts = true, .missing = true, .at = ON("/a")},
     {.at = ON("/b")},
     GONE,
     UNSURE,
     PROGRESS_WAITS,
     "nothing is at its path now, but it was on another"},
    {"only what a cut wipe had renamed, and seen elsewhere",
     {.counts = true, .missing = true, .at = ON("/a")},
     {.at = ON("/b")},
     DONE,
     UNSURE,
     PROGRESS_WAITS,
     "was destroyed, but it was on another file system"},
    {"gone, and never seen",
     {.counts = true, .missing = true, .at = ON("/a")},
     {.name = ""},
     GONE,
     UNSURE,
     PROGRESS_UNSEEN,
     "nothing ever was seen there"},
    {"gone, below another mount",
     {.counts = true, .missing = true, .covers = true, .at = ON("/a")},
     {.at = ON("/a")},
     GONE,
     UNSURE,
     PROGRESS_WAITS,
     "another file system is mounted there"},
    {"gone by an earlier wipe, unproved",
     {.counts = true, .missing = true, .at = ON("/a")},
     {.at = ON("/a"), .unproved = true},
     GONE,
     UNSURE,
     0,
     "an earlier wipe removed it"},
    {"gone by an earlier wipe",
     {.counts = true, .missing = true, .at = ON("/a")},
     {.at = ON("/a"), .destroyed = true},
     GONE,
     GONE,
     0,
     "An earlier wipe destroyed it."},
    {"a mount in it is away",
     {.counts = true, .at = ON("/a")},
     {.at = ON("/a"), .inner = {"/srv/a/in"}, .inner_count = 1},
     DONE,
     UNSURE,
     PROGRESS_WAITS,
     "was mounted in it is not mounted now"},
    {"old blocks stay",
     {.counts = true, .at = ON("/a"), .verdict = {PLACE_UNSURE, 0, "old blocks stay", "-"}},
     {.at = ON("/a")},
     DONE,
     UNSURE,
     0,
     "old blocks stay"},
};

static void test_where_it_is_and_was(void **state)
{
    static const struct scope scope = {.roots = {-1}, .path = ""};
    static const struct run run = {.prefix = ""};
    static const struct plan_target t = {.kind = PLAN_FILE, .path = "/srv/a"};

    (void)state;
    EACH_ROW (i, places, places[i].name) {
        struct target_report r = {.outcome = (enum wipe_outcome)places[i].found};

        assert_int_equal(run_judge_place(&run, &scope, &t, &places[i].now, &places[i].seen, &r),
                         places[i].marks);
        assert_int_equal(r.outcome, places[i].outcome);
        assert_true(places[i].why[0] ? strstr(r.why, places[i].why) != NULL : !r.why[0]);
    }
}

static struct plan_target target_at(enum plan_kind kind, const char *path)
{
    struct plan_target t = {.kind = kind, .root = path[0] ? 0 : -1};
    snprintf(t.path, sizeof t.path, "%s", path);
    return t;
}

static void test_which_targets_overlap(void **state)
{
    static const struct {
        const char *name;
        enum plan_kind kind, other;
        const char *path, *at;
        bool overlap;
    } pairs[] = {
        {"the same file", PLAN_FILE, PLAN_KEY, "/srv/a/list", "/srv/a/list", true},
        {"two files", PLAN_FILE, PLAN_FILE, "/srv/a/list", "/srv/a/list.csv", false},
        {"in a tree", PLAN_FILE, PLAN_TREE, "/srv/a/in/list", "/srv/a", true},
        {"in a journal", PLAN_FILE, PLAN_JOURNAL, "/srv/a/in", "/srv/a", true},
        {"in memory", PLAN_TREE, PLAN_TMPFS, "/srv/a/in", "/srv/a", true},
        {"beside a tree", PLAN_FILE, PLAN_TREE, "/srv/ab", "/srv/a", false},
        {"below what is no folder", PLAN_FILE, PLAN_FILE, "/srv/a/in", "/srv/a", false},
        {"two that have no path", PLAN_UNIT, PLAN_CELL, "", "", false},
    };

    (void)state;
    EACH_ROW (i, pairs, pairs[i].name) {
        struct plan_target a = target_at(pairs[i].kind, pairs[i].path);
        struct plan_target b = target_at(pairs[i].other, pairs[i].at);
        assert_int_equal(run_judge_overlap(&a, &b), pairs[i].overlap);
        assert_int_equal(run_judge_overlap(&b, &a), pairs[i].overlap);
    }
}

/* What another target lost: found, and what it is worth. */
static void test_what_another_target_lost(void **state)
{
    static const struct {
        const char *name;
        uint32_t other, marks, found, outcome;
        bool lost;
    } cases[] = {
        {"destroyed", DONE, JUDGED, GONE, GONE, false},
        {"not proved, and still there", UNSURE, JUDGED, DONE, DONE, false},
        {"lost", UNSURE, LOST, GONE, UNSURE, true},
        {"lost, in a folder", UNSURE, LOST, DONE, UNSURE, true},
        {"its name went alone", WIPE_FAILED, LOST, GONE, WIPE_FAILED, true},
        {"lost, and this one is worse", UNSURE, LOST, WIPE_FAILED, WIPE_FAILED, true},
        {"waits", UNSURE, PROGRESS_WAITS | JUDGED, DONE, DONE, false},
    };

    (void)state;
    EACH_ROW (i, cases, cases[i].name) {
        struct target_report r = {.outcome = (enum wipe_outcome)cases[i].found};
        run_judge_shared(cases[i].other, cases[i].marks, "door", &r);
        assert_int_equal(r.outcome, cases[i].outcome);
        assert_int_equal(r.lost, cases[i].lost);
        assert_true(r.outcome == cases[i].found || strstr(r.why, "door"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_said_before), cmocka_unit_test(test_where_it_is_and_was),
        cmocka_unit_test(test_which_targets_overlap),
        cmocka_unit_test(test_what_another_target_lost), cmocka_unit_test(test_results_of_0_1_0)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
