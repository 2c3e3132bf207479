#include "kiosk/common/duration.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* From small to large: a tie in length goes to the larger unit. */
static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"min", INT64_C(60) * 1000000000},
    {"h", INT64_C(3600) * 1000000000},
    {"d", INT64_C(86400) * 1000000000},
};
enum { UNITS = sizeof units / sizeof units[0] };

#define LONGEST (INT64_C(366) * 86400 * 1000000000)

static const struct unit *unit_named(const char *name)
{
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(name, units[i].name) == 0)
            return &units[i];
    return NULL;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The digits after the point, times the unit. -1 if they do not come to whole nanoseconds; zeros
 * at the end mean nothing and may be many. */
static int add_fraction(const char **at, int64_t unit, int64_t *ns)
{
    int64_t numerator = 0, denominator = 1;
    const char *p = *at;
    if (!isdigit((unsigned char)*p))
        return -1;
    for (; isdigit((unsigned char)*p); p++) {
        if (*p == '0' && strspn(p, "0") == strspn(p, "0123456789"))
            continue;
        if (denominator > INT64_C(100000000000000))
            return -1;
        numerator = numerator * 10 + (*p - '0');
        denominator *= 10;
    }
    /* Divided by what both share first: the product would not fit. */
    int64_t shared = common_divisor(unit, denominator);
    if (numerator % (denominator / shared) != 0)
        return -1;
    *ns += numerator / (denominator / shared) * (unit / shared);
    *at = p;
    return 0;
}

int duration_parse(const char *text, int64_t *ns)
{
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return 0;
    }
    const struct unit *u = unit_named(text + strspn(text, "0123456789."));
    const char *p = text;
    int64_t whole = 0, sum;

    errno = EINVAL;
    if (!u || !isdigit((unsigned char)*p))
        return -1;
    for (; isdigit((unsigned char)*p); p++)
        if (whole <= LONGEST)
            whole = whole * 10 + (*p - '0');
    if (whole > LONGEST / u->ns) {
        errno = ERANGE;
        return -1;
    }
    sum = whole * u->ns;
    if (*p == '.') {
        p++;
        if (add_fraction(&p, u->ns, &sum) < 0)
            return -1;
    }
    if (p != text + strlen(text) - strlen(u->name))
        return -1;
    if (sum > LONGEST) {
        errno = ERANGE;
        return -1;
    }
    *ns = sum;
    return 0;
}

/* `ns` in one unit, if that holds at least one and a decimal fraction says it exactly. */
static int write_in(uint64_t ns, const struct unit *u, const char *sign, char *out, size_t size)
{
    uint64_t unit = (uint64_t)u->ns, rest = ns % unit;
    char digits[20];
    size_t n = 0;
    while (rest && n < sizeof digits - 1) {
        digits[n++] = (char)('0' + (unsigned)(rest * 10 / unit));
        rest = rest * 10 % unit;
    }
    digits[n] = '\0';
    if (rest || ns < unit)
        return -1;
    return snprintf(out, size, "%s%" PRIu64 "%s%s%s", sign, ns / unit, n ? "." : "", digits,
                    u->name);
}

void duration_format(int64_t ns, char *out, size_t size)
{
    uint64_t absolute = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    char text[48];
    int best = sizeof text;
    if (size == 0)
        return;
    snprintf(out, size, "0");
    for (size_t i = 0; ns != 0 && i < UNITS; i++) {
        int n = write_in(absolute, &units[i], ns < 0 ? "-" : "", text, sizeof text);
        if (n > 0 && n <= best) {
            best = n;
            snprintf(out, size, "%s", text);
        }
    }
}
