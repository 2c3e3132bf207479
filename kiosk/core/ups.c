#include "kiosk/core/ups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ups_begin(struct ups *u)
{
    *u = (struct ups){.charge = -1, .seconds = -1};
}

/* "OB LB": tokens, separated by blanks. */
static bool has_token(const char *status, const char *token)
{
    size_t n = strlen(token);
    for (const char *p = status; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strcspn(p, " ") == n && memcmp(p, token, n) == 0)
            return true;
    return false;
}

/* Decimal places are cut off. -1 for what is no number. */
static int whole(const char *value)
{
    char *end;
    long n = strtol(value, &end, 10);
    return end == value || n < 0 || n > 10000000 ? -1 : (int)n;
}

static void ups_take_value(struct ups *u, const char *key, const char *value)
{
    if (strcmp(key, "ups.status") == 0) {
        u->known = value[0] != '\0';
        u->on_battery = has_token(value, "OB");
        u->low = has_token(value, "LB");
        u->replace = has_token(value, "RB");
    } else if (strcmp(key, "battery.charge") == 0) {
        int percent = whole(value);
        u->charge = percent > 100 ? -1 : percent;
    } else if (strcmp(key, "battery.runtime") == 0)
        u->seconds = whole(value);
}

enum ups_line ups_take(struct ups *u, const char *line)
{
    char key[64], value[64];
    if (strncmp(line, "ERR", 3) == 0)
        return UPS_REFUSED;
    if (strncmp(line, "END LIST VAR", 12) == 0)
        return UPS_DONE;
    if (sscanf(line, "VAR %*s %63s \"%63[^\"]\"", key, value) == 2)
        ups_take_value(u, key, value);
    return UPS_MORE;
}
