#include "kiosk/common/paths.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void moves_below_prefix(void **state)
{
    char out[PATH_LEN];

    (void)state;
    assert_int_equal(path_under("", PATH_CONF, out), 0);
    assert_string_equal(out, "/etc/porchlight/porchlight.conf");
    assert_int_equal(path_under(NULL, PATH_RECORD, out), 0);
    assert_string_equal(out, "/var/lib/porchlight/record");
    assert_int_equal(path_under("/tmp/x", PATH_CONTROL, out), 0);
    assert_string_equal(out, "/tmp/x/run/porchlight/control.sock");
}

static void refuses_long_prefix(void **state)
{
    char prefix[PATH_LEN], out[PATH_LEN];

    (void)state;
    memset(prefix, 'a', sizeof prefix);
    prefix[PATH_LEN - strlen(PATH_CONF) - 1] = '\0';
    assert_int_equal(path_under(prefix, PATH_CONF, out), 0);
    assert_int_equal(strlen(out), PATH_LEN - 1);
    memcpy(prefix + strlen(prefix), "a", 2);
    errno = 0;
    assert_int_equal(path_under(prefix, PATH_CONF, out), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void finds_credentials(void **state)
{
    char out[PATH_LEN];

    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(path_credential("/p", "venue.key", out), 0);
    assert_string_equal(out, "/p/etc/porchlight/credentials/venue.key");
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x.service", 1);
    assert_int_equal(path_credential("/p", "venue.key", out), 0);
    assert_string_equal(out, "/run/credentials/x.service/porchlight_venue.key");
    setenv("CREDENTIALS_DIRECTORY", "", 1);
    assert_int_equal(path_credential("", "broker-a", out), 0);
    assert_string_equal(out, "/etc/porchlight/credentials/broker-a");
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void compares_paths_by_their_names(void **state)
{
    (void)state;
    assert_true(path_is_below("/etc/porchlight", "/etc/porchlight"));
    assert_true(path_is_below("/etc/porchlight/x", "/etc/porchlight"));
    assert_true(path_is_below("/etc", "/"));
    assert_false(path_is_below("/etc/porchlight2", "/etc/porchlight"));
    assert_false(path_is_below("/etc", "/etc/porchlight"));
}

static void refuses_names_that_wander(void **state)
{
    static const char *const names[] = {"", ".", "..", ".hidden", "a/b", "/etc/shadow", "../x"};
    char out[PATH_LEN];

    (void)state;
    EACH_ROW (i, names, names[i]) {
        errno = 0;
        assert_int_equal(path_credential("/p", names[i], out), -1);
        assert_int_equal(errno, EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_below_prefix),
        cmocka_unit_test(refuses_long_prefix),
        cmocka_unit_test(compares_paths_by_their_names),
        cmocka_unit_test(finds_credentials),
        cmocka_unit_test(refuses_names_that_wander),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
