/* The queue between a program and a broker's thread: order, bound, and an fd that can be polled. */

#include "kiosk/mqtt/queue.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct number {
    struct mqtt_queue_item item;
    int n;
};

static bool is_readable(const struct mqtt_queue *q)
{
    struct pollfd p = {.fd = q->fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static int queue_put(struct mqtt_queue *q, int n)
{
    struct number *one = malloc(sizeof *one);
    assert_non_null(one);
    one->n = n;
    int rc = mqtt_queue_push(q, &one->item);
    if (rc != 0)
        free(one);
    return rc;
}

static int queue_take(struct mqtt_queue *q)
{
    struct number *one = (struct number *)mqtt_queue_pop(q);
    int n = one ? one->n : -1;
    free(one);
    return n;
}

static void what_is_pushed_comes_out_in_order(void **state)
{
    struct mqtt_queue q;
    (void)state;
    assert_int_equal(mqtt_queue_init(&q, 3), 0);
    for (int n = 1; n <= 3; n++)
        assert_int_equal(queue_put(&q, n), 0);
    for (int n = 1; n <= 3; n++)
        assert_int_equal(queue_take(&q), n);
    assert_int_equal(queue_take(&q), -1);
    assert_int_equal(queue_put(&q, 4), 0);
    assert_int_equal(queue_take(&q), 4);
    mqtt_queue_finish(&q);
}

static void a_full_queue_refuses_and_keeps_what_it_has(void **state)
{
    struct mqtt_queue q;
    (void)state;
    assert_int_equal(mqtt_queue_init(&q, 2), 0);
    assert_int_equal(queue_put(&q, 1), 0);
    assert_int_equal(queue_put(&q, 2), 0);
    errno = 0;
    assert_int_equal(queue_put(&q, 3), -1);
    assert_int_equal(errno, ENOBUFS);
    assert_int_equal(queue_take(&q), 1);
    assert_int_equal(queue_put(&q, 3), 0);
    mqtt_queue_finish(&q); /* frees the two that wait */
}

static void its_fd_is_readable_until_it_is_empty(void **state)
{
    struct mqtt_queue q;
    (void)state;
    assert_int_equal(mqtt_queue_init(&q, 2), 0);
    assert_false(is_readable(&q));
    queue_put(&q, 1);
    queue_put(&q, 2);
    assert_true(is_readable(&q));
    queue_take(&q);
    assert_true(is_readable(&q));
    queue_take(&q);
    queue_take(&q);
    assert_false(is_readable(&q));
    mqtt_queue_wake(&q);
    assert_true(is_readable(&q));
    assert_int_equal(queue_take(&q), -1);
    assert_false(is_readable(&q));
    mqtt_queue_finish(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_pushed_comes_out_in_order),
        cmocka_unit_test(a_full_queue_refuses_and_keeps_what_it_has),
        cmocka_unit_test(its_fd_is_readable_until_it_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
