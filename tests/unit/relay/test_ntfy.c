/* How long a push server that is busy is left alone. */

#include "kiosk/core/ns.h"
#include "kiosk/relay/ntfy.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_busy_server_is_left_alone_for_as_long_as_it_asks(void **state)
{
    static const struct {
        const char *name;
        long status;
        int64_t seconds, wait;
    } rows[] = {
        {"too many requests", 429, 20, 20 * NS_PER_S},
        {"not available", 503, 1, NS_PER_S},
        {"it does not say how long", 429, 0, 0},
        {"a date that is over", 503, -5, 0},
        {"longer than a wake-up is of use", 429, 86400, NTFY_LIVES},
        {"more than fits", 503, INT64_MAX, NTFY_LIVES},
        {"another failure", 500, 20, 0},
        {"taken", 200, 20, 0},
        {"no answer", 0, 20, 0},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name)
        assert_int_equal(ntfy_busy(rows[i].status, rows[i].seconds), rows[i].wait);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_server_is_left_alone_for_as_long_as_it_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
