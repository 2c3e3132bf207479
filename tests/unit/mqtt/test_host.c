/* Hosts as people write them. */

#include "kiosk/mqtt/host.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    const char *written, *dialled, *certified;
    bool numeric, local;
} rows[] = {
    {"mqtt.example.org", "mqtt.example.org", "mqtt.example.org", false, false},
    {"mqtt.example.org.", "mqtt.example.org.", "mqtt.example.org", false, false},
    {"192.0.2.7", "192.0.2.7", "192.0.2.7", true, false},
    {"2001:db8::7", "2001:db8::7", "2001:db8::7", true, false},
    {"[2001:db8::7]", "2001:db8::7", "2001:db8::7", true, false},
    {"fe80::7%eth0", "fe80::7%eth0", "fe80::7", true, false},
    {"[fe80::7%eth0]", "fe80::7%eth0", "fe80::7", true, false},
    {"2001:db8::7%eth0", "2001:db8::7", "2001:db8::7", true, false},
    {"pi.local", "pi.local", "pi.local", false, true},
    {"Pi.LOCAL.", "Pi.LOCAL.", "Pi.LOCAL", false, true},
    {"local", "local", "local", false, false},
    {"localhost.", "localhost.", "localhost", false, true},
    {"b\u00fccher.example", "xn--bcher-kva.example", "xn--bcher-kva.example", false, false},
};

static void each_spelling_is_read(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].written) {
        struct mqtt_host h;
        const char *why;
        bool read = mqtt_host_read(rows[i].written, &h, &why);
        assert_true(read);
        assert_string_equal(h.dialled, rows[i].dialled);
        assert_string_equal(h.certified, rows[i].certified);
        assert_int_equal(h.numeric, rows[i].numeric);
        assert_int_equal(h.local, rows[i].local);
    }
}

static void what_is_no_host_is_refused_with_the_reason(void **state)
{
    static const char *const bad[] = {"",          "[]",    "[::1", "::1]", "[mqtt.example.org]",
                                      "name%eth0", "\u00ad"};
    (void)state;
    EACH_ROW (i, bad, bad[i]) {
        struct mqtt_host h;
        const char *why = "";
        assert_false(mqtt_host_read(bad[i], &h, &why));
        assert_true(why[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_is_read),
        cmocka_unit_test(what_is_no_host_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
