#include "kiosk/common/daemon.h"

#include "kiosk/common/version.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* --- the command line ------------------------------------------------------------------------ */

struct own {
    const char *config;
    bool check;
};

static const struct cli_option own_options[] = {
    OPTION("config", "FILE", struct own, config, "read FILE"),
    OPTION("check", NULL, struct own, check, "read it and end"),
    {0},
};

static const struct daemon_program program = {
    .name = "porchlight-try", .summary = "Tries out.", .options = own_options, .more = "The end."};

enum { ARGS_MAX = 6 };

/* Calls daemon_begin; what it prints to `from` (1 or 2) is put into said. */
static int begin(const char *const args[ARGS_MAX], struct own *own, struct daemon_options *common,
                 int from, char said[2048])
{
    char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "porchlight-try"};
    int argc = 1, ends[2], kept = dup(from);

    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    fflush(NULL);
    dup2(ends[1], from);
    int status = daemon_begin(&program, own, common, argc, argv);
    fflush(NULL);
    dup2(kept, from);
    ssize_t n = read(ends[0], said, 2047);
    said[n > 0 ? n : 0] = '\0';
    close(kept);
    close(ends[0]);
    close(ends[1]);
    return status;
}

static void test_command_lines(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        int status, from;
        const char *said; /* NULL: nothing */
    } rows[] = {
        {{NULL}, -1, 2, NULL},
        {{"--prefix", "/tmp/x", "--config=/c", "--check", "--verbose", NULL}, -1, 2, NULL},
        {{"--version", NULL}, 0, 1, "porchlight-try " PORCHLIGHT_VERSION "\n"},
        {{"--help", NULL},
         0,
         1,
         "Usage: porchlight-try [OPTIONS]\n\nTries out.\n\n  --config FILE"},
        {{"-h", NULL}, 0, 1, "--check"},
        {{"--chekc", NULL}, 2, 2, "no option --chekc"},
        {{"--config", NULL}, 2, 2, "--config needs a value"},
        {{"--check", "word", NULL}, 2, 2, "\"word\": only options are expected"},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].args[0]) {
        struct daemon_options common;
        struct own own = {.config = NULL};
        char said[2048];
        int status = begin(rows[i].args, &own, &common, rows[i].from, said);
        if (status != rows[i].status || (rows[i].said ? !strstr(said, rows[i].said) : said[0]))
            fail_msg("row %zu: status %d, said \"%s\"", i, status, said);
        if (i == 1) {
            assert_string_equal(common.prefix, "/tmp/x");
            assert_string_equal(own.config, "/c");
            assert_true(common.verbose && own.check);
        }
    }
}

/* --- signals --------------------------------------------------------------------------------- */

static void test_signals_wait_their_turn(void **state)
{
    sigset_t before;
    int signals;

    (void)state;
    sigprocmask(SIG_SETMASK, NULL, &before);
    signals = daemon_signals((const int[]){SIGHUP, 0});
    assert_true(signals >= 0);
    assert_int_equal(daemon_signal_next(signals), 0);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGHUP);
    int first = daemon_signal_next(signals), second = daemon_signal_next(signals);
    assert_true((first == SIGHUP && second == SIGTERM) || (first == SIGTERM && second == SIGHUP));
    assert_int_equal(daemon_signal_next(signals), 0);
    close(signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* --- systemd --------------------------------------------------------------------------------- */

/* systemd's end of $NOTIFY_SOCKET. */
static int notified(char path[64])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(path, 64, "/tmp/test_daemon.%d", (int)getpid());
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void assert_told(int fd, const char *expected)
{
    char got[64] = "";

    ssize_t n = recv(fd, got, sizeof got - 1, 0);
    if (!expected)
        assert_int_equal(n, -1);
    else
        assert_string_equal(got, expected);
}

static void test_what_systemd_is_told(void **state)
{
    char path[64];
    int fd = notified(path);

    (void)state;
    daemon_ready();
    assert_told(fd, "READY=1");
    daemon_reloading();
    assert_told(fd, "RELOADING=1");
    daemon_stopping();
    assert_told(fd, "STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    daemon_ready();
    assert_told(fd, NULL);
    close(fd);
    unlink(path);
}

static void test_the_watchdog_is_fed_three_times_in_its_time(void **state)
{
    char path[64], pid[16];
    int fd = notified(path);

    (void)state;
    struct daemon_watchdog none = daemon_watchdog();
    assert_true(daemon_watchdog_feed(&none, 5) == INT64_MAX);
    assert_told(fd, NULL);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "9000000", 1);
    struct daemon_watchdog w = daemon_watchdog();
    int64_t third = INT64_C(3000000000);
    assert_true(daemon_watchdog_feed(&w, 100) == 100 + third);
    assert_told(fd, "WATCHDOG=1");
    assert_true(daemon_watchdog_feed(&w, third) == 100 + third);
    assert_told(fd, NULL);
    assert_true(daemon_watchdog_feed(&w, 200 + third) == 200 + 2 * third);
    assert_told(fd, "WATCHDOG=1");
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(fd);
    unlink(path);
}

static void test_a_socket_is_handed_over_or_not(void **state)
{
    int found = -1;

    (void)state;
    assert_int_equal(daemon_socket(&found), -1);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_lines),
        cmocka_unit_test(test_signals_wait_their_turn),
        cmocka_unit_test(test_what_systemd_is_told),
        cmocka_unit_test(test_the_watchdog_is_fed_three_times_in_its_time),
        cmocka_unit_test(test_a_socket_is_handed_over_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
