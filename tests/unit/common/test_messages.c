#include "kiosk/common/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void outcome_names(void **state)
{
    (void)state;
    assert_string_equal(wipe_outcome_name(WIPE_NOTHING), "not begun");
    assert_string_equal(wipe_outcome_name(WIPE_DESTROYED), "destroyed");
    assert_string_equal(wipe_outcome_name(WIPE_ALREADY_GONE), "already gone");
    assert_string_equal(wipe_outcome_name(WIPE_UNVERIFIED), "unverified");
    assert_string_equal(wipe_outcome_name(WIPE_FAILED), "failed");
    assert_string_equal(wipe_outcome_name(5), "unknown");
    assert_string_equal(wipe_outcome_name(UINT32_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outcome_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
