#ifndef PORCHLIGHT_CLI_VAULT_FILE_H
#define PORCHLIGHT_CLI_VAULT_FILE_H

#include "hw/cell.h"
#include "kiosk/common/paths.h"

#include <stdbool.h>
#include <stdint.h>

/* What is known about a vault while it is closed: /etc/porchlight/vaults/NAME, "key = value" lines.
 * The salt is not secret: neither it nor the cell's key opens anything without the other. */

enum { VAULT_NAME_MAX = 32, VAULT_PATH_MAX = 256, VAULT_SALT = 32, VAULT_KEY = 64 };
enum vault_make { VAULT_LUKS, VAULT_FSCRYPT };

struct vault {
    char name[VAULT_NAME_MAX];
    enum vault_make make;
    char path[VAULT_PATH_MAX];  /* luks: the container; fscrypt: the folder */
    char mount[VAULT_PATH_MAX]; /* luks: where it is mounted; fscrypt: empty */
    char cell[CELL_WORD_MAX];   /* cell.h, or "ram" */
    uint8_t salt[VAULT_SALT];
    char key_id[33]; /* fscrypt: the key's identifier, hex */
};

/* NULL, or why this cannot be a vault's name. */
const char *vault_name_wrong(const char *name);

/* NULL, or why this cannot be a vault's path or mount. */
const char *vault_path_wrong(const char *path);

bool vault_file_exists(const char *prefix, const char *name);

/* 0, or -1 after a complaint. Writing is durable. */
int vault_file_read(const char *prefix, const char *name, struct vault *v);
int vault_file_write(const char *prefix, const struct vault *v);

/* The data key from the cell's key and the salt: BLAKE2b-512, keyed by the first, over the second
 * and the name of its use. `out` is in locked memory. */
void vault_derive(const uint8_t cell_key[CELL_KEY], const struct vault *v, uint8_t out[VAULT_KEY]);

#endif
