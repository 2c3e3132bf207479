#ifndef PORCHLIGHT_ALERTD_PASSWORDS_H
#define PORCHLIGHT_ALERTD_PASSWORDS_H

#include "config/config.h"

#include <stdbool.h>

/* The passwords of a config's brokers, by their number: locked memory (sodium_malloc), NULL where a
 * broker has none. */

/* One that cannot be read is NULL, after a complaint: that broker is left out, the others work.
 * `passwords` is all NULL before. */
void passwords_read(const char *prefix, const struct config *c, char *passwords[CONFIG_BROKERS_MAX],
                    config_complain *complain, void *context);
/* One that is not a broker's of the config: sodium_malloc, yours to free. NULL after a complaint.
 */
char *passwords_read_one(const char *prefix, const char *name, config_complain *complain,
                         void *context);

void passwords_free(char *passwords[CONFIG_BROKERS_MAX]);
bool passwords_equal(char *const a[CONFIG_BROKERS_MAX], char *const b[CONFIG_BROKERS_MAX]);

#endif
