#include "kiosk/core/help_ring.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

enum did { FIRST, AGAIN, NOTHING };

static void a_first_time_rings_at_once_and_repeats_once_in_a_pause(void **state)
{
    static const struct {
        int at; /* seconds */
        enum did did;
        bool rings;
        int next; /* the deadline; 0: none */
    } rows[] = {
        {1000, FIRST, true, 0},       {1001, FIRST, true, 0},
        {1010, AGAIN, false, 1061},   {1020, AGAIN, false, 1061},
        {1060, NOTHING, false, 1061}, {1061, NOTHING, true, 0},
        {1062, NOTHING, false, 0},    {1100, AGAIN, false, 1121},
        {1110, FIRST, true, 0}, /* for both */
        {1121, NOTHING, false, 0},    {1500, AGAIN, true, 0},
        {1501, AGAIN, false, 1560},
    };
    const int64_t pause = 60 * NS_PER_S;
    struct help_ring h = {.rung_at = 0};
    (void)state;
    EACH_ROW (i, rows, NULL) {
        int64_t now = rows[i].at * NS_PER_S;
        bool rings = rows[i].did == NOTHING ? help_ring_time(&h, pause, now)
                                            : help_ring_ask(&h, rows[i].did == FIRST, pause, now);
        assert_int_equal(rings, rows[i].rings);
        assert_int_equal(help_ring_deadline(&h, pause),
                         rows[i].next ? rows[i].next * NS_PER_S : NS_NEVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_time_rings_at_once_and_repeats_once_in_a_pause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
