#include "config/keys.h"
#include "config/values.h"
#include "kiosk/common/utf8.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Setters for names, addresses, paths and other text. */

static bool set_id(const struct key *k, const char *text, void *base, const char **hint)
{
    if (strlen(text) != 16 || !values_only(text, DIGITS "abcdef")) {
        *hint = "porchlight setup makes one, or: od -An -N8 -tx8 /dev/urandom";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_id(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "16 digits of 0-9 and a-f");
}

/* sim:NAME, or sim:NAME=1 for a line found active. */
static bool set_simulated(const struct key *k, const char *text, void *base, const char **hint)
{
    size_t name = strspn(text + 4, LOWER UPPER DIGITS "_-");
    const char *rest = text + 4 + name;
    if (name == 0 || (rest[0] && strcmp(rest, "=1") != 0))
        return false;
    return value_put_text(k, text, base, hint);
}

static bool set_line(const struct key *k, const char *text, void *base, const char **hint)
{
    const char *colon = strchr(text, ':');
    size_t chip = colon ? (size_t)(colon - text) : 0;
    if (!text[0])
        return value_put_text(k, text, base, hint);
    if (strncmp(text, "sim:", 4) == 0)
        return set_simulated(k, text, base, hint);
    if (!values_only(text, LOWER UPPER DIGITS "_.:-") || (colon && (chip == 0 || !colon[1]))) {
        *hint = "gpioinfo lists the lines of this machine";
        return false;
    }
    if (values_only(text, DIGITS)) {
        *hint = "put the chip in front of the number, as in gpiochip0:17";
        return false;
    }
    if (colon && (!values_only(colon + 1, DIGITS) || strlen(colon + 1) > 4)) {
        *hint = "after the chip comes the line's number";
        return false;
    }
    if (colon && strchr(colon + 1, ':'))
        return false;
    return value_put_text(k, text, base, hint);
}

static void expect_line(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size,
             "a line: gpiochip0:17, pinctrl-bcm2711:17, a line's name such as GPIO17, "
             "or sim:NAME");
}

/* key:DEVICE:KEY_F5, or KEY_F5+KEY_ESC for any of them; the device's name may have anything in it.
 */
static bool set_key(const struct key *k, const char *text, void *base, const char **hint)
{
    const char *device = text + 4, *code = strrchr(device, ':');
    *hint = "porchlight setup lists the buttons of this machine, and learns which key one sends";
    if (!code || code == device || !values_only(code + 1, UPPER DIGITS "_+"))
        return false;
    for (int keys = 1;; keys++) {
        const char *one = code + 1;
        if (strncmp(one, "KEY_", 4) != 0 && strncmp(one, "BTN_", 4) != 0)
            return false;
        code = one + strcspn(one, "+");
        if (!*code)
            return value_put_text(k, text, base, hint);
        if (keys == CONFIG_BUTTON_KEYS_MAX) {
            *hint = "one switch takes at most 4 keys of a device";
            return false;
        }
    }
}

static bool is_topic(const char *text)
{
    return text[0] != '/' && text[0] != '$' && !strpbrk(text, "+#") &&
           utf8_printable(text, strlen(text));
}

/* What topics begin with; no / at its end. */
static bool set_topic(const struct key *k, const char *text, void *base, const char **hint)
{
    size_t len = strlen(text);
    if (!is_topic(text) || (len > 0 && text[len - 1] == '/')) {
        *hint = "no + and no #, and no / at either end";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_topic(const struct key *k, char *out, size_t size)
{
    snprintf(out, size,
             "the base topic of the buttons' gateway, such as home/zigbee2mqtt, at most %d bytes",
             (int)k->max - 1);
}

/* mqtt:TOPIC, a button by radio; key:DEVICE:KEY, one by USB or Bluetooth; or any wire. */
static bool set_switch_line(const struct key *k, const char *text, void *base, const char **hint)
{
    const char *topic = text + strlen(CONFIG_BUTTON);
    if (strncmp(text, "key:", 4) == 0)
        return set_key(k, text, base, hint);
    if (strncmp(text, CONFIG_BUTTON, strlen(CONFIG_BUTTON)) != 0)
        return set_line(k, text, base, hint);
    if (!topic[0] || !is_topic(topic)) {
        *hint = "write the whole topic of one button: no + and no #, and no / in front";
        return false;
    }
    if (strlen(topic) > CONFIG_BUTTON_TOPIC_MAX) {
        *hint = "it is too long; give the button a shorter name in its gateway";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_switch_line(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size,
             "a line: gpiochip0:17, pinctrl-bcm2711:17, a line's name such as GPIO17, sim:NAME, "
             "mqtt:TOPIC for a button by radio, or key:DEVICE:KEY for one by USB or Bluetooth");
}

/* What the kernel takes as the name of an interface. */
static bool set_interface(const struct key *k, const char *text, void *base, const char **hint)
{
    bool dots = strcmp(text, ".") == 0 || strcmp(text, "..") == 0;
    if (dots || text[strcspn(text, "/: \t")] != '\0' || !utf8_printable(text, strlen(text))) {
        *hint = "ip link lists those of this machine";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_interface(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "a network interface such as eth0 or wwan0, at most %d bytes",
             (int)k->max - 1);
}

/* ups:NAME, ups:NAME@HOST or ups:NAME@HOST:PORT, as NUT's own commands have it. HOST is never
 * looked up: the alarm waits for no name server. */
static bool values_is_ups(const char *text)
{
    char host[INET_ADDRSTRLEN] = "localhost";
    size_t name = strspn(text, LOWER UPPER DIGITS "_.-"), n = 0;
    const char *rest = text + name;
    struct in_addr four;
    if (rest[0] == '@') {
        n = strcspn(rest + 1, ":");
        snprintf(host, sizeof host, "%.*s", (int)n, rest + 1);
        rest += 1 + n;
    }
    if (name == 0 || n >= sizeof host ||
        (strcmp(host, "localhost") != 0 && inet_pton(AF_INET, host, &four) != 1))
        return false;
    return rest[0] == '\0' ||
           (n > 0 && rest[1] && values_only(rest + 1, DIGITS) && strlen(rest) <= 6);
}

static bool set_source(const struct key *k, const char *text, void *base, const char **hint)
{
    if (strncmp(text, "ups:", 4) != 0)
        return set_line(k, text, base, hint);
    *hint = "upsc -l lists the names that NUT knows";
    return values_is_ups(text + 4) && value_put_text(k, text, base, hint);
}

static void expect_source(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(
        out, size,
        "a line such as gpiochip0:24 or GPIO24, or a UPS: ups:NAME or ups:NAME@127.0.0.1:3493");
}

/* An IPv6 address, perhaps in brackets, perhaps with a zone. */
static bool values_is_six(const char *text)
{
    struct in6_addr six;
    char address[INET6_ADDRSTRLEN];
    size_t len = strlen(text), open = text[0] == '[';
    if (open != (len > 0 && text[len - 1] == ']'))
        return false;
    size_t zone = strcspn(text, "%");
    size_t end = zone < len ? zone : len - open;
    if (end - open >= sizeof address || (zone < len && zone + 1 + open >= len))
        return false;
    snprintf(address, sizeof address, "%.*s", (int)(end - open), text + open);
    return inet_pton(AF_INET6, address, &six) == 1;
}

const char *values_host_refusal(const char *text)
{
    enum { LABEL_MOST = 63 };
    struct in_addr four;
    size_t len = 0, digits = 0;
    for (const char *part = text; *part; part += len + (part[len] == '.')) {
        len = strcspn(part, ".");
        digits = strspn(part, DIGITS);
        if (len == 0)
            return "a dot is between two parts of a name";
        if (len > LABEL_MOST)
            return "between two dots of a name are 63 letters at most";
    }
    return digits == len && inet_pton(AF_INET, text, &four) != 1
               ? "an address has four numbers from 0 to 255, without zeros in front"
               : NULL;
}

static bool set_host(const struct key *k, const char *text, void *base, const char **hint)
{
    if (strstr(text, "://")) {
        *hint = "leave out everything up to and including ://";
        return false;
    }
    if (values_is_six(text))
        return value_put_text(k, text, base, hint);
    if (strchr(text, ':')) {
        *hint = "the port is a key of its own: port = 8883";
        return false;
    }
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x80 && !strchr(LOWER UPPER DIGITS ".-_", *c))
            return false;
    if (text[0] == '-')
        return false;
    const char *refusal = values_host_refusal(text);
    *hint = refusal ? refusal : *hint;
    return !refusal && value_put_text(k, text, base, hint);
}

static void expect_host(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a host name or an address, such as mqtt.example.org or 192.168.1.20");
}

static bool set_path(const struct key *k, const char *text, void *base, const char **hint)
{
    if (text[0] && text[0] != '/') {
        *hint = "begin with /";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_path(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a full path");
}

static bool set_store(const struct key *k, const char *text, void *base, const char **hint)
{
    static const char cell[] = "nvmem:";
    const char *name = text + strlen(cell);
    if (strncmp(text, cell, strlen(cell)) != 0)
        return set_path(k, text, base, hint);
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/')) {
        *hint = "ls /sys/bus/nvmem/devices shows the names there are";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_store(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a full path, or nvmem: and a cell's name");
}

static bool set_account(const struct key *k, const char *text, void *base, const char **hint)
{
    if (!values_only(text, LOWER UPPER DIGITS "_.@-"))
        return false;
    return value_put_text(k, text, base, hint);
}

static void expect_account(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "an account's name of letters, digits and _.@-");
}

static bool set_user(const struct key *k, const char *text, void *base, const char **hint)
{
    if (!utf8_printable(text, strlen(text))) {
        *hint = "something invisible is in it; type it again by hand";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_user(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "an account's name of at most %d bytes", (int)k->max - 1);
}

static bool set_wording(const struct key *k, const char *text, void *base, const char **hint)
{
    return value_put_text(k, text, base, hint);
}

static void expect_wording(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "a few words, at most %d bytes", (int)k->max - 1);
}

static bool set_credential(const struct key *k, const char *text, void *base, const char **hint)
{
    if (!values_only(text, LOWER UPPER DIGITS "_.-") || text[0] == '.') {
        *hint = "the password itself is in a file of that name in /etc/porchlight/credentials, "
                "never here";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_credential(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "the name of a credential's file, such as broker-outside");
}

static bool set_timezone(const struct key *k, const char *text, void *base, const char **hint)
{
    static const char zones[] = "/usr/share/zoneinfo";
    char path[128];
    snprintf(path, sizeof path, "%s/%s", zones, text);
    if (!values_only(text, LOWER UPPER DIGITS "_+/-") ||
        (access(zones, F_OK) == 0 && access(path, F_OK) != 0)) {
        *hint = "timedatectl list-timezones lists them";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static void expect_timezone(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a time zone such as Asia/Baku, or nothing for the system's");
}

/* Whether the text begins with one of k->words, "https://|http://localhost:", and goes on. */
static bool begins_well(const struct key *k, const char *text)
{
    size_t n;
    for (const char *word = k->words; *word; word += n + (word[n] == '|')) {
        n = strcspn(word, "|");
        if (strncmp(text, word, n) == 0 && text[n] != '\0' && text[n] != '/')
            return true;
    }
    return false;
}

/* Nothing is in it that a link would need escaped. */
static bool set_address(const struct key *k, const char *text, void *base, const char **hint)
{
    if (!values_only(text, LOWER UPPER DIGITS "_.:/[]~%-")) {
        *hint = "an address has no spaces, no # and no ?";
        return false;
    }
    if (text[0] && !begins_well(k, text)) {
        *hint = "only a name of this machine itself (localhost) may go without TLS";
        return false;
    }
    return value_put_text(k, text, base, hint);
}

static bool set_url(const struct key *k, const char *text, void *base, const char **hint)
{
    if (strncmp(text, "http:", 5) == 0)
        *hint = "use https, or a token would travel in the clear";
    if (text[strcspn(text, " \t\"\\")] != '\0' || (text[0] && !begins_well(k, text)))
        return false;
    return value_put_text(k, text, base, hint);
}

static void expect_address(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "an address of at most %d bytes that begins with %.*s", (int)k->max - 1,
             (int)strcspn(k->words, "|"), k->words);
}

static bool set_city(const struct key *k, const char *text, void *base, const char **hint)
{
    return value_put_text(k, text, base, hint);
}

static void expect_city(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "a city such as Baku");
}

const struct value_type value_id = {set_id, expect_id, false};
const struct value_type value_line = {set_line, expect_line, false};
const struct value_type value_switch_line = {set_switch_line, expect_switch_line, false};
const struct value_type value_topic = {set_topic, expect_topic, false};
const struct value_type value_interface = {set_interface, expect_interface, false};
const struct value_type value_source = {set_source, expect_source, false};
const struct value_type value_host = {set_host, expect_host, false};
const struct value_type value_path = {set_path, expect_path, false};
const struct value_type value_store = {set_store, expect_store, false};
const struct value_type value_account = {set_account, expect_account, false};
const struct value_type value_user = {set_user, expect_user, true};
const struct value_type value_wording = {set_wording, expect_wording, true};
const struct value_type value_credential = {set_credential, expect_credential, false};
const struct value_type value_address = {set_address, expect_address, false};
const struct value_type value_url = {set_url, expect_address, false};
const struct value_type value_city = {set_city, expect_city, false};
const struct value_type value_timezone = {set_timezone, expect_timezone, false};
