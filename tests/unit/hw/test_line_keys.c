#include "hw/line_evdev.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A device's events as text: "a+" key A is pressed, "a-" released, "a*" repeated, "x+" another key,
 * "!" the kernel has lost some, and only A is pressed. */
static const struct {
    const char *events, *edges; /* "+" pressed, "-" released, "!" lost and pressed */
} rows[] = {
    {"a+ a-", "+-"},
    {"a+ a* a* a-", "+-"},
    {"x+ x-", ""},
    {"a+ b+ a- b-", "+-"}, /* while any of them is pressed */
    {"b+ b- a+ a-", "+-+-"},
    {"a+ a+ a- a-", "+-"},
    {"a-", ""},
    {"!", "!"},
    {"b+ ! b-", "+!"}, /* B's press is over, A's is not */
    {"a+ ! a-", "+!-"},
};

static size_t play(struct line_keys *k, const char *event, struct line_edge *edge)
{
    struct input_event e = {.type = EV_KEY,
                            .code = event[0] == 'a'   ? KEY_A
                                    : event[0] == 'b' ? KEY_B
                                                      : KEY_X,
                            .value = event[1] == '+'   ? 1
                                     : event[1] == '-' ? 0
                                                       : 2};
    if (event[0] != '!')
        return line_keys_event(k, &e, 1000, edge);
    *edge = line_keys_reread(k, 1, 1000);
    return 1;
}

static void events_become_edges(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].events) {
        struct line_keys k = {.codes = {KEY_A, KEY_B}, .count = 2};
        char edges[16] = "";
        uint32_t seq = 0;
        for (const char *e = rows[i].events; *e; e += strcspn(e, " "), e += *e == ' ') {
            struct line_edge edge;
            if (play(&k, e, &edge) == 0)
                continue;
            assert_int_equal(edge.seq, ++seq);
            assert_true(edge.active || !edge.lost);
            edges[strlen(edges)] = edge.lost ? '!' : edge.active ? '+' : '-';
        }
        assert_string_equal(edges, rows[i].edges);
    }
}

/* The kernel's time counts, as long as it is not ahead. */
static void an_edge_has_the_kernels_time(void **state)
{
    (void)state;
    struct line_keys k = {.codes = {KEY_A}, .count = 1};
    struct line_edge edge;
    struct input_event e = {.type = EV_KEY, .code = KEY_A, .value = 1};
    e.input_event_sec = 7;
    e.input_event_usec = 250;
    assert_true(line_keys_event(&k, &e, INT64_C(8000000000), &edge));
    assert_int_equal(edge.at, INT64_C(7000250000));
    e.value = 0;
    assert_true(line_keys_event(&k, &e, INT64_C(6000000000), &edge));
    assert_int_equal(edge.at, INT64_C(6000000000));
}

static void a_thousand_presses_are_a_thousand(void **state)
{
    (void)state;
    struct line_keys k = {.codes = {KEY_A}, .count = 1};
    int pressed = 0, released = 0;
    for (int i = 0; i < 5000; i++) {
        static const int values[] = {1, 2, 2, 2, 0};
        struct input_event e = {.type = EV_KEY, .code = KEY_A, .value = values[i % 5]};
        struct line_edge edge;
        if (!line_keys_event(&k, &e, i, &edge))
            continue;
        pressed += edge.active;
        released += !edge.active;
    }
    assert_int_equal(pressed, 1000);
    assert_int_equal(released, 1000);
}

static const struct {
    const char *text;
    size_t count; /* 0: refused, for this name: */
    const char *bad;
} names[] = {
    {"KEY_F5", 1, ""},
    {"KEY_F5+KEY_ESC+BTN_0+KEY_A", 4, ""},
    {"KEY_F5+KEY_ESC+BTN_0+KEY_A+KEY_B", 0, "KEY_B"},
    {"KEY_F99", 0, "KEY_F99"},
    {"KEY_A+KEY_NONSENSE", 0, "KEY_NONSENSE"},
    {"EV_KEY", 0, "EV_KEY"},
};

static void keys_have_names(void **state)
{
    (void)state;
    EACH_ROW (i, names, names[i].text) {
        struct line_keys k;
        char detail[LINE_SEEN_MAX];
        enum line_trouble found = evdev_keys_parse(names[i].text, &k, detail, sizeof detail);
        assert_int_equal(found, names[i].count > 0 ? LINE_FINE : LINE_BAD_KEY);
        if (names[i].count > 0)
            assert_int_equal(k.count, names[i].count);
        else
            assert_string_equal(detail, names[i].bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_become_edges),
        cmocka_unit_test(an_edge_has_the_kernels_time),
        cmocka_unit_test(a_thousand_presses_are_a_thousand),
        cmocka_unit_test(keys_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
