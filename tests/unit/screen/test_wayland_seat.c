#include "kiosk/screen/wayland_seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A compositor's end of the wire: 32-bit words, strings with their length and NUL, padded. */

struct answer {
    uint32_t words[64];
    size_t count;
};

static void put_message(struct answer *a, uint32_t object, uint32_t opcode, uint32_t args)
{
    a->words[a->count++] = object;
    a->words[a->count++] = (8 + 4 * args) << 16 | opcode;
}

static void put_global(struct answer *a, uint32_t number, const char *interface)
{
    uint32_t len = (uint32_t)strlen(interface) + 1, padded = (len + 3) / 4;
    put_message(a, 2, 0, 3 + padded);
    a->words[a->count++] = number;
    a->words[a->count++] = len;
    memset(a->words + a->count, 0, 4UL * padded);
    memcpy(a->words + a->count, interface, len);
    a->count += padded;
    a->words[a->count++] = 7;
}

static void put_done(struct answer *a)
{
    put_message(a, 3, 0, 1);
    a->words[a->count++] = 0;
}

/* Answers one client with these bytes, two at a time, and hangs up. */
static enum wayland_seat asked_of(const void *bytes, size_t len)
{
    char folder[] = "build/seat.XXXXXX", path[64];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/way", folder);
    memcpy(at.sun_path, path, strlen(path));
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server, 1), 0);
    pid_t child = fork();
    if (child == 0) {
        uint32_t question[6];
        int fd = accept(server, NULL, NULL);
        if (read(fd, question, sizeof question) != sizeof question || question[2] != 2 ||
            question[5] != 3)
            _exit(1);
        for (size_t k = 0; k < len; k += 2)
            send(fd, (const char *)bytes + k, len - k < 2 ? 1 : 2, MSG_NOSIGNAL);
        _exit(0);
    }
    close(server);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    setenv("WAYLAND_DISPLAY", "way", 1);
    enum wayland_seat answer = wayland_seat_ask();
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    unlink(path);
    rmdir(folder);
    return answer;
}

static void test_globals(void **state)
{
    (void)state;
    struct answer with = {{0}, 0}, without = {{0}, 0}, unfinished = {{0}, 0};
    put_global(&with, 1, "wl_compositor");
    put_global(&with, 2, "wl_seat");
    put_global(&with, 3, "wl_output");
    put_done(&with);
    put_global(&without, 1, "wl_compositor");
    put_global(&without, 2, "wl_seats");
    put_message(&without, 1, 1, 1); /* the display takes a number back */
    without.words[without.count++] = 3;
    put_done(&without);
    put_global(&unfinished, 2, "wl_seat");
    assert_int_equal(asked_of(with.words, 4 * with.count), WAYLAND_SEAT_FOUND);
    assert_int_equal(asked_of(without.words, 4 * without.count), WAYLAND_SEAT_NONE);
    assert_int_equal(asked_of(unfinished.words, 4 * unfinished.count), WAYLAND_SEAT_UNKNOWN);
}

static void test_nonsense(void **state)
{
    (void)state;
    static const uint32_t small[] = {2, 4 << 16}, large[] = {2, 60000u << 16, 1, 2, 3};
    assert_int_equal(asked_of("", 0), WAYLAND_SEAT_UNKNOWN);
    assert_int_equal(asked_of(small, sizeof small), WAYLAND_SEAT_UNKNOWN);
    assert_int_equal(asked_of(large, sizeof large), WAYLAND_SEAT_UNKNOWN);
    setenv("WAYLAND_DISPLAY", "/no/such/socket", 1);
    assert_int_equal(wayland_seat_ask(), WAYLAND_SEAT_UNKNOWN);
    unsetenv("XDG_RUNTIME_DIR");
    setenv("WAYLAND_DISPLAY", "way", 1);
    assert_int_equal(wayland_seat_ask(), WAYLAND_SEAT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_globals),
                                       cmocka_unit_test(test_nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
