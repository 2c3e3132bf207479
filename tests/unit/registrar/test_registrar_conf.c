#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kiosk/registrar/registrar_conf.h"
#include "tests/unit/rows.h"

#include <sodium.h>
#include <string.h>

#define HEX16 "0123456789abcdef"
#define ROOT  HEX16 HEX16 HEX16 HEX16
#define VENUE "[venue]\nid = " HEX16 "\nroot = " ROOT "\n"
#define ACCOUNT                                                                                    \
    "[account " HEX16 "]\nrole = kiosk\nkiosk = " HEX16 "\npassword = 0123456789abcdef\n"

static char complaint[1024];

static void keep(void *context, const char *sentence)
{
    (void)context;
    snprintf(complaint, sizeof complaint, "%s", sentence);
}

static int parse(const char *text, struct registrar_venue *v)
{
    complaint[0] = '\0';
    return registrar_venue_parse("venue", text, strlen(text), v, keep, NULL);
}

static void a_venue_is_read(void **state)
{
    struct registrar_venue v;
    (void)state;
    assert_int_equal(parse(VENUE ACCOUNT, &v), 0);
    assert_string_equal(v.venue.id, HEX16);
    assert_int_equal(v.id[7], 0xef);
    assert_int_equal(v.root[0], 0x01);
    assert_int_equal(v.accounts_count, 1);
    assert_string_equal(v.accounts[0].name, HEX16);
    assert_string_equal(v.accounts[0].role, "kiosk");
    assert_int_equal(parse(VENUE, &v), 0);
    assert_int_equal(v.accounts_count, 0);
}

static const struct {
    const char *text, *why;
} wrong[] = {
    {"", "[venue]"},
    {"[venue]\nid = " HEX16 "\nroot = 0123\n", "64 hex digits"},
    {"[venue]\nid = kettle\nroot = " ROOT "\n", "id"},
    {VENUE "[account us]\nrole = kiosk\nkiosk = " HEX16 "\npassword = 0123456789abcdef\n",
     "16 hex digits"},
    {VENUE "[account " HEX16 "]\nrole = admin\nkiosk = " HEX16 "\npassword = x\n", "role"},
};

static void what_is_wrong_is_named(void **state)
{
    struct registrar_venue v;
    (void)state;
    EACH_ROW (i, wrong, wrong[i].why) {
        assert_int_equal(parse(wrong[i].text, &v), -1);
        assert_non_null(strstr(complaint, wrong[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_venue_is_read),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
