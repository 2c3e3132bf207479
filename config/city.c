#include "config/city.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, NEAR = 3 };

static char plain(char c)
{
    return c == '_' || c == '-' ? ' ' : (char)tolower((unsigned char)c);
}

static bool city_same(const char *a, const char *b)
{
    while (*a && plain(*a) == plain(*b)) {
        a++;
        b++;
    }
    return plain(*a) == plain(*b);
}

/* Single letters to put in, take out or change until one name is the other. */
static int apart(const char *a, const char *b)
{
    int row[NAME_MAX_BYTES + 1];
    int wide = (int)strlen(b);
    for (int x = 0; x <= wide; x++)
        row[x] = x;
    for (int y = 1; a[y - 1]; y++) {
        int corner = row[0];
        row[0] = y;
        for (int x = 1; x <= wide; x++) {
            int change = corner + (plain(a[y - 1]) != plain(b[x - 1]));
            int other = (row[x] < row[x - 1] ? row[x] : row[x - 1]) + 1;
            corner = row[x];
            row[x] = change < other ? change : other;
        }
    }
    return row[wide];
}

/* +4023, +402312, +04951 or +0495112: degrees in `whole` digits, at most 90 or 180, minutes,
 * perhaps seconds. What follows is returned, NULL if it is none of these. */
static const char *read_angle(const char *p, int whole, double *degrees)
{
    double part[3] = {0};
    bool south = *p == '-';
    size_t digits = strspn(++p, "0123456789");
    if (digits != (size_t)whole + 2 && digits != (size_t)whole + 4)
        return NULL;
    for (size_t k = 0; k < digits; k++) {
        size_t which = k < (size_t)whole ? 0 : (k - (size_t)whole) / 2 + 1;
        part[which] = part[which] * 10 + (p[k] - '0');
    }
    *degrees = part[0] + part[1] / 60 + part[2] / 3600;
    bool on_earth = *degrees <= (whole == 2 ? 90 : 180);
    if (south)
        *degrees = -*degrees;
    return on_earth ? p + digits : NULL;
}

/* "AZ<tab>+4023+04951<tab>Asia/Baku", perhaps with a remark after another tab. */
static bool read_row(char *line, struct city *out)
{
    char *place = strchr(line, '\t');
    char *zone = place ? strchr(place + 1, '\t') : NULL;
    if (line[0] == '#' || !zone)
        return false;
    zone[1 + strcspn(zone + 1, "\t\n")] = '\0';
    const char *rest = read_angle(place + 1, 2, &out->latitude);
    if (!rest || !read_angle(rest, 3, &out->longitude))
        return false;
    return (size_t)snprintf(out->timezone, sizeof out->timezone, "%s", zone + 1) <
           sizeof out->timezone;
}

static const char *last_word(const char *zone)
{
    const char *slash = strrchr(zone, '/');
    return slash ? slash + 1 : zone;
}

struct likeness {
    int apart;
    char name[CONFIG_NAME_MAX];
};

/* Keeps the three that are nearest, nearest first. */
static void city_remember(struct likeness best[NEAR], const char *asked, const char *name)
{
    size_t len = strlen(asked);
    int limit = len < 5 ? 1 : len < 9 ? 2 : 3, far = apart(asked, name);
    int at = NEAR;
    if (far > limit)
        return;
    while (at > 0 && (!best[at - 1].name[0] || best[at - 1].apart > far))
        at--;
    if (at == NEAR)
        return;
    memmove(best + at + 1, best + at, sizeof *best * (size_t)(NEAR - 1 - at));
    best[at].apart = far;
    snprintf(best[at].name, sizeof best[at].name, "%s", name);
    for (char *p = best[at].name; *p; p++)
        *p = *p == '_' ? ' ' : *p;
}

static void write_near(const struct likeness best[NEAR], char near[128])
{
    size_t n = 0;
    near[0] = '\0';
    for (int k = 0; k < NEAR && best[k].name[0]; k++)
        n += (size_t)snprintf(near + n, 128 - n, "%s%s", k ? ", " : "", best[k].name);
}

int city_find(const char *table, const char *name, struct city *out, char near[128])
{
    struct likeness best[NEAR] = {{0}};
    struct city row;
    char line[512];
    int result = -1;
    FILE *f = fopen(table, "re");

    near[0] = '\0';
    if (!f)
        return -1;
    if (strlen(name) > NAME_MAX_BYTES)
        goto close_table;
    while (result != 0 && fgets(line, sizeof line, f)) {
        if (!read_row(line, &row))
            continue;
        const char *word = last_word(row.timezone);
        if (city_same(name, word) || city_same(name, row.timezone)) {
            *out = row;
            result = 0;
        } else {
            city_remember(best, name, word);
        }
    }
    if (result != 0)
        write_near(best, near);
close_table:
    fclose(f);
    if (result != 0)
        errno = ESRCH;
    return result;
}
