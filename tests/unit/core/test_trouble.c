#include "kiosk/core/ns.h"
#include "kiosk/core/trouble.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* Stories of one list: at a second, what is found ("-": nothing), in quiet hours ('q') or not, and
 * what staff are told. */
struct moment {
    int at;
    char hours;
    const char *found, *told;
};

static const struct {
    const char *name;
    struct moment moments[8];
} stories[] = {
    {"each is told once, and its end too",
     {{0, ' ', "disk-full", "disk-full"},
      {60, ' ', "disk-full", ""},
      {120, ' ', "disk-full heat", "heat"},
      {180, ' ', "heat", "disk-full-over"},
      {240, ' ', "-", "heat-over"},
      {300, ' ', "heat", "heat"}}},
    {"what can wait is held until the morning",
     {{0, 'q', "disk-full", ""}, {60, 'q', "disk-full", ""}, {120, ' ', "disk-full", "disk-full"}}},
    {"what came and went at night is not told",
     {{0, 'q', "heat", ""}, {60, 'q', "-", ""}, {120, ' ', "-", ""}}},
    {"an end waits for the morning too",
     {{0, ' ', "heat", "heat"}, {60, 'q', "-", ""}, {120, ' ', "-", "heat-over"}}},
    {"what ended and came back at night is the same trouble",
     {{0, ' ', "heat", "heat"}, {60, 'q', "-", ""}, {90, 'q', "heat", ""}, {120, ' ', "heat", ""}}},
    {"a lid cannot wait", {{0, 'q', "lid", "lid"}, {30, 'q', "-", ""}, {40, 'q', "-", "lid-over"}}},
    {"a lid that flaps is one trouble",
     {{0, ' ', "lid", "lid"}, {1, ' ', "-", ""}, {2, ' ', "lid", ""}, {12, ' ', "lid", ""}}},
    {"a short cut of mains power is none",
     {{0, ' ', "mains", ""}, {9, ' ', "mains", ""}, {10, ' ', "-", ""}, {21, ' ', "-", ""}}},
    {"one that lasts is told, at night too",
     {{0, 'q', "mains", ""},
      {10, 'q', "mains", "mains"},
      {20, 'q', "-", ""},
      {40, 'q', "mains", ""},
      {50, 'q', "-", ""},
      {80, 'q', "-", "mains-over"}}},
};

static trouble_set set_of(const char *codes)
{
    trouble_set set = 0;
    char code[TROUBLE_CODE_MAX + 1];
    for (int n; sscanf(codes, "%18s%n", code, &n) == 1 && code[0] != '-'; codes += n) {
        assert_int_not_equal(trouble_of_code(code), TROUBLE_COUNT);
        set |= TROUBLE_BIT(trouble_of_code(code));
    }
    return set;
}

/* What staff are told, as words. `restart`: the list is written and read between any two moments.
 */
static void play(const struct moment *m, bool restart, const char *name)
{
    struct troubles s = {.standing = 0};
    for (; m->found; m++) {
        struct trouble_news news[TROUBLE_COUNT];
        char told[256] = "", text[TROUBLE_TEXT_MAX];
        size_t n = troubles_step(&s, ~UINT64_C(0), set_of(m->found), m->hours == 'q',
                                 m->at * NS_PER_S, 1000 + m->at, news);
        for (size_t i = 0; i < n; i++)
            snprintf(told + strlen(told), sizeof told - strlen(told), "%s%s", i ? " " : "",
                     news[i].detail);
        if (strcmp(told, m->told) != 0)
            fail_msg("%s, %d s: told \"%s\", expected \"%s\"", name, m->at, told, m->told);
        if (!restart)
            continue;
        troubles_write(&s, text);
        troubles_read(&s, text);
    }
}

static void test_stories(void **state)
{
    (void)state;
    EACH_ROW (i, stories, stories[i].name) {
        play(stories[i].moments, false, stories[i].name);
    }
}

/* Those that nothing is waited for. */
static void test_a_restart_between_any_two_moments_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++)
        play(stories[i].moments, true, stories[i].name);
}

static void test_what_nobody_looked_for_stays(void **state)
{
    (void)state;
    struct trouble_news news[TROUBLE_COUNT];
    struct troubles s = {.standing = 0};
    trouble_set heat = TROUBLE_BIT(TROUBLE_HEAT), disk = TROUBLE_BIT(TROUBLE_DISK_FULL);
    assert_int_equal(troubles_step(&s, heat, heat, false, 0, 5, news), 1);
    assert_int_equal(troubles_step(&s, disk, 0, false, 0, 6, news), 0);
    assert_true(s.standing == heat && s.since[TROUBLE_HEAT] == 5);
}

static void test_nothing_hidden_is_kept(void **state)
{
    (void)state;
    struct trouble_news news[TROUBLE_COUNT];
    struct troubles s = {.standing = 0};
    char text[TROUBLE_TEXT_MAX];
    size_t n = troubles_step(&s, ~UINT64_C(0), ~UINT64_C(0), false, 0, 5, news);
    assert_true(n > 0 && troubles_write(&s, text) == strlen(text));
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++) {
        const struct trouble_kind *k = trouble_kind(t);
        char line[TROUBLE_CODE_MAX + 3];
        snprintf(line, sizeof line, "%s ", k->code);
        if (!!strstr(text, line) == !!(k->flags & TROUBLE_HIDDEN) && k->lasts == 0)
            fail_msg("%s: %s", k->code, text);
    }
    troubles_read(&s, "lid 5 told\nof-later 6 told\nheat 7 held\n\nheat x\n");
    assert_true(s.standing == TROUBLE_BIT(TROUBLE_HEAT) && s.told == 0);
}

static void test_codes_fit_into_a_notice(void **state)
{
    (void)state;
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++) {
        const char *code = trouble_kind(t)->code;
        assert_true(strlen(code) > 0 && strlen(code) <= TROUBLE_CODE_MAX);
        assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(code));
        assert_int_equal(trouble_of_code(code), t);
        assert_non_null(trouble_kind(t)->sentence);
    }
    assert_int_equal(trouble_of_code("none"), TROUBLE_COUNT);
}

/* As the handbook's page of troubles has it: after so many seconds it is told, and after so many
 * its end; at night too ('n'), with a ring ('r'); the cue shows it ('c'), or nothing on site ('h').
 */
static const struct {
    const char *code;
    int begins, ends;
    const char *how;
} promises[] = {
    {"mains", 10, 30, "nrc"},       {"ups-low", 0, 60, "nrc"},
    {"ups-silent", 30, 10, "c"},    {"ups-worn", 0, 60, "c"},
    {"lid", 0, 10, "nrh"},          {"tilt", 0, 10, "nrh"},
    {"box-tamper", 0, 10, "nrh"},   {"broker-rights", 0, 60, "nc"},
    {"broker-limits", 0, 60, "nc"}, {"path-down", 0, 30, "c"},
    {"relay-silent", 0, 10, "n"},   {"one-relay-silent", 0, 10, "rc"},
    {"no-phone-rang", 60, 0, "c"},  {"undervoltage", 0, 0, "cm"},
    {"heat", 0, 0, "cm"},           {"battery", 0, 0, "cm"},
    {"card-worn", 0, 0, "cm"},      {"card-errors", 0, 0, "cm"},
    {"disk-full", 0, 0, "cm"},      {"clock", 0, 0, "cm"},
    {"certificate-90", 0, 0, "m"},  {"certificate-14", 0, 0, "cm"},
    {"page", 0, 0, "cm"},           {"update", 0, 0, "m"},
    {"backup", 0, 0, "m"},
};

/* The second in which there is news, if it is found or gone for a minute; -1: none. */
static int told_after(struct troubles *s, enum trouble t, bool found, bool quiet, int from)
{
    struct trouble_news news[TROUBLE_COUNT];
    trouble_set bit = TROUBLE_BIT(t);
    for (int at = 0; at <= 60; at++)
        if (troubles_step(s, bit, found ? bit : 0, quiet, (from + at) * NS_PER_S, 1, news) == 1)
            return at;
    return -1;
}

static void test_each_is_reported_when_it_is_promised(void **state)
{
    (void)state;
    assert_int_equal(sizeof promises / sizeof promises[0], TROUBLE_COUNT);
    EACH_ROW (i, promises, promises[i].code) {
        enum trouble t = trouble_of_code(promises[i].code);
        struct troubles day = {.standing = 0}, night = {.standing = 0};
        bool at_night = strchr(promises[i].how, 'n');
        assert_int_equal(told_after(&day, t, true, false, 0), promises[i].begins);
        assert_int_equal(told_after(&day, t, false, false, 100), promises[i].ends);
        assert_int_equal(told_after(&night, t, true, true, 0), at_night ? promises[i].begins : -1);
    }
}

static void test_each_is_shown_as_it_is_promised(void **state)
{
    static const struct {
        char mark;
        enum trouble_flag flag;
    } marks[] = {{'n', TROUBLE_AT_ONCE},
                 {'r', TROUBLE_WAKES},
                 {'c', TROUBLE_CUED},
                 {'h', TROUBLE_HIDDEN},
                 {'m', TROUBLE_MEASURED}};
    (void)state;
    EACH_ROW (i, promises, promises[i].code) {
        trouble_set bit = TROUBLE_BIT(trouble_of_code(promises[i].code));
        EACH_ROW (k, marks, promises[i].code) {
            assert_int_equal(!!(trouble_flagged(marks[k].flag) & bit),
                             !!strchr(promises[i].how, marks[k].mark));
        }
    }
    assert_true(trouble_flagged(TROUBLE_ENDED_ELSEWHERE) == TROUBLE_BIT(TROUBLE_PATH_DOWN));
    assert_true(trouble_flagged(TROUBLE_BEGUN_ELSEWHERE) ==
                (TROUBLE_BIT(TROUBLE_PATH_DOWN) | TROUBLE_BIT(TROUBLE_BROKER_RIGHTS) |
                 TROUBLE_BIT(TROUBLE_BROKER_LIMITS)));
}

static void test_since_when_is_kept(void **state)
{
    struct troubles s;
    char text[TROUBLE_TEXT_MAX];
    (void)state;
    troubles_read(&s, "heat 1764000000 told\ndisk-full 1764000001 held\nmains 0 over\n");
    assert_int_equal(s.since[TROUBLE_HEAT], 1764000000);
    assert_true(s.standing == (TROUBLE_BIT(TROUBLE_HEAT) | TROUBLE_BIT(TROUBLE_DISK_FULL)));
    assert_true(s.told == (TROUBLE_BIT(TROUBLE_HEAT) | TROUBLE_BIT(TROUBLE_MAINS)));
    troubles_write(&s, text);
    assert_string_equal(text, "heat 1764000000 told\nmains 0 over\ndisk-full 1764000001 held\n");
}

static void test_quiet_hours(void **state)
{
    (void)state;
    static const struct {
        int minute, from, to;
        bool quiet;
    } rows[] = {
        {0, 1320, 480, true},
        {479, 1320, 480, true},
        {480, 1320, 480, false},
        {1319, 1320, 480, false},
        {1320, 1320, 480, true},
        {1440 + 60, 1320, 480, true},
        {6 * 1440 + 720, 1320, 480, false},
        {700, 700, 730, true},
        {720, 700, 730, true},
        {730, 700, 730, false},
        {480, 480, 480, false},
        {720, 480, 480, false},
        {-1, 1320, 480, false},
        {60, -1, -1, false},
    };
    EACH_ROW (i, rows, NULL) {
        bool quiet = trouble_is_quiet(rows[i].minute, rows[i].from, rows[i].to);
        assert_int_equal(quiet, rows[i].quiet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_a_restart_between_any_two_moments_changes_nothing),
        cmocka_unit_test(test_what_nobody_looked_for_stays),
        cmocka_unit_test(test_nothing_hidden_is_kept),
        cmocka_unit_test(test_codes_fit_into_a_notice),
        cmocka_unit_test(test_each_is_reported_when_it_is_promised),
        cmocka_unit_test(test_each_is_shown_as_it_is_promised),
        cmocka_unit_test(test_since_when_is_kept),
        cmocka_unit_test(test_quiet_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
