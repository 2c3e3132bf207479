#include "hw/line.h"
#include "kiosk/cli/cli.h"
#include "tests/unit/rows.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

enum { EDGES_MAX = 32, WORDS_MAX = 8, CUT_SHORT_MS = 10000 };

struct seen {
    struct line_edge edges[EDGES_MAX];
    char lines[EDGES_MAX]; /* 'o' normally open, 'c' normally closed, 'd' the door */
    size_t n;
};

struct bench {
    char prefix[64], path[128];
    struct sim_bus *bus;
    struct line *no, *nc, *door;
};

static struct line *open_line(struct bench *b, const char *address)
{
    struct line_error e;
    struct line_spec spec = {.direction = LINE_INPUT};
    snprintf(spec.address, sizeof spec.address, "%s", address);
    struct line *l = line_open("test", &spec, b->bus, &e);
    if (!l)
        fail_msg("%s", e.text);
    return l;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->prefix, sizeof b->prefix, "/tmp/porchlight-cli-XXXXXX");
    assert_non_null(mkdtemp(b->prefix));
    snprintf(b->path, sizeof b->path, "%s/run/porchlight", b->prefix);
    char command[256];
    snprintf(command, sizeof command, "mkdir -p %s", b->path);
    assert_int_equal(system(command), 0);
    strcat(b->path, "/sim.sock");
    b->bus = sim_bus_new(b->path);
    b->no = open_line(b, "sim:front");
    b->door = open_line(b, "sim:door");
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    char command[256];
    line_free(b->no);
    line_free(b->nc);
    line_free(b->door);
    sim_bus_free(b->bus);
    snprintf(command, sizeof command, "rm -r %s", b->prefix);
    int left = system(command);
    free(b);
    return left;
}

static void drain(struct seen *s, struct line *l, char letter)
{
    ssize_t n = l ? line_read(l, s->edges + s->n, EDGES_MAX - s->n) : 0;
    assert_true(n >= 0);
    memset(s->lines + s->n, letter, (size_t)n);
    s->n += (size_t)n;
}

static void drain_all(struct seen *s, const struct bench *b)
{
    drain(s, b->no, 'o');
    drain(s, b->nc, 'c');
    drain(s, b->door, 'd');
}

/* Edges of several lines that were read in one turn come line by line. */
static void sort_by_time(struct seen *s)
{
    for (size_t i = 1; i < s->n; i++)
        for (size_t k = i; k > 0 && s->edges[k].at < s->edges[k - 1].at; k--) {
            struct line_edge e = s->edges[k];
            char line = s->lines[k];
            s->edges[k] = s->edges[k - 1];
            s->lines[k] = s->lines[k - 1];
            s->edges[k - 1] = e;
            s->lines[k - 1] = line;
        }
}

/* Runs the subcommand beside us, as a program of its own would run, while we hold the lines. */
static int run(struct bench *b, struct seen *s, const char *words)
{
    *s = (struct seen){.n = 0};
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char text[128], *argv[WORDS_MAX + 1] = {0};
        struct cli_asked asked = {.cli.prefix = b->prefix};
        int argc = 0;
        snprintf(text, sizeof text, "sim %s", words);
        for (char *rest = text, *word; argc < WORDS_MAX && (word = strsep(&rest, " "));)
            argv[argc++] = word;
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(99);
        _exit(cli_call(&cli_sim, &asked, argc, argv));
    }
    int status = 0, waited = 0;
    while (waitpid(child, &status, WNOHANG) == 0 && waited++ < CUT_SHORT_MS) {
        struct pollfd p = {.fd = line_fd(b->no), .events = POLLIN};
        poll(&p, 1, 1);
        drain_all(s, b);
    }
    drain_all(s, b); /* what it did just before it ended */
    sort_by_time(s);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_edge(const struct seen *s, size_t i, char line, bool active, int64_t after)
{
    assert_true(i < s->n);
    assert_int_equal(s->lines[i], line);
    assert_int_equal(s->edges[i].active, active);
    if (i > 0)
        assert_int_equal(s->edges[i].at - s->edges[i - 1].at, after);
}

static void a_press_and_a_release_are_one_edge_each(void **state)
{
    struct seen s;
    assert_int_equal(run(*state, &s, "switch press"), CLI_OK);
    assert_int_equal(s.n, 1);
    expect_edge(&s, 0, 'o', true, 0);
    assert_int_equal(run(*state, &s, "switch release"), CLI_OK);
    assert_int_equal(s.n, 1);
    expect_edge(&s, 0, 'o', false, 0);
}

static void a_hold_lasts_as_long_as_it_says(void **state)
{
    struct seen s;
    assert_int_equal(run(*state, &s, "switch hold 0.25s"), CLI_OK);
    assert_int_equal(s.n, 2);
    expect_edge(&s, 0, 'o', true, 0);
    expect_edge(&s, 1, 'o', false, 250 * MS);
}

static void presses_keep_their_time(void **state)
{
    struct seen s;
    assert_int_equal(run(*state, &s, "switch presses 2"), CLI_OK);
    assert_int_equal(s.n, 4);
    expect_edge(&s, 1, 'o', false, 100 * MS);
    expect_edge(&s, 2, 'o', true, 200 * MS);
    expect_edge(&s, 3, 'o', false, 100 * MS);
    assert_int_equal(run(*state, &s, "switch presses 5 --on 10ms --off 20ms"), CLI_OK);
    assert_int_equal(s.n, 10);
    for (size_t i = 1; i < s.n; i++)
        expect_edge(&s, i, 'o', i % 2 == 0, (i % 2 ? 10 : 20) * MS);
}

static void a_supervised_switch_is_thrown(void **state)
{
    struct bench *b = *state;
    struct seen s;
    b->nc = open_line(b, "sim:front-nc=1");
    assert_int_equal(run(b, &s, "switch hold 50ms"), CLI_OK);
    assert_int_equal(s.n, 4);
    expect_edge(&s, 0, 'c', false, 0);
    expect_edge(&s, 1, 'o', true, 5 * MS);
    expect_edge(&s, 2, 'o', false, 45 * MS);
    expect_edge(&s, 3, 'c', true, 5 * MS);
}

static void a_door_opens_and_closes(void **state)
{
    struct seen s;
    assert_int_equal(run(*state, &s, "door open"), CLI_OK);
    expect_edge(&s, 0, 'd', true, 0);
    assert_int_equal(run(*state, &s, "door close"), CLI_OK);
    expect_edge(&s, 0, 'd', false, 0);
    assert_int_equal(run(*state, &s, "door open --name front"), CLI_OK);
    expect_edge(&s, 0, 'o', true, 0);
}

static void what_cannot_be_done_has_its_exit_code(void **state)
{
    struct bench *b = *state;
    struct seen s;
    static const struct {
        const char *words;
        int code;
    } table[] = {
        {"switch press --name back", CLI_FAILED},
        {"switch hold 3", CLI_USAGE},
        {"switch hold -1s", CLI_USAGE},
        {"switch presses 0", CLI_USAGE},
        {"switch presses two", CLI_USAGE},
        {"switch", CLI_USAGE},
        {"door ajar", CLI_USAGE},
        {"door open wide", CLI_USAGE},
        {"switch press --on 3", CLI_USAGE},
        {"switch press --fast", CLI_USAGE},
        {"tell list", CLI_OK},
        {"tell nonsense", CLI_FAILED},
    };
    EACH_ROW (i, table, table[i].words) {
        int code = run(b, &s, table[i].words);
        if (code != table[i].code || s.n != 0)
            fail_msg("sim %s: exit %d, expected %d; %zu edges", table[i].words, code, table[i].code,
                     s.n);
    }
    line_free(b->door);
    line_free(b->no);
    b->no = b->door = NULL;
    assert_int_equal(access(b->path, F_OK), -1);
    b->no = open_line(b, "sim:front");
    unlink(b->path);
    assert_int_equal(run(b, &s, "switch press"), CLI_NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_press_and_a_release_are_one_edge_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hold_lasts_as_long_as_it_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(presses_keep_their_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_supervised_switch_is_thrown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_door_opens_and_closes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_done_has_its_exit_code, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
