#include "kiosk/screen/draw_text.h"
#include "kiosk/screen/programme.h"
#include "kiosk/screen/words.h"
#include "tests/unit/rows.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WHOLE                                                                                      \
    "day = Welcome\nweekdays = a, b, c, d, e, f, g\nmonths = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "  \
    "12\n"                                                                                         \
    "date = {weekday} {day} {month}\n"

/* Every language that is shipped is whole, and Debian's DejaVu has all of its letters. */
static void test_shipped(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    DIR *d = opendir("config/languages");
    int count = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char code[256], why[PROGRAMME_WHY], date[ITEM_TEXT_MAX];
        struct language l;
        size_t n = strlen(e->d_name);
        if (n < 6 || strcmp(e->d_name + n - 5, ".conf") != 0)
            continue;
        memcpy(code, e->d_name, n - 5);
        code[n - 5] = '\0';
        if (language_load("config/languages", code, &l, why) != 0)
            fail_msg("%s", why);
        for (int k = 0; k < HOURS; k++)
            assert_int_equal(text_missing(text, l.greeting[k]), 0);
        for (int day = 0; day < 7; day++) {
            for (int month = 0; month < 12; month++) {
                language_date(&l, day, 28, month, 2026, date, sizeof date);
                assert_non_null(strstr(date, l.month[month]));
                assert_int_equal(text_missing(text, date), 0);
            }
        }
        count++;
    }
    closedir(d);
    assert_true(count >= 5);
    /* The check itself: a letter that DejaVu lacks, and bytes that are no letter. */
    assert_int_equal(text_missing(text, "a\xE4\xBD\xA0"), 0x4F60);
    assert_int_equal(text_missing(text, "a\xFF"), 0xFFFD);
    text_free(text);
}

static void test_broken_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"day = Hi\n", "weekdays"},
        {WHOLE "dya = x\n", "unknown key \"dya\""},
        {WHOLE "direction = up\n", "ltr or rtl"},
        {WHOLE "script = Latin\n", "four letters"},
        {WHOLE "digits = 01234\n", "ten digits"},
        {WHOLE "nonsense\n", ":5:"},
        {"weekdays = a, b, c\n", "seven"},
        {"months = a,,c\n", "twelve"},
        {"date = {weekday}\n", "{day}"},
        {"day = \xC4\xE5\xED\xFC\n", "not UTF-8"},
        {"", "\"day\" is missing"},
    };
    EACH_ROW (k, rows, rows[k].text) {
        struct language l;
        char why[PROGRAMME_WHY] = "";
        assert_int_equal(language_parse("x.conf", rows[k].text, strlen(rows[k].text), &l, why), -1);
        if (strstr(why, rows[k].says) == NULL)
            fail_msg("row %zu says \"%s\", not \"%s\"", k, why, rows[k].says);
    }
    struct language l;
    char why[PROGRAMME_WHY], endless[2100];
    assert_int_equal(language_parse("x.conf", WHOLE, strlen(WHOLE), &l, why), 0);
    assert_string_equal(l.greeting[HOUR_EVENING], "Welcome");
    /* Limits count letters, whatever bytes they take. */
    char greeting[1000] = WHOLE "evening = ";
    for (int k = 0; k < LANGUAGE_LINE_LETTERS; k++)
        strcat(greeting, "ჩ");
    assert_int_equal(language_parse("x.conf", greeting, strlen(greeting), &l, why), 0);
    assert_int_equal(strlen(l.greeting[HOUR_EVENING]), 3 * LANGUAGE_LINE_LETTERS);
    strcat(greeting, "a");
    assert_int_equal(language_parse("x.conf", greeting, strlen(greeting), &l, why), -1);
    assert_non_null(strstr(why, "at most 80 letters"));
    memset(endless, 'a', sizeof endless);
    assert_int_equal(language_parse("x.conf", endless, sizeof endless, &l, why), -1);
    assert_int_equal(language_load("config/languages", "../../Makefile", &l, why), -1);
}

static void test_turns(void **state)
{
    (void)state;
    struct language two[2];
    struct tm local = {.tm_hour = 18, .tm_min = 5, .tm_wday = 0, .tm_mday = 22, .tm_mon = 10};
    char why[PROGRAMME_WHY];
    language_default(&two[0]);
    assert_int_equal(language_load("config/languages", "ar", &two[1], why), 0);
    struct scene_words a = words_at(two, 2, &local, 40, 0.0, true);
    assert_string_equal(a.greeting, "Good evening");
    assert_string_equal(a.hour, "18");
    assert_string_equal(a.minute, "05");
    assert_true(a.clock_alpha < 0.01f); /* its digits change too */
    assert_string_equal(a.date, "Sunday, 22 November");
    assert_true(a.alpha < 0.01f); /* unseen while it changes */
    assert_true(words_at(two, 2, &local, 50, 0, true).alpha > 0.99f);
    assert_true(words_at(two, 2, &local, 59, 0.99, true).alpha < 0.02f);
    struct scene_words b = words_at(two, 2, &local, 60, 0, true);
    assert_true(b.rtl);
    assert_string_equal(b.script, "Arab");
    assert_string_equal(b.hour, "١٨");
    assert_string_equal(b.minute, "٠٥");
    /* A clock that was never set is not shown, and neither is its date. */
    a = words_at(two, 2, &local, 40, 0, false);
    assert_string_equal(a.hour, "");
    assert_string_equal(a.date, "");
    assert_string_equal(a.greeting, "Welcome");
    /* Midnight begins a turn, so the date never lags behind the clock. */
    assert_int_equal(86400 % WORDS_TURN, 0);
}

/* What the clock says where summer time begins, at midnight, and in a leap year. */
static void test_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t at;
        const char *clock, *date;
    } rows[] = {
        {"Europe/Berlin", 1774745999, "01:59", "Sunday, 29 March"},
        {"Europe/Berlin", 1774746000, "03:00", "Sunday, 29 March"},
        {"Europe/Berlin", 1792889999, "02:59", "Sunday, 25 October"},
        {"Europe/Berlin", 1792890000, "02:00", "Sunday, 25 October"},
        {"Asia/Baku", 1779479999, "23:59", "Friday, 22 May"},
        {"Asia/Baku", 1779480000, "00:00", "Saturday, 23 May"},
        {"Asia/Tbilisi", 1835452800, "20:00", "Tuesday, 29 February"},
    };
    struct language english;
    language_default(&english);
    EACH_ROW (k, rows, rows[k].zone) {
        time_t at = (time_t)rows[k].at;
        struct tm local;
        setenv("TZ", rows[k].zone, 1);
        tzset();
        localtime_r(&at, &local);
        struct scene_words w = words_at(&english, 1, &local, rows[k].at, 0, true);
        char clock[32];
        snprintf(clock, sizeof clock, "%s:%s", w.hour, w.minute);
        assert_string_equal(clock, rows[k].clock);
        assert_string_equal(w.date, rows[k].date);
    }
}

static void test_programme(void **state)
{
    (void)state;
    static const char text[] = "# ours\r\n9:30 Breakfast\n[sun]\n18:00 Choir\n[2026-11-22]\n"
                               "12:00 Film\n[mon]\n10:00 Not today\n";
    static const struct tm sunday = {.tm_year = 126, .tm_mon = 10, .tm_mday = 22, .tm_hour = 10};
    static const struct tm midnight = {.tm_year = 126, .tm_mday = 1, .tm_wday = 4};
    static const struct tm afternoon = {.tm_year = 126, .tm_mday = 1, .tm_wday = 4, .tm_hour = 15};
    struct programme p;
    char why[PROGRAMME_WHY];
    assert_int_equal(programme_parse("p", text, sizeof text - 1, &sunday, &p, why), 0);
    assert_int_equal(p.count, 3);
    assert_string_equal(p.event[0].title, "Breakfast");
    assert_string_equal(p.event[1].title, "Film");
    assert_int_equal(p.event[2].minute, 18 * 60);
    static const char bad[] = "12:00 Good\n25:00 Bad\n";
    assert_int_equal(programme_parse("p", bad, sizeof bad - 1, &midnight, &p, why), -1);
    assert_non_null(strstr(why, "p:2: found \"25:00 Bad\""));
    assert_int_equal(p.count, 1);
    /* What follows a heading that cannot be read is for no day. */
    static const char lost[] = "12:00 Good\n[someday]\n13:00 Bad\n[thu]\n14:00 Good\n";
    assert_int_equal(programme_parse("p", lost, sizeof lost - 1, &midnight, &p, why), -1);
    assert_non_null(strstr(why, "p:2: found \"[someday]\""));
    assert_non_null(strstr(why, "are not shown"));
    assert_int_equal(p.count, 2);
    assert_int_equal(p.event[1].minute, 14 * 60);
    static const char cp1251[] = "12:00 \xCA\xE8\xED\xEE\n";
    assert_int_equal(programme_parse("p", cp1251, sizeof cp1251 - 1, &midnight, &p, why), -1);
    assert_non_null(strstr(why, "not UTF-8"));
    assert_int_equal(p.count, 0);
    /* More than fit: what is over makes way. */
    char many[400] = "";
    for (int h = 8; h < 20; h++) {
        char line[32];
        snprintf(line, sizeof line, "%d:00 Event\n", h);
        strcat(many, line);
    }
    assert_int_equal(programme_parse("p", many, strlen(many), &afternoon, &p, why), 0);
    assert_int_equal(p.count, PROGRAMME_MOST);
    assert_int_equal(p.event[0].minute, 14 * 60);
    assert_int_equal(p.event[5].minute, 19 * 60);
    struct programme rtl;
    static const char arabic[] = "20:00 أغانٍ\n21:00 Əlifba\n22:00 — კინო\n";
    assert_int_equal(programme_parse("p", arabic, sizeof arabic - 1, &midnight, &rtl, why), 0);
    assert_true(rtl.event[0].rtl);
    assert_false(rtl.event[1].rtl);
    assert_false(rtl.event[2].rtl);
}

/* The events of Friday, 27 November 2026, as "minute[-until] title|". */
static void shown(const char *text, char out[512], char why[PROGRAMME_WHY])
{
    static const struct tm friday = {
        .tm_year = 126, .tm_mon = 10, .tm_mday = 27, .tm_wday = 5, .tm_hour = 10};
    struct programme p;
    size_t at = 0;
    out[0] = why[0] = '\0';
    programme_parse("p", text, strlen(text), &friday, &p, why);
    for (size_t k = 0; k < p.count; k++) {
        const struct event *e = &p.event[k];
        char until[16] = "";
        if (e->until >= 0)
            snprintf(until, sizeof until, "-%d:%02d", e->until / 60, e->until % 60);
        at += (size_t)snprintf(out + at, 512 - at, "%d:%02d%s %s|", e->minute / 60, e->minute % 60,
                               until, e->title);
    }
}

/* Times and headings as people write them: understood, or named and shown on no wrong day. */
static void test_programme_as_people_write_it(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown, *why; /* why: "" where there is nothing to say */
    } rows[] = {
        {"7:30 pm Film", "19:30 Film|", ""},
        {"12 am Night\n12 p.m. Noon", "0:00 Night|12:00 Noon|", ""},
        {"9.30 Tea\n19h30 Film\n20h Dance", "9:30 Tea|19:30 Film|20:00 Dance|", ""},
        {"19:00-21:00 Film", "19:00-21:00 Film|", ""},
        {"22:00 \u2013 01:00 Dance", "22:00-25:00 Dance|", ""},
        {"19:00 \u2014 Film", "19:00 \u2014 Film|", ""},
        {"\t19:00\tFilm\t\n", "19:00 Film|", ""},
        {"19:00 Film\r20:00 Tea\r", "19:00 Film|20:00 Tea|", ""},
        {"19:00 pma Film", "19:00 pma Film|", ""},
        {"7 Film", "", "p:1: found \"7 Film\""},
        {"13 pm Film", "", "p:1: found"},
        {"19:5 Film", "", "p:1: found"},
        {"24:00 Film", "", "from 00:00 to 23:59"},
        {"19:00Film", "", "p:1: found"},
        {"19:00", "", "p:1: found"},
        {"[Friday]\n19:00 Film\n[Saturday]\n20:00 Dance\n[Sat]\n21:00 Late", "19:00 Film|", ""},
        {" [FRI] # weekly\n19:00 Film", "19:00 Film|", ""},
        {"[27.11.2026]\n19:00 Film\n[28.11.2026]\n20:00 Dance", "19:00 Film|", ""},
        {"[fri]\n19:00 Film\n[2026-28-11]\n20:00 Dance", "19:00 Film|", "p:3: found"},
        {"19:00 Film\nSaturday\n20:00 Dance", "19:00 Film|", "are not shown"},
        {"19:00 Film\n2026-11-28\n20:00 Dance", "19:00 Film|", "are not shown"},
        {"[fri\n19:00 Film\n[fri]x\n20:00 Dance", "", "are not shown; also: line 3"},
        {"19:00-24:00 Film", "19:00-24:00 Film|", ""},
        {"[thu]\n19:00-11:00 Late\n18:00-09:00 Over\n[fri]\n20:00 Tea",
         "-5:00-11:00 Late|20:00 Tea|", ""},
        {"[2026-11-26]\n11:00-10:30 Long\n[25.11.2026]\n11:00-10:30 No", "-13:00-10:30 Long|", ""},
        {"19:00-11:00 Daily", "-5:00-11:00 Daily|19:00-35:00 Daily|", ""},
        {"19:00-24:01 Film", "", "p:1: found"},
        {"1900 Film\n20:00 Tea\nx\n[fri]\n21:5 Late", "20:00 Tea|",
         "\"19:00 Title\"; also: line 3, 5"},
        {"\xFF\xFE"
         "1",
         "", "iconv -f UTF-16"},
    };
    EACH_ROW (k, rows, rows[k].text) {
        char out[512], why[PROGRAMME_WHY];
        shown(rows[k].text, out, why);
        if (strcmp(out, rows[k].shown) != 0)
            fail_msg("\"%s\" shows \"%s\", not \"%s\"", rows[k].text, out, rows[k].shown);
        if (rows[k].why[0] ? !strstr(why, rows[k].why) : why[0] != '\0')
            fail_msg("\"%s\" says \"%s\", not \"%s\"", rows[k].text, why, rows[k].why);
    }
}

/* A title has 80 letters in every script; of a longer one the beginning is shown. */
static void test_programme_counts_letters(void **state)
{
    (void)state;
    static const char *const letters[] = {"a", "ə", "ჩ", "😀"};
    EACH_ROW (k, letters, letters[k]) {
        char text[512] = "19:00 ", out[512], why[PROGRAMME_WHY], cut[512];
        for (int n = 0; n < PROGRAMME_LETTERS; n++)
            strcat(text, letters[k]);
        shown(text, out, why);
        assert_string_equal(why, "");
        assert_memory_equal(out, text, strlen(text));
        strcat(text, "b");
        shown(text, out, why);
        assert_non_null(strstr(why, "p:1: the title has more than 80 letters"));
        snprintf(cut, sizeof cut, "%.*s\u2026|", (int)(6 + 79 * strlen(letters[k])), text);
        assert_string_equal(out, cut);
    }
}

/* The box in which one text is set. */
static struct box set(struct text *text, const char *line, float most, bool wraps)
{
    struct items *l = calloc(1, sizeof *l);
    struct ink ink = {255, 255, 255, 1};
    items_clear(l, 2000, 400);
    struct item *i = items_words(l, line, 200, 200, 40, most, ink);
    i->p[4] = -1;
    i->u.words.wraps = wraps;
    text_set(text, l);
    struct box box = i->box;
    free(l);
    return box;
}

/* Two lines before smaller letters, and none is lost. */
static void test_wraps_before_it_shrinks(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    const char *title = "ლექსების საღამო ქართველ პოეტებთან და საუბარი ჩაისთან ერთად";
    struct box one = set(text, title, 0, true), two = set(text, title, 800, true);
    struct box small = set(text, title, 800, false), both = set(text, title, 500, true);
    int high = one.y1 - one.y0;
    assert_true(one.x1 - one.x0 > 800);
    assert_true(two.x1 - two.x0 <= 800 && two.x1 - two.x0 > 500 && two.y1 - two.y0 > 3 * high / 2);
    assert_true(small.x1 - small.x0 <= 800 && small.y1 - small.y0 < high);
    assert_true(both.x1 - both.x0 <= 500 && both.y1 - both.y0 < two.y1 - two.y0);
    /* Letters without a font are left out, and the rest of the line is there. */
    struct box plain = set(text, "Dance", 0, false), lacks = set(text, "欢 Dance欢", 0, false);
    assert_int_equal(lacks.x1 - lacks.x0, plain.x1 - plain.x0);
    assert_true(box_empty(set(text, "欢迎", 0, false)));
    text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shipped),
                                       cmocka_unit_test(test_broken_files),
                                       cmocka_unit_test(test_turns),
                                       cmocka_unit_test(test_calendar),
                                       cmocka_unit_test(test_programme),
                                       cmocka_unit_test(test_programme_as_people_write_it),
                                       cmocka_unit_test(test_programme_counts_letters),
                                       cmocka_unit_test(test_wraps_before_it_shrinks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
