#ifndef PORCHLIGHT_CLI_VAULT_MAKE_H
#define PORCHLIGHT_CLI_VAULT_MAKE_H

#include "kiosk/cli/vault/vault_file.h"

#include <stdbool.h>

/* The two kinds of vault. Each function returns 0, or -1 after a complaint. `key` is the derived
 * data key, in locked memory; `real` is the vault's path below the prefix. */
struct vault_ops {
    /* `size` in bytes, for luks only. Fills v->key_id where there is one. */
    int (*create)(struct vault *v, const char *real, const uint8_t key[VAULT_KEY], uint64_t size);
    /* `mount` below the prefix, for luks only. */
    int (*open)(const struct vault *v, const char *real, const char *mount,
                const uint8_t key[VAULT_KEY]);
    int (*close)(const struct vault *v, const char *real, const char *mount);
    /* 1 open, 0 closed, -1 not known. */
    int (*status)(const struct vault *v, const char *real);
};

extern const struct vault_ops vault_luks, vault_fscrypt;

#endif
