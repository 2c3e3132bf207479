#ifndef PORCHLIGHT_CLI_KEYS_ROOT_PAPER_H
#define PORCHLIGHT_CLI_KEYS_ROOT_PAPER_H

#include "kiosk/cli/keys/keyset.h"

#include <stddef.h>
#include <stdint.h>

/* The venue's root key as it stands on paper: four lines of sixteen hex digits, each with its
 * number before it and four more digits behind it that tell a slip. */
enum { ROOT_PAPER_LINES = 4 };

/* All of them, to stdout. */
void root_paper_print(const uint8_t seed[KEYSET_SEED]);

/* Asks `question` and takes the line that is typed, terminated, into `out` (locked memory). 0, or
 * -1: they leave. */
typedef int root_paper_line(const char *question, char *out, size_t size);

/* Asks for line after line, for each until its check is right. 0, or -1: they leave. */
int root_paper_ask(root_paper_line *line, uint8_t seed[KEYSET_SEED]);

/* The lines in a text, with or without their numbers; empty ones between them count for nothing.
 * 0; the number of the first that is not right; or -1: there are not four. */
int root_paper_read(const char *text, uint8_t seed[KEYSET_SEED]);

#endif
