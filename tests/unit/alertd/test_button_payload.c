#include "kiosk/alertd/button_payload.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Payloads of gateways, as they document them, and what is none. */

static const struct {
    const char *payload, *action;
    int battery, battery_low, tamper;
} payloads[] = {
    {"{\"action\":\"double\",\"battery\":74,\"linkquality\":98,\"voltage\":2990}", "double", 74, -1,
     -1},
    {"{\"action\":null,\"battery\":74}", "", 74, -1, -1},
    {"{\"action\":\"\",\"battery\":74}", "", 74, -1, -1},
    {"{\"action\":\"emergency\",\"battery_low\":true,\"tamper\":false}", "emergency", -1, 1, 0},
    {"{\"action\":\"1_hold\",\"battery_low\":false,\"tamper\":true}", "1_hold", -1, 0, 1},
    {"{\"Button1\":{\"Action\":\"SINGLE\"}}", "single", -1, -1, -1},
    {"{\"battery\":\"full\",\"battery_low\":1,\"tamper\":\"yes\",\"action\":5}", "", -1, -1, -1},
    {"{\"battery\":3e9}", "", -1, -1, -1},
    {"single", "single", -1, -1, -1},
    {"ON", "on", -1, -1, -1},
    {"", "", -1, -1, -1},
    {"two words", "", -1, -1, -1},
    {"[\"double\"]", "", -1, -1, -1},
    {"{\"action\":\"double\"", "", -1, -1, -1},
    {"{\"action\":\"a-word-that-is-much-longer-than-any-gateway-would-ever-send-for-it\"}", "", -1,
     -1, -1},
};

static void each_payload_says_what_is_in_it(void **state)
{
    (void)state;
    EACH_ROW (i, payloads, payloads[i].payload) {
        const char *p = payloads[i].payload;
        struct button_report r;
        button_payload_read((const uint8_t *)p, strlen(p), &r);
        assert_string_equal(r.action, payloads[i].action);
        assert_int_equal(r.battery, payloads[i].battery);
        assert_int_equal(r.battery_low, payloads[i].battery_low);
        assert_int_equal(r.tamper, payloads[i].tamper);
        assert_int_equal(r.online, -1);
    }
}

static int online_of(const char *payload)
{
    struct button_report r;
    button_payload_availability((const uint8_t *)payload, strlen(payload), &r);
    assert_string_equal(r.action, "");
    return r.online;
}

static void availability_is_json_or_a_word(void **state)
{
    (void)state;
    assert_int_equal(online_of("{\"state\":\"online\"}"), 1);
    assert_int_equal(online_of("{\"state\":\"offline\"}"), 0);
    assert_int_equal(online_of("online"), 1);
    assert_int_equal(online_of("Offline"), 0);
    assert_int_equal(online_of("{\"state\":\"asleep\"}"), -1);
    assert_int_equal(online_of(""), -1);
    assert_int_equal(online_of("{}"), -1);
}

static void a_gateway_is_watched_by_its_base_topic(void **state)
{
    static const struct {
        const char *topic, *base, *bridge;
    } rows[] = {
        {"zigbee2mqtt/office", "", "zigbee2mqtt/bridge/state"},
        {"zigbee2mqtt/hall/office", "", "zigbee2mqtt/bridge/state"},
        {"home/zigbee2mqtt/office", "home/zigbee2mqtt", "home/zigbee2mqtt/bridge/state"},
        {"home/zigbee2mqtt/hall/office", "home/zigbee2mqtt", "home/zigbee2mqtt/bridge/state"},
        {"home/zigbee2mqtt2/office", "home/zigbee2mqtt", "home/bridge/state"},
        {"tele/office", "home/zigbee2mqtt", "tele/bridge/state"},
        {"office", "", "office/bridge/state"},
    };
    (void)state;
    EACH_ROW (i, rows, rows[i].topic) {
        char bridge[128];
        button_payload_bridge(rows[i].topic, rows[i].base, bridge, sizeof bridge);
        assert_string_equal(bridge, rows[i].bridge);
    }
}

/* No payload has an end that is not its length. */
static void cut_anywhere_it_is_read_no_further(void **state)
{
    (void)state;
    EACH_ROW (i, payloads, payloads[i].payload) {
        size_t len = strlen(payloads[i].payload);
        for (size_t at = 0; at <= len; at++) {
            struct button_report r;
            uint8_t *cut = malloc(at + 1);
            memcpy(cut, payloads[i].payload, at);
            button_payload_read(cut, at, &r);
            button_payload_availability(cut, at, &r);
            free(cut);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_payload_says_what_is_in_it),
        cmocka_unit_test(availability_is_json_or_a_word),
        cmocka_unit_test(a_gateway_is_watched_by_its_base_topic),
        cmocka_unit_test(cut_anywhere_it_is_read_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
