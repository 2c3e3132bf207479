#include "config/host_words.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char said[2048];

static void hear(void *context, const char *sentence)
{
    (void)context;
    snprintf(said, sizeof said, "%s", sentence);
}

static int parse(const char *text, struct host_words *w)
{
    said[0] = '\0';
    return host_words_parse("words.conf", text, strlen(text), w, hear, NULL);
}

/* 150 letters of three bytes are allowed. */
#define TEN   "აბგდევზთიკ"
#define FIFTY TEN TEN TEN TEN TEN

static void takes_what_a_host_writes(void **state)
{
    struct host_words w;
    (void)state;
    assert_int_equal(parse("[words]\nlink = https://example.org/help?a=b#c\nrevision = 1764000000\n"
                           "[ka]\nlockdown-way = " FIFTY FIFTY FIFTY "\n"
                           "[en]\ncontact = A \"lawyer\"; day # night = always\n",
                           &w),
                     0);
    assert_string_equal(w.link, "https://example.org/help?a=b#c");
    assert_int_equal(w.revision, 1764000000);
    assert_string_equal(w.languages[3].lines[0], FIFTY FIFTY FIFTY);
    assert_string_equal(w.languages[2].lines[HOST_WORDS_LINES - 1],
                        "A \"lawyer\"; day # night = always");
    assert_int_equal(host_words_count(&w, 3), 1);
    assert_int_equal(host_words_count(&w, 0), 0);
    assert_true(host_words_any(&w));
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"[fr]\nlockdown-way = Non\n", "words.conf:1:",
         "found the unknown section [fr]; expected one of [words] [ar] [az] [en] [ka] [ru]: the "
         "languages that the members' page has"},
        {"[en]\nlockdown-home = x\n", "words.conf:2: [en] lockdown-home:", "lockdown-inside"},
        {"[en]\nlockdown-way = " FIFTY FIFTY FIFTY "x\n",
         "words.conf:2: [en] lockdown-way:", "more than 150 characters"},
        {"[en]\nlockdown-way = a\u202eb\n", "words.conf:2:", "an invisible character"},
        {"[en]\nlockdown-way = \xff\n", "words.conf:2:", "save the file as UTF-8"},
        {"[en]\nlockdown-way = a\nlockdown-way = b\n", "words.conf:3:", "already at line 2"},
        {"lockdown-way = a\n", "words.conf:1:", "before any section"},
        {"[words]\nlink = 0501234567\n",
         "words.conf:2: [words] link:", "a phone number is written tel:+994501234567"},
        {"[words]\nlink = tel:\n", "words.conf:2:", "after tel: comes the number"},
        {"[words]\nlink = tel:call-me\n", "words.conf:2:", "after tel: comes the number"},
        {"[words]\nlink = http://example.org\n", "words.conf:2:", "a page https://"},
        {"[words]\nlink = javascript:alert(1)\n", "words.conf:2:", "a page https://"},
        {"[words]\nlink = https://\n", "words.conf:2:", "the page's name"},
        {"[words]\nlink = https://a b.org\n", "words.conf:2:", "no spaces"},
        {"[words]\nlink = https://müller.example\n", "words.conf:2:", "letters with accents"},
        {"[words]\nrevision = soon\n", "words.conf:2:", "leave the whole line out"},
    };
    (void)state;
    EACH_ROW (i, cases, cases[i].text) {
        struct host_words w;
        assert_int_equal(parse(cases[i].text, &w), -1);
        if (strncmp(said, cases[i].where, strlen(cases[i].where)) != 0 ||
            !strstr(said, cases[i].what))
            fail_msg("%s: \"%s\"", cases[i].text, said);
    }
}

static void a_file_that_is_written_is_read(void **state)
{
    struct host_words before, after;
    char *text = NULL;
    size_t len;
    (void)state;
    assert_int_equal(parse("[words]\nlink = tel:+1.555-0100\nrevision = 7\n[ru]\ncontact = Юрист\n"
                           "caution-staff = Спросите \"Лейлу\".\n",
                           &before),
                     0);
    FILE *f = open_memstream(&text, &len);
    host_words_write(f, &before, NULL);
    fclose(f);
    assert_int_equal(parse(text, &after), 0);
    assert_memory_equal(&before, &after, sizeof before);
    free(text);
}

/* Each language has all its lines, within the limits that hosts have, and no contact. */
static void the_standard_lines_are_whole(void **state)
{
    struct host_words w;
    (void)state;
    assert_int_equal(host_words_load("config/what-to-do.conf", &w, config_complain_stderr, NULL),
                     0);
    for (size_t i = 0; i < HOST_WORDS_LANGUAGES; i++)
        if (host_words_count(&w, i) != HOST_WORDS_LINES - 1)
            fail_msg("%s: %zu lines", host_words_languages[i], host_words_count(&w, i));
    assert_string_equal(w.link, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_a_host_writes),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(a_file_that_is_written_is_read),
        cmocka_unit_test(the_standard_lines_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
