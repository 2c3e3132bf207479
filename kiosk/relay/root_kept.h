#ifndef PORCHLIGHT_RELAY_ROOT_KEPT_H
#define PORCHLIGHT_RELAY_ROOT_KEPT_H

#include "kiosk/core/root_word.h"

/* What the root key has said of a kiosk (16 hex digits), kept on the relay's disk as
 * <prefix>/var/lib/porchlight-relay/root-KIOSK: a broker that does not send it any more takes
 * nothing back. */

/* Adds to *all what was kept. A file that cannot be read is complained about, and kept. */
void root_kept_read(const char *prefix, const char *kiosk, struct root_word *all);

/* Complains if it cannot be kept. */
void root_kept_write(const char *prefix, const char *kiosk, const struct root_word *all);

#endif
