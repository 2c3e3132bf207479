#ifndef PORCHLIGHT_CONFIG_VALUES_H
#define PORCHLIGHT_CONFIG_VALUES_H

#include <stdbool.h>

/* What the setters of values.c and values_text.c share. */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Whether the text has these characters alone. True for "". */
bool values_only(const char *text, const char *allowed);

#endif
