#include "kiosk/cli/conf_edit.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char base[] = "# head\n"
                           "[venue]\n"
                           "#id = 0\n"
                           "\n"
                           "# a switch\n"
                           "[switch counter]\n"
                           "# its line\n"
                           "line = GPIO1\n"
                           "#gap = 700ms\n"
                           "\n"
                           "# the last\n"
                           "[wipe]\n"
                           "#enabled = no\n";

struct row {
    const char *what, *section, *key, *value, *after; /* after: what the text then holds */
};

static const struct row rows[] = {
    {"a key changes in its place", "switch counter", "line", "GPIO2",
     "# its line\nline = GPIO2\n#gap = 700ms\n"},
    {"a commented key is replaced", "switch counter", "gap", "1s",
     "line = GPIO1\ngap = 1s\n\n# the last\n"},
    {"a new key is added at the section's end", "switch counter", "code", "7",
     "#gap = 700ms\ncode = 7\n\n# the last\n"},
    {"only that section changes", "venue", "id", "12", "[venue]\nid = 12\n\n# a switch\n"},
    {"the file's last section", "wipe", "grace", "1s", "#enabled = no\ngrace = 1s\n"},
    {"a new section", "door back", "line", "GPIO3", "#enabled = no\n\n[door back]\nline = GPIO3\n"},
    {"a key is commented out", "switch counter", "line", NULL, "# its line\n#line = GPIO1\n"},
    {"a key that is not there stays away", "door back", "line", NULL, "[wipe]\n#enabled = no\n"},
    {"the beginning of a name is not that name", "switch counter", "lin", "x", "line = GPIO1\n"},
};

static struct conf_text *fresh(void)
{
    struct conf_text *c = calloc(1, sizeof *c);

    assert_non_null(c);
    assert_int_equal(conf_text_set(c, base, strlen(base)), 0);
    return c;
}

static void test_set_changes_one_key(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].what) {
        struct conf_text *c = fresh();
        assert_int_equal(conf_set(c, rows[i].section, rows[i].key, rows[i].value), 0);
        if (!strstr(c->text, rows[i].after))
            fail_msg("%s: \"%s\"", rows[i].what, c->text);
        assert_int_equal(strlen(c->text), c->len);
        free(c);
    }
}

static void test_a_section_is_removed(void **state)
{
    struct conf_text *c = fresh();

    (void)state;
    assert_true(conf_has(c, "switch counter"));
    assert_false(conf_has(c, "switch"));
    assert_int_equal(conf_drop(c, "switch counter"), 0);
    assert_false(conf_has(c, "switch counter"));
    assert_null(strstr(c->text, "GPIO1"));
    assert_non_null(strstr(c->text, "# a switch\n\n# the last\n[wipe]\n"));
    assert_int_equal(conf_drop(c, "nothing"), 0);
    free(c);
}

static void test_text_that_would_be_too_long_is_refused_whole(void **state)
{
    struct conf_text *c = fresh();
    char *filler = calloc(1, CONF_TEXT_MAX + 1);
    char *value = calloc(1, 1024);
    static const char header[] = {'\n', '[', 'a', ']', '\n'};

    (void)state;
    memset(filler, '#', CONF_TEXT_MAX);
    assert_int_equal(conf_text_set(c, filler, CONF_TEXT_MAX), -1);
    memcpy(filler + CONF_TEXT_MAX - 20, header, sizeof header);
    assert_int_equal(conf_text_set(c, filler, CONF_TEXT_MAX - 1), 0);
    assert_int_equal(conf_set(c, "a", "long", "enough to fail"), -1);
    memset(value, 'x', 1000);
    assert_int_equal(conf_set(c, "a", "b", value), -1);
    assert_memory_equal(c->text, filler, CONF_TEXT_MAX - 1);
    free(value);
    free(filler);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_changes_one_key),
        cmocka_unit_test(test_a_section_is_removed),
        cmocka_unit_test(test_text_that_would_be_too_long_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
