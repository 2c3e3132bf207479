#include "hw/line.h"
#include "tests/kit/input_devices.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* One remote with the key A, below a folder of its own. */
struct bench {
    char root[64], node[96], facts[112];
    int kernel; /* the end of the FIFO at which its events are written */
    struct line *line;
};

static void write_facts(const struct bench *b, bool down)
{
    struct device_facts f = {.name = "Remote"};
    f.keys[KEY_A / 8] = 1 << KEY_A % 8;
    f.down[KEY_A / 8] = down ? 1 << KEY_A % 8 : 0;
    FILE *file = fopen(b->facts, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(&f, sizeof f, 1, file), 1);
    fclose(file);
}

static void make_folder(const struct bench *b, const char *name)
{
    char path[96];
    snprintf(path, sizeof path, "%s%s", b->root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct line_spec spec = {.address = "key:Remote:KEY_A"};
    struct line_error error;
    snprintf(b->root, sizeof b->root, "/tmp/porchlight-evdev-XXXXXX");
    assert_non_null(mkdtemp(b->root));
    make_folder(b, "/dev");
    make_folder(b, "/dev/input");
    snprintf(b->node, sizeof b->node, "%s/dev/input/event0", b->root);
    snprintf(b->facts, sizeof b->facts, "%s.facts", b->node);
    assert_int_equal(mkfifo(b->node, 0600), 0);
    write_facts(b, false);
    b->kernel = open(b->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    spec.root = b->root;
    b->line = line_open("switch front", &spec, NULL, &error);
    if (!b->line)
        fail_msg("%s", error.text);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    char path[96];
    line_free(b->line);
    close(b->kernel);
    unlink(b->node);
    unlink(b->facts);
    snprintf(path, sizeof path, "%s/dev/input", b->root);
    rmdir(path);
    path[strlen(path) - strlen("/input")] = '\0';
    rmdir(path);
    rmdir(b->root);
    free(b);
    return 0;
}

static void key(const struct bench *b, bool pressed)
{
    const struct input_event events[] = {{.type = EV_KEY, .code = KEY_A, .value = pressed},
                                         {.type = EV_SYN, .code = SYN_REPORT}};
    write_facts(b, pressed);
    assert_int_equal(write(b->kernel, events, sizeof events), sizeof events);
}

/* The edges that wait, "+" pressed, "-" released. */
static const char *edges(struct bench *b, char text[16])
{
    struct line_edge e[4];
    size_t len = 0;
    for (ssize_t n; (n = line_read(b->line, e, 4)) != 0;) {
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            text[len++] = e[i].active ? '+' : '-';
    }
    text[len] = '\0';
    return text;
}

/* The kernel drops the keys' events that wait when it is asked which keys are down. */
static void the_level_takes_no_press_away(void **state)
{
    struct bench *b = *state;
    char text[16];
    key(b, true);
    key(b, false);
    assert_int_equal(line_get(b->line), 0);
    assert_string_equal(edges(b, text), "+-");
}

/* And an edge that it has dropped leaves a key down, or up, whose next edge is then none. */
static void the_level_takes_no_edge_away(void **state)
{
    struct bench *b = *state;
    char text[16];
    key(b, true);
    line_get(b->line);
    assert_string_equal(edges(b, text), "+");
    assert_int_equal(line_get(b->line), 1);
    key(b, false);
    line_get(b->line);
    assert_string_equal(edges(b, text), "-");
    assert_int_equal(line_get(b->line), 0);
    key(b, true);
    key(b, false);
    assert_string_equal(edges(b, text), "+-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_level_takes_no_press_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_level_takes_no_edge_away, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
