#include "kiosk/cli/suggest.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_distance(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t slips;
    } rows[] = {
        {"status", "status", 0},  {"stauts", "status", 1}, {"satus", "status", 1},
        {"statuss", "status", 1}, {"stetus", "status", 1}, {"", "sim", 3},
        {"seal", "sim", 3},       {"ab", "ba", 1},         {"drlil", "drill", 1},
    };
    EACH_ROW (i, rows, rows[i].a) {
        if (suggest_distance(rows[i].a, rows[i].b) != rows[i].slips ||
            suggest_distance(rows[i].b, rows[i].a) != rows[i].slips)
            fail_msg("%s, %s", rows[i].a, rows[i].b);
    }
    assert_true(suggest_distance("a-word-that-is-longer-than-any-one-of-ours", "sim") == SIZE_MAX);
}

static void test_near(void **state)
{
    (void)state;
    assert_true(suggest_is_near("stauts", "status"));
    assert_true(suggest_is_near("drll", "drill"));
    assert_true(suggest_is_near("sin", "sim"));
    assert_false(suggest_is_near("nonsense", "sim"));
    assert_false(suggest_is_near("seal", "sim"));
    assert_false(suggest_is_near("", "sim"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
