#include "hw/line_find.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Chips as Pis have them, each with the names of some lines ("4:GPIO_GCLK"), and where an address
 * leads. */
static const struct {
    const char *label[2], *names[2];
    const char *address;
    enum line_trouble verdict;
    const char *path;
    unsigned offset;
} finds[] = {
    {{"pinctrl-bcm2711"}, {"17:GPIO17"}, "GPIO17", LINE_FINE, "/dev/gpiochip0", 17},
    {{"pinctrl-bcm2711"}, {"4:GPIO_GCLK 17:GPIO17"}, "GPIO4", LINE_FINE, "/dev/gpiochip0", 4},
    {{"pinctrl-bcm2835"}, {"2:SDA1"}, "GPIO2", LINE_FINE, "/dev/gpiochip0", 2},
    {{"brcm,gpio", "pinctrl-rp1"}, {"", ""}, "GPIO27", LINE_FINE, "/dev/gpiochip1", 27},
    {{"pinctrl-bcm2711", "raspberrypi-exp-gpio"},
     {"", "4:BT_ON"},
     "GPIO4",
     LINE_FINE,
     "/dev/gpiochip0",
     4},
    /* another board's own name goes before the header's number */
    {{"pinctrl-bcm2711", "mcp23017"}, {"", "3:GPIO4"}, "GPIO4", LINE_FINE, "/dev/gpiochip1", 3},
    {{"pinctrl-bcm2711"}, {"4:GPIO_GCLK"}, "GPIO_GCLK", LINE_FINE, "/dev/gpiochip0", 4},
    {{"pinctrl-bcm2711"}, {""}, "GPIO28", LINE_NO_NAME, NULL, 0},
    {{"pinctrl-bcm2711"}, {""}, "GPIO4x", LINE_NO_NAME, NULL, 0},
    {{"pinctrl-bcm2711"}, {""}, "GPIO", LINE_NO_NAME, NULL, 0},
    {{"gpio-mockup"}, {""}, "GPIO4", LINE_NO_NAME, NULL, 0},
    {{"pinctrl-bcm2711"}, {""}, "pinctrl-bcm2711:4", LINE_FINE, "/dev/gpiochip0", 4},
};

static void report_names(struct line_find *f, const char *path, const char *names)
{
    unsigned offset;
    char name[32];
    int n;
    for (; sscanf(names, " %u:%31s%n", &offset, name, &n) == 2; names += n)
        line_find_line(f, path, offset, name);
}

static void leads_to_the_line_that_is_meant(void **state)
{
    (void)state;
    EACH_ROW (i, finds, finds[i].address) {
        char detail[LINE_SEEN_MAX];
        struct line_address want;
        struct line_find f;
        assert_int_equal(line_address_parse(finds[i].address, &want), 0);
        line_find_init(&f, &want);
        for (int k = 0; k < 2 && finds[i].label[k]; k++) {
            const char *path = k ? "/dev/gpiochip1" : "/dev/gpiochip0";
            line_find_chip(&f, path, path + 5, finds[i].label[k], 54);
            if (want.kind == LINE_BY_NAME)
                report_names(&f, path, finds[i].names[k]);
        }
        line_find_end(&f);
        assert_int_equal(line_find_verdict(&f, detail), finds[i].verdict);
        if (!finds[i].path)
            continue;
        assert_string_equal(f.path, finds[i].path);
        assert_int_equal(f.offset, finds[i].offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(leads_to_the_line_that_is_meant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
