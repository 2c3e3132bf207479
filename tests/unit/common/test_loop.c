#include "kiosk/common/loop.h"

#include "kiosk/common/clock.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

struct seen {
    struct loop *l;
    int calls, other;
    uint64_t value;
};

static void count(void *context, int fd, short revents)
{
    struct seen *s = context;
    uint64_t v;

    assert_true(revents & POLLIN);
    assert_int_equal(read(fd, &v, sizeof v), sizeof v);
    s->value += v;
    s->calls++;
}

static void calls_what_is_ready(void **state)
{
    struct seen s = {.l = loop_new()};
    int a = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), b = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    (void)state;
    assert_non_null(s.l);
    assert_int_equal(loop_add(s.l, a, POLLIN, count, &s), 0);
    assert_int_equal(loop_add(s.l, b, POLLIN, count, &s), 0);
    assert_int_equal(loop_turn(s.l), 0);
    assert_int_equal(s.calls, 1);
    uint64_t five = 5;
    assert_int_equal(write(b, &five, sizeof five), sizeof five);
    assert_int_equal(loop_turn(s.l), 0);
    assert_int_equal(s.calls, 2);
    assert_int_equal(s.value, 6);
    loop_free(s.l);
    close(a);
    close(b);
}

static void deadline_wakes_once(void **state)
{
    struct loop *l = loop_new();
    int64_t start = clock_now();

    (void)state;
    loop_deadline(l, start + 30 * MS);
    assert_int_equal(loop_turn(l), 0);
    assert_true(clock_now() - start >= 30 * MS);

    loop_deadline(l, 0); /* long past: at once, and again when it is set again */
    assert_int_equal(loop_turn(l), 0);
    loop_deadline(l, 0);
    assert_int_equal(loop_turn(l), 0);

    loop_deadline(l, start + 3600000 * MS); /* put off, then taken back: or this never ends */
    loop_deadline(l, INT64_MAX);
    loop_deadline(l, clock_now() + 20 * MS);
    assert_int_equal(loop_turn(l), 0);
    loop_free(l);
}

static void remove_both(void *context, int fd, short revents)
{
    struct seen *s = context;

    (void)revents;
    s->calls++;
    loop_remove(s->l, fd);
    loop_remove(s->l, s->other);
}

/* Whichever of the two is called first, the other is not called afterwards. */
static void removal_inside_callback(void **state)
{
    struct seen s = {.l = loop_new()}, t;
    int a = eventfd(1, EFD_CLOEXEC), b = eventfd(1, EFD_CLOEXEC);

    (void)state;
    s.other = b;
    t = s;
    t.other = a;
    loop_add(s.l, a, POLLIN, remove_both, &s);
    loop_add(s.l, b, POLLIN, remove_both, &t);
    loop_turn(s.l);
    assert_int_equal(s.calls + t.calls, 1);
    loop_deadline(s.l, 0);
    loop_turn(s.l);
    assert_int_equal(s.calls + t.calls, 1);
    loop_free(s.l);
    close(a);
    close(b);
}

static void swap_fd(void *context, int fd, short revents)
{
    struct seen *s = context;

    (void)revents;
    s->calls++;
    loop_remove(s->l, fd);
    assert_int_equal(loop_add(s->l, s->other, POLLIN, count, s), 0);
}

static void addition_inside_callback(void **state)
{
    struct seen s = {.l = loop_new()};
    int a = eventfd(1, EFD_CLOEXEC);

    (void)state;
    s.other = eventfd(7, EFD_CLOEXEC);
    loop_add(s.l, a, POLLIN, swap_fd, &s);
    loop_turn(s.l);
    assert_int_equal(s.calls, 1);
    loop_turn(s.l);
    assert_int_equal(s.calls, 2);
    assert_int_equal(s.value, 7);
    loop_free(s.l);
    close(a);
    close(s.other);
}

static void refuses(void **state)
{
    struct seen s = {.l = loop_new()};
    int fds[LOOP_MAX + 1];

    (void)state;
    for (int i = 0; i <= LOOP_MAX; i++)
        fds[i] = eventfd(0, EFD_CLOEXEC);
    for (int i = 0; i < LOOP_MAX; i++)
        assert_int_equal(loop_add(s.l, fds[i], POLLIN, count, &s), 0);
    assert_int_equal(loop_add(s.l, fds[3], POLLIN, count, &s), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(loop_add(s.l, fds[LOOP_MAX], POLLIN, count, &s), -1);
    assert_int_equal(errno, ENOSPC);
    loop_remove(s.l, fds[7]);
    assert_int_equal(loop_add(s.l, fds[LOOP_MAX], POLLIN, count, &s), 0);
    assert_int_equal(loop_add(s.l, -1, POLLIN, count, &s), -1);
    assert_int_equal(errno, EBADF);
    loop_remove(s.l, 9999);
    for (int i = 0; i <= LOOP_MAX; i++)
        close(fds[i]);
    loop_free(s.l);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_what_is_ready),
        cmocka_unit_test(deadline_wakes_once),
        cmocka_unit_test(removal_inside_callback),
        cmocka_unit_test(addition_inside_callback),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
