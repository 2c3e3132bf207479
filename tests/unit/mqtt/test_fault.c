/* Each fault has one name and one sentence, and no two share either. */

#include "kiosk/mqtt/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void each_fault_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int f = 0; f < MQTT_FAULTS; f++) {
        assert_true(mqtt_fault_name((enum mqtt_fault)f)[0] != '\0');
        for (int g = 0; g < f; g++)
            assert_string_not_equal(mqtt_fault_name((enum mqtt_fault)f),
                                    mqtt_fault_name((enum mqtt_fault)g));
    }
}

static void each_fault_but_fine_is_explained_in_whole_sentences(void **state)
{
    (void)state;
    assert_string_equal(mqtt_fault_sentence(MQTT_FAULT_FINE), "");
    for (int f = MQTT_FAULT_FINE + 1; f < MQTT_FAULTS; f++) {
        const char *sentence = mqtt_fault_sentence((enum mqtt_fault)f);
        size_t len = strlen(sentence);
        assert_true(len > 20 && sentence[len - 1] == '.');
        assert_true(sentence[0] >= 'A' && sentence[0] <= 'Z');
        for (int g = 0; g < f; g++)
            assert_string_not_equal(sentence, mqtt_fault_sentence((enum mqtt_fault)g));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_a_name_of_its_own),
        cmocka_unit_test(each_fault_but_fine_is_explained_in_whole_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
