#include "kiosk/core/battery_level.h"
#include "kiosk/core/button.h"

#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Buttons by radio: what gateways' words mean, and what evenings of them come to. */

static const struct gesture_rules rules = {.press_max = 800 * NS_PER_MS,
                                           .gap = 700 * NS_PER_MS,
                                           .hold = 1500 * NS_PER_MS,
                                           .stuck = 30 * NS_PER_S,
                                           .code = 5};

#define HOLD    (-1)
#define NOTHING 0

/* As zigbee2mqtt documents them: Aqara WXKG11LM and Opple, IKEA E1743, E1810, E1812 and E2213,
 * Philips Hue (also its older hyphens), SONOFF SNZB-01, Tuya TS0044 and its SOS button, HEIMAN's
 * remotes. */
static const struct {
    const char *word;
    int means; /* presses; HOLD; NOTHING */
} words[] = {
    {"single", 1},
    {"double", 2},
    {"triple", 3},
    {"quadruple", 4},
    {"many", 5},
    {"hold", HOLD},
    {"release", NOTHING},
    {"button_3_single", 1},
    {"button_3_double", 2},
    {"button_3_hold", HOLD},
    {"button_3_release", NOTHING},
    {"single_left", 1},
    {"hold_both", HOLD},
    {"on", 1},
    {"off", 1},
    {"toggle", 1},
    {"toggle_hold", HOLD},
    {"arrow_left_click", 1},
    {"arrow_left_hold", HOLD},
    {"arrow_left_release", NOTHING},
    {"brightness_move_up", HOLD},
    {"brightness_move_down", HOLD},
    {"brightness_stop", NOTHING},
    {"color_temperature_move_up", HOLD},
    {"brightness_move_to_level", NOTHING},
    {"color_temperature_move", NOTHING},
    {"color_move", NOTHING},
    {"hue_move", NOTHING},
    {"move_to_saturation", NOTHING},
    {"hue_stop", NOTHING},
    {"1_initial_press", NOTHING},
    {"1_short_release", 1},
    {"2_double_press", 2},
    {"1_long_press", HOLD},
    {"1_long_release", NOTHING},
    {"on_press", 1},
    {"on_press_release", NOTHING},
    {"on_hold", HOLD},
    {"up_hold_release", NOTHING},
    {"off-press", 1},
    {"off-hold", HOLD},
    {"long", HOLD},
    {"1_single", 1},
    {"4_double", 2},
    {"2_hold", HOLD},
    {"emergency", HOLD},
    {"panic", HOLD},
    {"disarm", NOTHING},
    {"arm_all_zones", NOTHING},
    {"rotate_left", NOTHING},
    {"shake", NOTHING},
    {"brightness_step_up", NOTHING},
    {"vibration", NOTHING},
    {"released", NOTHING},
    {"onward", NOTHING},
    {"_", NOTHING},
    {"", NOTHING},
};

static void each_word_means_what_it_says(void **state)
{
    (void)state;
    EACH_ROW (i, words, words[i].word) {
        struct button_action a = button_action_read(words[i].word);
        int means = a.act == BUTTON_HOLD ? HOLD : a.act == BUTTON_PRESSES ? a.presses : NOTHING;
        assert_int_equal(means, words[i].means);
    }
}

/* Evenings: "MS:WORD MS:WORD ...", and what is recognised until two seconds after the last. */
static const struct {
    const char *evening, *then;
} evenings[] = {
    {"0:single", "ignored"},
    {"0:single 400:single", "caution"},
    {"0:single 2000:single", "ignored ignored"},
    {"0:double", "caution"},
    {"0:hold", "lockdown"},
    {"0:hold 900:release", "lockdown"},
    {"0:on_press 600:on_hold 1100:on_hold 1600:on_hold 2100:on_hold_release", "lockdown"},
    {"0:1_initial_press 90:1_short_release", "ignored"},
    {"0:on_press 80:on_press_release 300:on_press 380:on_press_release", "caution"},
    {"0:brightness_move_up 1200:brightness_stop 3000:brightness_move_up", "lockdown lockdown"},
    {"0:emergency", "lockdown"},
    /* nothing by radio is the code, duress, or an all-clear */
    {"0:many", "caution"},
    {"0:quadruple", "caution"},
    {"0:triple", "caution"},
    {"0:single 300:single 600:single 900:single 1200:single 1500:single", "caution"},
    {"0:disarm", ""},
    {"0:hold 5000:disarm 6000:many", "lockdown caution"},
    {"0:hold 6000:hold", "lockdown lockdown"},
    {"0:shake 100:shake 200:shake", ""},
};

static void play_evening(const char *evening, char out[256])
{
    struct button b;
    enum gesture g[BUTTON_GESTURES_MAX];
    int64_t at = 0;
    size_t len = 0;
    out[0] = '\0';
    button_start(&b, 0);
    for (const char *p = evening;; p += strspn(p, " ")) {
        struct button_report r = {.battery = -1, .battery_low = -1, .tamper = -1, .online = -1};
        int ms = 0, used = 0;
        bool more = sscanf(p, "%d:%47s%n", &ms, r.action, &used) == 2;
        int64_t until = more ? ms * NS_PER_MS : at + 2 * NS_PER_S;
        for (; at <= until; at += 10 * NS_PER_MS) {
            size_t n = button_time(&b, &rules, 25 * 3600 * NS_PER_S, at, g);
            if (more && at + 10 * NS_PER_MS > until)
                n += button_report(&b, &rules, &r, until, g + n);
            for (size_t i = 0; i < n; i++)
                if (g[i] != GESTURE_SENSED)
                    len += (size_t)sprintf(out + len, "%s%s", len ? " " : "", gesture_name(g[i]));
        }
        if (!more)
            return;
        p += used;
    }
}

static void evenings_come_to_alarms_alone(void **state)
{
    char said[256];
    (void)state;
    EACH_ROW (i, evenings, evenings[i].evening) {
        play_evening(evenings[i].evening, said);
        assert_string_equal(said, evenings[i].then);
    }
}

static struct button_report report_of(const char *action)
{
    struct button_report r = {.battery = -1, .battery_low = -1, .tamper = -1, .online = -1};
    snprintf(r.action, sizeof r.action, "%s", action);
    return r;
}

/* When it was done, nobody knows. */
static void what_a_broker_kept_is_no_press(void **state)
{
    struct button b;
    enum gesture g[BUTTON_GESTURES_MAX];
    struct button_report r = report_of("hold");
    (void)state;
    button_start(&b, 0);
    button_link(&b, true, 0);
    r.kept = true;
    r.battery = 3;
    assert_int_equal(button_report(&b, &rules, &r, NS_PER_S, g), 0);
    assert_int_equal(b.faults, BUTTON_FAULT_BATTERY);
    assert_int_equal(b.received_at, 0);
}

static void faults_come_and_go(void **state)
{
    struct button b;
    enum gesture g[BUTTON_GESTURES_MAX];
    struct button_report r = report_of("");
    (void)state;
    button_start(&b, 0);
    button_link(&b, true, 0);
    r.battery = BATTERY_LOW - 1;
    r.tamper = 1;
    button_report(&b, &rules, &r, 1, g);
    assert_int_equal(b.faults, BUTTON_FAULT_BATTERY | BUTTON_FAULT_TAMPER);
    r = report_of("");
    r.online = 0;
    button_report(&b, &rules, &r, 2, g);
    assert_int_equal(b.faults, BUTTON_FAULT_BATTERY | BUTTON_FAULT_TAMPER | BUTTON_FAULT_OFFLINE);
    r.online = 1;
    button_report(&b, &rules, &r, 3, g);
    r = report_of("");
    r.battery = 80;
    r.battery_low = 1;
    r.tamper = 0;
    button_report(&b, &rules, &r, 4, g);
    assert_int_equal(b.faults, BUTTON_FAULT_BATTERY);
    r.battery_low = 0;
    r.battery = BATTERY_LOW + 10; /* see battery_level.h */
    button_report(&b, &rules, &r, 5, g);
    assert_int_equal(b.faults, 0);
}

/* A report that does not say it changes nothing of it. */
static void what_a_report_leaves_out_stays(void **state)
{
    struct button b;
    enum gesture g[BUTTON_GESTURES_MAX];
    struct button_report r = report_of("");
    (void)state;
    button_start(&b, 0);
    button_link(&b, true, 0);
    r.battery_low = r.tamper = 1;
    button_report(&b, &rules, &r, 1, g);
    r = report_of("");
    r.online = 0;
    button_report(&b, &rules, &r, 2, g);
    r = report_of("single");
    button_report(&b, &rules, &r, 3, g);
    assert_int_equal(b.faults, BUTTON_FAULT_BATTERY | BUTTON_FAULT_TAMPER | BUTTON_FAULT_OFFLINE);
}

static void each_fault_has_its_own_name(void **state)
{
    static const struct {
        enum button_fault fault;
        const char *name, *says;
    } rows[] = {{BUTTON_FAULT_BATTERY, "button-battery", "battery is low"},
                {BUTTON_FAULT_TAMPER, "button-tamper", "opened or taken off"},
                {BUTTON_FAULT_OFFLINE, "button-offline", "gateway does not reach"},
                {BUTTON_FAULT_SILENT, "button-silent", "sent nothing for too long"},
                {BUTTON_FAULT_LINK, "button-broker", "the broker in [buttons]"},
                {BUTTON_FAULT_GONE, "button-gone", "it is gone"}};
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        assert_string_equal(button_fault_name(rows[i].fault), rows[i].name);
        assert_non_null(strstr(button_fault_sentence(rows[i].fault), rows[i].says));
    }
}

static void silence_is_a_fault_until_a_word_comes(void **state)
{
    struct button b;
    enum gesture g[BUTTON_GESTURES_MAX];
    struct button_report r = report_of("single");
    (void)state;
    button_start(&b, 0);
    button_link(&b, true, 0);
    assert_int_equal(button_deadline(&b, &rules, 60 * NS_PER_S), 60 * NS_PER_S);
    button_time(&b, &rules, 60 * NS_PER_S, 60 * NS_PER_S, g);
    assert_int_equal(b.faults, BUTTON_FAULT_SILENT);
    assert_int_equal(button_deadline(&b, &rules, 60 * NS_PER_S), NS_NEVER);
    button_report(&b, &rules, &r, 61 * NS_PER_S, g);
    assert_int_equal(b.faults, 0);
    button_time(&b, &rules, 60 * NS_PER_S, 63 * NS_PER_S, g); /* the press is over */
    assert_int_equal(button_deadline(&b, &rules, 60 * NS_PER_S), 121 * NS_PER_S);
}

static void a_broker_that_is_away_is_a_fault_after_a_while(void **state)
{
    struct button b;
    enum gesture g[BUTTON_GESTURES_MAX];
    (void)state;
    button_start(&b, 0);
    button_time(&b, &rules, NS_NEVER, 9 * NS_PER_S, g);
    assert_int_equal(b.faults, 0);
    assert_int_equal(button_deadline(&b, &rules, 60 * NS_PER_S), BUTTON_LINK_PATIENCE);
    button_time(&b, &rules, 60 * NS_PER_S, 10 * NS_PER_S, g);
    assert_int_equal(b.faults, BUTTON_FAULT_LINK);
    button_link(&b, true, 11 * NS_PER_S);
    assert_int_equal(b.faults, 0);
    button_link(&b, false, 12 * NS_PER_S);
    button_link(&b, true, 13 * NS_PER_S);
    button_time(&b, &rules, 60 * NS_PER_S, 30 * NS_PER_S, g);
    assert_int_equal(b.faults, 0);
    button_link(&b, false, 31 * NS_PER_S);
    button_link(&b, false, 40 * NS_PER_S); /* it still is, since 31 s */
    assert_int_equal(button_deadline(&b, &rules, 60 * NS_PER_S), 41 * NS_PER_S);
    button_time(&b, &rules, 60 * NS_PER_S, 41 * NS_PER_S, g);
    assert_int_equal(b.faults, BUTTON_FAULT_LINK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_means_what_it_says),
        cmocka_unit_test(evenings_come_to_alarms_alone),
        cmocka_unit_test(what_a_broker_kept_is_no_press),
        cmocka_unit_test(faults_come_and_go),
        cmocka_unit_test(what_a_report_leaves_out_stays),
        cmocka_unit_test(each_fault_has_its_own_name),
        cmocka_unit_test(silence_is_a_fault_until_a_word_comes),
        cmocka_unit_test(a_broker_that_is_away_is_a_fault_after_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
