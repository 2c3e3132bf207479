#include "kiosk/common/unix_socket.h"

#include "kiosk/common/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct changeover {
    char folder[64], path[128];
    int listener, server, client;
};

static int open_pair(void **state)
{
    static struct changeover p;

    snprintf(p.folder, sizeof p.folder, "/tmp/porchlight-local-XXXXXX");
    if (!mkdtemp(p.folder))
        return -1;
    snprintf(p.path, sizeof p.path, "%s/a.sock", p.folder);
    p.listener = unix_socket_listen(p.path, 0600);
    p.client = unix_socket_connect(p.path);
    p.server = unix_socket_accept(p.listener);
    *state = &p;
    return p.listener < 0 || p.client < 0 || p.server < 0 ? -1 : 0;
}

static int close_pair(void **state)
{
    struct changeover *p = *state;

    close(p->listener);
    close(p->client);
    close(p->server);
    unlink(p->path);
    return rmdir(p->folder);
}

/* Whoever fills a server's queue blocks nobody permanently. */
static void a_full_queue_is_given_up(void **state)
{
    struct changeover *p = *state;
    int fds[64];
    size_t n = 0;

    while (n < sizeof fds / sizeof *fds && (fds[n] = unix_socket_connect(p->path)) >= 0)
        n++;
    assert_int_equal(errno, EAGAIN);
    assert_in_range(n, 8, 16);
    while (n > 0)
        close(fds[--n]);
}

static void carries_packets(void **state)
{
    struct changeover *p = *state;
    char buf[64];

    assert_int_equal(unix_socket_send(p->client, "status", 6), 0);
    assert_int_equal(unix_socket_send(p->client, "drill wipe", 10), 0);
    assert_int_equal(unix_socket_wait(p->server, 1000), 1);
    assert_int_equal(unix_socket_receive(p->server, buf, sizeof buf), 6);
    assert_memory_equal(buf, "status", 6);
    assert_int_equal(unix_socket_receive(p->server, buf, sizeof buf), 10);
    assert_int_equal(unix_socket_receive(p->server, buf, sizeof buf), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(unix_socket_wait(p->server, 0), 0);
    assert_int_equal(unix_socket_wait(p->server, 20), 0);
}

/* Every size around a buffer's: whole, or refused and gone; never a part of it. */
static void sizes_around_the_buffer(void **state)
{
    struct changeover *p = *state;
    uint8_t sent[200], got[96 + 16];

    for (size_t len = 1; len <= sizeof sent; len++) {
        memset(sent, (int)len, sizeof sent);
        memset(got, 0xEE, sizeof got);
        assert_int_equal(unix_socket_send(p->client, sent, len), 0);
        ssize_t n = unix_socket_receive(p->server, got, 96);
        if (len <= 96) {
            assert_int_equal(n, len);
            assert_memory_equal(got, sent, len);
        } else {
            assert_int_equal(n, -1);
            assert_int_equal(errno, EMSGSIZE);
        }
        for (size_t i = 96; i < sizeof got; i++)
            assert_int_equal(got[i], 0xEE);
        assert_int_equal(unix_socket_receive(p->server, got, 96), -1);
        assert_int_equal(errno, EAGAIN);
    }
}

static void tells_the_end(void **state)
{
    struct changeover *p = *state;
    char buf[8];

    shutdown(p->client, SHUT_RDWR);
    assert_int_equal(unix_socket_wait(p->server, 1000), 1);
    assert_int_equal(unix_socket_receive(p->server, buf, sizeof buf), 0);
    assert_int_equal(unix_socket_send(p->server, "x", 1), -1);
    assert_int_equal(errno, EPIPE);
}

static void no_client_waits(void **state)
{
    struct changeover *p = *state;

    assert_int_equal(unix_socket_accept(p->listener), -1);
    assert_int_equal(errno, EAGAIN);
}

static void full_queue_is_said(void **state)
{
    struct changeover *p = *state;
    static char block[CONTROL_REPLY_MAX];
    int n = 0;

    while (n < 10000 && unix_socket_send(p->server, block, sizeof block) == 0)
        n++;
    assert_int_equal(errno, EAGAIN);
    assert_in_range(n, 1, 9999);
}

static void knows_the_peer(void **state)
{
    struct changeover *p = *state;

    assert_int_equal(unix_socket_peer_uid(p->server), getuid());
    assert_int_equal(unix_socket_peer_uid(-1), (uid_t)-1);
    assert_int_equal(errno, EBADF);
}

static void every_fd_is_cloexec(void **state)
{
    struct changeover *p = *state;
    const int fds[] = {p->listener, p->server, p->client};

    for (size_t i = 0; i < 3; i++)
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(p->server, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(p->listener, F_GETFL) & O_NONBLOCK);
}

static void mode_is_exact(void **state)
{
    struct changeover *p = *state;
    char path[160];
    struct stat st;
    mode_t old = umask(0077);

    snprintf(path, sizeof path, "%s/b.sock", p->folder);
    int fd = unix_socket_listen(path, 0660);
    umask(old);
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_true(S_ISSOCK(st.st_mode));
    close(fd);
    unlink(path);
}

static void live_socket_is_refused_stale_replaced(void **state)
{
    struct changeover *p = *state;

    assert_int_equal(unix_socket_listen(p->path, 0600), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(p->listener);
    p->listener = unix_socket_listen(p->path, 0600);
    assert_true(p->listener >= 0);
    int fd = unix_socket_connect(p->path);
    assert_true(fd >= 0);
    close(fd);
}

static void a_file_is_never_replaced(void **state)
{
    struct changeover *p = *state;
    char path[160];

    snprintf(path, sizeof path, "%s/notes", p->folder);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(file);
    assert_int_equal(unix_socket_listen(path, 0600), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(unlink(path), 0);
}

static void nobody_there(void **state)
{
    struct changeover *p = *state;
    char path[160];

    snprintf(path, sizeof path, "%s/none.sock", p->folder);
    assert_int_equal(unix_socket_connect(path), -1);
    assert_int_equal(errno, ENOENT);
    close(p->listener);
    assert_int_equal(unix_socket_connect(p->path), -1);
    assert_int_equal(errno, ECONNREFUSED);
    p->listener = unix_socket_listen(p->path, 0600);
}

/* Prefixes of tests and builds are longer than the 107 bytes of sun_path. */
static void long_paths_work(void **state)
{
    struct changeover *p = *state;
    char folder[256], path[300];

    int n = snprintf(folder, sizeof folder, "%s/", p->folder);
    memset(folder + n, 'd', 120);
    folder[n + 120] = '\0';
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/control.sock", folder);
    int listener = unix_socket_listen(path, 0600);
    assert_true(listener >= 0);
    int client = unix_socket_connect(path);
    assert_true(client >= 0);
    assert_int_equal(unix_socket_listen(path, 0600), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(client);
    close(listener);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* A listener handed over by systemd is taken for its own path only. The test plays systemd:
 * $LISTEN_PID, $LISTEN_FDS and fd 3. */
static void handed_over_is_taken(void **state)
{
    struct changeover *p = *state;
    char pid[16], other[160];
    int kept = fcntl(3, F_DUPFD_CLOEXEC, 10);

    assert_int_equal(dup2(p->listener, 3), 3);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(unix_socket_listen(p->path, 0600), 3);
    assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(3, F_GETFL) & O_NONBLOCK);
    snprintf(other, sizeof other, "%s/b.sock", p->folder);
    int fd = unix_socket_listen(other, 0600);
    assert_true(fd > 3);
    setenv("LISTEN_PID", "1", 1);
    assert_int_equal(unix_socket_listen(p->path, 0600), -1);
    assert_int_equal(errno, EADDRINUSE);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    close(fd);
    unlink(other);
    if (kept >= 0) {
        dup2(kept, 3);
        close(kept);
    } else if (p->listener != 3) {
        close(3);
    }
}

#define with_pair(f) cmocka_unit_test_setup_teardown(f, open_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_pair(carries_packets),
        with_pair(a_full_queue_is_given_up),
        with_pair(sizes_around_the_buffer),
        with_pair(tells_the_end),
        with_pair(no_client_waits),
        with_pair(full_queue_is_said),
        with_pair(knows_the_peer),
        with_pair(every_fd_is_cloexec),
        with_pair(mode_is_exact),
        with_pair(live_socket_is_refused_stale_replaced),
        with_pair(a_file_is_never_replaced),
        with_pair(nobody_there),
        with_pair(long_paths_work),
        with_pair(handed_over_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
