#include "kiosk/alertd/indicators.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What outputs are told of a kiosk. In each row a lockdown is active, has left the venue, and
 * phones have answered; then something happened at the door. */
static const struct {
    const char *name;
    bool pressed, calm, feigned, drill;
    const char *told; /* of accepted, seen, safe, help, lockdown: those that are so */
} rows[] = {
    {"a lockdown", false, false, false, false, "ASYHL"},
    {"a drill", false, false, false, true, "ASYHL"},
    {"after the code or duress", true, true, false, false, ""},
    {"a drill asked for then", true, true, true, false, "AL"},
};

static struct kiosk_state lockdown(size_t row)
{
    struct kiosk_state s = {.all_clear_at = NS_NEVER};
    alert_init(&s.alert);
    s.alert.now = (struct alert_standing){.state = ALERT_LOCKDOWN,
                                          .drill = rows[row].drill,
                                          .pressed = rows[row].pressed,
                                          .calm = rows[row].calm,
                                          .unconfirmed = rows[row].calm};
    if (rows[row].feigned)
        s.alert.feigned_at = 5;
    s.facts = (struct cue_facts){.calm = alert_on_site(&s.alert) == ALERT_QUIET,
                                 .drill = alert_drill_on_site(&s.alert),
                                 .feigned = rows[row].feigned,
                                 .sensed_at = NS_NEVER,
                                 .alert_at = alert_on_site_since(&s.alert),
                                 .handed_over = true,
                                 .outside_configured = true,
                                 .path = true,
                                 .seen = 3,
                                 .safe = 2,
                                 .help = 1,
                                 .members = 10};
    return s;
}

/* The code and duress differ in alert.door alone, which nothing here may show. */
static void outputs_show_what_the_site_may_know(void **state)
{
    static const struct {
        enum config_condition condition;
        char letter;
    } letters[] = {{CONFIG_ACCEPTED, 'A'},
                   {CONFIG_SEEN, 'S'},
                   {CONFIG_SAFE, 'Y'},
                   {CONFIG_HELP, 'H'},
                   {CONFIG_LOCKDOWN, 'L'}};
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct indicators_facts told[2];
        for (int k = 0; k < 2; k++) {
            static struct kiosk_state s;
            s = lockdown(i);
            s.alert.door = k ? ALERT_DOOR_DURESS : ALERT_DOOR_CODE;
            told[k] = indicators_facts(&s, NS_PER_S);
        }
        char text[8] = "";
        EACH_ROW (k, letters, NULL)
            if (told[0].of[letters[k].condition] > 0)
                text[strlen(text)] = letters[k].letter;
        assert_string_equal(text, rows[i].told);
        assert_memory_equal(&told[0], &told[1], sizeof told[0]);
    }
}

static void presses_and_ends_pass(void **state)
{
    static struct kiosk_state s;
    (void)state;
    s = lockdown(0);
    s.sensed = 7;
    s.facts.sensed_at = NS_PER_S;
    s.all_clears = 2;
    s.all_clear_at = NS_PER_S;
    struct indicators_facts f = indicators_facts(&s, 2 * NS_PER_S);
    assert_int_equal(f.of[CONFIG_SENSED], 7);
    assert_int_equal(f.of[CONFIG_ALL_CLEAR], 2);
    f = indicators_facts(&s, 62 * NS_PER_S);
    assert_int_equal(f.of[CONFIG_SENSED], 0);
    assert_int_equal(f.of[CONFIG_ALL_CLEAR], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_show_what_the_site_may_know),
        cmocka_unit_test(presses_and_ends_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
