#include "kiosk/core/ns.h"
#include "kiosk/core/relay_watch.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const char a[] = "aaaaaaaaaaaaaaaa", b[] = "bbbbbbbbbbbbbbbb", c[] = "cccccccccccccccc";

/* What is looked at in each row, and who is named then. */
static const struct {
    const char *label;
    int pinged_a, pinged_b; /* seconds; 0: never */
    int now;
    const char *silent;
} rows[] = {
    {"both live", 100, 101, 110, NULL},
    {"one is late, not silent", 100, 119, 119, NULL},
    {"one is silent", 100, 119, 120, a},
    {"the other one", 119, 100, 120, b},
    {"both: no single relay's fault", 100, 100, 120, NULL},
    {"one is not installed yet", 0, 3000, 3010, NULL},
    {"or never came back after a restart", 0, 3595, 3600, a},
    {"neither ever came", 0, 0, 4000, NULL},
};

static void the_silent_one_is_named_while_another_lives(void **state)
{
    const char both[][RELAY_WATCH_ACCOUNT] = {"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"};
    (void)state;
    EACH_ROW (i, rows, rows[i].label) {
        struct relay_watch w = {.count = 0};
        relay_watch_set(&w, both, 2, 0);
        if (rows[i].pinged_a)
            relay_watch_life(&w, a, 0, rows[i].pinged_a * NS_PER_S);
        if (rows[i].pinged_b)
            relay_watch_life(&w, b, 0, rows[i].pinged_b * NS_PER_S);
        relay_watch_life(&w, c, 0, rows[i].now * NS_PER_S); /* is none of the venue's */
        const struct relay_watched *found = relay_watch_look(&w, rows[i].now * NS_PER_S);
        assert_string_equal(found ? found->account : "", rows[i].silent ? rows[i].silent : "");
    }
}

static void a_relay_that_is_removed_is_missed_no_more(void **state)
{
    const char both[][RELAY_WATCH_ACCOUNT] = {"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"};
    const char others[][RELAY_WATCH_ACCOUNT] = {"bbbbbbbbbbbbbbbb", "cccccccccccccccc"};
    struct relay_watch w = {.count = 0};
    (void)state;
    relay_watch_set(&w, both, 2, 0);
    relay_watch_life(&w, a, 0, NS_PER_S);
    relay_watch_life(&w, b, 0, 30 * NS_PER_S);
    assert_string_equal(relay_watch_look(&w, 31 * NS_PER_S)->account, a);
    relay_watch_set(&w, others, 2, 31 * NS_PER_S);
    assert_null(relay_watch_look(&w, 31 * NS_PER_S));
    relay_watch_life(&w, c, 0, 32 * NS_PER_S); /* and b is known from before */
    assert_string_equal(relay_watch_look(&w, 51 * NS_PER_S)->account, b);
}

/* A relay that starts again counts anew. */
static void what_each_has_dropped_is_what_it_said_last(void **state)
{
    const char both[][RELAY_WATCH_ACCOUNT] = {"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"};
    struct relay_watch w = {.count = 0};
    (void)state;
    relay_watch_set(&w, both, 2, 0);
    relay_watch_life(&w, a, 70, NS_PER_S);
    relay_watch_life(&w, b, 5, NS_PER_S);
    relay_watch_life(&w, a, 3, 2 * NS_PER_S);
    relay_watch_set(&w, both, 2, 3 * NS_PER_S);
    assert_int_equal(w.each[0].dropped, 3);
    assert_int_equal(w.each[1].dropped, 5);
}

static void more_than_fit_are_left_out(void **state)
{
    char many[RELAY_WATCH_MAX + 2][RELAY_WATCH_ACCOUNT];
    struct relay_watch w = {.count = 0};
    (void)state;
    for (int i = 0; i < RELAY_WATCH_MAX + 2; i++)
        snprintf(many[i], sizeof many[i], "%016d", i);
    relay_watch_set(&w, many, RELAY_WATCH_MAX + 2, 0);
    assert_int_equal(w.count, RELAY_WATCH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_silent_one_is_named_while_another_lives),
        cmocka_unit_test(a_relay_that_is_removed_is_missed_no_more),
        cmocka_unit_test(what_each_has_dropped_is_what_it_said_last),
        cmocka_unit_test(more_than_fit_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
