#ifndef PORCHLIGHT_CLI_VAULT_KEY_H
#define PORCHLIGHT_CLI_VAULT_KEY_H

#include "kiosk/cli/vault/vault_file.h"

#include <stdbool.h>

/* The cell's key of a vault: read from its cell; or, for the cell "ram", typed at the terminal or
 * read from `key_file` (NULL: typed). With `fresh`, a new random key is written to the cell first,
 * which must be empty; a new typed key is asked for twice. `key` is in locked memory. 0, or -1
 * after a complaint. */
int vault_cell_key(const char *prefix, const struct vault *v, const char *key_file, bool fresh,
                   uint8_t key[CELL_KEY]);

/* Removes a fresh key from its cell again, because its vault was not made after all. */
void vault_cell_forget(const char *prefix, const struct vault *v);

#endif
