#include "kiosk/cli/setup/setup_name.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_the_name_in_a_reply_of_avahi(void **state)
{
    static char longest[400] = "+ 2 0 ";
    static const struct {
        const char *reply, *name; /* NULL: none */
    } rows[] = {
        {"+ 2 0 kettle.local\n", "kettle.local"},
        {"+ 12 1 kettle-2.local\n", "kettle-2.local"},
        {"+ 2 0 kettle.local 10.9.9.1\n", "kettle.local"},
        {"+ 2 0 \n", NULL},
        {"+ 2 0", NULL},
        {"+ 2\n", NULL},
        {"", NULL},
        {"-15 Timeout reached\n", NULL},
        {"+ 2 0 ke_ttle.local\n", NULL},
        {"+ 2 0 k\303\251ttle.local\n", NULL},
        {longest, NULL},
    };
    (void)state;
    memset(longest + 6, 'a', sizeof longest - 7);
    EACH_ROW (i, rows, rows[i].reply) {
        char out[ANSWER_MAX] = "unchanged";
        assert_int_equal(setup_name_of_reply(rows[i].reply, out), !!rows[i].name);
        assert_string_equal(out, rows[i].name ? rows[i].name : "unchanged");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_name_in_a_reply_of_avahi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
