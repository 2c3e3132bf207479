#include "kiosk/core/path_watch.h"

#include "kiosk/core/ns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* One of several ways to the brokers, as it fails and works again. */

#define BEAT (5 * NS_PER_S)

struct step {
    int at; /* s */
    bool up, lives, another;
    enum path_change then;
    int deadline; /* s; 0: none */
};

static void play(const struct step *steps, size_t count)
{
    struct path_watch w = {0};
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &steps[i];
        enum path_change c =
            path_watch_step(&w, s->up, s->lives, s->another, BEAT, s->at * NS_PER_S);
        int64_t deadline = path_watch_deadline(&w, BEAT);
        if (c != s->then || deadline != (s->deadline ? s->deadline * NS_PER_S : NS_NEVER))
            fail_msg("step %zu at %d s: change %d, deadline %lld", i, s->at, (int)c,
                     (long long)(deadline / NS_PER_S));
    }
}

#define PLAY(...)                                                                                  \
    const struct step steps[] = {__VA_ARGS__};                                                     \
    (void)state;                                                                                   \
    play(steps, sizeof steps / sizeof steps[0])

static void a_way_that_works_is_no_news(void **state)
{
    PLAY({0, true, true, true, PATH_WATCH_SAME, 0}, {60, true, true, true, PATH_WATCH_SAME, 0});
}

static void a_way_that_is_down_has_a_beat_to_connect_again(void **state)
{
    PLAY({0, true, true, true, PATH_WATCH_SAME, 0}, {10, false, false, true, PATH_WATCH_SAME, 15},
         {14, false, false, true, PATH_WATCH_SAME, 15},
         {15, false, false, true, PATH_WATCH_LOST, 0},
         {30, false, false, true, PATH_WATCH_SAME, 0});
}

static void a_short_drop_out_is_no_news(void **state)
{
    PLAY({10, false, false, true, PATH_WATCH_SAME, 15}, {12, true, true, true, PATH_WATCH_SAME, 0},
         {60, true, true, true, PATH_WATCH_SAME, 0});
}

/* Three beats are missing by then: there is no time left for another one. */
static void a_silent_way_is_lost_at_once(void **state)
{
    PLAY({10, true, true, true, PATH_WATCH_SAME, 0}, {25, true, false, true, PATH_WATCH_LOST, 0},
         {26, false, false, true, PATH_WATCH_SAME, 0});
}

static void it_is_back_when_it_has_worked_for_a_while(void **state)
{
    PLAY({10, true, false, true, PATH_WATCH_LOST, 0}, {20, true, true, true, PATH_WATCH_SAME, 30},
         {25, false, false, true, PATH_WATCH_SAME, 0}, {26, true, true, true, PATH_WATCH_SAME, 36},
         {36, true, true, true, PATH_WATCH_BACK, 0}, {40, true, false, true, PATH_WATCH_LOST, 0});
}

/* Nobody could be told; and it must not spin until somebody can. */
static void without_another_way_it_is_reported_when_there_is_one(void **state)
{
    PLAY({10, false, false, false, PATH_WATCH_SAME, 15},
         {15, false, false, false, PATH_WATCH_SAME, 0},
         {90, false, false, false, PATH_WATCH_SAME, 0},
         {91, false, false, true, PATH_WATCH_LOST, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_way_that_works_is_no_news),
        cmocka_unit_test(a_way_that_is_down_has_a_beat_to_connect_again),
        cmocka_unit_test(a_short_drop_out_is_no_news),
        cmocka_unit_test(a_silent_way_is_lost_at_once),
        cmocka_unit_test(it_is_back_when_it_has_worked_for_a_while),
        cmocka_unit_test(without_another_way_it_is_reported_when_there_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
