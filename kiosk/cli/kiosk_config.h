#ifndef PORCHLIGHT_CLI_KIOSK_CONFIG_H
#define PORCHLIGHT_CLI_KIOSK_CONFIG_H

#include "config/config.h"

#include <stdbool.h>

/* The config of the kiosk that a command is for. */

/* Whether a kiosk is set up below the prefix: false only if it has no porchlight.conf. errno stays.
 */
bool kiosk_config_is_here(const char *prefix);

/* Reads it. 0, or -1 after a complaint, which begins with `nothing`, such as "The relay was not
 * made", if no kiosk is set up there. */
int kiosk_config_load(const char *prefix, struct config *c, const char *nothing);

#endif
