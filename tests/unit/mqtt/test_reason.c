/* Reason codes, by the packet that they are in. */

#include "kiosk/mqtt/reason.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    enum mqtt_answer answer;
    bool five;
    int code;
    enum mqtt_fault fault;
} rows[] = {
    {MQTT_CONNACK, true, 0x86, MQTT_FAULT_CREDENTIALS},
    {MQTT_CONNACK, true, 0x87, MQTT_FAULT_CREDENTIALS},
    {MQTT_CONNACK, true, 0x97, MQTT_FAULT_LIMITS},
    {MQTT_CONNACK, true, 0x88, MQTT_FAULT_BROKER},
    {MQTT_SUBACK, true, 0x87, MQTT_FAULT_RIGHTS},
    {MQTT_SUBACK, true, 0xa2, MQTT_FAULT_LIMITS},
    {MQTT_PUBACK, true, 0x87, MQTT_FAULT_RIGHTS},
    {MQTT_PUBACK, true, 0x97, MQTT_FAULT_LIMITS},
    {MQTT_DISCONNECT, true, 0x8e, MQTT_FAULT_BROKER},
    {MQTT_CONNACK, false, 5, MQTT_FAULT_CREDENTIALS},
    {MQTT_CONNACK, false, 4, MQTT_FAULT_CREDENTIALS},
    {MQTT_CONNACK, false, 3, MQTT_FAULT_BROKER},
    {MQTT_CONNACK, false, 77, MQTT_FAULT_BROKER},
    {MQTT_SUBACK, false, 0x80, MQTT_FAULT_RIGHTS},
    {MQTT_PUBACK, true, 0xff, MQTT_FAULT_BROKER},
};

static void each_code_has_its_fault(void **state)
{
    (void)state;
    EACH_ROW (i, rows, NULL) {
        struct mqtt_reason r = mqtt_reason(rows[i].answer, rows[i].five, rows[i].code);
        assert_int_equal(r.fault, rows[i].fault);
        assert_non_null(r.text);
    }
}

static void a_broker_that_stops_says_nothing_of_what_was_sent(void **state)
{
    (void)state;
    assert_true(mqtt_reason_is_its_own(0x8b)); /* it shuts down */
    assert_true(mqtt_reason_is_its_own(0x8e)); /* taken over */
    assert_false(mqtt_reason_is_its_own(0x87));
    assert_false(mqtt_reason_is_its_own(0x9a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_fault),
        cmocka_unit_test(a_broker_that_stops_says_nothing_of_what_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
