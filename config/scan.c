#include "config/scan.h"

#include "kiosk/common/utf8.h"

#include <ctype.h>
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
        return "the line is longer than 4096 bytes; shorten it";
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
            return "found a control character; expected text (is this the right file?)";
    return NULL;
}

static void scan_bad(struct scan *s, const char *sentence)
{
    s->events->bad(s->context, s->line, sentence);
}

static void take_header(struct scan *s, const char *line)
{
    char name[SCAN_SECTION_MAX + 1], text[SCAN_SECTION_MAX + 128];
    if (header_name(line, name)) {
        s->events->section(s->context, s->line, name);
        return;
    }
    snprintf(text, sizeof text,
             "found %.*s, expected a section header such as [venue] and nothing after it",
             (int)utf8_fit(line, SCAN_SECTION_MAX), line);
    scan_bad(s, text);
}

/* The first = ends the key; everything after it is the value's. */
static void take_pair(struct scan *s, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals || memchr(line, ':', (size_t)(equals - line))) {
        scan_bad(s, "expected key = value, or a # in front if it is a comment");
        return;
    }
    size_t len = (size_t)(equals - line);
    char *key = line + (utf8_trim(line, &len) - line);
    if (len == 0) {
        scan_bad(s, "expected a key before the = sign");
        return;
    }
    size_t rest = strlen(equals + 1);
    const char *value = utf8_trim(equals + 1, &rest); /* the line is trimmed: it ends there */
    key[len] = '\0';
    s->events->key(s->context, s->line, key, value);
}

/* One line, without what surrounds it, terminated. */
static void scan_take_line(struct scan *s, char *line)
{
    switch (line[0]) {
    case '\0':
    case '#':
    case ';':
        break;
    case '[':
        take_header(s, line);
        break;
    default:
        take_pair(s, line);
    }
}

/* The next line without its end and without the blanks around it. Its length goes into *len. */
static const char *next_text(struct scan *s, size_t *len)
{
    const char *start = s->at, *newline = memchr(start, '\n', (size_t)(s->end - start));
    const char *stop = newline ? newline : s->end;
    s->at = newline ? newline + 1 : s->end;
    s->line++;
    if (stop > start && stop[-1] == '\r')
        stop--;
    *len = (size_t)(stop - start);
    return utf8_trim(start, len);
}

/* By its mark, or by the zeros between letters. */
static bool scan_is_utf16(const char *text, size_t len)
{
    return len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 ||
                        (text[0] == '\0') != (text[1] == '\0'));
}

void scan_text(const char *text, size_t len, const struct scan_events *events, void *context)
{
    struct scan s = {.events = events, .context = context, .at = text, .end = text + len};
    char line[SCAN_LINE_MAX + 1];

    if (scan_is_utf16(text, len)) {
        s.line = 1;
        scan_bad(&s, "found UTF-16 text, which cannot be read; save the file as UTF-8");
        return;
    }

    while (s.at < s.end) {
        size_t n;
        const char *next = next_text(&s, &n), *fault = scan_fault_of(next, n);
        if (fault) {
            scan_bad(&s, fault);
            continue;
        }
        memcpy(line, next, n);
        line[n] = '\0';
        scan_take_line(&s, line);
    }
}
