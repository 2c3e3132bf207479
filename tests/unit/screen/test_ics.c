/* A calendar file as the programme: which events are today's, at which local time, and what is said
 * of those that cannot be shown. */

#include "kiosk/screen/ics.h"
#include "kiosk/screen/ics_replaced.h"
#include "kiosk/screen/ics_rule.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALENDAR(body) "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" body "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define FILM           "SUMMARY:Film\r\n"
#define WEEKLY         "RRULE:FREQ=WEEKLY\r\nUID:1\r\n"
#define MOVES(from, to)                                                                            \
    FILM "UID:1\r\nRECURRENCE-ID:" from "\r\nDTSTART:" to                                          \
         "\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\n"
/* With a zone four hours east of UTC, and five from March's last Sunday to October's. */
#define OUTLOOK(body)                                                                              \
    "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Caucasus Time\r\nBEGIN:STANDARD\r\n"               \
    "DTSTART:16010101T030000\r\nTZOFFSETFROM:+0500\r\nTZOFFSETTO:+0400\r\n"                        \
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n"                \
    "DTSTART:16010101T020000\r\nTZOFFSETFROM:+0400\r\nTZOFFSETTO:+0500\r\n"                        \
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:"            \
    "VEVENT\r\n" FILM body "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define STARTS "DTSTART:20261106T190000\r\n" /* a Friday, two weeks before */

/* Friday, 20 November 2026, 12:00 in Berlin. */
static const struct tm today = {
    .tm_year = 126, .tm_mon = 10, .tm_mday = 20, .tm_hour = 12, .tm_wday = 5, .tm_yday = 323};

static const struct {
    const char *what, *text;
    int minute, until; /* -1: not today */
    const char *why;   /* NULL: nothing to say */
} days[] = {
    {"once", CALENDAR(FILM "DTSTART:20261120T190000\r\nDTEND:20261120T203000\r\n"), 1140, 1230,
     NULL},
    {"over midnight", CALENDAR(FILM "DTSTART:20261120T230000\r\nDURATION:PT2H30M\r\n"), 1380, 1530,
     NULL},
    {"since yesterday", CALENDAR(FILM "DTSTART:20261119T190000\r\nDTEND:20261120T130000\r\n"), -300,
     780, NULL},
    {"until this morning", CALENDAR(FILM "DTSTART:20261119T190000\r\nDTEND:20261120T113000\r\n"),
     -1, -1, NULL},
    {"for three days", CALENDAR(FILM "DTSTART:20261118T190000\r\nDTEND:20261121T130000\r\n"), -1740,
     2220, NULL},
    {"to the end of days", CALENDAR(FILM "DTSTART:20261120T190000\r\nDTEND:87671958T213000\r\n"),
     1140, -1, NULL},
    {"too long to add up",
     CALENDAR(FILM "DTSTART:20261120T190000\r\nDURATION:P99999W99999W99999W\r\n"), -1, -1,
     "DURATION"},
    {"another day", CALENDAR(FILM "DTSTART:20261121T190000\r\n"), -1, -1, NULL},
    {"UTC", CALENDAR(FILM "DTSTART:20261120T180000Z\r\n"), 1140, -1, NULL},
    {"another zone", CALENDAR(FILM "DTSTART;TZID=Asia/Baku:20261120T220000\r\n"), 1140, -1, NULL},
    {"no such zone", CALENDAR(FILM "DTSTART;TZID=\"Mars: here\":20261120T220000\r\n"), -1, -1,
     "TZID"},
    {"weekly", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY\r\n"), 1140, -1, NULL},
    {"every other week", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;INTERVAL=2\r\n"), 1140, -1, NULL},
    {"every third week", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;INTERVAL=3\r\n"), -1, -1, NULL},
    {"twice, and over", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;COUNT=2\r\n"), -1, -1, NULL},
    {"three times", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;COUNT=3\r\n"), 1140, -1, NULL},
    {"until yesterday", CALENDAR(FILM STARTS "RRULE:FREQ=DAILY;UNTIL=20261119\r\n"), -1, -1, NULL},
    {"Mondays and Fridays", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;BYDAY=MO,FR\r\n"), 1140, -1,
     NULL},
    {"Mondays", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;BYDAY=MO\r\n"), -1, -1, NULL},
    {"left out today", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY\r\nEXDATE:20261120T190000\r\n"), -1,
     -1, NULL},
    {"cancelled", CALENDAR(FILM "DTSTART:20261120T190000\r\nSTATUS:CANCELLED\r\n"), -1, -1, NULL},
    {"monthly, on the 6th", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY\r\n"), -1, -1, NULL},
    {"monthly, on the 20th", CALENDAR(FILM "DTSTART:20260920T190000\r\nRRULE:FREQ=MONTHLY\r\n"),
     1140, -1, NULL},
    {"every other month",
     CALENDAR(FILM "DTSTART:20260920T190000\r\nRRULE:FREQ=MONTHLY;INTERVAL=2\r\n"), 1140, -1, NULL},
    {"every third month",
     CALENDAR(FILM "DTSTART:20260920T190000\r\nRRULE:FREQ=MONTHLY;INTERVAL=3\r\n"), -1, -1, NULL},
    {"the 20th by name", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYMONTHDAY=20\r\n"), 1140, -1,
     NULL},
    {"the month's third Friday", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=3FR\r\n"), 1140, -1,
     NULL},
    {"the month's second Friday", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=2FR\r\n"), -1, -1,
     NULL},
    {"the last Friday but one", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=-2FR\r\n"), 1140, -1,
     NULL},
    {"the last Friday", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=-1FR\r\n"), -1, -1, NULL},
    {"two numbers", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=1FR,3FR\r\n"), 1140, -1, NULL},
    {"the month's 19th and 20th", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYMONTHDAY=19,20\r\n"),
     1140, -1, NULL},
    {"the tenth day from its end", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYMONTHDAY=-11\r\n"),
     1140, -1, NULL},
    {"Friday the 20th", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=20\r\n"), 1140,
     -1, NULL},
    {"Friday the 13th", CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13\r\n"), -1,
     -1, NULL},
    {"its third Friday by position",
     CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=FR;BYSETPOS=3\r\n"), 1140, -1, NULL},
    {"its last working day",
     CALENDAR(FILM STARTS "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1\r\n"), -1, -1, NULL},
    {"a position without a month", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;BYSETPOS=1\r\n"), -1, -1,
     "RRULE"},
    {"only in winter", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;BYMONTH=12,1,2\r\n"), -1, -1, NULL},
    {"every other week from Sunday",
     CALENDAR(FILM "DTSTART:20261108T190000\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=FR\r\n"),
     -1, -1, NULL},
    {"every other week from Monday",
     CALENDAR(FILM "DTSTART:20261108T190000\r\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=FR\r\n"),
     1140, -1, NULL},
    {"until an hour before", CALENDAR(FILM STARTS "RRULE:FREQ=DAILY;UNTIL=20261120T170000Z\r\n"),
     -1, -1, NULL},
    {"until it begins", CALENDAR(FILM STARTS "RRULE:FREQ=DAILY;UNTIL=20261120T180000Z\r\n"), 1140,
     -1, NULL},
    {"yearly, another day", CALENDAR(FILM STARTS "RRULE:FREQ=YEARLY\r\n"), -1, -1, NULL},
    {"yearly", CALENDAR(FILM "DTSTART:19611120T190000\r\nRRULE:FREQ=YEARLY\r\n"), 1140, -1, NULL},
    {"every other year",
     CALENDAR(FILM "DTSTART:20231120T190000\r\nRRULE:FREQ=YEARLY;INTERVAL=2\r\n"), -1, -1, NULL},
    {"yearly on a Friday of November",
     CALENDAR(FILM "DTSTART:20201120T190000\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=3FR\r\n"), 1140,
     -1, NULL},
    {"yearly by a week's number",
     CALENDAR(FILM "DTSTART:20201120T190000\r\nRRULE:FREQ=YEARLY;BYWEEKNO=47\r\n"), -1, -1,
     "RRULE"},
    {"also today", CALENDAR(FILM STARTS "RDATE:20261118T190000,20261120T200000\r\n"), 1200, -1,
     NULL},
    {"the second Friday", CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;BYDAY=2FR\r\n"), -1, -1, "RRULE"},
    {"a whole day", CALENDAR(FILM "DTSTART;VALUE=DATE:20261120\r\n"), 0, 1440, NULL},
    {"yesterday", CALENDAR(FILM "DTSTART;VALUE=DATE:20261119\r\nDTEND;VALUE=DATE:20261120\r\n"), -1,
     -1, NULL},
    {"a month of whole days",
     CALENDAR(FILM "DTSTART;VALUE=DATE:20261101\r\nDTEND;VALUE=DATE:20261201\r\n"), -27360, 15840,
     NULL},
    {"a birthday", CALENDAR(FILM "DTSTART;VALUE=DATE:19801120\r\nRRULE:FREQ=YEARLY\r\n"), 0, 1440,
     NULL},
    {"a zone of Outlook's", OUTLOOK("DTSTART;TZID=Caucasus Time:20261120T220000\r\n"), 1140, -1,
     NULL},
    {"its summer", OUTLOOK("DTSTART;TZID=Caucasus Time:20260619T220000\r\nRRULE:FREQ=WEEKLY\r\n"),
     1140, -1, NULL},
    {"a zone behind another's name",
     CALENDAR(FILM "DTSTART;TZID=/example.org/Asia/Baku:20261120T220000\r\n"), 1140, -1, NULL},
    {"moved from today", CALENDAR(MOVES("20261120T190000", "20261121T190000") FILM STARTS WEEKLY),
     -1, -1, NULL},
    {"moved to today",
     CALENDAR(MOVES("20261113T190000", "20261120T210000") FILM STARTS
              "RRULE:FREQ=WEEKLY;COUNT=2\r\n"),
     1260, -1, NULL},
    {"at another hour", CALENDAR(MOVES("20261120T190000", "20261120T210000") FILM STARTS WEEKLY),
     1260, -1, NULL},
    {"moved for good",
     CALENDAR(FILM STARTS "RECURRENCE-ID;RANGE=THISANDFUTURE:20261120T190000\r\n"), -1, -1,
     "RANGE"},
    {"no title", CALENDAR("DTSTART:20261120T190000\r\n"), -1, -1, "no SUMMARY"},
    {"no start", CALENDAR(FILM), -1, -1, "no DTSTART"},
    {"no calendar", "19:00 Film\n", -1, -1, "not a calendar"},
    {"an alarm's own times",
     CALENDAR(FILM "DTSTART:20261120T190000\r\nBEGIN:VALARM\r\nDURATION:PT5M\r\nEND:VALARM\r\n"),
     1140, -1, NULL},
};

static void test_events(void **state)
{
    (void)state;
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    EACH_ROW (k, days, days[k].what) {
        struct programme p;
        char why[PROGRAMME_WHY] = "";
        int bad = ics_parse("x.ics", days[k].text, strlen(days[k].text), &today, &p, why);
        assert_int_equal(bad, days[k].why ? -1 : 0);
        assert_true(!days[k].why || strstr(why, days[k].why));
        assert_int_equal(p.count, days[k].minute != -1);
        if (p.count == 0)
            continue;
        assert_int_equal(p.event[0].minute, days[k].minute);
        assert_int_equal(p.event[0].until, days[k].until);
        assert_string_equal(p.event[0].title, "Film");
    }
}

static void test_titles(void **state)
{
    (void)state;
    static const char text[] = CALENDAR("DTSTART:20261120T190000\r\nSUMMARY:Tea\\, cake\r\n"
                                        "  and \\n talk\r\n");
    struct programme p;
    char why[PROGRAMME_WHY];
    assert_int_equal(ics_parse("x.ics", text, sizeof text - 1, &today, &p, why), 0);
    assert_string_equal(p.event[0].title, "Tea, cake and   talk");
    /* A line that goes on within a character. */
    static const char folded[] = CALENDAR("DTSTART:20261120T190000\r\nSUMMARY:\xD0\x9A\xD0\r\n"
                                          " \xB8\xD0\xBD\xD0\xBE\r\n");
    assert_int_equal(ics_parse("x.ics", folded, sizeof folded - 1, &today, &p, why), 0);
    assert_string_equal(p.event[0].title, "Кино");
    static const char latin1[] = CALENDAR("DTSTART:20261120T190000\r\nSUMMARY:Caf\xE9\r\n");
    assert_int_equal(ics_parse("x.ics", latin1, sizeof latin1 - 1, &today, &p, why), -1);
    assert_non_null(strstr(why, "not a calendar in UTF-8"));
    /* All events that cannot be shown are named by their lines. */
    static const char bad[] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:A\nDTSTART:x\nEND:VEVENT\n"
                              "BEGIN:VEVENT\nDTSTART:y\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:z\n"
                              "END:VEVENT\nEND:VCALENDAR\n";
    assert_int_equal(ics_parse("x.ics", bad, sizeof bad - 1, &today, &p, why), -1);
    assert_non_null(strstr(why, "x.ics:4: DTSTART of \"A\""));
    assert_non_null(strstr(why, "or year; also: line 7, 10"));
    assert_true(ics_is_name("/srv/Choir.ICS"));
    assert_false(ics_is_name("/srv/programme.txt"));
}

/* Broken at any byte, it ends, and no event is on another day or at another time than it was
 * unless a digit of its own was changed. */
static void test_broken(void **state)
{
    (void)state;
    static const char whole[] = CALENDAR(FILM STARTS "RRULE:FREQ=WEEKLY;BYDAY=MO\r\n");
    for (size_t k = 0; k < sizeof whole - 1; k++) {
        char text[sizeof whole], why[PROGRAMME_WHY];
        struct programme p;
        memcpy(text, whole, sizeof whole);
        ics_parse("x.ics", text, k, &today, &p, why); /* cut off there */
        assert_int_equal(p.count, 0);
        text[k] = '\x01';
        ics_parse("x.ics", text, sizeof whole - 1, &today, &p, why);
    }
}

/* Counted since 1987, and asked for 400 days: months are looked at, each once. */
static void test_counting(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "FREQ=DAILY;COUNT=14540", "FREQ=WEEKLY;COUNT=2078", "FREQ=DAILY;BYDAY=FR;COUNT=2078",
        "FREQ=WEEKLY;INTERVAL=31;BYDAY=FR,SU;COUNT=135",
        "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=FR;COUNT=2078"};
    const int64_t first = ics_day(1987, 1, 30), last = ics_day(2026, 11, 20); /* Fridays */
    EACH_ROW (k, rules, rules[k]) {
        struct ics_rule rule = {0};
        char text[96];
        snprintf(text, sizeof text, "%s", rules[k]);
        assert_true(ics_rule_read(&rule, text));
        assert_false(ics_rule_has(&rule, (struct ics_moment){first, 1140}, last + 14));
        for (int64_t day = last + 13; day > last; day--)
            assert_false(ics_rule_has(&rule, (struct ics_moment){first, 1140}, day));
        assert_true(ics_rule_has(&rule, (struct ics_moment){first, 1140}, last));
        for (int64_t day = last - 1; day > last - 386; day--)
            ics_rule_has(&rule, (struct ics_moment){first, 1140}, day);
        assert_in_range(rule.looked, 400, 400 + 40 * 12); /* one for each day asked, and these */
    }
    struct ics_rule without_end = {.freq = ICS_DAILY, .count = 100000};
    for (int64_t day = last; day > last - 400; day--)
        assert_true(ics_rule_has(&without_end, (struct ics_moment){first, 1140}, day));
    assert_in_range(without_end.looked, 400, 400 + 40 * 12);
}

static void test_replaced(void **state)
{
    (void)state;
    struct ics_replaced all = {0};
    for (uint64_t uid = 0; uid < 64; uid++)
        for (int64_t day = 63; day >= 0; day--)
            ics_replaced_add(&all, uid * 7919 % 64, 2 * day);
    ics_replaced_sort(&all);
    for (uint64_t uid = 0; uid < 66; uid++)
        for (int64_t day = -1; day < 130; day++)
            assert_int_equal(ics_replaced_has(&all, uid, day),
                             uid < 64 && day >= 0 && day < 128 && day % 2 == 0);
    assert_in_range(all.looked, 1, 66 * 131 * 13); /* 13: 4,096 are halved as often */
    ics_replaced_free(&all);
    assert_false(ics_replaced_has(&all, 1, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events), cmocka_unit_test(test_titles), cmocka_unit_test(test_broken),
        cmocka_unit_test(test_counting), cmocka_unit_test(test_replaced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
