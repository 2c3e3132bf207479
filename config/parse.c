#include "config/parse.h"

#include <stdarg.h>
#include <stdio.h>

static int write_place(char *out, size_t size, const struct parse *p, const struct instance *in,
                       int line, const char *key)
{
    int n = line > 0 ? snprintf(out, size, "%s:%d: ", p->path, line)
                     : snprintf(out, size, "%s: ", p->path);
    if (in)
        n += snprintf(out + n, size - (size_t)n, "[%s%s%s] ", in->section->name,
                      in->name[0] ? " " : "", in->name);
    if (key)
        n += snprintf(out + n, size - (size_t)n, "%.64s: ", key);
    return n;
}

void parse_complain(struct parse *p, const struct instance *in, int line, const char *key,
                    const char *format, ...)
{
    char sentence[SENTENCE_MAX + 512];
    int n = write_place(sentence, SENTENCE_MAX, p, in, line, key);
    va_list args;

    if (n >= SENTENCE_MAX)
        n = SENTENCE_MAX - 1;
    va_start(args, format);
    vsnprintf(sentence + n, sizeof sentence - (size_t)n, format, args);
    va_end(args);
    p->complaints++;
    p->complain(p->context, sentence);
}

int parse_line_of(const struct instance *in, const char *key)
{
    int line = in->key_line[key_named(in->section, key) - config_keys];
    return line ? line : in->line;
}
