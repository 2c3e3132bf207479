#include "kiosk/core/ups.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct {
    const char *lines[4];
    struct ups wanted;
    enum ups_line last;
} cases[] = {
    {{"VAR o ups.status \"OL CHRG\"", "VAR o battery.charge \"100\"",
      "VAR o battery.runtime \"1200\""},
     {true, false, false, false, 100, 1200},
     UPS_MORE},
    {{"VAR o ups.status \"OB LB\"", "VAR o battery.charge \"7.5\"", "END LIST VAR o"},
     {true, true, true, false, 7, -1},
     UPS_DONE},
    {{"VAR o ups.status \"OL RB\"", "VAR o ups.mfr \"OB LB\""},
     {true, .replace = true, .charge = -1, .seconds = -1},
     UPS_MORE},
    {{"VAR o ups.status \"OL\"", "VAR o battery.charge \"101\"", "END LIST VAR o"},
     {true, .charge = -1, .seconds = -1},
     UPS_DONE},
    {{"VAR o ups.status \"OBX XLB\"", "VAR o battery.charge \"-3\"",
      "VAR o battery.runtime \"soon\""},
     {true, .charge = -1, .seconds = -1},
     UPS_MORE},
    {{"ERR DATA-STALE"}, {.charge = -1, .seconds = -1}, UPS_REFUSED},
    {{"BEGIN LIST VAR o", "VAR o ups.status", "END LIST VAR o"},
     {.charge = -1, .seconds = -1},
     UPS_DONE},
};

static void test_answers(void **state)
{
    (void)state;
    EACH_ROW (i, cases, cases[i].lines[0]) {
        const struct ups *w = &cases[i].wanted;
        enum ups_line last = UPS_MORE;
        struct ups u;
        ups_begin(&u);
        for (size_t k = 0; k < 4 && cases[i].lines[k]; k++)
            last = ups_take(&u, cases[i].lines[k]);
        assert_int_equal(last, cases[i].last);
        assert_true(u.known == w->known && u.on_battery == w->on_battery);
        assert_true(u.low == w->low && u.replace == w->replace);
        assert_int_equal(u.charge, w->charge);
        assert_int_equal(u.seconds, w->seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
