#include "kiosk/core/ups.h"

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
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ups u;
        enum ups_line last = UPS_MORE;
        ups_begin(&u);
        for (size_t k = 0; k < 4 && cases[i].lines[k]; k++)
            last = ups_take(&u, cases[i].lines[k]);
        const struct ups *w = &cases[i].wanted;
        if (last != cases[i].last || u.known != w->known || u.on_battery != w->on_battery ||
            u.low != w->low || u.replace != w->replace || u.charge != w->charge ||
            u.seconds != w->seconds)
            fail_msg("row %zu: known %d, on battery %d, low %d, charge %d, seconds %d", i, u.known,
                     u.on_battery, u.low, u.charge, u.seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
