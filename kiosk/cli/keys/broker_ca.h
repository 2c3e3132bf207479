#ifndef PORCHLIGHT_CLI_KEYS_BROKER_CA_H
#define PORCHLIGHT_CLI_KEYS_BROKER_CA_H

#include "config/config.h"
#include "kiosk/common/paths.h"

/* Finds the CA file of a broker that porchlight.conf names, on a kiosk that may have moved: a
 * backup that was restored into another folder, or onto another machine. */

/* The path below the prefix if there is a file; otherwise the path itself; otherwise, if it names a
 * file in another prefix's /etc/porchlight, the same file in this one's. */
void broker_ca_path(const char *prefix, const char *ca, char out[PATH_LEN]);

/* The same, and that it can be read. 0, or -1 after a complaint. */
int broker_ca_find(const char *prefix, const struct config_broker *b, char out[PATH_LEN]);

/* The same, in the broker's own ca. */
int broker_ca_set(const char *prefix, struct config_broker *b);

/* Whether a CA file can be read: 0, or -1 after a complaint that begins with `where`. */
int broker_ca_check(const char *where, const char *path);

#endif
