#include "kiosk/screen/language.h"

#include "kiosk/common/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 16384, LINE_LETTERS = 1000 };

static const char english[] = "script = Latn\n"
                              "morning = Good morning\nday = Welcome\nevening = Good evening\n"
                              "weekdays = Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, "
                              "Sunday\n"
                              "months = January, February, March, April, May, June, July, August, "
                              "September, October, November, December\n"
                              "date = {weekday}, {day} {month}\n";

/* A word without the blanks around it, into out, of at most `letters` letters of 1 to 4 bytes and a
 * 0. -1 for a longer one. */
static int language_take(const char *from, size_t len, char *out, size_t letters)
{
    while (len > 0 && (*from == ' ' || *from == '\t')) {
        from++;
        len--;
    }
    while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '\t' || from[len - 1] == '\r'))
        len--;
    if (len > 4 * letters)
        return -1;
    memcpy(out, from, len);
    out[len] = '\0';
    return utf8_span(out, letters) == len ? 0 : -1;
}

/* Exactly `count` words between commas. */
static int take_list(const char *value, char (*out)[LANGUAGE_WORD], int count)
{
    for (int k = 0; k < count; k++) {
        size_t len = strcspn(value, ",");
        if (language_take(value, len, out[k], LANGUAGE_WORD_LETTERS) != 0 || out[k][0] == '\0')
            return -1;
        value += len;
        if (k + 1 < count && *value++ != ',')
            return -1;
    }
    return *value == '\0' ? 0 : -1;
}

static int take_digits(const char *value, struct language *l)
{
    size_t left = strlen(value);
    for (int k = 0; k < 10; k++) {
        uint32_t digit;
        size_t n = utf8_step(value, left, &digit);
        if (n == 0)
            return -1;
        memcpy(l->digits[k], value, n);
        l->digits[k][n] = '\0';
        value += n;
        left -= n;
    }
    return left == 0 ? 0 : -1;
}

/* 0, -1 with what is expected in *want, or 1 for an unknown key. */
static int language_take_key(struct language *l, const char *key, const char *value,
                             const char **want)
{
    static const char *const hours[HOURS] = {"morning", "day", "evening"};
    for (int k = 0; k < HOURS; k++) {
        *want = "a greeting of at most 80 letters";
        if (strcmp(key, hours[k]) == 0)
            return language_take(value, strlen(value), l->greeting[k], LANGUAGE_LINE_LETTERS);
    }
    if (strcmp(key, "script") == 0) {
        *want = "four letters, such as Latn, Cyrl, Geor or Arab";
        if (strlen(value) != 4)
            return -1;
        memcpy(l->script, value, 5);
        return 0;
    }
    if (strcmp(key, "direction") == 0) {
        *want = "ltr or rtl";
        l->rtl = strcmp(value, "rtl") == 0;
        return l->rtl || strcmp(value, "ltr") == 0 ? 0 : -1;
    }
    if (strcmp(key, "weekdays") == 0) {
        *want = "seven words of at most 30 letters, with commas between them, Monday first";
        return take_list(value, l->weekday, 7);
    }
    if (strcmp(key, "months") == 0) {
        *want = "twelve words of at most 30 letters, with commas between them, January first";
        return take_list(value, l->month, 12);
    }
    if (strcmp(key, "date") == 0) {
        *want = "a pattern of at most 80 letters with {weekday}, {day} and {month}";
        bool whole = strstr(value, "{day}") && strstr(value, "{month}");
        return whole ? language_take(value, strlen(value), l->date, LANGUAGE_LINE_LETTERS) : -1;
    }
    if (strcmp(key, "digits") == 0) {
        *want = "ten digits, zero first, with nothing between them";
        return take_digits(value, l);
    }
    return 1;
}

static int language_take_line(struct language *l, const char *file, int number, const char *line,
                              size_t len, char why[256])
{
    char text[4 * LINE_LETTERS + 1], key[4 * 32 + 1], *value;
    const char *want = "";
    if (language_take(line, len, text, LINE_LETTERS) != 0) {
        snprintf(why, 256, "%s:%d: the line has more than 1000 letters", file, number);
        return -1;
    }
    if (text[0] == '\0' || text[0] == '#' || text[0] == ';')
        return 0;
    value = strchr(text, '=');
    if (!value || language_take(text, (size_t)(value - text), key, 32) != 0) {
        snprintf(why, 256, "%s:%d: found \"%.*s\", expected \"key = words\"", file, number,
                 (int)utf8_fit(text, 60), text);
        return -1;
    }
    value++;
    value += strspn(value, " \t");
    int got = language_take_key(l, key, value, &want);
    if (got > 0)
        snprintf(why, 256, "%s:%d: unknown key \"%s\"; en.conf explains all", file, number, key);
    else if (got < 0)
        snprintf(why, 256, "%s:%d: %s: found \"%.*s\", expected %s", file, number, key,
                 (int)utf8_fit(value, 60), value, want);
    return got == 0 ? 0 : -1;
}

int language_parse(const char *file, const char *text, size_t len, struct language *l,
                   char why[256])
{
    memset(l, 0, sizeof *l);
    if (!utf8_valid(text, len)) {
        snprintf(why, 256,
                 "%s: not UTF-8. Save it as UTF-8: iconv -f CP1251 -t UTF-8 (or whatever encoding "
                 "it has)",
                 file);
        return -1;
    }
    int number = 1;
    for (size_t at = utf8_mark(text, len); at < len; number++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - (text + at)) : len - at;
        if (language_take_line(l, file, number, text + at, n, why) != 0)
            return -1;
        at += n + 1;
    }
    if (l->script[0] == '\0')
        strcpy(l->script, "Latn");
    const char *lacks = l->greeting[HOUR_DAY][0] == '\0' ? "day"
                        : l->weekday[0][0] == '\0'       ? "weekdays"
                        : l->month[0][0] == '\0'         ? "months"
                        : l->date[0] == '\0'             ? "date"
                                                         : NULL;
    if (lacks) {
        snprintf(why, 256, "%s: the key \"%s\" is missing; en.conf explains all", file, lacks);
        return -1;
    }
    for (int k = 0; k < HOURS; k++) {
        if (l->greeting[k][0] == '\0')
            memcpy(l->greeting[k], l->greeting[HOUR_DAY], LANGUAGE_LINE);
    }
    return 0;
}

void language_default(struct language *l)
{
    char why[256];
    language_parse("built in", english, sizeof english - 1, l, why);
    strcpy(l->code, "en");
}

int language_load(const char *folder, const char *code, struct language *l, char why[256])
{
    char path[512], text[FILE_MOST];
    size_t len = 0;
    ssize_t n;
    if ((size_t)snprintf(path, sizeof path, "%s/%s.conf", folder, code) >= sizeof path ||
        strchr(code, '/') || code[0] == '.') {
        errno = EINVAL;
        snprintf(why, 256, "language \"%s\": not a name for a file", code);
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(why, 256, "%.160s: %s", path, strerror(errno));
        return -1;
    }
    while (len < sizeof text && (n = read(fd, text + len, sizeof text - len)) > 0)
        len += (size_t)n;
    close(fd);
    if (len == sizeof text) {
        errno = EFBIG;
        snprintf(why, 256, "%.200s: longer than 16 kB", path);
        return -1;
    }
    if (language_parse(path, text, len, l, why) != 0) {
        errno = EINVAL;
        return -1;
    }
    snprintf(l->code, sizeof l->code, "%s", code);
    return 0;
}

static void language_put(char *out, size_t size, size_t *at, const char *text)
{
    size_t n = strlen(text);
    if (*at + n < size) {
        memcpy(out + *at, text, n + 1);
        *at += n;
    }
}

static void language_put_number(const struct language *l, char *out, size_t size, size_t *at,
                                int value, int least)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%0*d", least, value);
    for (const char *d = digits; *d; d++) {
        char plain[2] = {*d, 0};
        bool own = *d >= '0' && *d <= '9' && l->digits[0][0] != '\0';
        language_put(out, size, at, own ? l->digits[*d - '0'] : plain);
    }
}

void language_number(const struct language *l, int value, int least, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    language_put_number(l, out, size, &at, value, least);
}

void language_date(const struct language *l, int weekday, int day, int month, int year, char *out,
                   size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (const char *p = l->date; *p;) {
        if (strncmp(p, "{weekday}", 9) == 0) {
            language_put(out, size, &at, l->weekday[weekday]);
            p += 9;
        } else if (strncmp(p, "{day}", 5) == 0) {
            language_put_number(l, out, size, &at, day, 1);
            p += 5;
        } else if (strncmp(p, "{month}", 7) == 0) {
            language_put(out, size, &at, l->month[month]);
            p += 7;
        } else if (strncmp(p, "{year}", 6) == 0) {
            language_put_number(l, out, size, &at, year, 1);
            p += 6;
        } else {
            char one[2] = {*p++, 0};
            language_put(out, size, &at, one);
        }
    }
}
