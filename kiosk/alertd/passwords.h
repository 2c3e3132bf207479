#ifndef PORCHLIGHT_ALERTD_PASSWORDS_H
#define PORCHLIGHT_ALERTD_PASSWORDS_H

#include "config/config.h"

#include <stdbool.h>

/* The passwords of a config's brokers, by their number: locked memory (sodium_malloc), NULL where a
 * broker has none. */

/* 0, or -1 after log_error; then free them all the same. `passwords` is all NULL before. */
int passwords_read(const char *prefix, const struct config *c, char *passwords[CONFIG_BROKERS_MAX]);
void passwords_free(char *passwords[CONFIG_BROKERS_MAX]);
bool passwords_equal(char *const a[CONFIG_BROKERS_MAX], char *const b[CONFIG_BROKERS_MAX]);

#endif
