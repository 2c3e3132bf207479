#include "kiosk/core/battery_level.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct {
    int percent;
    bool was, low;
} rows[] = {
    {100, false, false}, {20, false, false}, {19, false, true}, {0, false, true},
    {21, true, true},    {29, true, true},   {30, true, false}, {100, true, false},
    {-1, false, false},  {-1, true, true},
};

static void a_cold_battery_does_not_come_and_go(void **state)
{
    (void)state;
    EACH_ROW (i, rows, NULL)
        assert_int_equal(battery_level_is_low(rows[i].percent, rows[i].was), rows[i].low);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cold_battery_does_not_come_and_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
