#ifndef PORCHLIGHT_CLI_KEYS_ROOT_ACCOUNT_H
#define PORCHLIGHT_CLI_KEYS_ROOT_ACCOUNT_H

#include "config/config.h"
#include "kiosk/cli/brokers.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/core/registration.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to one broker as the root key's own account, which needs no kiosk: to order things
 * of the registrar there, and to publish what only the root may say. Each function waits. */
struct root_account;

/* `broker` has its CA set. NULL and why. `root` must outlive it. */
struct root_account *root_account_open(const struct root *root, const char *venue,
                                       const struct config_broker *broker,
                                       char why[BROKERS_WHY_MAX]);
void root_account_close(struct root_account *a); /* NULL is safe */

/* Has the registrar do it; number and key are filled in. 0: it is done; -1 and why. */
int root_account_order(struct root_account *a, struct registration_request *q,
                       char why[BROKERS_WHY_MAX]);

/* 0 once the broker has accepted it; -1 and why. */
int root_account_publish(struct root_account *a, const char *topic, bool retain,
                         const void *payload, size_t len, char why[BROKERS_WHY_MAX]);

#endif
