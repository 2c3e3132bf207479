#include "config/scan.h"

#include <ctype.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct scan {
    const struct scan_events *events;
    void *context;
    const char *at, *end;
    int line;
};

/* "[name]" and nothing after it, or a comment. */
static bool header_name(const char *line, char name[SCAN_SECTION_MAX + 1])
{
    const char *close = strchr(line, ']');
    if (!close || close - line - 1 > SCAN_SECTION_MAX)
        return false;
    const char *rest = close + 1 + strspn(close + 1, " \t");
    if (*rest != '\0' && *rest != ';' && *rest != '#')
        return false;
    snprintf(name, SCAN_SECTION_MAX + 1, "%.*s", (int)(close - line - 1), line + 1);
    return true;
}

static const char *scan_fault_of(const char *line, size_t len)
{
    if (len > SCAN_LINE_MAX)
        return "the line is longer than 198 bytes; shorten it";
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
            return "found a control character; expected text (is this the right file?)";
    return NULL;
}

static void bad_header(struct scan *s, const char *line)
{
    char text[SCAN_LINE_MAX + 100];
    snprintf(text, sizeof text,
             "found %s, expected a section header such as [venue] and nothing after it", line);
    s->events->bad(s->context, s->line, text);
}

/* Looks at one line (trimmed in front, terminated). True if libinih is to see it. */
static bool scan_take_line(struct scan *s, const char *line)
{
    char name[SCAN_SECTION_MAX + 1];
    switch (line[0]) {
    case '\0':
    case '#':
    case ';':
        return false;
    case '[':
        if (header_name(line, name))
            s->events->section(s->context, s->line, name);
        else
            bad_header(s, line);
        return false;
    case '=':
    case ':':
        s->events->bad(s->context, s->line, "expected a key before the = sign");
        return false;
    default:
        if (strchr(line, '=') && !memchr(line, ':', strcspn(line, "=")))
            return true;
        s->events->bad(s->context, s->line,
                       "expected key = value, or a # in front if it is a comment");
        return false;
    }
}

/* The next line without what surrounds it: line end, leading blanks, the mark that some editors
 * begin a file with. Its length goes into *len. */
static const char *next_text(struct scan *s, size_t *len)
{
    const char *start = s->at, *newline = memchr(start, '\n', (size_t)(s->end - start));
    const char *stop = newline ? newline : s->end;
    s->at = newline ? newline + 1 : s->end;
    s->line++;
    if (s->line == 1 && stop - start >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0)
        start += 3;
    if (stop > start && stop[-1] == '\r')
        stop--;
    while (start < stop && (*start == ' ' || *start == '\t'))
        start++;
    *len = (size_t)(stop - start);
    return start;
}

/* libinih's reader: one call, one line, so that s->line is the line of the handler's call. What
 * is not for it arrives as an empty line. */
static char *next_line(char *out, int size, void *stream)
{
    struct scan *s = stream;
    size_t len;

    if (s->at == s->end)
        return NULL;
    const char *text = next_text(s, &len), *fault = scan_fault_of(text, len);
    if (!fault && len + 2 > (size_t)size)
        fault = "the line is too long; shorten it";
    if (fault) {
        s->events->bad(s->context, s->line, fault);
        len = 0;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    memcpy(out + (scan_take_line(s, out) ? len : 0), "\n", 2);
    return out;
}

static int scan_take_key(void *context, const char *section, const char *key, const char *value)
{
    struct scan *s = context;

    (void)section;
    s->events->key(s->context, s->line, key, value);
    return 1;
}

void scan_text(const char *text, size_t len, const struct scan_events *events, void *context)
{
    struct scan s = {.events = events, .context = context, .at = text, .end = text + len};

    ini_parse_stream(next_line, &s, scan_take_key, &s);
}
