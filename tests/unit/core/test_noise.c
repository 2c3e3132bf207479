#include "kiosk/core/ns.h"
#include "kiosk/core/switch.h"
#include "tests/noise/noise.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS NS_PER_MS

enum { PULSES = 1000000, SEEDS = 12, EDGES_MAX = 20000, PRESSES_MAX = 8 };

/* The defaults of porchlight.conf. */
static const struct switch_rules single = {
    .debounce = 30 * MS,
    .throw_time = 100 * MS,
    .gesture = {.press_max = 800 * MS,
                .gap = 700 * MS,
                .hold = 1500 * MS,
                .wipe_hold = 4000 * MS,
                .stuck = 30000 * MS,
                .code = 5},
};

static void pair_of(struct switch_rules *r)
{
    *r = single;
    r->supervised = true;
}

static void list(char *said, size_t size, const struct switch_event *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(said);
        const char *word =
            e[i].wires ? changeover_event_name(e[i].fault) : gesture_name(e[i].gesture);
        snprintf(said + used, size - used, "%s%s", used ? " " : "", word);
    }
}

/* Lets time pass as a program with a timer does. */
static void pass(struct switch_state *s, const struct switch_rules *r, int64_t until, char *said,
                 size_t size)
{
    struct switch_event e[SWITCH_MAX];
    int64_t due;
    while ((due = switch_deadline(s, r)) <= until)
        list(said, size, e, switch_time(s, r, due, e));
}

/* --- pulses shorter than the minimum --- */

static void run_pulses(enum noise_kind kind, const struct switch_rules *r, bool both)
{
    struct noise n;
    struct switch_state s;
    struct switch_event e[SWITCH_MAX];
    char said[128] = "";
    int64_t t = 0;
    noise_init(&n, kind, 1, r->debounce);
    switch_start(&s, r, false, r->supervised, t, e);
    for (int i = 0; i < PULSES && !said[0]; i++) {
        struct noise_pulse p = noise_pulse(&n);
        assert_true(p.gap >= 1 && p.width >= 1 && p.width < r->debounce);
        for (int edge = 0; edge < 2; edge++) {
            t += edge ? p.width : p.gap;
            pass(&s, r, t, said, sizeof said);
            list(said, sizeof said, e, switch_level(&s, r, SWITCH_NO, edge == 0, t, e));
            if (both)
                list(said, sizeof said, e, switch_level(&s, r, SWITCH_NC, edge != 0, t, e));
        }
    }
    pass(&s, r, t + 60 * NS_PER_S, said, sizeof said);
    if (said[0])
        fail_msg("%s, %s: %s", noise_kind_name(kind), r->supervised ? "pair" : "single", said);
}

static void a_million_short_pulses_are_no_gesture(void **state)
{
    (void)state;
    for (enum noise_kind k = 0; k < NOISE_KINDS; k++)
        run_pulses(k, &single, false);
}

static void nor_at_a_supervised_switch(void **state)
{
    (void)state;
    struct switch_rules r;
    pair_of(&r);
    for (enum noise_kind k = 0; k < NOISE_KINDS; k++)
        run_pulses(k, &r, false);
    /* On both wires: what is in the air or the plunger's own. The mains cannot move a closed
     * contact. */
    run_pulses(NOISE_BOUNCE, &r, true);
    run_pulses(NOISE_RINGING, &r, true);
}

/* --- true gestures --- */

struct meant {
    const char *what;
    int presses;
    int64_t down_min, down_max; /* ms */
    const char *said;           /* beside the "sensed" of each press */
};

/* A press lasts 120 ms at least: under a burst of 50 ms, a whole piece of 30 ms is left of it. */
static const struct meant meant[] = {
    {"one bump", 1, 120, 600, "ignored"},
    {"two presses", 2, 120, 350, "caution"},
    {"three presses", 3, 120, 350, "unclear"},
    {"four presses", 4, 120, 350, "duress"},
    {"the code", 5, 120, 350, "code"},
    {"six presses", 6, 120, 350, "duress"},
    {"too long for a press, too short for a hold", 1, 900, 1400, "unclear"},
    {"a hold", 1, 1600, 3700, "lockdown"},
    {"a long hold", 1, 4100, 6000, "lockdown wipe"},
};

static size_t plan_presses(const struct meant *m, uint64_t *random, int64_t longer,
                           struct noise_press *out)
{
    int64_t t = noise_between(random, 300, 600);
    for (int i = 0; i < m->presses; i++) {
        out[i].down = t * MS;
        t += noise_between(random, m->down_min, m->down_max);
        out[i].up = t * MS + longer;
        t += noise_between(random, 150, 500);
    }
    return (size_t)m->presses;
}

static void expected_of(const struct meant *m, char *out, size_t size)
{
    out[0] = '\0';
    for (int i = 0; i < m->presses; i++)
        strncat(out, "sensed ", size - strlen(out) - 1);
    strncat(out, m->said, size - strlen(out) - 1);
}

static void run_meant(const struct meant *m, enum noise_kind kind, uint64_t seed,
                      struct noise_edge *edges)
{
    struct noise_press presses[PRESSES_MAX];
    struct switch_state s;
    struct switch_event e[SWITCH_MAX];
    char said[256] = "", expected[256];
    uint64_t random = seed + 1000;
    int64_t longer = kind == NOISE_WEAR ? DEBOUNCE_PROOF : 0;
    size_t count = plan_presses(m, &random, longer, presses);
    int64_t until = presses[count - 1].up + 2000 * MS;
    size_t n = noise_trace(kind, seed, presses, count, until, edges, EDGES_MAX);
    assert_true(n < EDGES_MAX);

    switch_start(&s, &single, false, false, 0, e);
    for (size_t i = 0; i < n; i++) {
        pass(&s, &single, edges[i].at, said, sizeof said);
        list(said, sizeof said, e,
             switch_level(&s, &single, SWITCH_NO, edges[i].closed, edges[i].at, e));
    }
    pass(&s, &single, until, said, sizeof said);
    expected_of(m, expected, sizeof expected);
    if (strcmp(said, expected) != 0)
        fail_msg("%s under %s, seed %llu: \"%s\", expected \"%s\"", m->what, noise_kind_name(kind),
                 (unsigned long long)seed, said, expected);
}

/* Of a contact that is worn out only holds are asked for, a little longer than of a good one: it
 * takes DEBOUNCE_PROOF to believe it. */
static bool is_fair(const struct meant *m, enum noise_kind kind)
{
    return kind != NOISE_WEAR || m->down_min * MS > single.gesture.hold;
}

static void every_true_gesture_is_recognised_under_noise(void **state)
{
    (void)state;
    struct noise_edge *edges = calloc(EDGES_MAX, sizeof *edges);
    const char *asked = getenv("PORCHLIGHT_NOISE_SEEDS"); /* more of the same, for test-long */
    uint64_t seeds = asked ? strtoull(asked, NULL, 10) : SEEDS;
    assert_non_null(edges);
    assert_true(seeds > 0);
    EACH_ROW (i, meant, meant[i].what)
        for (enum noise_kind k = 0; k < NOISE_KINDS; k++)
            for (uint64_t seed = 1; seed <= seeds && is_fair(&meant[i], k); seed++)
                run_meant(&meant[i], k, seed, edges);
    free(edges);
}

/* The corpus is what it says: each kind makes its edges, and the same ones each time. */
static void the_corpus_is_noisy_and_repeats_itself(void **state)
{
    (void)state;
    static const struct noise_press hold = {500 * MS, 2500 * MS};
    static struct noise_edge a[EDGES_MAX], b[EDGES_MAX], other[EDGES_MAX];
    for (enum noise_kind k = 0; k < NOISE_KINDS; k++) {
        size_t n = noise_trace(k, 7, &hold, 1, 4000 * MS, a, EDGES_MAX);
        size_t again = noise_trace(k, 7, &hold, 1, 4000 * MS, b, EDGES_MAX);
        size_t differs = noise_trace(k, 8, &hold, 1, 4000 * MS, other, EDGES_MAX);
        if (n <= 2)
            fail_msg("%s makes %zu edges", noise_kind_name(k), n);
        assert_int_equal(n, again);
        assert_memory_equal(a, b, n * sizeof *a);
        assert_true(n != differs || memcmp(a, other, n * sizeof *a) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_short_pulses_are_no_gesture),
        cmocka_unit_test(nor_at_a_supervised_switch),
        cmocka_unit_test(every_true_gesture_is_recognised_under_noise),
        cmocka_unit_test(the_corpus_is_noisy_and_repeats_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
