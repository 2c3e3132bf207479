#ifndef PORCHLIGHT_CONFIG_SCAN_H
#define PORCHLIGHT_CONFIG_SCAN_H

#include <stddef.h>

/* The lines of an INI file, through libinih, with what that leaves to its caller: line numbers,
 * section headers as events of their own (so that doubled and empty ones are seen), and a
 * complaint for every line that is no comment, header or `key = value`. Spaces before a line mean
 * nothing; a comment is on a line of its own after # or ;, or after a value and " ;".
 * The strings are valid during the call only. */
struct scan_events {
    void (*section)(void *context, int line, const char *name);
    void (*key)(void *context, int line, const char *key, const char *value);
    void (*bad)(void *context, int line, const char *sentence); /* "expected ...; how to fix it" */
};

/* The longest line, in bytes: libinih's buffer as Debian builds it. */
enum { SCAN_LINE_MAX = 198, SCAN_SECTION_MAX = 80 };

void scan_text(const char *text, size_t len, const struct scan_events *events, void *context);

#endif
