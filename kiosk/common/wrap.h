#ifndef PORCHLIGHT_COMMON_WRAP_H
#define PORCHLIGHT_COMMON_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Text for people, broken between words. */

/* What --help is wrapped at. One of 80 columns is left free: some terminals break a line that fills
 * the last one. */
enum { WRAP_COLUMNS = 79 };

/* Writes text that begins in column `at` of the current line and goes on at `indent`, and a
 * newline. A newline in the text begins a new line, and the spaces after it indent that line and
 * its further parts. */
void wrap_text(FILE *out, size_t columns, size_t at, size_t indent, const char *text);

/* The characters in the first `len` bytes of UTF-8. */
size_t wrap_width(const char *text, size_t len);

#endif
