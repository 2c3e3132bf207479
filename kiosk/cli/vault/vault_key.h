#ifndef PORCHLIGHT_CLI_VAULT_KEY_H
#define PORCHLIGHT_CLI_VAULT_KEY_H

#include "kiosk/cli/vault/vault_file.h"

#include <stdbool.h>

/* The cell's key of a vault: read from its cell, or for the cell "ram" typed at the terminal or
 * read from `key_file` (NULL: typed). `fresh`: a new random key is written to the cell first, which
 * must hold none; a new one is typed twice. `key` is in locked memory. 0, or -1 after a sentence on
 * stderr. */
int vault_cell_key(const char *prefix, const struct vault *v, const char *key_file, bool fresh,
                   uint8_t key[CELL_KEY]);

/* Takes a fresh key out of its cell again: its vault was not made after all. */
void vault_cell_forget(const char *prefix, const struct vault *v);

#endif
