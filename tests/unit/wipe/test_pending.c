#include "kiosk/wipe/pending.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* Each state of the wipe's own record, beside what the alarm's says: silent, asks, unknown. */
static void test_every_pair_of_records(void **state)
{
    (void)state;
    static const struct {
        enum progress_state own;
        enum pending expected[3];
    } rows[] = {
        {PROGRESS_NONE, {PENDING_NOTHING, PENDING_BEGIN, PENDING_UNKNOWN}},
        {PROGRESS_INTENT, {PENDING_RESUME, PENDING_RESUME, PENDING_RESUME}},
        {PROGRESS_LAST, {PENDING_NOTHING, PENDING_BEGIN, PENDING_UNKNOWN}},
        {PROGRESS_FINISHING, {PENDING_FINISH, PENDING_FINISH, PENDING_FINISH}},
        {PROGRESS_THROUGH, {PENDING_NOTHING, PENDING_BEGIN, PENDING_UNKNOWN}},
        {PROGRESS_UNREADABLE, {PENDING_UNKNOWN, PENDING_BEGIN, PENDING_UNKNOWN}},
    };
    EACH_ROW (i, rows, NULL) {
        for (int alarm = ALARM_SILENT; alarm <= ALARM_UNKNOWN; alarm++)
            assert_int_equal(pending_decide(rows[i].own, (enum pending_alarm)alarm),
                             rows[i].expected[alarm]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_pair_of_records)};
    return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
