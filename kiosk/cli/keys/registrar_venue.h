#ifndef PORCHLIGHT_CLI_KEYS_REGISTRAR_VENUE_H
#define PORCHLIGHT_CLI_KEYS_REGISTRAR_VENUE_H

#include "kiosk/core/envelope.h"

#include <stddef.h>
#include <stdint.h>

/* Writes the file by which a registrar knows a venue (kiosk/registrar/registrar_conf.h). */
enum { REGISTRAR_VENUE_MAX = 4096 };

/* Its beginning, terminated; its length. `root`: the root's public key. */
size_t registrar_venue_begin(char out[REGISTRAR_VENUE_MAX], const char *venue,
                             const uint8_t root[ENVELOPE_PUBLIC]);

/* One account more behind the first `len` bytes; the new length. At most 16 of them. */
size_t registrar_venue_account(char out[REGISTRAR_VENUE_MAX], size_t len, const char *role,
                               const char *account, const char *kiosk, const char *password);

#endif
