#include "kiosk/alertd/idle.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static void test_an_upgrade_waits_for_all_that_is_open(void **state)
{
    static const struct {
        const char *name;
        struct alert_standing now;
        int64_t wipe_at;
        bool wiping, pressed, idle;
    } rows[] = {
        {"quiet", {.state = ALERT_QUIET}, NS_NEVER, false, false, true},
        {"lockdown", {.state = ALERT_LOCKDOWN}, NS_NEVER, false, false, false},
        {"caution", {.state = ALERT_CAUTION}, NS_NEVER, false, false, false},
        {"a drill", {.state = ALERT_LOCKDOWN, .drill = true}, NS_NEVER, false, false, false},
        {"hidden on site", {.state = ALERT_LOCKDOWN, .calm = true}, NS_NEVER, false, false, true},
        {"a wipe asked for", {.wipe_pending = true}, NS_NEVER, false, false, false},
        {"a wipe's grace", {.state = ALERT_QUIET}, 5 * NS_PER_S, false, false, false},
        {"a wipe under way", {.state = ALERT_QUIET}, NS_NEVER, true, false, false},
        {"a finger", {.state = ALERT_QUIET}, NS_NEVER, false, true, false},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct alert a = {.now = rows[i].now, .wipe_at = rows[i].wipe_at, .feigned_at = NS_NEVER};
        assert_int_equal(idle(&a, rows[i].wiping, rows[i].pressed), rows[i].idle);
    }
    struct alert feigned = {
        .now = {.state = ALERT_LOCKDOWN, .calm = true}, .wipe_at = NS_NEVER, .feigned_at = 1};
    assert_false(idle(&feigned, false, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_upgrade_waits_for_all_that_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
