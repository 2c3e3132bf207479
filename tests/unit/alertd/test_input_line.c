#include "kiosk/alertd/input_line.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/unix_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A simulated line, and what was handed on of it. Commands that are sent wait until the line is
 * read or asked for its level: as edges of a real one that come just then. */
struct bench {
    char folder[64], path[96];
    struct sim_bus *bus;
    struct input_line line;
    int hand;
    char levels[16]; /* "+" active, "-" not */
    int64_t at[16];
    size_t count;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    const struct config_line c = {.address = "sim:front"};
    snprintf(b->folder, sizeof b->folder, "/tmp/porchlight-line-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof b->path, "%s/sim.sock", b->folder);
    b->bus = sim_bus_new(b->path);
    assert_non_null(b->bus);
    input_line_init(&b->line, "switch", "front", &c, LINE_INPUT, 0);
    assert_int_equal(input_line_open(&b->line, b->bus), 0);
    b->hand = unix_socket_connect(b->path);
    assert_true(b->hand >= 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    close(b->hand);
    input_line_close(&b->line);
    sim_bus_free(b->bus);
    rmdir(b->folder);
    free(b);
    return 0;
}

static void send_command(const struct bench *b, const char *command)
{
    assert_int_equal(unix_socket_send(b->hand, command, strlen(command)), 0);
}

static void take(void *context, bool active, int64_t at)
{
    struct bench *b = context;
    assert_true(b->count + 1 < sizeof b->levels);
    b->levels[b->count] = active ? '+' : '-';
    b->at[b->count++] = at;
}

/* What is handed on of a line whose level is read again, and of its edges after that. */
static void expect(struct bench *b, const char *levels)
{
    b->count = 0;
    memset(b->levels, 0, sizeof b->levels);
    input_line_reread(&b->line, take, b);
    assert_int_equal(input_line_read(&b->line, take, b), 0);
    assert_string_equal(b->levels, levels);
    for (size_t i = 1; i < b->count; i++)
        assert_true(b->at[i] >= b->at[i - 1]);
}

static void a_level_that_nothing_explains_is_handed_on(void **state)
{
    struct bench *b = *state;
    expect(b, "-");
    send_command(b, "lose front 1");
    expect(b, "+");
}

static void edges_that_come_meanwhile_count_at_their_own_time(void **state)
{
    struct bench *b = *state;
    int64_t pressed = clock_now();
    char command[64];
    usleep(2000);
    snprintf(command, sizeof command, "set front 1 %lld", (long long)pressed);
    send_command(b, command);
    expect(b, "+");
    assert_int_equal(b->at[0], pressed);
}

static void a_press_that_comes_meanwhile_is_whole(void **state)
{
    struct bench *b = *state;
    char command[64];
    snprintf(command, sizeof command, "pulses front 1 %lld 1000 1000", (long long)clock_now());
    usleep(2000);
    send_command(b, command);
    expect(b, "+-");
    assert_int_equal(b->at[1] - b->at[0], 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_level_that_nothing_explains_is_handed_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(edges_that_come_meanwhile_count_at_their_own_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_press_that_comes_meanwhile_is_whole, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
