#ifndef PORCHLIGHT_CONFIG_SCAN_H
#define PORCHLIGHT_CONFIG_SCAN_H

#include <stddef.h>

/* The lines of an INI file: an event for each section header and each `key = value`, a complaint
 * for every line that is neither, nor a comment. A comment is on a line of its own, after # or ;.
 * The first = of a line ends the key, and all the rest is the value, whatever is in it. Blanks
 * around key and value mean nothing, nor do the marks that come along when people paste (utf8_trim:
 * no-break spaces, byte order marks) and a CR before the line's end.
 * The strings are valid during the call only. */
struct scan_events {
    void (*section)(void *context, int line, const char *name);
    void (*key)(void *context, int line, const char *key, const char *value);
    void (*bad)(void *context, int line, const char *sentence); /* "expected ...; how to fix it" */
};

/* The longest line, in bytes: a long token fits. */
enum { SCAN_LINE_MAX = 4096, SCAN_SECTION_MAX = 80 };

void scan_text(const char *text, size_t len, const struct scan_events *events, void *context);

#endif
