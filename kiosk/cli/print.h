#ifndef PORCHLIGHT_CLI_PRINT_H
#define PORCHLIGHT_CLI_PRINT_H

#include "kiosk/common/log.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>

/* How the command line prints text for people. On a terminal, lines break between words, so that
 * they fit 80 columns (or a narrower terminal). In a pipe or a file a paragraph stays one line, so
 * that it can be searched. A newline in the text begins a new line everywhere, and the spaces after
 * it indent that line and its further parts. */

/* Colours are used on a terminal only, and not where NO_COLOR is set or TERM is "dumb". */
enum print_tone { PRINT_PLAIN, PRINT_OK, PRINT_WARNING, PRINT_FAILURE };

/* A paragraph on stdout, and a newline. */
void print_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A paragraph on stderr, as it is: what a config's reader complains of. */
void print_complaint(const char *sentence);

/* One row of a list on stdout: `label` in its tone, padded to `width` columns, then the text, whose
 * further lines begin in the same column. */
void print_item(enum print_tone tone, const char *label, size_t width, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* JSON on stdout, as one line: an object, or one made of one or two texts (`key2` may be NULL).
 * What is printed is flushed, for a program that reads along. */
void print_json(const cJSON *object);
void print_json_texts(const char *key, const char *text, const char *key2, const char *text2);

/* "2026-11-30T03:13:25Z" in this machine's time zone: "Mon 30 Nov 03:13". What is no such stamp, or
 * NULL, is "an unknown time". */
enum { PRINT_MOMENT_MAX = 32 };
void print_moment(const char *stamp, char out[PRINT_MOMENT_MAX]);

/* Errors and warnings, on stderr: "porchlight SUBCOMMAND: sentence". For log_write_by. */
void print_problem(const char *program, enum log_level level, const char *sentence);

/* Columns and lines of the terminal that `out` is. 0, or -1 where it is none. */
int print_terminal_size(FILE *out, size_t *columns, size_t *lines);

#endif
