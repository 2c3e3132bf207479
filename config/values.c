#include "config/values.h"

#include "config/keys.h"
#include "kiosk/common/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One setter for each kind of value; the table says which key is of which kind. Names, addresses
 * and other text are in values_text.c. */

static void *field(const struct key *k, void *base)
{
    return (char *)base + k->offset;
}

bool values_only(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

const char *values_next_part(const char *list, char *part, size_t size)
{
    if (!list || !*list)
        return NULL;
    list += strspn(list, " \t");
    size_t n = strcspn(list, ",");
    const char *behind = list + n + (list[n] == ',');
    while (n > 0 && (list[n - 1] == ' ' || list[n - 1] == '\t'))
        n--;
    snprintf(part, size, "%.*s", (int)n, list);
    return behind;
}

bool values_ends_in_comma(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && text[n - 1] == ',';
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

int values_choice(const char *words, const char *text)
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
    int i = values_choice(k->words, text);
    (void)hint;
    if (i >= 0)
        memcpy(field(k, base), &i, sizeof i);
    return i >= 0;
}

static bool set_word(const struct key *k, const char *text, void *base, const char **hint)
{
    return values_choice(k->words, text) >= 0 && value_put_text(k, text, base, hint);
}

static bool set_one_of(const struct key *k, const char *text, void *base, const char **hint)
{
    int n = atoi(text);
    (void)hint;
    if (values_choice(k->words, text) < 0)
        return false;
    memcpy(field(k, base), &n, sizeof n);
    return true;
}

static bool set_bool(const struct key *k, const char *text, void *base, const char *no_yes)
{
    int i = values_choice(no_yes, text);
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
