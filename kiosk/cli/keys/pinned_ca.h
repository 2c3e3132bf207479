#ifndef PORCHLIGHT_CLI_KEYS_PINNED_CA_H
#define PORCHLIGHT_CLI_KEYS_PINNED_CA_H

#include "config/ca_pin.h"
#include "kiosk/common/paths.h"

/* The certificate of an authority of which only the pin is known, as it is on paper. It is looked
 * for in `file` (NULL: not), among this machine's own authorities, and in what the broker itself
 * shows in a handshake, which is not trusted otherwise: the pin says which certificate is meant. */

/* A descriptor for its PEM, readable as `path`; the caller closes it when it needs the path no
 * more. -1, and why. */
int pinned_ca_find(const char *host, int port, const uint8_t pin[CA_PIN], const char *file,
                   char path[PATH_LEN], char *why, size_t size);

#endif
