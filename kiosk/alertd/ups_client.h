#ifndef PORCHLIGHT_ALERTD_UPS_CLIENT_H
#define PORCHLIGHT_ALERTD_UPS_CLIENT_H

#include "kiosk/common/loop.h"
#include "kiosk/core/ups.h"

#include <stdbool.h>
#include <stdint.h>

/* Asks NUT's upsd about one UPS, every few seconds, and never waits for it. */
struct ups_client;

/* `source`: "ups:NAME[@ADDRESS[:PORT]]", as the config's reader accepts it. NULL with errno. */
struct ups_client *ups_client_new(const char *source, struct loop *loop);
void ups_client_free(struct ups_client *c); /* NULL is safe */

void ups_client_time(struct ups_client *c, int64_t now);
int64_t ups_client_deadline(const struct ups_client *c);

/* The last complete answer; `known` is false before the first. */
const struct ups *ups_client_state(const struct ups_client *c);

/* Whether upsd has given no answer for a while. */
bool ups_client_is_silent(const struct ups_client *c, int64_t now);

#endif
