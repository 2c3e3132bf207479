#ifndef PORCHLIGHT_CLI_KEYS_ROOT_PAPER_H
#define PORCHLIGHT_CLI_KEYS_ROOT_PAPER_H

#include "kiosk/cli/keys/keyset.h"

#include <stddef.h>
#include <stdint.h>

/* The venue's root key on paper: four lines of sixteen hex digits, each after its number and before
 * four more digits that show a typing mistake. */
enum { ROOT_PAPER_LINES = 4 };

/* All of them, to stdout. */
void root_paper_print(const uint8_t seed[KEYSET_SEED]);

/* Asks at the terminal (prompt.h) for line after line, each until its check is right. 0, or -1: the
 * host leaves, or there is no terminal. */
int root_paper_ask(uint8_t seed[KEYSET_SEED]);

/* The lines in a text, with or without their numbers; empty ones between them are ignored.
 * 0; the number of the first that is not right; or -1: there are not four. */
int root_paper_read(const char *text, uint8_t seed[KEYSET_SEED]);

#endif
