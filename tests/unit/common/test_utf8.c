#include "kiosk/common/utf8.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_steps(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        uint32_t character;
        size_t bytes; /* 0: refused */
    } rows[] = {
        {"ASCII", "a", 'a', 1},
        {"two bytes", "\xC9\x99", 0x259, 2},
        {"three bytes", "\xE1\x83\x90", 0x10D0, 3},
        {"four bytes", "\xF0\x9F\x98\x80", 0x1F600, 4},
        {"the last character", "\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
        {"the end", "", 0, 0},
        {"two bytes for ASCII", "\xC0\xAF", 0, 0},
        {"three bytes for two", "\xE0\x80\xAF", 0, 0},
        {"four bytes for three", "\xF0\x80\x80\xAF", 0, 0},
        {"a surrogate", "\xED\xA0\x80", 0, 0},
        {"beyond the last character", "\xF4\x90\x80\x80", 0, 0},
        {"a byte that never begins one", "\xF5\x80\x80\x80", 0, 0},
        {"a byte that only continues", "\x80", 0, 0},
        {"cut short", "\xE2\x82", 0, 0},
        {"a letter where a byte should continue", "\xE2\x82z", 0, 0},
    };
    EACH_ROW (k, rows, rows[k].name) {
        uint32_t c = 0;
        size_t n = utf8_step(rows[k].text, strlen(rows[k].text), &c);
        if (n != rows[k].bytes || c != rows[k].character)
            fail_msg("%s: %zu bytes, U+%04X", rows[k].name, n, (unsigned)c);
        assert_int_equal(utf8_valid(rows[k].text, strlen(rows[k].text)),
                         n > 0 || rows[k].text[0] == '\0');
    }
    assert_false(utf8_valid("a\0b", 3));
    assert_true(utf8_valid("a\xC9\x99\xF0\x9F\x98\x80", 7));
    assert_int_equal(utf8_mark("\xEF\xBB\xBF"
                               "a",
                               4),
                     3);
    assert_int_equal(utf8_mark("\xEF\xBB", 2), 0);
}

static void test_a_cut_keeps_characters_whole(void **state)
{
    (void)state;
    static const char text[] = "a\xE1\x83\x90z"; /* 1, 3 and 1 bytes */
    static const size_t fits[] = {0, 1, 1, 1, 4, 5, 5};
    EACH_ROW (most, fits, NULL)
        assert_int_equal(utf8_fit(text, most), fits[most]);
}

static void test_text_from_outside_is_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *clean;
    } rows[] = {
        {"nothing to clean", "it is \xC9\x99 busy", "it is \xC9\x99 busy"},
        {"nothing at all", "", ""},
        {"an escape and a line end", "a\x1B[31m\nb", "a [31m b"},
        {"a control character of two bytes", "a\xC2\x9Bz", "a  z"},
        {"one that turns the text", "a\xE2\x80\xAEz", "a   z"},
        {"cut within a character", "a\xE1\x83", "a  "},
        {"no UTF-8", "\xFFz", " z"},
    };
    EACH_ROW (k, rows, rows[k].name) {
        char text[32];
        strcpy(text, rows[k].text);
        utf8_clean(text);
        assert_string_equal(text, rows[k].clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps),
                                       cmocka_unit_test(test_a_cut_keeps_characters_whole),
                                       cmocka_unit_test(test_text_from_outside_is_cleaned)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
