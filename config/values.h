#ifndef PORCHLIGHT_CONFIG_VALUES_H
#define PORCHLIGHT_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>

/* What the setters of values.c and values_text.c share. */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Whether the text has these characters alone. True for "". */
bool values_only(const char *text, const char *allowed);

/* The next part of a comma-separated list, without the spaces around it, into part. Returns after
 * it, or NULL when the list is at its end; a part that is too long is cut (and refused as such). */
const char *values_next_part(const char *list, char *part, size_t size);
bool values_ends_in_comma(const char *text);

/* Which of "a|b|c" the text is; -1: none. */
int values_choice(const char *words, const char *text);

/* Why this can be neither a host's name nor an IPv4 address, although its letters are right: a
 * clause in static storage. NULL: it can. */
const char *values_host_refusal(const char *text);

#endif
