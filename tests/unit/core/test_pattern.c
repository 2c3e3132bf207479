#include "kiosk/core/ns.h"
#include "kiosk/core/pattern.h"

#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* cmocka.h needs those above first */
#include <cmocka.h>

#define MS NS_PER_MS

static const struct pattern one = {.pulses = 1, .on = 100 * MS, .off = 100 * MS};
static const struct pattern two = {.pulses = 2, .on = 100 * MS, .off = 100 * MS};
static const struct pattern slow = {.on = 400 * MS, .off = 400 * MS};
static const struct pattern steady = {.on = 0};

/* What is to be shown at the beginning: 1 and 2 are trains, s the slow
 * rhythm, S steady, n no rhythm. What is seen is written as the level and how long it lasts, in
 * hundreds of ms: "+1-1+1-99". */
struct show {
    const char *events, *seen;
};

static const struct show shows[] = {
    {"", "-30"},
    {"1", "+1-29"},
    {"2", "+1-1+1-27"},
    {"12", "+1-3+1-1+1-23"}, /* one after the other, told apart by a longer pause */
    {"222222", "+1-1+1-3+1-1+1-3+1-1+1-3+1-1+1-3+1-1+1-3"}, /* no more than wait */
    {"s", "+4-4+4-4+4-4+4-2"},
    {"S", "+30"},
    {"S1", "-3+1-3+23"}, /* a pulse in a lit lamp is dark before and after */
    {"1S", "+1-3+26"},
    {"sn", "-30"},
    {"Ss", "+4-4+4-4+4-4+4-2"},
};
enum { SHOWS = sizeof shows / sizeof shows[0] };

static void change(struct pattern_player *p, char what)
{
    if (what == '1' || what == '2')
        pattern_once(p, what == '1' ? &one : &two);
    else
        pattern_last(p, what == 's' ? &slow : what == 'S' ? &steady : NULL);
}

/* Three seconds, each step exactly when it is due. */
static void play(struct pattern_player *p, char seen[256])
{
    const int64_t end = 3 * NS_PER_S;
    int64_t now = 0, since = 0;
    bool level = pattern_level(p, now);
    size_t len = 0;
    while ((now = pattern_deadline(p)) < end) {
        bool next = pattern_level(p, now);
        if (next == level)
            continue;
        len += (size_t)sprintf(seen + len, "%c%d", level ? '+' : '-',
                               (int)((now - since) / (100 * MS)));
        level = next;
        since = now;
    }
    sprintf(seen + len, "%c%d", level ? '+' : '-', (int)((end - since) / (100 * MS)));
}

static void each_show(void **state)
{
    (void)state;
    EACH_ROW (i, shows, shows[i].events) {
        struct pattern_player p;
        char seen[256] = "";
        pattern_init(&p);
        for (const char *e = shows[i].events; *e; e++) {
            change(&p, *e);
            pattern_level(&p, 0);
        }
        play(&p, seen);
        assert_string_equal(seen, shows[i].seen);
    }
}

/* A loop that turns late plays later, and leaves nothing out. */
static void late_steps_are_not_left_out(void **state)
{
    struct pattern_player p;
    int pulses = 0;
    bool before = false;
    (void)state;
    pattern_init(&p);
    pattern_once(&p, &two);
    for (int64_t now = 0; now < 5 * NS_PER_S; now += 250 * MS) {
        bool level = pattern_level(&p, now);
        pulses += level && !before;
        before = level;
    }
    assert_int_equal(pulses, 2);
    assert_int_equal(pattern_deadline(&p), NS_NEVER);
}

/* What lasts goes on below a train, and ends when it is over. */
static void a_rhythm_that_ends_in_a_train(void **state)
{
    struct pattern_player p;
    (void)state;
    pattern_init(&p);
    pattern_last(&p, &steady);
    assert_true(pattern_level(&p, 0));
    pattern_once(&p, &one);
    assert_false(pattern_level(&p, 1));
    pattern_last(&p, NULL);
    for (int i = 0; i < 20 && pattern_deadline(&p) != NS_NEVER; i++)
        pattern_level(&p, pattern_deadline(&p));
    assert_false(pattern_level(&p, NS_PER_S));
    assert_int_equal(pattern_deadline(&p), NS_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_show),
        cmocka_unit_test(late_steps_are_not_left_out),
        cmocka_unit_test(a_rhythm_that_ends_in_a_train),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
