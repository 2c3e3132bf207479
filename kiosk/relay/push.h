#ifndef PORCHLIGHT_RELAY_PUSH_H
#define PORCHLIGHT_RELAY_PUSH_H

#include "kiosk/relay/conf.h"

#include <stdbool.h>
#include <stdint.h>

/* Wake-ups to one push server, from a thread of its own: nothing here holds anything else up. A
 * wake-up has no content, so that several that wait are one. It is posted until the server takes
 * it, with pauses from PUSH_PAUSE up to PUSH_PAUSE_MAX, or until it is PUSH_LIVES old. */
struct push;

#define PUSH_PAUSE     (250 * INT64_C(1000000))
#define PUSH_PAUSE_MAX (10 * INT64_C(1000000000))
#define PUSH_LIVES     (3600 * INT64_C(1000000000))

/* `to` and `word` must outlive it; `token` (may be empty) is copied into locked memory. NULL with
 * errno. curl_global_init was called. */
struct push *push_new(const struct relay_push *to, const char *word, const char *token);

/* Gives up what waits. NULL is safe. */
void push_free(struct push *p);

/* Wakes: returns at once. */
void push_wake(struct push *p);

/* False while the server has refused or failed since the last wake-up, or its last health check:
 * then locked phones may not ring, and whoever watches the relay should know. */
bool push_works(const struct push *p);

#endif
