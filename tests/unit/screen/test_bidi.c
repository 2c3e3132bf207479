#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"
#include "kiosk/screen/draw_text.h"
#include "kiosk/screen/items.h"
#include "tests/unit/rows.h"

#include <fribidi/fribidi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a reader sees from left to right: runs in their order, each that is rtl turned round. */
static const struct {
    const char *line;
    bool rtl;
    const char *runs; /* as drawn, "<" before those that are rtl, "|" between them */
} rows[] = {
    {"Film", false, "Film"},
    {"მუსიკა 2026", false, "მუსიკა 2026"},
    {"مايو", true, "<مايو"},
    {"الجمعة، 13 مايو", true, "< مايو|13|<الجمعة، "},
    {"١٣ مايو", true, "< مايو|١٣"},
    {"أمسية (Film) 2026", true, "2026|<) |Film|<أمسية ("},
    {"Film: أمسية الشعر", false, "Film: |<أمسية الشعر"},
    {"LGBT+ ليلة", false, "LGBT+ |<ليلة"},
    {"ليلة 50% C++ 3-5", true, "C++ 3-5|<% |50|<ليلة "},
    {"בית [A] \"B\"", true, "<\"|B|<] \"|A|<בית ["},
    {"بيت [A] \"B\"", true, "<\"|B|<] \"|A|<بيت ["},
    {"a אב 12 גד b", false, "a |< גד|12|<אב | b"},
    {"", false, ""},
    {"\xC3(", false, ""},
};

static void show(const struct bidi_run *runs, size_t count, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t k = 0; k < count; k++)
        used += (size_t)snprintf(out + used, size - used, "%s%s%.*s", k ? "|" : "",
                                 runs[k].rtl ? "<" : "", (int)runs[k].bytes, runs[k].text);
}

static void test_runs(void **state)
{
    (void)state;
    EACH_ROW (k, rows, rows[k].line) {
        struct bidi_run runs[ITEM_TEXT_MAX];
        char seen[4 * ITEM_TEXT_MAX];
        show(runs, bidi_runs(rows[k].line, rows[k].rtl, "Latn", runs), seen, sizeof seen);
        if (strcmp(seen, rows[k].runs) != 0)
            fail_msg("\"%s\": \"%s\", not \"%s\"", rows[k].line, seen, rows[k].runs);
        if (seen[0])
            assert_int_equal(bidi_is_rtl(rows[k].line), rows[k].rtl);
    }
}

static size_t characters(const char *text, size_t len, FriBidiChar *out)
{
    size_t count = 0;
    for (size_t at = 0, n; at < len; at += n, count++)
        if ((n = utf8_step(text + at, len - at, &out[count])) == 0)
            return 0;
    return count;
}

/* The runs, those that are rtl turned round, are the line as fribidi orders it for a screen. */
static void test_runs_are_in_visual_order(void **state)
{
    (void)state;
    EACH_ROW (k, rows, rows[k].line) {
        struct bidi_run runs[ITEM_TEXT_MAX];
        FriBidiChar seen[ITEM_TEXT_MAX], line[ITEM_TEXT_MAX], part[ITEM_TEXT_MAX];
        FriBidiCharType types[ITEM_TEXT_MAX];
        FriBidiBracketType brackets[ITEM_TEXT_MAX];
        FriBidiLevel levels[ITEM_TEXT_MAX];
        FriBidiParType direction = rows[k].rtl ? FRIBIDI_PAR_RTL : FRIBIDI_PAR_LTR;
        size_t shown = 0, count = bidi_runs(rows[k].line, rows[k].rtl, "Latn", runs);
        for (size_t r = 0; r < count; r++) {
            size_t n = characters(runs[r].text, runs[r].bytes, part);
            for (size_t i = 0; i < n; i++)
                seen[shown++] = runs[r].rtl ? part[n - 1 - i] : part[i];
        }
        FriBidiStrIndex n = (FriBidiStrIndex)characters(rows[k].line, strlen(rows[k].line), line);
        fribidi_get_bidi_types(line, n, types);
        fribidi_get_bracket_types(line, n, types, brackets);
        assert_true(fribidi_get_par_embedding_levels_ex(types, brackets, n, &direction, levels) >
                    0);
        assert_true(n == 0 || fribidi_reorder_line(0, types, n, 0, direction, levels, line, NULL));
        if (shown != (size_t)n || memcmp(seen, line, shown * sizeof *line) != 0)
            fail_msg("\"%s\" is not in the order in which it is read", rows[k].line);
    }
}

/* Each run has the script of its first letter, or that of the line where it has none. */
static void test_scripts(void **state)
{
    (void)state;
    static const struct {
        const char *line, *scripts; /* of its runs, in the order of the line's runs above */
    } lines[] = {
        {"Film: أمسية الشعر", "Latn Arab"},
        {"אב 2026", "Latn Hebr"},
        {"— კინო", "Geor"},
        {"«Киновечер»", "Cyrl"},
        {"19:30", "Syrc"},
        {"Əlifba", "Latn"},
        {"Ṣalāt", "Latn"},
        {"Ποίηση", "Grek"},
    };
    EACH_ROW (k, lines, lines[k].line) {
        struct bidi_run runs[ITEM_TEXT_MAX];
        char seen[64] = "";
        bool digits = strcmp(lines[k].scripts, "Syrc") == 0;
        size_t count =
            bidi_runs(lines[k].line, bidi_is_rtl(lines[k].line), digits ? "Syrc" : "Latn", runs);
        for (size_t r = 0; r < count; r++) {
            strcat(seen, r ? " " : "");
            strcat(seen, runs[r].script);
        }
        if (strcmp(seen, lines[k].scripts) != 0)
            fail_msg("\"%s\": %s, not %s", lines[k].line, seen, lines[k].scripts);
    }
}

/* The width in which a line is set: 0 where it is not. */
static int width(struct text *text, const char *line, bool rtl)
{
    struct items *l = calloc(1, sizeof *l);
    struct ink ink = {255, 255, 255, 1};
    items_clear(l, 2000, 200);
    struct item *i = items_words(l, line, 1000, 100, 40, 0, ink);
    i->u.words.rtl = rtl;
    text_set(text, l);
    int w = box_empty(i->box) ? 0 : i->box.x1 - i->box.x0;
    free(l);
    return w;
}

/* Letters join: an Arabic word takes the same room within a Latin line as alone, less than its
 * letters apart from each other. */
static void test_arabic_joins_in_a_mixed_line(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    int alone = width(text, "أمسية", true), film = width(text, "Film: ", false);
    int apart = width(text, "أ", true) + width(text, "م", true) + width(text, "س", true) +
                width(text, "ي", true) + width(text, "ة", true);
    assert_true(alone > 0 && alone < apart);
    assert_int_equal(width(text, "Film: أمسية", false), film + alone);
    text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs), cmocka_unit_test(test_runs_are_in_visual_order),
        cmocka_unit_test(test_scripts), cmocka_unit_test(test_arabic_joins_in_a_mixed_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
