#ifndef PORCHLIGHT_RELAY_NTFY_H
#define PORCHLIGHT_RELAY_NTFY_H

#include "kiosk/relay/relay_conf.h"

#include <stdbool.h>
#include <stdint.h>

/* Wake-ups to one push server, from a thread of its own: nothing here holds anything else up. A
 * wake-up has no content, so that several that wait are one. It is posted until the server takes
 * it, with pauses from NTFY_PAUSE up to NTFY_PAUSE_MAX, or until it is NTFY_LIVES old. A server
 * that is busy and says until when (Retry-After) is left alone until then. */
struct ntfy;

#define NTFY_PAUSE     (250 * INT64_C(1000000))
#define NTFY_PAUSE_MAX (10 * INT64_C(1000000000))
#define NTFY_LIVES     (3600 * INT64_C(1000000000))

/* How long a push server is to be left alone by its answer, ns: `seconds` is its Retry-After, 0 or
 * less: none. It counts with 429 and 503 alone, and up to NTFY_LIVES. */
int64_t ntfy_busy(long status, int64_t seconds);

/* `to` and `word` must outlive it; `token` (may be empty) is copied into locked memory. NULL with
 * errno. curl_global_init was called. */
struct ntfy *ntfy_new(const struct relay_push *to, const char *word, const char *token);

/* Gives up what waits. NULL is safe. */
void ntfy_free(struct ntfy *p);

/* Wakes: returns at once. */
void ntfy_wake(struct ntfy *p);

/* False while the server has refused or failed since the last wake-up, or its last health check:
 * then locked phones may not ring, and whoever watches the relay should know. */
bool ntfy_works(const struct ntfy *p);

#endif
