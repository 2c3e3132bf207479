#include "kiosk/cli/setup/setup_before.h"
#include "kiosk/cli/setup/setup_undo.h"
#include "kiosk/common/paths.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_whether_an_undo_may_begin(void **state)
{
    static const struct {
        const char *name;
        struct undo_facts facts;
        enum undo_verdict verdict;
    } rows[] = {
        {"no set-up", {0}, UNDO_NOTHING},
        {"no set-up, but porchlightd runs", {.answers = true, .idle = true}, UNDO_NOTHING},
        {"an older version's", {.key = true, .answers = true, .idle = true}, UNDO_NO_COPY},
        {"at rest", {.copy = true, .key = true, .answers = true, .idle = true}, UNDO_MAY_BEGIN},
        {"an alert", {.copy = true, .key = true, .answers = true}, UNDO_NOT_NOW},
        {"an alert after an undo was interrupted and the Pi restarted",
         {.copy = true, .key = true, .answers = true, .begun = true},
         UNDO_NOT_NOW},
        {"not enabled, but an alert",
         {.copy = true, .key = true, .answers = true, .off = true},
         UNDO_NOT_NOW},
        {"porchlightd is down", {.copy = true, .key = true}, UNDO_NO_ANSWER},
        {"down, and out of service", {.copy = true, .key = true, .off = true}, UNDO_MAY_BEGIN},
        {"an undo stopped it", {.copy = true, .key = true, .begun = true}, UNDO_MAY_BEGIN},
        {"the files are back already", {.copy = true}, UNDO_MAY_BEGIN},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        assert_int_equal(undo_decide(&rows[i].facts), rows[i].verdict);
    }
}

static void test_lines_of_the_list(void **state)
{
    static const struct {
        const char *line;
        bool good;
        enum before_kind kind;
        const char *name, *etc;
    } rows[] = {
        {"kept 644 " PATH_CONF, true, BEFORE_KEPT, PATH_CONF, "porchlight.conf"},
        {"kept 600 " PATH_ACCOUNTS, true, BEFORE_KEPT, PATH_ACCOUNTS, NULL},
        {"new /etc/porchlight/ca/ca.key", true, BEFORE_NEW, "/etc/porchlight/ca/ca.key",
         "ca/ca.key"},
        {"folder /etc/porchlight/ca", true, BEFORE_FOLDER, "/etc/porchlight/ca", "ca"},
        {"unit enabled inactive porchlightd.service", true, BEFORE_UNIT, "porchlightd.service",
         NULL},
        {"unit enabled inactive ssh.service", false, 0, NULL, NULL},
        {"unit on active porchlightd.service", false, 0, NULL, NULL},
        {"unit enabled porchlightd.service", false, 0, NULL, NULL},
        {"kept 4755 " PATH_CONF, false, 0, NULL, NULL},
        {"kept " PATH_CONF, false, 0, NULL, NULL},
        {"new /etc/passwd", false, 0, NULL, NULL},
        {"new /etc/porchlight/../passwd", false, 0, NULL, NULL},
        {"new " PATH_PHONES, false, 0, NULL, NULL},
        {"folder /var/lib/porchlight-broker", false, 0, NULL, NULL},
        {"folder /etc/porchlight", false, 0, NULL, NULL},
        {"old " PATH_CONF, false, 0, NULL, NULL},
        {"", false, 0, NULL, NULL},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].line) {
        char line[128];
        struct before_entry e;
        snprintf(line, sizeof line, "%s\n", rows[i].line);
        bool good = before_parse(line, &e);
        assert_int_equal(good, rows[i].good);
        assert_int_equal(good ? e.kind : 0, rows[i].kind);
        assert_string_equal(good ? e.name : "", rows[i].good ? rows[i].name : "");
        assert_string_equal(good && e.etc ? e.etc : "", rows[i].etc ? rows[i].etc : "");
    }
}

static void test_modes_and_units_are_read(void **state)
{
    char kept[] = "kept 640 " PATH_CONF, unit[] = "unit disabled active porchlight-page.service";
    struct before_entry e;
    (void)state;
    assert_true(before_parse(kept, &e) && e.mode == 0640);
    assert_true(before_parse(unit, &e) && !e.enabled && e.active);
}

static int count_entry(void *context, const struct before_entry *e)
{
    (void)e;
    ++*(int *)context;
    return 0;
}

static void test_nothing_of_a_damaged_list_is_used(void **state)
{
    int count = 0;
    (void)state;
    assert_int_equal(
        before_each("new " PATH_CONF "\nfolder /etc/porchlight/ca\n", count_entry, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(before_each("new " PATH_CONF "\nnew /etc/pass\n", count_entry, &count), -1);
    assert_int_equal(errno, EBADMSG);
    assert_int_equal(before_each("new " PATH_CONF "\nnew " PATH_ETC "/da", count_entry, &count),
                     -1);
    assert_int_equal(count, 2);
}

static void test_what_is_noted_is_found(void **state)
{
    const char *list = "new " PATH_CONF "\n";
    (void)state;
    assert_true(before_has(list, BEFORE_NEW, PATH_CONF));
    assert_false(before_has(list, BEFORE_KEPT, PATH_CONF));
    assert_false(before_has(list, BEFORE_NEW, PATH_WORDS));
    assert_false(before_has(NULL, BEFORE_NEW, PATH_CONF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whether_an_undo_may_begin),
        cmocka_unit_test(test_lines_of_the_list),
        cmocka_unit_test(test_modes_and_units_are_read),
        cmocka_unit_test(test_nothing_of_a_damaged_list_is_used),
        cmocka_unit_test(test_what_is_noted_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
