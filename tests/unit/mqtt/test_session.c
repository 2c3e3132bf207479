/* Whom a connection's end is put down to: libmosquitto's answer is played. */

#include "kiosk/mqtt/session.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <mosquitto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct {
    int answer, error;
} played;

/* In the place of the library's. */
int mosquitto_loop(struct mosquitto *mosq, int timeout, int max_packets)
{
    (void)mosq;
    (void)timeout;
    (void)max_packets;
    errno = played.error;
    return played.answer;
}

static enum mqtt_fault fault_after(int answer, int error)
{
    static const struct mqtt_setup setup = {.broker = {.host = "b.example.org"}};
    static const struct mqtt_session_listener nobody = {.context = NULL};
    struct mqtt_manners manners = {0};
    struct mqtt_session *s =
        mqtt_session_new(&setup, NULL, MQTT_VERSION_5, &manners, false, 1, &nobody);
    assert_non_null(s);
    played.answer = answer;
    played.error = error;
    assert_int_equal(mqtt_session_turn(s), -1);
    struct mqtt_session_end end = mqtt_session_end(s, false);
    mqtt_session_free(s);
    assert_false(end.refused || end.learnt);
    return end.fault;
}

static void what_does_not_answer_is_the_networks_fault_and_who_hangs_up_is_the_brokers(void **state)
{
    static const struct {
        const char *name;
        int answer, error;
        enum mqtt_fault fault;
    } rows[] = {
        {"a keepalive that is not answered", MOSQ_ERR_KEEPALIVE, 0, MQTT_FAULT_ROUTE},
        {"bytes that are not acknowledged", MOSQ_ERR_ERRNO, ETIMEDOUT, MQTT_FAULT_ROUTE},
        {"no way to the host", MOSQ_ERR_ERRNO, EHOSTUNREACH, MQTT_FAULT_ROUTE},
        {"no way to the network", MOSQ_ERR_ERRNO, ENETUNREACH, MQTT_FAULT_ROUTE},
        {"the interface is down", MOSQ_ERR_ERRNO, ENETDOWN, MQTT_FAULT_ROUTE},
        {"the broker resets", MOSQ_ERR_ERRNO, ECONNRESET, MQTT_FAULT_BROKER},
        {"the broker hangs up", MOSQ_ERR_CONN_LOST, 0, MQTT_FAULT_BROKER},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].name)
        assert_int_equal(fault_after(rows[i].answer, rows[i].error), rows[i].fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_does_not_answer_is_the_networks_fault_and_who_hangs_up_is_the_brokers),
    };
    mqtt_session_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
