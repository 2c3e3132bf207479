#include "kiosk/core/door.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S NS_PER_S

enum { DAY = 24 * 60, HOUR = 60 };
enum { MON, TUE, WED, THU, FRI, SAT, SUN };

#define AT(day, hour, minute) ((day)*DAY + (hour)*HOUR + (minute))
#define UNSET                 (-1)

/* mon-thu 18:00-23:00, fri 18:00-02:00 (on Saturday), sun 20:00-03:00 (on Monday: wraps) */
static const struct door_hours hours[] = {
    {AT(MON, 18, 0), AT(MON, 23, 0)}, {AT(TUE, 18, 0), AT(TUE, 23, 0)},
    {AT(WED, 18, 0), AT(WED, 23, 0)}, {AT(THU, 18, 0), AT(THU, 23, 0)},
    {AT(FRI, 18, 0), AT(SAT, 2, 0)},  {AT(SUN, 20, 0), AT(MON, 3, 0)},
};
static const struct door_rules usual = {hours, sizeof hours / sizeof *hours, 120 * S};
static const struct door_rules unheld = {hours, sizeof hours / sizeof *hours, 0};
static const struct door_rules round_the_clock = {NULL, 0, 120 * S};

/* 'o'pened, 'c'losed, 't'ime alone; upper-case 'O': opened during a lockdown. */
struct step {
    int64_t s;
    char what;
    int minute;
    const char *said;
};

enum { STEPS_MAX = 10, OPEN_AT_START = 1 };

struct night {
    const char *what;
    const struct door_rules *rules;
    int64_t mask; /* s */
    int start;
    struct step steps[STEPS_MAX];
};

#define NOON  AT(TUE, 12, 0)
#define NIGHT AT(TUE, 20, 0)

static const struct night nights[] = {
    {"within hours nothing is said", &usual, 0, 0, {{10, 'o', NIGHT, ""}, {20, 'c', NIGHT, ""}}},
    {"the week's first minute is one of the hours that began on Sunday",
     &usual,
     0,
     0,
     {{10, 'o', AT(MON, 0, 0), ""}, {20, 'c', NOON, ""}, {30, 'o', NOON, "out-of-hours"}}},
    {"outside hours it is, and that it closed",
     &usual,
     0,
     0,
     {{10, 'o', NOON, "out-of-hours"}, {20, 'c', NOON, "closed"}, {30, 'o', NOON, "out-of-hours"}}},
    {"once an opening, whatever is asked again",
     &usual,
     0,
     0,
     {{10, 'o', NOON, "out-of-hours"}, {11, 'o', NOON, ""}, {12, 't', NOON, ""}}},
    {"held open, once",
     &usual,
     0,
     0,
     {{10, 'o', NIGHT, ""},
      {129, 't', NIGHT, ""},
      {130, 't', NIGHT, "held-open"},
      {400, 't', NIGHT, ""},
      {500, 'c', NIGHT, "closed"}}},
    {"held open is reported although the close is read first",
     &usual,
     0,
     0,
     {{10, 'o', NIGHT, ""}, {200, 'c', NIGHT, "held-open closed"}}},
    {"held open outside hours is said besides",
     &usual,
     0,
     0,
     {{10, 'o', NOON, "out-of-hours"}, {130, 't', NOON, "held-open"}, {140, 'c', NOON, "closed"}}},
    {"held_open = 0 never", &unheld, 0, 0, {{10, 'o', NIGHT, ""}, {99999, 't', NIGHT, ""}}},
    {"lockdown goes before hours",
     &usual,
     0,
     0,
     {{10, 'O', NOON, "in-lockdown"}, {20, 'c', NOON, "closed"}, {30, 'O', NIGHT, "in-lockdown"}}},
    {"lockdown needs no clock", &usual, 0, 0, {{10, 'O', UNSET, "in-lockdown"}}},
    {"the mask swallows what is over before it ends",
     &usual,
     60,
     0,
     {{10, 'o', NOON, ""}, {20, 'c', NOON, ""}, {60, 't', NOON, ""}, {61, 'c', NOON, ""}}},
    {"the mask does not swallow a door that stays open",
     &usual,
     60,
     0,
     {{10, 'o', NOON, ""}, {59, 't', NOON, ""}, {60, 't', NOON, "out-of-hours"}}},
    {"found open, outside hours",
     &usual,
     60,
     OPEN_AT_START,
     {{60, 't', NOON, "out-of-hours"}, {120, 't', NOON, "held-open"}, {130, 'c', NOON, "closed"}}},
    {"found open within hours: held from the start on",
     &usual,
     60,
     OPEN_AT_START,
     {{60, 't', NIGHT, ""}, {119, 't', NIGHT, ""}, {120, 't', NIGHT, "held-open"}}},
    {"held open falls due inside the mask: said at its end",
     &usual,
     300,
     OPEN_AT_START,
     {{200, 't', NIGHT, ""}, {300, 't', NIGHT, "held-open"}}},
    {"opened in the mask, in a lockdown",
     &usual,
     60,
     0,
     {{10, 'O', NOON, ""}, {60, 't', NOON, "in-lockdown"}}},
    {"no clock, no verdict; held open needs none",
     &usual,
     0,
     0,
     {{10, 'o', UNSET, ""}, {130, 't', UNSET, "held-open"}, {140, 'c', UNSET, "closed"}}},
    {"the clock is set while the door is open",
     &usual,
     0,
     0,
     {{10, 'o', UNSET, ""}, {20, 't', NOON, "out-of-hours"}, {30, 'c', NOON, "closed"}}},
    {"the clock is set, within hours, and judged once",
     &usual,
     0,
     0,
     {{10, 'o', UNSET, ""}, {20, 't', NIGHT, ""}, {30, 't', NOON, ""}}},
    {"round the clock no hour is out",
     &round_the_clock,
     0,
     0,
     {{10, 'o', NOON, ""}, {20, 'c', NOON, ""}, {30, 'o', UNSET, ""}}},
};

static void write_down(const enum door_notice *out, size_t n, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i ? " " : "", door_notice_name(out[i]));
    }
}

static void run_night(const struct night *night)
{
    struct door d;
    enum door_notice out[DOOR_MAX];
    door_start(&d, night->start == OPEN_AT_START, night->mask * S, 0);
    for (size_t i = 0; i < STEPS_MAX && night->steps[i].what; i++) {
        const struct step *s = &night->steps[i];
        char said[128];
        size_t n;
        if (s->what == 't')
            n = door_time(&d, night->rules, s->minute, s->s * S, out);
        else
            n = door_level(&d, night->rules, s->what != 'c', s->what == 'O', s->minute, s->s * S,
                           out);
        write_down(out, n, said, sizeof said);
        if (strcmp(said, s->said))
            fail_msg("%s: at %lld s said \"%s\", expected \"%s\"", night->what, (long long)s->s,
                     said, s->said);
        assert_true(door_deadline(&d, night->rules) > s->s * S);
    }
}

static void every_night_goes_as_written(void **state)
{
    (void)state;
    EACH_ROW (i, nights, nights[i].what)
        run_night(&nights[i]);
}

static void hours_hold_at_their_ends(void **state)
{
    (void)state;
    static const struct {
        int minute;
        bool within;
    } table[] = {
        {AT(MON, 0, 0), true},    {AT(MON, 2, 59), true},  {AT(MON, 3, 0), false},
        {AT(MON, 17, 59), false}, {AT(MON, 18, 0), true},  {AT(MON, 22, 59), true},
        {AT(MON, 23, 0), false},  {AT(FRI, 23, 59), true}, {AT(SAT, 0, 0), true},
        {AT(SAT, 1, 59), true},   {AT(SAT, 2, 0), false},  {AT(SAT, 20, 0), false},
        {AT(SUN, 19, 59), false}, {AT(SUN, 20, 0), true},  {AT(SUN, 23, 59), true},
    };
    EACH_ROW (i, table, NULL)
        if (door_within_hours(&usual, table[i].minute) != table[i].within)
            fail_msg("minute %d is not %s", table[i].minute, table[i].within ? "in" : "out");
}

/* A minute open at each minute of the week is reported exactly outside the hours: counted. */
static void a_whole_week_minute_by_minute(void **state)
{
    (void)state;
    struct door d;
    enum door_notice out[DOOR_MAX];
    int reported = 0;
    door_start(&d, false, 0, 0);
    for (int m = 0; m < DOOR_WEEK; m++) {
        int64_t at = (int64_t)m * 60 * S;
        reported += door_level(&d, &usual, true, false, m, at, out) == 1;
        door_level(&d, &usual, false, false, m, at + S, out);
    }
    int open_minutes = 4 * 5 * HOUR + 8 * HOUR + 7 * HOUR;
    assert_int_equal(reported, DOOR_WEEK - open_minutes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_night_goes_as_written),
        cmocka_unit_test(hours_hold_at_their_ends),
        cmocka_unit_test(a_whole_week_minute_by_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
