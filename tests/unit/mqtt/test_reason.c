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

static const struct {
    int code;
    enum mqtt_blame subscription, publication;
} blames[] = {
    {0x8b, MQTT_BLAME_NONE, MQTT_BLAME_NONE},       /* it shuts down */
    {0x8e, MQTT_BLAME_NONE, MQTT_BLAME_NONE},       /* taken over */
    {0x87, MQTT_BLAME_CERTAIN, MQTT_BLAME_CERTAIN}, /* not authorized */
    {0x8f, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},    /* topic filter */
    {0xa2, MQTT_BLAME_CERTAIN, MQTT_BLAME_NONE},    /* wildcards */
    {0x9a, MQTT_BLAME_NONE, MQTT_BLAME_CERTAIN},    /* retain */
    {0x80, MQTT_BLAME_MAYBE, MQTT_BLAME_MAYBE},     /* no reason */
    {0x96, MQTT_BLAME_MAYBE, MQTT_BLAME_MAYBE},     /* too many messages */
};

static void a_goodbye_blames_what_it_may_be_about(void **state)
{
    (void)state;
    EACH_ROW (i, blames, NULL) {
        assert_int_equal(mqtt_reason_blames(blames[i].code, true), blames[i].subscription);
        assert_int_equal(mqtt_reason_blames(blames[i].code, false), blames[i].publication);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_fault),
        cmocka_unit_test(a_goodbye_blames_what_it_may_be_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
