#include "kiosk/cli/print.h"

#include "kiosk/common/wrap.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS_MIN = 40 };

int print_terminal_size(FILE *out, size_t *columns, size_t *lines)
{
    struct winsize size;
    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return -1;
    *columns = size.ws_col;
    *lines = size.ws_row;
    return 0;
}

static size_t columns_of(FILE *out)
{
    size_t columns, lines;
    if (!isatty(fileno(out)))
        return SIZE_MAX;
    if (print_terminal_size(out, &columns, &lines) < 0 || columns > WRAP_COLUMNS)
        return WRAP_COLUMNS;
    return columns > COLUMNS_MIN ? columns - 1 : COLUMNS_MIN;
}

static const char *colour_of(FILE *out, enum print_tone tone)
{
    static const char *const colours[] = {"", "\033[32m", "\033[33m", "\033[1;31m"};
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = term && strcmp(term, "dumb") == 0;
    return isatty(fileno(out)) && !(none && none[0]) && !dumb ? colours[tone] : "";
}

static void print_label(FILE *out, enum print_tone tone, const char *label, size_t width)
{
    const char *colour = colour_of(out, tone);
    size_t used = wrap_width(label, strlen(label));
    fprintf(out, "%s%s%s%*s", colour, label, colour[0] ? "\033[0m" : "",
            (int)(used < width ? width - used : 0), "");
}

__attribute__((format(printf, 2, 0))) static void wrap_formatted(size_t indent, const char *format,
                                                                 va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) >= 0)
        wrap_text(stdout, columns_of(stdout), indent, indent, text);
    free(text);
}

void print_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    wrap_formatted(0, format, args);
    va_end(args);
}

void print_complaint(const char *sentence)
{
    wrap_text(stderr, columns_of(stderr), 0, 4, sentence);
}

void print_item(enum print_tone tone, const char *label, size_t width, const char *format, ...)
{
    va_list args;
    print_label(stdout, tone, label, width);
    va_start(args, format);
    wrap_formatted(width, format, args);
    va_end(args);
}

void print_json(const cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);
    puts(text ? text : "{}");
    fflush(stdout);
    cJSON_free(text);
}

void print_json_texts(const char *key, const char *text, const char *key2, const char *text2)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, key, text);
    if (key2)
        cJSON_AddStringToObject(object, key2, text2);
    print_json(object);
    cJSON_Delete(object);
}

void print_problem(const char *program, enum log_level level, const char *sentence)
{
    char label[96];
    bool error = level == LOG_LEVEL_ERROR, warning = level == LOG_LEVEL_WARNING;
    snprintf(label, sizeof label, "%s: %s", program, warning ? "warning: " : "");
    fflush(stdout); /* both may be one terminal */
    print_label(stderr, error ? PRINT_FAILURE : warning ? PRINT_WARNING : PRINT_PLAIN, label, 0);
    wrap_text(stderr, columns_of(stderr), wrap_width(label, strlen(label)), 4, sentence);
}

void print_moment(const char *stamp, char out[PRINT_MOMENT_MAX])
{
    struct tm utc = {0}, local;
    const char *end = stamp ? strptime(stamp, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;
    time_t at = timegm(&utc);
    if (!end || *end || !localtime_r(&at, &local) ||
        strftime(out, PRINT_MOMENT_MAX, "%a %d %b %H:%M", &local) == 0)
        snprintf(out, PRINT_MOMENT_MAX, "an unknown time");
}
