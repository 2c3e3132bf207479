#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/envelope.h"
#include "kiosk/core/words_piece.h"
#include "tests/unit/core/vectors.h"
#include "tests/unit/rows.h"

#include <errno.h>

enum { LINES_MAX = 64 };

static cJSON *json;
static struct words_line lines[LINES_MAX];

static int load(void **state)
{
    (void)state;
    json = vectors_load("tests/vectors/words.json");
    return sodium_init() < 0;
}

static int unload(void **state)
{
    (void)state;
    cJSON_Delete(json);
    return 0;
}

static const char *text_at(const cJSON *row, int i)
{
    return cJSON_GetStringValue(cJSON_GetArrayItem(row, i));
}

static struct words_set set_of(const cJSON *row)
{
    const cJSON *link = cJSON_GetObjectItem(row, "link"), *one;
    struct words_set s = {.revision = (uint64_t)vectors_number(row, "revision"),
                          .link = cJSON_IsString(link) ? link->valuestring : "",
                          .lines = lines};
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(row, "lines")) lines[s.count++] =
        (struct words_line){text_at(one, 0), text_at(one, 1), text_at(one, 2)};
    return s;
}

static void open_wire(const cJSON *piece, char text[ENVELOPE_TEXT_MAX + 1])
{
    uint8_t key[ENVELOPE_KEY], public[ENVELOPE_PUBLIC], wire[ENVELOPE_SIZE + 1];
    const cJSON *keys = cJSON_GetObjectItem(json, "keys");
    struct envelope_place at = {.topic = vectors_text(piece, "topic")};
    size_t len;
    vectors_hex(vectors_text(keys, "venue"), key, sizeof key);
    vectors_hex(vectors_text(keys, "kiosk_public"), public, sizeof public);
    vectors_hex(vectors_text(json, "venue"), at.venue, sizeof at.venue);
    vectors_hex(vectors_text(json, "kiosk"), at.kiosk, sizeof at.kiosk);
    size_t size = vectors_base64(vectors_text(piece, "wire"), wire, sizeof wire);
    assert_int_equal(envelope_open(&at, key, public, wire, size, text, &len), ENVELOPE_OK);
}

/* Cut and written byte for byte as the vectors have it, and what was sealed is the same. */
static void pieces_are_the_vectors(void **state)
{
    const cJSON *row, *piece;
    (void)state;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "sets"))
    {
        struct words_set s = set_of(row);
        const cJSON *pieces = cJSON_GetObjectItem(row, "pieces");
        size_t i = 0;
        if (words_pieces(&s) != (size_t)cJSON_GetArraySize(pieces))
            fail_msg("%s: %zu pieces", vectors_text(row, "name"), words_pieces(&s));
        cJSON_ArrayForEach(piece, pieces)
        {
            char text[ENVELOPE_TEXT_MAX + 1], opened[ENVELOPE_TEXT_MAX + 1];
            uint64_t seq = (uint64_t)vectors_number(piece, "seq");
            assert_true(words_piece_write(&s, i++, 7, seq, text, sizeof text) > 0);
            assert_string_equal(text, vectors_text(piece, "text"));
            open_wire(piece, opened);
            assert_string_equal(opened, text);
        }
    }
}

static void what_is_written_is_read(void **state)
{
    const cJSON *row, *piece;
    (void)state;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "sets"))
    {
        struct words_set s = set_of(row);
        size_t line = 0, i = 0;
        cJSON_ArrayForEach(piece, cJSON_GetObjectItem(row, "pieces"))
        {
            struct words_piece p;
            const char *why, *text = vectors_text(piece, "text");
            assert_int_equal(words_piece_read(&p, text, strlen(text), &why), 0);
            assert_int_equal(p.piece, i++);
            assert_int_equal(p.pieces, words_pieces(&s));
            assert_int_equal(p.revision, s.revision);
            assert_string_equal(p.link, p.piece == 0 ? s.link : "");
            for (size_t k = 0; k < p.count; k++, line++) {
                assert_string_equal(p.language, s.lines[line].language);
                assert_string_equal(p.lines[k].key, s.lines[line].key);
                assert_string_equal(p.lines[k].text, s.lines[line].text);
            }
        }
        assert_int_equal(line, s.count);
    }
}

static void a_piece_that_is_wrong_is_refused(void **state)
{
    const cJSON *row;
    (void)state;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "refused"))
    {
        struct words_piece p;
        const char *why = NULL, *text = vectors_text(row, "text");
        if (words_piece_read(&p, text, strlen(text), &why) != -1 || !why)
            fail_msg("%s was read", vectors_text(row, "why"));
    }
}

/* The longest that a host may write, in as many languages as there are. */
static void the_longest_lines_fit(void **state)
{
    static char longest[WORDS_TEXT_MAX + 1];
    static const char *const languages[] = {"ar", "az", "en", "ka", "ru"};
    struct words_set s = {.revision = (UINT64_C(1) << 53) - 1, .link = "", .lines = lines};
    char text[ENVELOPE_TEXT_MAX + 1];
    (void)state;
    memset(longest, 'x', WORDS_TEXT_MAX);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 7; k++)
            lines[s.count++] = (struct words_line){languages[i], "lockdown-inside", longest};
    assert_int_equal(words_pieces(&s), 36);
    for (size_t i = 0; i < 36; i++)
        assert_true(words_piece_write(&s, i, s.revision, s.revision, text, sizeof text) > 0);
    errno = 0;
    assert_int_equal(words_piece_write(&s, 36, 0, 0, text, sizeof text), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(words_piece_write(&s, 1, 0, 0, text, 100), -1);
    assert_int_equal(errno, EMSGSIZE);
}

/* Each text of a piece at its longest, and one byte longer. */
static void a_text_that_is_a_byte_too_long_is_refused(void **state)
{
    static const struct {
        const char *name, *before, *after;
        size_t most;
    } rows[] = {
        {"the link", "{\"link\":\"", "\",\"language\":null}", WORDS_LINK_MAX},
        {"the language", "{\"link\":null,\"language\":\"", "\"}", WORDS_LANGUAGE_MAX},
        {"a line", "{\"link\":null,\"language\":\"en\",\"lockdown-way\":\"", "\"}", WORDS_TEXT_MAX},
    };
    static const char head[] = "\"v\":2,\"kind\":\"words\",\"epoch\":1,\"seq\":1,\"revision\":1,"
                               "\"piece\":0,\"pieces\":1,";
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        for (size_t len = rows[i].most; len <= rows[i].most + 1; len++) {
            struct words_piece p;
            char text[1024], longest[WORDS_TEXT_MAX + 2] = "";
            const char *why;
            memset(longest, 'x', len);
            int n = snprintf(text, sizeof text, "{%s%s%s%s", head, rows[i].before + 1, longest,
                             rows[i].after);
            assert_int_equal(words_piece_read(&p, text, (size_t)n, &why),
                             len == rows[i].most ? 0 : -1);
        }
    }
}

/* One letter is a line, and so is a link of one. */
static void the_shortest_lines_are_written(void **state)
{
    static const struct words_line one[] = {{"en", "lockdown-way", "x"}};
    struct words_set s = {.revision = 1, .link = "y", .lines = one, .count = 1};
    struct words_piece p;
    char text[ENVELOPE_TEXT_MAX + 1];
    const char *why;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int len = words_piece_write(&s, i, 1, 2, text, sizeof text);
        assert_true(len > 0);
        assert_int_equal(words_piece_read(&p, text, (size_t)len, &why), 0);
        assert_string_equal(p.link, i == 0 ? "y" : "");
        assert_int_equal(p.count, i);
    }
    assert_string_equal(p.language, "en");
    assert_string_equal(p.lines[0].text, "x");
    assert_int_equal(words_piece_write(&s, 1, 1, 2, text, strlen(text)), -1);
}

static void what_does_not_fit_goes_in_no_piece(void **state)
{
    static char longer[WORDS_TEXT_MAX + 2], quotes[WORDS_TEXT_MAX];
    static const struct words_line over[] = {{"en", "lockdown-way", longer}},
                                   quoted[] = {{"en", "lockdown-way", quotes}},
                                   empty[] = {{"en", "lockdown-way", ""}};
    static const struct {
        const char *name;
        const struct words_line *lines;
    } cases[] = {{"a byte too long", over}, {"too long in JSON", quoted}, {"nothing", empty}};
    (void)state;
    memset(longer, 'x', WORDS_TEXT_MAX + 1);
    memset(quotes, '"', WORDS_TEXT_MAX - 1);
    EACH_ROW (i, cases, cases[i].name) {
        struct words_set s = {.revision = 1, .link = "", .lines = cases[i].lines, .count = 1};
        assert_int_equal(words_pieces(&s), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_the_vectors),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_piece_that_is_wrong_is_refused),
        cmocka_unit_test(the_longest_lines_fit),
        cmocka_unit_test(a_text_that_is_a_byte_too_long_is_refused),
        cmocka_unit_test(the_shortest_lines_are_written),
        cmocka_unit_test(what_does_not_fit_goes_in_no_piece),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
