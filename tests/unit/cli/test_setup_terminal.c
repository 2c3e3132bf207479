#include "kiosk/cli/setup/setup_terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_only_the_pictures_console_is_taken(void **state)
{
    (void)state;
    assert_true(terminal_is_taken("/dev/tty1"));
    assert_false(terminal_is_taken("/dev/tty2"));
    assert_false(terminal_is_taken("/dev/tty11"));
    assert_false(terminal_is_taken("/dev/pts/1"));
    assert_false(terminal_is_taken(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_pictures_console_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
