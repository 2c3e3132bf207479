#ifndef PORCHLIGHT_CLI_KEYS_BROKER_CA_H
#define PORCHLIGHT_CLI_KEYS_BROKER_CA_H

#include "config/config.h"
#include "kiosk/common/paths.h"

/* The CA file of a broker as porchlight.conf names it, on a kiosk that may have moved: a backup
 * that was put into another folder, or onto another machine. */

/* Below the prefix where there is one there; else as it is named; else, where it was named below
 * another prefix's /etc/porchlight, below this one's. */
void broker_ca_path(const char *prefix, const char *ca, char out[PATH_LEN]);

/* The same, and that it can be read. 0, or -1 after a complaint. */
int broker_ca_find(const char *prefix, const struct config_broker *b, char out[PATH_LEN]);

/* The same, in the broker's own ca. */
int broker_ca_set(const char *prefix, struct config_broker *b);

/* Whether a CA file can be read: 0, or -1 after a complaint that begins with `where`. */
int broker_ca_check(const char *where, const char *path);

#endif
