#include "kiosk/cli/conf_edit.h"

#include <stdio.h>
#include <string.h>

int conf_text_set(struct conf_text *c, const char *text, size_t len)
{
    if (len >= CONF_TEXT_MAX)
        return -1;
    memcpy(c->text, text, len);
    c->text[len] = '\0';
    c->len = len;
    return 0;
}

/* Replaces text[from, to) by `with`. */
static int splice(struct conf_text *c, size_t from, size_t to, const char *with)
{
    size_t n = strlen(with);
    if (c->len - (to - from) + n >= CONF_TEXT_MAX)
        return -1;
    memmove(c->text + from + n, c->text + to, c->len - to + 1);
    memcpy(c->text + from, with, n);
    c->len = c->len - (to - from) + n;
    return 0;
}

static size_t line_end(const struct conf_text *c, size_t at)
{
    const char *newline = memchr(c->text + at, '\n', c->len - at);
    return newline ? (size_t)(newline - c->text) + 1 : c->len;
}

static size_t skip_blanks(const struct conf_text *c, size_t at)
{
    while (at < c->len && (c->text[at] == ' ' || c->text[at] == '\t'))
        at++;
    return at;
}

static bool is_header(const struct conf_text *c, size_t at, const char *section)
{
    size_t n;
    at = skip_blanks(c, at);
    if (at >= c->len || c->text[at] != '[')
        return false;
    n = section ? strlen(section) : 0;
    return !section || (strncmp(c->text + at + 1, section, n) == 0 && c->text[at + 1 + n] == ']');
}

/* The header line of `section` (NULL: the next of any) from `at` on; len: none. */
static size_t find_header(const struct conf_text *c, size_t at, const char *section)
{
    while (at < c->len && !is_header(c, at, section))
        at = line_end(c, at);
    return at;
}

/* Where the section's last key ends: before blank lines and the comments of what follows. */
static size_t section_end(const struct conf_text *c, size_t header)
{
    size_t end = line_end(c, header), next = find_header(c, end, NULL);
    for (size_t at = end; at < next; at = line_end(c, at)) {
        size_t word = skip_blanks(c, at);
        bool key = word < c->len && c->text[word] != '\n' && c->text[word] != '#';
        bool off = word + 1 < c->len && c->text[word] == '#' && c->text[word + 1] != ' ' &&
                   c->text[word + 1] != '\n';
        if (key || off)
            end = line_end(c, at);
    }
    return end;
}

/* The line "key =" (or, with `off`, "#key =") in [from, to); to: none. */
static size_t find_key(const struct conf_text *c, size_t from, size_t to, const char *key, bool off)
{
    for (size_t at = from; at < to; at = line_end(c, at)) {
        size_t word = skip_blanks(c, at), n = strlen(key);
        if (off && c->text[word] != '#')
            continue;
        word += off ? 1 : 0;
        if (strncmp(c->text + word, key, n) != 0)
            continue;
        word = skip_blanks(c, word + n);
        if (word < to && c->text[word] == '=')
            return at;
    }
    return to;
}

bool conf_has(const struct conf_text *c, const char *section)
{
    return find_header(c, 0, section) < c->len;
}

static int add_section(struct conf_text *c, const char *section)
{
    char header[128];
    snprintf(header, sizeof header, "%s\n[%s]\n",
             c->len > 0 && c->text[c->len - 1] != '\n' ? "\n" : "", section);
    return splice(c, c->len, c->len, header);
}

int conf_set(struct conf_text *c, const char *section, const char *key, const char *value)
{
    char line[512];
    if (!conf_has(c, section) && (!value || add_section(c, section) < 0))
        return value ? -1 : 0;
    size_t header = find_header(c, 0, section), from = line_end(c, header);
    size_t to = section_end(c, header), at = find_key(c, from, to, key, false);
    if (!value)
        return at < to ? splice(c, at, at, "#") : 0;
    int n = snprintf(line, sizeof line, "%s = %s\n", key, value);
    if (n < 0 || (size_t)n >= sizeof line)
        return -1;
    if (at == to)
        at = find_key(c, from, to, key, true);
    return splice(c, at, at < to ? line_end(c, at) : at, line);
}

int conf_drop(struct conf_text *c, const char *section)
{
    size_t at = find_header(c, 0, section);
    return at == c->len ? 0 : splice(c, at, section_end(c, at), "");
}
