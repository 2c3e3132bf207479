#include "kiosk/cli/setup/setup_answers.h"

#include "config/city.h"
#include "config/reader.h"
#include "config/values.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is accepted ------------------------------------------------------------------------- */

/* key:DEVICE:KEY; what the config refuses, its reader names. */
static bool is_button(const char *v)
{
    return strncmp(v, "key:", 4) == 0 && strrchr(v, ':') > v + 4;
}

static bool is_line(const char *v)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:=/";
    return v[0] && strlen(v) < 64 && strspn(v, plain) == strlen(v);
}

static bool is_switch(const char *v)
{
    return is_line(v) || is_button(v);
}

static bool is_number_of(const char *v, long least, long most)
{
    char *end;
    long n = strtol(v, &end, 10);
    return v[0] >= '0' && v[0] <= '9' && *end == '\0' && n >= least && n <= most;
}

static bool is_code(const char *v)
{
    return is_number_of(v, 4, 12);
}

static bool is_port(const char *v)
{
    return is_number_of(v, 1, 65535);
}

static bool is_kiosk(const char *v)
{
    return is_number_of(v, 1, 4);
}

static bool is_wait(const char *v)
{
    return is_number_of(v, 1, 3600);
}

static bool is_yes_no(const char *v)
{
    return strcmp(v, "yes") == 0 || strcmp(v, "no") == 0;
}

static bool is_broker(const char *v)
{
    return strcmp(v, "here") == 0 || strcmp(v, "elsewhere") == 0 || strcmp(v, "both") == 0;
}

static bool is_lights(const char *v)
{
    return strcmp(v, "dark") == 0 || strcmp(v, "as-they-are") == 0;
}

static bool is_screen(const char *v)
{
    return strcmp(v, "yes") == 0 || strcmp(v, "none") == 0;
}

static bool is_city(const char *v)
{
    struct city city;
    char near[128];
    return city_find(CITY_TABLE, v, &city, near) == 0;
}

/* Codes with commas between them; whether there is a file for each, the check of the config says.
 */
static bool is_languages(const char *v)
{
    return v[0] >= 'a' && v[0] <= 'z' &&
           strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789-_, ") == strlen(v);
}

static bool is_interface(const char *v, size_t len)
{
    return len > 0 && len < 16 && v[0] != '.' && strcspn(v, "/: \t") >= len;
}

/* "one", or two different interfaces. */
static bool is_ways(const char *v)
{
    size_t len = strcspn(v, ", ");
    const char *second = v + len + strspn(v + len, ", ");
    size_t rest = strlen(second);
    return strcmp(v, "one") == 0 ||
           (is_interface(v, len) && is_interface(second, rest) && strcspn(second, ",") == rest &&
            (len != rest || strncmp(v, second, len) != 0));
}

static bool is_host(const char *v)
{
    return v[0] && v[0] != '-' && strlen(v) < 100 && !values_host_refusal(v) &&
           strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") ==
               strlen(v);
}

static bool is_host_port(const char *v)
{
    char host[ANSWER_MAX];
    const char *colon = strrchr(v, ':');
    if (v[0] == '\0' || strcmp(v, "none") == 0)
        return true;
    snprintf(host, sizeof host, "%.*s", colon ? (int)(colon - v) : (int)strlen(v), v);
    return is_host(host) && (!colon || is_port(colon + 1));
}

static bool is_place(const char *v)
{
    return v[0] == '/' || strcmp(v, "print") == 0 || strcmp(v, "none") == 0;
}

static bool is_account(const char *v)
{
    return v[0] == '/' || strcmp(v, "make") == 0;
}

#define PIN_EXPECTED  "a GPIO pin such as GPIO17 (or gpiochip0:17), or none"
#define PORT_EXPECTED "a port, 1 to 65535"

const struct answer_rule answer_rules[ANSWERS] = {
    [ANSWER_SWITCH] =
        {"switch", "GPIO17", "Which GPIO pin is the switch connected to?",
         "Pressing the switch raises the alarm. Type the pin's name: GPIO17 is pin 11 "
         "on the drawing above. The switch's other wire goes to a ground pin "
         "(GND). If it is a USB or Bluetooth button, type button.",
         "a GPIO pin such as GPIO17 (or gpiochip0:17), or button", is_switch, true},
    [ANSWER_OTHER_CONTACT] = {"other_contact", "none", NULL,
                              "The second contact of a changeover switch. With it the kiosk "
                              "notices a cut cable.",
                              PIN_EXPECTED, is_line, true},
    [ANSWER_DOOR] = {"door", "GPIO22", "Which GPIO pin is the door sensor connected to?",
                     "When the door opens outside opening hours, staff phones get a notice. GPIO22 "
                     "is pin 15. Type none if there is no sensor.",
                     PIN_EXPECTED, is_line, true},
    [ANSWER_CODE] =
        {"code", "5", "How many presses should your venue's code have?",
         "Staff press the switch this many times to end a drill. Any other count, from 4 on, does "
         "the same, and shows staff phones alone that somebody was forced. Type a number from 4 to "
         "12. Every kiosk begins with 5, so choose another, and tell only staff.",
         "a number, 4 to 12", is_code, false},
    [ANSWER_BROKER] =
        {"broker", "here", "Where should the broker be: here, elsewhere or both?",
         "A broker is a server that passes alerts from the kiosk to phones. Type here for "
         "one on this Pi: it needs no other server, but whoever takes the Pi takes it "
         "too. Type elsewhere for a server outside the venue, or both: one of each is "
         "safest.",
         "here, elsewhere or both", is_broker, true},
    [ANSWER_HOST] =
        {"host", "porchlight.local", "What is this Pi's name on this network?",
         "Members open it in a browser, as in https://porchlight.local/. An address such as "
         "192.168.1.20 works too, if your router always gives this Pi the same one.",
         "a host name or an address, without a port", is_host, true},
    [ANSWER_OUTSIDE] =
        {"outside", "none", "What is the address of the broker elsewhere?",
         "Type its host name, such as mqtt.example.org. Add its port only if that is "
         "not 8883: mqtt.example.org:8884.",
         "HOST or HOST:PORT", is_host_port, true},
    [ANSWER_OUTSIDE_ACCOUNT] =
        {"outside_account", "make", "Will you run that broker yourself, or does somebody else?",
         "If it is your own server, type make: set-up makes a folder to copy there. If somebody "
         "else "
         "runs it, type the path of a file with the account that they gave you. The file begins "
         "with "
         "the line [account] and sets user, password, ca (the path of their CA file) and phones "
         "(their address for browsers, wss://...).",
         "make, or a path that begins with /", is_account, true},
    [ANSWER_WAYS] = {"ways", "one", "Should alerts take two ways out?",
                     "This Pi has more than one network interface. If two of them lead to the "
                     "internet by different providers, type both, such as eth0, wwan0: each alert "
                     "then takes both ways, and staff learn when one has failed. ip -brief address "
                     "shows their names. Otherwise type one.",
                     "one, or two interfaces such as eth0, wwan0", is_ways, true},
    [ANSWER_PAGE] =
        {"page", "none", "Under which name do members open their page?",
         "Type the name of the server that shows it, such as kettle.example.org: that of "
         "the broker elsewhere, if one server has both. It is checked at once.",
         "HOST or HOST:PORT", is_host_port, true},
    [ANSWER_SCREEN] = {"screen", "yes", "Does this kiosk have a screen: yes or none?",
                       "The screen shows a calm picture, and staff read in it how an alert is "
                       "going. The alarm works without one too.",
                       "yes or none", is_screen, true},
    [ANSWER_CITY] = {"city", "Baku", "In which city is the venue?",
                     "The screen's sky and clock follow it. Type the largest city of your time "
                     "zone, in English, such as Tbilisi or Buenos Aires.",
                     "a city of /usr/share/zoneinfo/zone.tab, such as Tbilisi", is_city, true},
    [ANSWER_LANGUAGES] = {"languages", "az, ru, en", "Which languages should the screen speak?",
                          "It shows them one after another. az, ru, en, ka and ar are included; "
                          "type one or more, with commas between them.",
                          "codes such as ka, ru, en", is_languages, true},
    [ANSWER_LIGHTS] =
        {"lights", "dark", "Should the Pi's own lights be dark, or as-they-are?",
         "They flicker when the Pi uses its card, so they could give away that data is "
         "being destroyed.",
         "dark or as-they-are", is_lights, true},
    [ANSWER_ROOT] = {"root", "print", "Where should the venue's root key go?",
                     "It is the master key: it adds staff phones, and shuts out a kiosk that was "
                     "taken. It does not stay on this Pi. Type print to write it down on paper, or "
                     "the path of a file on a USB stick, such as /media/usb/root.key.",
                     "print, or a path that begins with /", is_place, true},
    [ANSWER_DRILL] = {"drill", "yes", NULL, "A drill shows that a phone really gets an alert.",
                      "yes or no", is_yes_no, true},
    [ANSWER_KIOSK] = {"kiosk", "1", NULL, "The venue's first kiosk, or another one: 1 to 4.",
                      "a number, 1 to 4", is_kiosk, true},
    [ANSWER_PORT] = {"port", "8883", NULL, "Where kiosks and relays reach the broker.",
                     PORT_EXPECTED, is_port, true},
    [ANSWER_PAGE_PORT] = {"page_port", "443", NULL, "Where phones reach the page.", PORT_EXPECTED,
                          is_port, true},
    [ANSWER_WEBSOCKET_PORT] = {"websocket_port", "1885", NULL, "Between page and broker.",
                               PORT_EXPECTED, is_port, true},
    [ANSWER_LOCAL_PORT] = {"local_port", "1884", NULL, "For programs on this machine only.",
                           PORT_EXPECTED, is_port, true},
    [ANSWER_DRILL_WAIT] = {"drill_wait", "300", NULL, "How long the drill waits for a phone.",
                           "seconds, 1 to 3600", is_wait, false},
};

void answers_init(struct answers *a)
{
    memset(a, 0, sizeof *a);
    for (size_t i = 0; i < ANSWERS; i++)
        snprintf(a->value[i], ANSWER_MAX, "%s", answer_rules[i].fallback);
}

bool answers_set(struct answers *a, enum answer which, const char *value)
{
    if (strlen(value) >= ANSWER_MAX || !answer_rules[which].good(value))
        return false;
    snprintf(a->value[which], ANSWER_MAX, "%s", value);
    a->given[which] = true;
    return true;
}

/* --- a file ---------------------------------------------------------------------------------- */

static bool set_answer(const struct key *k, const char *text, void *base, const char **hint)
{
    return answer_rules[k->offset / ANSWER_MAX].good(text) && value_put_text(k, text, base, hint);
}

static void expect_answer(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "%s", answer_rules[k->offset / ANSWER_MAX].expected);
}

static void answers_rules(struct reader *r)
{
    struct answers *a = r->base;
    const struct instance *in = reader_single(r, "setup");
    if (!in)
        reader_complain(r, NULL, 0, NULL, "there is no section [setup]; is this the right file?");
    for (int i = 0; in && i < ANSWERS; i++)
        a->given[i] = reader_is_written(r, in, answer_rules[i].key);
}

int answers_read(struct answers *a, const char *path, bool now)
{
    static const struct value_type answer = {set_answer, expect_answer, false};
    static const struct section setup = {.name = "setup", .optional = true};
    struct key keys[ANSWERS];
    struct table table = {.sections = &setup,
                          .sections_count = 1,
                          .keys = keys,
                          .keys_count = ANSWERS,
                          .size = sizeof *a,
                          .rules = answers_rules};
    struct answers file;
    for (size_t i = 0; i < ANSWERS; i++)
        keys[i] = (struct key){.section = "setup",
                               .name = answer_rules[i].key,
                               .type = &answer,
                               .fallback = answer_rules[i].fallback,
                               .offset = i * ANSWER_MAX,
                               .max = ANSWER_MAX};
    if (reader_load(&table, &file, path, config_complain_stderr, NULL) < 0)
        return -1;
    for (size_t i = 0; i < ANSWERS; i++) {
        if (!file.given[i])
            continue;
        memcpy(a->value[i], file.value[i], ANSWER_MAX);
        a->given[i] |= now;
    }
    return 0;
}

void answers_write(const struct answers *a, char *out, size_t size)
{
    size_t len = (size_t)snprintf(
        out, size,
        "# Your answers to porchlight setup, which its next run offers as defaults.\n"
        "[setup]\n");
    for (size_t i = 0; i < ANSWERS && len < size; i++)
        if (answer_rules[i].kept)
            len += (size_t)snprintf(out + len, size - len, "%s = %s\n", answer_rules[i].key,
                                    a->value[i]);
}

/* --- what they mean -------------------------------------------------------------------------- */

bool answer_is(const struct answers *a, enum answer which, const char *word)
{
    return strcmp(a->value[which], word) == 0;
}

bool answer_yes(const struct answers *a, enum answer which)
{
    return answer_is(a, which, "yes");
}

int answer_number(const struct answers *a, enum answer which)
{
    return (int)strtol(a->value[which], NULL, 10);
}

bool answers_broker_here(const struct answers *a)
{
    return !answer_is(a, ANSWER_BROKER, "elsewhere");
}

bool answers_broker_outside(const struct answers *a)
{
    return !answer_is(a, ANSWER_BROKER, "here");
}

void answers_host_port(const struct answers *a, enum answer which, int usual, char host[ANSWER_MAX],
                       int *port)
{
    const char *v = a->value[which], *colon = strrchr(v, ':');
    snprintf(host, ANSWER_MAX, "%.*s", colon ? (int)(colon - v) : (int)strlen(v), v);
    *port = colon ? (int)strtol(colon + 1, NULL, 10) : usual;
}

void answers_outside(const struct answers *a, char host[ANSWER_MAX], int *port)
{
    answers_host_port(a, ANSWER_OUTSIDE, 8883, host, port);
}

static int same_ports(const struct answers *a)
{
    static const enum answer ports[] = {ANSWER_PORT, ANSWER_PAGE_PORT, ANSWER_WEBSOCKET_PORT,
                                        ANSWER_LOCAL_PORT};
    int complaints = 0;

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        for (size_t j = 0; j < i; j++)
            if (answer_number(a, ports[i]) == answer_number(a, ports[j])) {
                log_error("%s and %s are both %s, but each needs a port of its own.",
                          answer_rules[ports[j]].key, answer_rules[ports[i]].key,
                          a->value[ports[i]]);
                complaints++;
            }
    return complaints;
}

const char *answers_why_no_switch(const struct answers *a)
{
    if (answer_is(a, ANSWER_SWITCH, "none"))
        return "Without a switch nobody can raise an alarm. Type its pin, such as GPIO17.";
    if (strncmp(a->value[ANSWER_SWITCH], CONFIG_BUTTON, strlen(CONFIG_BUTTON)) == 0)
        return "A button by radio cannot be the only switch. Whoever is near can record its signal "
               "and send it again, so it only raises cautions and lockdowns: it never starts the "
               "wipe, takes no code and ends nothing. Type the pin of a switch on a wire, such as "
               "GPIO17, or button for one by USB or Bluetooth. The handbook's page \"Buttons by "
               "radio\" shows how to add yours beside it.";
    return NULL;
}

int answers_check(const struct answers *a)
{
    static const enum answer lines[] = {ANSWER_SWITCH, ANSWER_OTHER_CONTACT, ANSWER_DOOR};
    int complaints = same_ports(a);

    const char *why = answers_why_no_switch(a);
    if (why) {
        log_error("switch: found %s. %s", a->value[ANSWER_SWITCH], why);
        complaints++;
    }
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(a->value[lines[i]], a->value[lines[j]]) == 0 &&
                !answer_is(a, lines[i], "none")) {
                log_error("%s and %s are both %s, but each needs a pin of its own.",
                          answer_rules[lines[j]].key, answer_rules[lines[i]].key,
                          a->value[lines[i]]);
                complaints++;
            }
    if (answers_broker_outside(a) &&
        (answer_is(a, ANSWER_OUTSIDE, "none") || a->value[ANSWER_OUTSIDE][0] == '\0')) {
        log_error("outside: broker = %s needs the address of the broker elsewhere: outside = HOST",
                  a->value[ANSWER_BROKER]);
        complaints++;
    }
    return complaints ? -1 : 0;
}
