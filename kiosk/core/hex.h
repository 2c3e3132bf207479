#ifndef PORCHLIGHT_CORE_HEX_H
#define PORCHLIGHT_CORE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Whether a text is exactly that many hex digits, in lower case: so are ids (16), keys and digests
 * written. */
static inline bool hex_is(const char *text, size_t digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

#endif
