#include "kiosk/core/cue.h"
#include "kiosk/core/legend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* Every sign is in the legend once, and no two look or mean the same. */
static void test_whole(void **state)
{
    (void)state;
    size_t count;
    uint32_t signs = 0;
    const struct legend *l = legend_table(&count);
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(signs & l[k].sign, 0);
        signs |= l[k].sign;
        assert_true(strlen(l[k].picture) > 10 && strlen(l[k].meaning) > 10);
        for (size_t i = 0; i < k; i++) {
            assert_string_not_equal(l[i].picture, l[k].picture);
            assert_string_not_equal(l[i].meaning, l[k].meaning);
        }
    }
    assert_int_equal(signs, CUE_ALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
