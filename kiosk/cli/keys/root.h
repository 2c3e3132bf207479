#ifndef PORCHLIGHT_CLI_KEYS_ROOT_H
#define PORCHLIGHT_CLI_KEYS_ROOT_H

#include "kiosk/cli/cli.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/core/cert.h"

#include <stdint.h>

/* The venue's root key for a moment, from the stick or the paper it is kept on. `file` is what
 * stands behind --root: a file of 64 hex digits, or of the paper's four lines; or "-", the paper's
 * lines typed in at the terminal. */
struct root;

/* CLI_OK, or CLI_USAGE after a complaint: "-", and nobody is at a terminal. */
int root_check(const struct cli_command *command, const char *file);

/* The key itself, into locked memory. With `prefix`, it must be the one that the root.pub there
 * belongs to. 0, or -1 after a complaint. */
int root_seed_read(const char *prefix, const char *file, uint8_t seed[KEYSET_SEED]);

/* The same, kept in locked memory. NULL after a complaint. */
struct root *root_open(const char *prefix, const char *file);
void root_close(struct root *r); /* erases; NULL is safe */

/* The secret half, ENVELOPE_SECRET bytes; valid until root_close. */
const uint8_t *root_secret(const struct root *r);

/* The root's word for a staff phone, as hex: venue and account are 16 hex digits, `public` the 64
 * of the phone's key. 0, or -1 if they are not. */
enum { ROOT_SIGNATURE = 2 * CERT_SIGNATURE + 1 };
int root_sign_staff(const struct root *r, const char *venue, const char *account,
                    const char *public, char hex[ROOT_SIGNATURE]);

#endif
