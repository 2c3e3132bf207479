#include "config/keys.h"
#include "kiosk/common/duration.h"
#include "kiosk/common/utf8.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One setter for each kind of value; the table says which key is of which kind. */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static void *field(const struct key *k, void *base)
{
    return (char *)base + k->offset;
}

static bool values_only(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

bool value_put_text(const struct key *k, const char *text, void *base, const char **hint)
{
    size_t size = (size_t)k->max, len = strlen(text);
    if (len >= size) {
        *hint = "it is too long";
        return false;
    }
    memcpy(field(k, base), text, len + 1);
    return true;
}

/* --- durations ------------------------------------------------------------------------------ */

static bool read_duration(const char *text, int64_t *ns, const char **hint)
{
    if (duration_parse(text, ns) == 0)
        return true;
    if (text[0] && values_only(text, DIGITS "."))
        *hint = "write the unit directly after the number: us, ms, s, min, h or d";
    else if (strchr(text, ' '))
        *hint = "leave no space between number and unit";
    else if (strchr(text, ','))
        *hint = "write decimals after a point, as in 1.5";
    return false;
}

static bool set_duration(const struct key *k, const char *text, void *base, const char **hint)
{
    int64_t ns;
    if (!read_duration(text, &ns, hint) || ns < k->min || ns > k->max)
        return false;
    memcpy(field(k, base), &ns, sizeof ns);
    return true;
}

static bool set_off_or_more(const struct key *k, const char *text, void *base, const char **hint)
{
    int64_t ns;
    if (!read_duration(text, &ns, hint) || (ns != 0 && (ns < k->min || ns > k->max)))
        return false;
    memcpy(field(k, base), &ns, sizeof ns);
    return true;
}

static bool set_seconds(const struct key *k, const char *text, void *base, const char **hint)
{
    int64_t ns;
    return read_duration(text, &ns, hint) && ns % INT64_C(1000000000) == 0 &&
           set_duration(k, text, base, hint);
}

static void expect_range(const struct key *k, const char *what, char *out, size_t size)
{
    char min[32], max[32];
    duration_format(k->min, min, sizeof min);
    duration_format(k->max, max, sizeof max);
    bool example = k->fallback && strcmp(k->fallback, "0") != 0;
    snprintf(out, size, "%s from %s to %s%s%s", what, min, max, example ? ", such as " : "",
             example ? k->fallback : "");
}

static void expect_duration(const struct key *k, char *out, size_t size)
{
    expect_range(k, "a duration", out, size);
}

static void expect_off_or_more(const struct key *k, char *out, size_t size)
{
    expect_range(k, "0 for none, or a duration", out, size);
}

static void expect_seconds(const struct key *k, char *out, size_t size)
{
    expect_range(k, "a duration of whole seconds", out, size);
}

const struct value_type value_duration = {set_duration, expect_duration, false};
const struct value_type value_off_or_more = {set_off_or_more, expect_off_or_more, false};
const struct value_type value_seconds = {set_seconds, expect_seconds, false};

/* --- numbers -------------------------------------------------------------------------------- */

static bool set_number(const struct key *k, const char *text, void *base, const char **hint)
{
    if (!text[0] || !values_only(text, DIGITS) || strlen(text) > 9) {
        *hint = "write digits only";
        return false;
    }
    int n = atoi(text);
    if (n < k->min || n > k->max)
        return false;
    memcpy(field(k, base), &n, sizeof n);
    return true;
}

static void expect_number(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "a whole number from %" PRId64 " to %" PRId64, k->min, k->max);
}

/* Read by hand: strtod would follow the locale's comma. */
static bool set_degrees(const struct key *k, const char *text, void *base, const char **hint)
{
    const char *p = text + (*text == '-');
    size_t whole = strspn(p, DIGITS), part = 0;
    double value = 0, scale = 1;
    if (p[whole] == '.')
        part = strspn(p + whole + 1, DIGITS);
    size_t len = whole + (part ? part + 1 : 0);
    if (whole < 1 || whole > 3 || part > 8 || p[len] != '\0') {
        *hint = strchr(text, ',')
                    ? "write decimals after a point, as in 1.5"
                    : "write degrees as a decimal number, south and west with a minus";
        return false;
    }
    for (const char *d = p; *d; d++) {
        if (*d == '.')
            continue;
        value = value * 10 + (*d - '0');
        scale *= d > p + whole ? 10 : 1;
    }
    value = (*text == '-' ? -value : value) / scale;
    if (value < (double)k->min || value > (double)k->max)
        return false;
    memcpy(field(k, base), &value, sizeof value);
    return true;
}

static void expect_degrees(const struct key *k, char *out, size_t size)
{
    snprintf(out, size, "degrees from %" PRId64 " to %" PRId64 ", such as %s", k->min, k->max,
             k->fallback);
}

const struct value_type value_number = {set_number, expect_number, false};
const struct value_type value_degrees = {set_degrees, expect_degrees, false};

/* --- choices -------------------------------------------------------------------------------- */

/* Which of "a|b|c" the text is; -1: none. */
static int choice_of(const char *words, const char *text)
{
    size_t len = strlen(text);
    for (int i = 0; *words; i++) {
        size_t n = strcspn(words, "|");
        if (n == len && memcmp(words, text, n) == 0)
            return i;
        words += n + (words[n] == '|');
    }
    return -1;
}

static void expect_choice(const struct key *k, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "one of ");
    for (const char *p = k->words; *p && n + 3 < size; p++) {
        if (*p != '|') {
            out[n++] = *p;
            continue;
        }
        out[n++] = ',';
        out[n++] = ' ';
    }
    out[n] = '\0';
}

static bool set_choice(const struct key *k, const char *text, void *base, const char **hint)
{
    int i = choice_of(k->words, text);
    (void)hint;
    if (i >= 0)
        memcpy(field(k, base), &i, sizeof i);
    return i >= 0;
}

static bool set_word(const struct key *k, const char *text, void *base, const char **hint)
{
    return choice_of(k->words, text) >= 0 && value_put_text(k, text, base, hint);
}

static bool set_one_of(const struct key *k, const char *text, void *base, const char **hint)
{
    int n = atoi(text);
    (void)hint;
    if (choice_of(k->words, text) < 0)
        return false;
    memcpy(field(k, base), &n, sizeof n);
    return true;
}

static bool set_bool(const struct key *k, const char *text, void *base, const char *no_yes)
{
    int i = choice_of(no_yes, text);
    bool value = i == 1;
    if (i >= 0)
        memcpy(field(k, base), &value, sizeof value);
    return i >= 0;
}

static bool set_yes_no(const struct key *k, const char *text, void *base, const char **hint)
{
    (void)hint;
    return set_bool(k, text, base, "no|yes");
}

static void expect_yes_no(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "yes or no");
}

static bool set_level(const struct key *k, const char *text, void *base, const char **hint)
{
    (void)hint;
    return set_bool(k, text, base, "high|low");
}

static void expect_level(const struct key *k, char *out, size_t size)
{
    (void)k;
    snprintf(out, size, "low (a contact to ground) or high");
}

const struct value_type value_choice = {set_choice, expect_choice, false};
const struct value_type value_word = {set_word, expect_choice, false};
const struct value_type value_one_of = {set_one_of, expect_choice, false};
const struct value_type value_yes_no = {set_yes_no, expect_yes_no, false};
const struct value_type value_level = {set_level, expect_level, false};

/* --- names and addresses -------------------------------------------------------------------- */

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
    if (text[0] == '-' || text[0] == '.' || strstr(text, ".."))
        return false;
    return value_put_text(k, text, base, hint);
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
