/* Dialling: which address answered, or what stood in the way. On loopback alone. */

#include "kiosk/mqtt/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

/* A socket on a free port of 127.0.0.1, listening or not. */
static int port_take(int *port, int listening)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    if (listening)
        assert_int_equal(listen(fd, 1), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void the_address_that_answers_is_named(void **state)
{
    struct mqtt_dialled d;
    int port, served = port_take(&port, 1);
    (void)state;
    int fd = mqtt_dial("127.0.0.1", port, "", SECOND, &d);
    assert_true(fd >= 0);
    assert_int_equal(d.fault, MQTT_FAULT_FINE);
    assert_string_equal(d.address, "127.0.0.1");
    assert_true(mqtt_dial_is_here(fd));
    close(fd);
    close(served);
}

static void a_port_where_nothing_listens_is_no_route(void **state)
{
    struct mqtt_dialled d;
    int port, taken = port_take(&port, 0);
    (void)state;
    assert_int_equal(mqtt_dial("127.0.0.1", port, "", SECOND, &d), -1);
    assert_int_equal(d.fault, MQTT_FAULT_ROUTE);
    assert_int_equal(d.error, ECONNREFUSED);
    assert_string_equal(mqtt_dial_why(&d), "Connection refused");
    close(taken);
}

static void what_can_be_no_name_does_not_resolve(void **state)
{
    struct mqtt_dialled d;
    (void)state;
    assert_int_equal(mqtt_dial("no..name", 1, "", SECOND, &d), -1);
    assert_int_equal(d.fault, MQTT_FAULT_DNS);
    assert_string_equal(mqtt_dial_why(&d), "this is no name that DNS can have");
}

static bool dial_on(void *context)
{
    int *turns = context;
    return (*turns)-- > 0;
}

static void a_dialler_is_stopped_by_whoever_waits(void **state)
{
    struct mqtt_dialled d;
    int turns = 0, port, served = port_take(&port, 1);
    (void)state;
    struct mqtt_dialler *dialler = mqtt_dialler_new("localhost.", port, "");
    assert_int_equal(mqtt_dialler_dial(dialler, SECOND, dial_on, &turns, &d), -1);
    turns = 100;
    int fd = mqtt_dialler_dial(dialler, SECOND, dial_on, &turns, &d);
    assert_true(fd >= 0);
    assert_string_equal(d.address, "127.0.0.1");
    close(fd);
    mqtt_dialler_judge(dialler, true); /* now it is tried first, before any look-up */
    turns = 1;
    fd = mqtt_dialler_dial(dialler, SECOND, dial_on, &turns, &d);
    assert_true(fd >= 0);
    close(fd);
    mqtt_dialler_free(dialler);
    close(served);
}

static void a_socket_that_is_handed_over_is_the_one_that_is_connected(void **state)
{
    struct mqtt_dialled d;
    struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_port = htons(1)};
    int port, served = port_take(&port, 1), plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;
    (void)state;
    mqtt_dial_hand_over(mqtt_dial("127.0.0.1", port, "", SECOND, &d));
    assert_int_equal(connect(plain, (struct sockaddr *)&elsewhere, sizeof elsewhere), 0);
    assert_int_equal(getpeername(plain, (struct sockaddr *)&peer, &len), 0);
    assert_int_equal(ntohs(peer.sin_port), port);
    close(plain);
    close(served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_that_answers_is_named),
        cmocka_unit_test(a_port_where_nothing_listens_is_no_route),
        cmocka_unit_test(what_can_be_no_name_does_not_resolve),
        cmocka_unit_test(a_dialler_is_stopped_by_whoever_waits),
        cmocka_unit_test(a_socket_that_is_handed_over_is_the_one_that_is_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
