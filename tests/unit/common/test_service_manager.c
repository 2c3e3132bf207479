#include "kiosk/common/service_manager.h"

#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* systemd's end, at an abstract name. */
static int abstract_end(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char name[64];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int len = snprintf(name, sizeof name, "@porchlight-test-%d", (int)getpid());
    memcpy(at.sun_path + 1, name + 1, (size_t)len - 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void test_an_abstract_name_is_found(void **state)
{
    char got[16] = "";
    int fd = abstract_end();
    (void)state;
    service_notify("READY=1", SERVICE_PATIENT);
    assert_int_equal(recv(fd, got, sizeof got, 0), 7);
    assert_string_equal(got, "READY=1");
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

static void *wait_at_the_barrier(void *done)
{
    service_notify_barrier(-1);
    eventfd_write(*(int *)done, 1);
    return NULL;
}

/* The descriptor that came with the message; -1: none. */
static int barrier_taken(int fd)
{
    char text[16] = "", room[CMSG_SPACE(sizeof(int))];
    struct iovec into = {.iov_base = text, .iov_len = sizeof text - 1};
    struct msghdr m = {
        .msg_iov = &into, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    int held = -1;
    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
    assert_int_equal(recvmsg(fd, &m, MSG_CMSG_CLOEXEC), 9);
    assert_string_equal(text, "BARRIER=1");
    if (CMSG_FIRSTHDR(&m))
        memcpy(&held, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof held);
    return held;
}

static void test_the_barrier_waits_until_systemd_lets_go(void **state)
{
    int fd = abstract_end(), done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_t thread;
    eventfd_t passed;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, wait_at_the_barrier, &done), 0);
    int held = barrier_taken(fd);
    assert_true(held >= 0);
    assert_int_equal(eventfd_read(done, &passed), -1);
    close(held);
    pthread_join(thread, NULL);
    assert_int_equal(eventfd_read(done, &passed), 0);
    unsetenv("NOTIFY_SOCKET");
    service_notify_barrier(-1); /* nobody is there: nobody is waited for */
    close(fd);
    close(done);
}

static void test_what_was_handed_over(void **state)
{
    const struct {
        const char *name, *count;
        bool ours;
        int expected;
    } rows[] = {
        {"two", "2", true, 2},
        {"for another process", "2", false, 0},
        {"one is not open", "3", true, 2},
        {"no number", "2x", true, 0},
        {"nothing", "", true, 0},
        {"less than none", "-1", true, 0},
        {"more than a number holds", "99999999999999999999", true, 0},
        {"more than there can be", "4294967298", true, 2},
    };
    char pid[16];
    int kept[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        kept[i] = fcntl(SERVICE_FIRST_FD + i, F_DUPFD_CLOEXEC, 20);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(file, SERVICE_FIRST_FD);
    close(SERVICE_FIRST_FD + 2);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    EACH_ROW (i, rows, rows[i].name) {
        dup2(SERVICE_FIRST_FD, SERVICE_FIRST_FD + 1);
        setenv("LISTEN_PID", rows[i].ours ? pid : "1", 1);
        setenv("LISTEN_FDS", rows[i].count, 1);
        assert_int_equal(service_handed_over(), rows[i].expected);
        assert_int_equal(fcntl(SERVICE_FIRST_FD + 1, F_GETFD) & FD_CLOEXEC,
                         rows[i].expected == 2 ? FD_CLOEXEC : 0);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    for (int i = 0; i < 3; i++) {
        close(SERVICE_FIRST_FD + i);
        if (kept[i] >= 0)
            dup2(kept[i], SERVICE_FIRST_FD + i);
        close(kept[i]);
    }
}

static void test_whom_the_watchdog_watches(void **state)
{
    char pid[16];
    (void)state;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(service_watchdog(), 0);
    setenv("WATCHDOG_USEC", "10000000", 1);
    assert_int_equal(service_watchdog(), INT64_C(10000000000));
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(service_watchdog(), 0);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(service_watchdog(), INT64_C(10000000000));
    setenv("WATCHDOG_USEC", "18446744073709551615", 1); /* infinity */
    assert_int_equal(service_watchdog(), 0);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_abstract_name_is_found),
        cmocka_unit_test(test_the_barrier_waits_until_systemd_lets_go),
        cmocka_unit_test(test_what_was_handed_over),
        cmocka_unit_test(test_whom_the_watchdog_watches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
