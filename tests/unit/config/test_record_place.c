#include "config/record_place.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static void test_where_the_config_says(void **state)
{
    (void)state;
    static const struct {
        const char *word, *path;
        bool cell;
    } rows[] = {{"", "/x/var/lib/porchlight/record", false},
                {"/perm/record", "/x/perm/record", false},
                {"nvmem:rtc0", "/x/sys/bus/nvmem/devices/rtc0/nvmem", true}};
    EACH_ROW (i, rows, rows[i].word) {
        struct record_place at;
        assert_int_equal(record_place(&at, "/x", rows[i].word), 0);
        assert_string_equal(at.path, rows[i].path);
        assert_int_equal(at.cell, rows[i].cell);
        assert_string_equal(at.box, "/x/var/lib/porchlight/staff-box");
    }
}

static void test_a_place_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct record_place at;
    char word[PATH_LEN + 1];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_int_equal(record_place(&at, "", word), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    memcpy(word, "nvmem:", 6);
    assert_int_equal(record_place(&at, "", word), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_the_config_says),
        cmocka_unit_test(test_a_place_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests_name("record_place", tests, NULL, NULL);
}
