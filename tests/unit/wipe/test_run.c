#include "kiosk/wipe/run.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DONE = WIPE_DESTROYED, GONE = WIPE_ALREADY_GONE, UNSURE = WIPE_UNVERIFIED };

static const struct {
    const char *name;
    struct run_facts facts; /* worst, recorded, runs, credentials_wait, waits, unseen */
    bool store;
    enum progress_state state; /* where it is stored */
    uint32_t worst;
    enum run_result result;
} rows[] = {
    {"destroyed", {DONE, true, 1, false, false, false}, true, PROGRESS_THROUGH, DONE, RUN_GOOD},
    {"gone before", {GONE, true, 1, false, false, false}, true, PROGRESS_THROUGH, GONE, RUN_GOOD},
    {"nothing was due",
     {WIPE_NOTHING, true, 1, false, false, false},
     true,
     PROGRESS_THROUGH,
     WIPE_NOTHING,
     RUN_GOOD},
    {"credentials wait", {DONE, true, 1, true, false, false}, true, PROGRESS_LAST, DONE, RUN_GOOD},
    {"not proved",
     {UNSURE, true, 1, false, false, false},
     true,
     PROGRESS_THROUGH,
     UNSURE,
     RUN_NOT_PROVED},
    {"not proved, waiting",
     {UNSURE, true, 1, true, false, false},
     true,
     PROGRESS_LAST,
     UNSURE,
     RUN_NOT_PROVED},
    {"failed: again",
     {WIPE_FAILED, true, 1, false, false, false},
     false,
     0,
     WIPE_FAILED,
     RUN_NOT_PROVED},
    {"failed at the last but one",
     {WIPE_FAILED, true, RUN_STARTS_MAX - 1, true, false, false},
     false,
     0,
     WIPE_FAILED,
     RUN_NOT_PROVED},
    {"failed too often",
     {WIPE_FAILED, true, RUN_STARTS_MAX, false, false, false},
     true,
     PROGRESS_THROUGH,
     WIPE_FAILED,
     RUN_NOT_PROVED},
    {"failed too often, waiting",
     {WIPE_FAILED, true, RUN_STARTS_MAX + 1, true, false, false},
     true,
     PROGRESS_LAST,
     WIPE_FAILED,
     RUN_NOT_PROVED},
    {"on what is not there: without end",
     {UNSURE, true, 100 * RUN_STARTS_MAX, false, true, false},
     false,
     0,
     UNSURE,
     RUN_NOT_PROVED},
    {"never seen: again",
     {UNSURE, true, RUN_STARTS_MAX - 1, false, false, true},
     false,
     0,
     UNSURE,
     RUN_NOT_PROVED},
    {"never seen, too often",
     {UNSURE, true, RUN_STARTS_MAX, false, false, true},
     true,
     PROGRESS_THROUGH,
     UNSURE,
     RUN_NOT_PROVED},
    {"destroyed, no record",
     {DONE, false, 1, false, false, false},
     false,
     0,
     UNSURE,
     RUN_NOT_PROVED},
    {"nothing, no record",
     {WIPE_NOTHING, false, 0, false, false, false},
     false,
     0,
     UNSURE,
     RUN_NOT_PROVED},
    {"failed, no record",
     {WIPE_FAILED, false, RUN_STARTS_MAX, false, false, false},
     false,
     0,
     WIPE_FAILED,
     RUN_NOT_PROVED},
};

/* What a wipe's end means for its record, for the next start, and for what may be claimed. */
static void test_conclusions(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct run_conclusion c = run_conclude(&rows[i].facts);
        assert_int_equal(c.store, rows[i].store);
        if (c.store)
            assert_int_equal(c.state, rows[i].state);
        assert_int_equal(c.worst, rows[i].worst);
        assert_int_equal(c.result, rows[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conclusions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
