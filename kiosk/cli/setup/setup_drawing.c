#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The forty pins of every Pi's header since 2014, in their two columns. A number is a GPIO's. */
enum { ROWS = 20, POWER_3V3 = -1, POWER_5V = -2, GROUND = -3, ID = -4 };
static const int header[ROWS][2] = {
    {POWER_3V3, POWER_5V}, {2, POWER_5V}, {3, GROUND},  {4, 14},
    {GROUND, 15},          {17, 18},      {27, GROUND}, {22, 23},
    {POWER_3V3, 24},       {10, GROUND},  {9, 25},      {11, 8},
    {GROUND, 7},           {ID, ID},      {5, GROUND},  {6, 12},
    {13, GROUND},          {19, 16},      {26, 20},     {GROUND, 21},
};

/* The GPIO number of an address on a Pi's header, or -1. */
static int gpio_of(const char *address)
{
    const char *digits = strncmp(address, "GPIO", 4) == 0 ? address + 4 : strrchr(address, ':');
    char *end;
    if (!digits)
        return -1;
    digits += *digits == ':';
    long n = strtol(digits, &end, 10);
    return digits[0] >= '0' && digits[0] <= '9' && *end == '\0' && n >= 2 && n <= 27 ? (int)n : -1;
}

static const char *pin_name(int pin, char out[16])
{
    static const char *const names[] = {"", "3.3V", "5V", "GND", "-"};
    if (pin < 0)
        return names[-pin];
    snprintf(out, 16, "GPIO%d", pin);
    return out;
}

enum {
    WIRES_MAX =
        4 + 2 * CONFIG_SWITCHES_MAX + CONFIG_DOORS_MAX + CONFIG_INPUTS_MAX + CONFIG_OUTPUTS_MAX + 1
};

struct wire {
    const char *what;
    int gpio;
};

static const char *wire_at(const struct wire *wires, int pin)
{
    for (; wires->what; wires++)
        if (pin >= 0 && wires->gpio == pin)
            return wires->what;
    return "";
}

static void draw_header(const struct wire *wires)
{
    char left[16], right[16];
    puts("          The Pi's pins, with the card slot at the far end of the board\n");
    for (int row = 0; row < ROWS; row++) {
        const char *l = wire_at(wires, header[row][0]), *r = wire_at(wires, header[row][1]);
        printf("  %16s %s %6s %2d | o o | %-2d %-6s %s %s\n", l, *l ? "---" : "   ",
               pin_name(header[row][0], left), 2 * row + 1, 2 * row + 2,
               pin_name(header[row][1], right), *r ? "---" : "   ", r);
    }
}

static void print_advice(const struct wire *wires)
{
    enum { INDENT = 2 };
    putchar('\n');
    print_item(
        PRINT_PLAIN, "", INDENT,
        "Switch and door sensor have two wires each: one goes to the pin shown above, the other "
        "to any GND. No resistor is needed. Use twisted wire for more than one or two metres. "
        "Never connect anything to 5V.");
    for (; wires->what; wires++)
        if (wires->gpio < 0)
            print_item(PRINT_PLAIN, "", INDENT,
                       "%s: not on this drawing. The command gpioinfo lists all pins.",
                       wires->what);
    putchar('\n');
}

bool setup_is_pin_number(const char *address, char why[SETUP_WHY_MAX])
{
    static const struct wire none[] = {{NULL, -1}};
    char *end, name[16], other[64] = "is none";
    long n = strtol(address, &end, 10);
    if (address[0] < '0' || address[0] > '9' || *end != '\0')
        return false;
    if (n < 1 || n > 2 * ROWS) {
        snprintf(why, SETUP_WHY_MAX,
                 "The Pi's header has no pin %ld. Type a GPIO's name, such as GPIO17.", n);
        return true;
    }
    int there = header[(n - 1) / 2][(n - 1) % 2];
    for (int pin = 0; pin < 2 * ROWS; pin++)
        if (header[pin / 2][pin % 2] == n)
            snprintf(other, sizeof other, "is pin %d: type GPIO%ld if you mean it", pin + 1, n);
    putchar('\n');
    draw_header(none);
    snprintf(why, SETUP_WHY_MAX, "Pin %ld of the header is %s%s%s, and GPIO%ld %s.", n,
             pin_name(there, name), there >= 0 ? ": type " : "", there >= 0 ? name : "", n, other);
    return true;
}

/* What follows the first switch and the first door in the config, which were asked for. */
static size_t drawing_others(struct wire *wires, const struct config *c)
{
    static char contacts[CONFIG_SWITCHES_MAX][sizeof c->switches[0].name + sizeof ", other"];
    size_t n = 0;
    for (size_t i = 1; i < c->switches_count; i++) {
        const struct config_switch *s = &c->switches[i];
        if (strncmp(s->line.address, "key:", 4) != 0 && !config_button_topic(&s->line))
            wires[n++] = (struct wire){s->name, gpio_of(s->line.address)};
        snprintf(contacts[i], sizeof contacts[i], "%s, other", s->name);
        if (s->other.address[0])
            wires[n++] = (struct wire){contacts[i], gpio_of(s->other.address)};
    }
    for (size_t i = 1; i < c->doors_count; i++)
        wires[n++] = (struct wire){c->doors[i].name, gpio_of(c->doors[i].line.address)};
    for (size_t i = 0; i < c->inputs_count; i++)
        if (strncmp(c->inputs[i].line.address, "ups:", 4) != 0)
            wires[n++] = (struct wire){c->inputs[i].name, gpio_of(c->inputs[i].line.address)};
    for (size_t i = 0; i < c->outputs_count; i++)
        wires[n++] = (struct wire){c->outputs[i].name, gpio_of(c->outputs[i].line.address)};
    return n;
}

static void ignore_mistake(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

void setup_drawing(const struct answers *a, const char *prefix)
{
    struct wire wires[WIRES_MAX];
    size_t n = 0;
    char path[PATH_LEN];
    struct config *c = calloc(1, sizeof *c);
    const char *other = a->value[ANSWER_OTHER_CONTACT], *door = a->value[ANSWER_DOOR];

    if (strncmp(a->value[ANSWER_SWITCH], "key:", 4) != 0)
        wires[n++] = (struct wire){"switch", gpio_of(a->value[ANSWER_SWITCH])};
    if (strcmp(other, "none") != 0)
        wires[n++] = (struct wire){"its other contact", gpio_of(other)};
    if (strcmp(door, "none") != 0)
        wires[n++] = (struct wire){"door", gpio_of(door)};
    if (c && path_under(prefix, PATH_CONF, path) == 0 &&
        config_load_most(path, c, ignore_mistake, NULL) >= 0)
        n += drawing_others(wires + n, c);
    wires[n] = (struct wire){NULL, -1};
    putchar('\n');
    draw_header(wires);
    print_advice(wires);
    free(c);
}
