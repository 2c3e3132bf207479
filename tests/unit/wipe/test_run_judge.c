#include "kiosk/wipe/run_judge.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_was_said_before),
                                       cmocka_unit_test(test_results_of_0_1_0)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
