#ifndef PORCHLIGHT_CLI_ROOT_H
#define PORCHLIGHT_CLI_ROOT_H

#include "kiosk/cli/cli.h"
#include "kiosk/core/cert.h"

#include <stdint.h>

/* The venue's root key for a moment, from the stick it is kept on. */
struct root;

/* Reads the key file. With `prefix`, the key must be the one that its root.pub belongs to. NULL
 * after a complaint. Locked memory. */
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
