#include "hw/line.h"
#include "hw/sim/sim_command.h"
#include "hw/sim/sim_line.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/unix_socket.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char folder[64], path[96];
    struct sim_bus *bus;
    struct line_error error;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/porchlight-sim-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof b->path, "%s/sim.sock", b->folder);
    b->bus = sim_bus_new(b->path);
    assert_non_null(b->bus);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    sim_bus_free(b->bus);
    int left = access(b->path, F_OK);
    rmdir(b->folder);
    free(b);
    return left == 0; /* the socket must be gone */
}

static struct line *open_line(struct bench *b, const char *address, enum line_direction direction)
{
    struct line_spec spec = {.direction = direction};
    snprintf(spec.address, sizeof spec.address, "%s", address);
    return line_open("switch front", &spec, b->bus, &b->error);
}

static struct line *open_input(struct bench *b, const char *address)
{
    struct line *l = open_line(b, address, LINE_INPUT);
    if (!l)
        fail_msg("%s", b->error.text);
    return l;
}

static bool is_readable(const struct line *l)
{
    struct pollfd p = {.fd = line_fd(l), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* Sends one command, lets the lines' owner take it, returns the answer. */
static const char *ask(struct bench *b, struct line *owner, const char *command, char *reply)
{
    int fd = unix_socket_connect(b->path);
    assert_true(fd >= 0);
    assert_int_equal(unix_socket_send(fd, command, strlen(command)), 0);
    assert_true(is_readable(owner));
    assert_true(line_get(owner) >= 0 || errno == ENODEV);
    assert_int_equal(unix_socket_wait(fd, 1000), 1);
    ssize_t len = unix_socket_receive(fd, reply, SIM_REPLY_MAX - 1);
    assert_true(len > 0);
    reply[len] = '\0';
    close(fd);
    line_get(owner); /* takes the leaving, which wakes it too */
    return reply;
}

static void expect(struct bench *b, struct line *owner, const char *command, const char *answer)
{
    char reply[SIM_REPLY_MAX];
    ask(b, owner, command, reply);
    bool begins = strncmp(answer, "error:", 6) == 0 && strncmp(reply, answer, strlen(answer)) == 0;
    if (!begins && strcmp(reply, answer) != 0)
        fail_msg("\"%s\" was answered \"%s\", expected \"%s\"", command, reply, answer);
}

static void the_socket_stands_while_a_line_is_open(void **state)
{
    struct bench *b = *state;
    struct stat st;
    assert_int_equal(stat(b->path, &st), -1);
    struct line *front = open_input(b, "sim:front");
    struct line *door = open_input(b, "sim:door");
    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    line_free(front);
    assert_int_equal(stat(b->path, &st), 0);
    line_free(door);
    assert_int_equal(stat(b->path, &st), -1);
    line_free(open_input(b, "sim:front"));
    line_free(NULL);
}

static void an_edge_comes_through_with_its_time(void **state)
{
    struct bench *b = *state;
    struct line_edge e[4];
    struct line *l = open_input(b, "sim:front");
    assert_false(is_readable(l));
    assert_int_equal(line_get(l), 0);
    int64_t before = clock_now();
    expect(b, l, "set front 1", "ok");
    int64_t after = clock_now();
    assert_true(is_readable(l));
    assert_int_equal(line_read(l, e, 4), 1);
    assert_true(e[0].active && !e[0].lost && e[0].seq == 1);
    assert_true(e[0].at >= before && e[0].at <= after);
    assert_int_equal(line_get(l), 1);
    assert_int_equal(line_read(l, e, 4), 0);
    assert_false(is_readable(l));
    expect(b, l, "set front 1", "ok");
    assert_int_equal(line_read(l, e, 4), 0);
    line_free(l);
}

static void a_line_may_be_found_active(void **state)
{
    struct bench *b = *state;
    struct line_edge e[2];
    struct line *l = open_input(b, "sim:front-nc=1");
    assert_int_equal(line_get(l), 1);
    assert_int_equal(line_read(l, e, 2), 0);
    expect(b, l, "set front-nc 0", "ok");
    assert_int_equal(line_read(l, e, 2), 1);
    assert_true(!e[0].active && !e[0].lost);
    line_free(l);
}

static void each_line_gets_its_own_edges(void **state)
{
    struct bench *b = *state;
    struct line_edge e[4];
    struct line *front = open_input(b, "sim:front"), *door = open_input(b, "sim:door");
    expect(b, front, "set door 1", "ok");
    assert_int_equal(line_read(front, e, 4), 0);
    assert_false(is_readable(front));
    assert_true(is_readable(door));
    assert_int_equal(line_read(door, e, 4), 1);
    assert_false(is_readable(door));
    expect(b, door, "list", "ok door:in:1 front:in:0");
    line_free(front);
    expect(b, door, "set door 0", "ok");
    assert_int_equal(line_read(door, e, 4), 1);
    line_free(door);
}

static void a_given_time_is_kept_if_it_can_be_true(void **state)
{
    struct bench *b = *state;
    struct line_edge e[2];
    char command[64];
    struct line *l = open_input(b, "sim:front");
    int64_t at = clock_now() - 5000000;
    snprintf(command, sizeof command, "set front 1 %" PRId64, at);
    expect(b, l, command, "ok");
    assert_int_equal(line_read(l, e, 2), 1);
    assert_int_equal(e[0].at, at);
    snprintf(command, sizeof command, "set front 0 %" PRId64, at - 1);
    expect(b, l, command, "error: the time must be between");
    snprintf(command, sizeof command, "set front 0 %" PRId64, clock_now() + 60000000000);
    expect(b, l, command, "error: the time must be between");
    assert_int_equal(line_get(l), 1);
    line_free(l);
}

static void lost_edges_are_silent_and_the_next_one_reports_them(void **state)
{
    struct bench *b = *state;
    struct line_edge e[4];
    struct line *l = open_input(b, "sim:front");
    expect(b, l, "set front 1", "ok");
    assert_int_equal(line_read(l, e, 4), 1);
    expect(b, l, "lose front 3", "ok");
    assert_false(is_readable(l));
    assert_int_equal(line_read(l, e, 4), 0);
    assert_int_equal(line_get(l), 0);
    expect(b, l, "set front 1", "ok");
    expect(b, l, "set front 0", "ok");
    assert_int_equal(line_read(l, e, 4), 2);
    assert_true(e[0].lost && e[0].active && e[0].seq == 5);
    assert_true(!e[1].lost && !e[1].active && e[1].seq == 6);
    line_free(l);
}

static void pulses_are_told_whole_or_not_at_all(void **state)
{
    struct bench *b = *state;
    struct line_edge e[8];
    struct line *l = open_input(b, "sim:front");
    expect(b, l, "pulses front 2 1000 300 200", "ok");
    assert_int_equal(line_read(l, e, 8), 4);
    for (int i = 0; i < 4; i++)
        assert_true(e[i].active == (i % 2 == 0) && e[i].seq == (uint32_t)i + 1);
    assert_true(e[0].at == 1000 && e[1].at == 1300 && e[2].at == 1500 && e[3].at == 1800);
    expect(b, l, "pulses front 1 1799 100 0", "error: pulses must be between the last edge (1800)");
    expect(b, l, "set front 1", "ok");
    expect(b, l, "pulses front 1 4000 5000 0", "error: front is active already");
    assert_int_equal(line_read(l, e, 8), 1);
    line_free(l);
}

static void a_full_queue_loses_its_oldest(void **state)
{
    struct bench *b = *state;
    struct line_edge e[SIM_QUEUE + 1];
    struct line *l = open_input(b, "sim:front");
    expect(b, l, "chatter front 100", "ok");
    assert_int_equal(line_read(l, e, 10), 10);
    assert_true(e[0].lost && e[0].seq == 100 - SIM_QUEUE + 1);
    assert_true(is_readable(l));
    assert_int_equal(line_read(l, e, SIM_QUEUE), SIM_QUEUE - 10);
    assert_int_equal(e[SIM_QUEUE - 11].seq, 100);
    for (int i = 0; i < SIM_QUEUE - 10; i++)
        assert_false(e[i].lost);
    assert_false(is_readable(l));
    line_free(l);
}

static void a_chip_can_be_taken_away(void **state)
{
    struct bench *b = *state;
    struct line_edge e[2];
    struct line *front = open_input(b, "sim:front"), *door = open_input(b, "sim:door");
    expect(b, front, "gone front", "ok");
    assert_true(is_readable(front));
    errno = 0;
    assert_int_equal(line_read(front, e, 2), -1);
    assert_int_equal(errno, ENODEV);
    assert_int_equal(line_get(front), -1);
    assert_int_equal(line_read(door, e, 2), 0);
    line_free(front);
    front = open_input(b, "sim:front");
    assert_int_equal(line_read(front, e, 2), 0);
    line_free(front);
    line_free(door);
}

static void a_line_can_be_taken_once(void **state)
{
    struct bench *b = *state;
    struct line *l = open_input(b, "sim:front");
    assert_null(open_line(b, "sim:front=1", LINE_INPUT));
    assert_int_equal(errno, EBUSY);
    assert_non_null(strstr(b->error.text, "switch front: line sim:front=1 is in use"));
    expect(b, l, "busy back", "ok");
    assert_null(open_line(b, "sim:back", LINE_INPUT));
    assert_int_equal(errno, EBUSY);
    expect(b, l, "free back", "ok");
    line_free(open_input(b, "sim:back"));
    line_free(l);
}

static void an_output_is_driven_and_remembered(void **state)
{
    struct bench *b = *state;
    char reply[SIM_REPLY_MAX];
    struct line_edge e[2];
    struct line *front = open_input(b, "sim:front"), *feel = open_line(b, "sim:feel", LINE_OUTPUT);
    assert_non_null(feel);
    assert_int_equal(line_fd(feel), -1);
    assert_int_equal(line_set(feel, true), 0);
    assert_int_equal(line_set(feel, true), 0);
    expect(b, front, "get feel", "ok 1");
    assert_int_equal(line_set(feel, false), 0);
    expect(b, front, "set feel 1", "error: feel is an output");
    expect(b, front, "lose feel 1", "error: feel is an output");
    int first, second;
    long long at1, at2;
    ask(b, front, "history feel", reply);
    assert_int_equal(sscanf(reply, "ok %d@%lld %d@%lld", &first, &at1, &second, &at2), 4);
    assert_true(first == 1 && second == 0 && at1 <= at2);
    assert_int_equal(line_read(feel, e, 2), -1);
    assert_int_equal(line_set(front, true), -1);
    assert_int_equal(errno, EPERM);
    line_free(feel);
    line_free(front);
}

static void history_keeps_the_last_changes(void **state)
{
    struct bench *b = *state;
    char reply[SIM_REPLY_MAX];
    struct line *l = open_input(b, "sim:front");
    expect(b, l, "chatter front 101", "ok");
    ask(b, l, "history front", reply);
    int spaces = 0;
    for (const char *c = reply; *c; c++)
        spaces += *c == ' ';
    assert_int_equal(spaces, SIM_HISTORY);
    assert_int_equal(strncmp(reply, "ok 0@", 5), 0);
    line_free(l);
}

static void nonsense_is_refused_with_what_is_expected(void **state)
{
    struct bench *b = *state;
    struct line *l = open_input(b, "sim:front");
    static const char *const table[][2] = {
        {"set front", "error: expected set NAME 0|1 [NS]"},
        {"set front 2", "error: a level is 0 or 1, not 2"},
        {"set front x", "error: a level is 0 or 1, not x"},
        {"set front -1", "error: a level is 0 or 1, not -1"},
        {"set front 1 99999999999999999999", "error: the time"},
        {"set front 1 1 1 1 1", "error: expected one to 6 words"},
        {"pulses front 1", "error: expected pulses NAME N FROM ON OFF"},
        {"pulses front 0 1 1 1", "error: pulses must be between"},
        {"pulses front 2 1 9999999999999999 1", "error: pulses must be between"},
        {"pulses front 500 1 1 99999999999999999999", "error: pulses must be between"},
        {"set back 1", "error: no simulated line in use is called back"},
        {"press front", "error: no command is called press"},
        {"set  front 1", "error: expected one to 6 words"},
        {" set front 1", "error: expected one to 6 words"},
        {"set front 1\n", "error: expected one to 6 words"},
        {"lose front 0", "error: the number of edges"},
        {"chatter front 1001", "error: the number of edges"},
        {"list all", "error: expected list"},
        {"busy 12345678901234567890123456789012", "error: at most 8 names"},
        {"set front 1 0000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000",
         "error: the command is too long"},
    };
    EACH_ROW (i, table, NULL)
        expect(b, l, table[i][0], table[i][1]);
    assert_int_equal(line_get(l), 0);
    line_free(l);
}

/* Random bytes change nothing but what they say, and never bring the program down. */
static void any_packet_is_answered(void **state)
{
    struct bench *b = *state;
    struct line *l = open_input(b, "sim:front");
    char packet[SIM_COMMAND_MAX + 8], reply[SIM_REPLY_MAX];
    static const char *const words[] = {"set",     "front", "1",       "0",    "lose",
                                        "chatter", "get",   "history", "list", "busy",
                                        "free",    "\xff",  "",        "999",  "pulses"};
    unsigned x = 12345;
    int fd = unix_socket_connect(b->path);
    for (int i = 0; i < 5000; i++) {
        size_t len = 0;
        int n = (int)((x = x * 1103515245 + 12345) >> 16) % 6;
        for (int k = 0; k <= n; k++) {
            x = x * 1103515245 + 12345;
            const char *word = words[(x >> 16) % (sizeof words / sizeof *words)];
            len += (size_t)snprintf(packet + len, sizeof packet - len, "%s%s", k ? " " : "", word);
        }
        if ((x >> 20) % 5 == 0 && len > 1)
            packet[(x >> 16) % len] = (char)(x >> 24);
        if (len == 0)
            continue; /* an empty packet is the end of a connection */
        assert_int_equal(unix_socket_send(fd, packet, len), 0);
        assert_true(line_get(l) >= 0);
        assert_int_equal(unix_socket_wait(fd, 1000), 1);
        ssize_t got = unix_socket_receive(fd, reply, sizeof reply);
        assert_true(got >= 2);
        assert_true(memcmp(reply, "ok", 2) == 0 || memcmp(reply, "error:", 6) == 0);
    }
    close(fd);
    line_free(l);
}

static void clients_beyond_the_last_place_are_turned_away(void **state)
{
    struct bench *b = *state;
    struct line *l = open_input(b, "sim:front");
    int fds[SIM_CLIENTS_MAX + 1];
    char reply[SIM_REPLY_MAX];
    for (int i = 0; i <= SIM_CLIENTS_MAX; i++) {
        fds[i] = unix_socket_connect(b->path);
        assert_true(fds[i] >= 0);
        line_get(l);
    }
    assert_int_equal(unix_socket_receive(fds[SIM_CLIENTS_MAX], reply, sizeof reply), 0);
    close(fds[3]);
    line_get(l);
    expect(b, l, "get front", "ok 0");
    for (int i = 0; i <= SIM_CLIENTS_MAX; i++)
        if (i != 3)
            close(fds[i]);
    line_get(l);
    assert_false(is_readable(l));
    line_free(l);
}

static void without_a_bus_nothing_is_simulated(void **state)
{
    (void)state;
    struct line_error e;
    struct line_spec spec = {.address = "sim:front"};
    assert_null(line_open("switch front", &spec, NULL, &e));
    assert_int_equal(errno, EINVAL);
    assert_non_null(strstr(e.text, "switch front: line sim:front is simulated"));
}

static void a_second_kiosk_does_not_take_the_socket(void **state)
{
    struct bench *b = *state;
    struct line *l = open_input(b, "sim:front");
    struct sim_bus *other = sim_bus_new(b->path);
    struct line_spec spec = {.address = "sim:front"};
    assert_null(line_open("switch front", &spec, other, &b->error));
    assert_int_equal(errno, EADDRINUSE);
    assert_non_null(strstr(b->error.text, b->path));
    sim_bus_free(other);
    expect(b, l, "get front", "ok 0");
    line_free(l);
}

/* Real addresses on a machine without chips, through the real libgpiod; on one that has some, a
 * chip of that number is not among them. */
static void a_real_line_that_is_not_there_is_named(void **state)
{
    struct bench *b = *state;
    static const char *const table[] = {"gpiochip4711:3", "no-such-chip:17", "NO_SUCH_LINE"};
    EACH_ROW (i, table, table[i]) {
        assert_null(open_line(b, table[i], LINE_INPUT));
        assert_true(errno == ENOENT || errno == EACCES);
        assert_non_null(strstr(b->error.text, table[i]));
        assert_non_null(strstr(b->error.text, "switch front"));
    }
    assert_true(line_library_version()[0] >= '1' && line_library_version()[0] <= '9');
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(the_socket_stands_while_a_line_is_open),
        WITH_BENCH(an_edge_comes_through_with_its_time),
        WITH_BENCH(a_line_may_be_found_active),
        WITH_BENCH(each_line_gets_its_own_edges),
        WITH_BENCH(a_given_time_is_kept_if_it_can_be_true),
        WITH_BENCH(lost_edges_are_silent_and_the_next_one_reports_them),
        WITH_BENCH(pulses_are_told_whole_or_not_at_all),
        WITH_BENCH(a_full_queue_loses_its_oldest),
        WITH_BENCH(a_chip_can_be_taken_away),
        WITH_BENCH(a_line_can_be_taken_once),
        WITH_BENCH(an_output_is_driven_and_remembered),
        WITH_BENCH(history_keeps_the_last_changes),
        WITH_BENCH(nonsense_is_refused_with_what_is_expected),
        WITH_BENCH(any_packet_is_answered),
        WITH_BENCH(clients_beyond_the_last_place_are_turned_away),
        WITH_BENCH(without_a_bus_nothing_is_simulated),
        WITH_BENCH(a_second_kiosk_does_not_take_the_socket),
        WITH_BENCH(a_real_line_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
