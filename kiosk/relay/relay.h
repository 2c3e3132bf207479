#ifndef PORCHLIGHT_RELAY_RELAY_H
#define PORCHLIGHT_RELAY_RELAY_H

#include "kiosk/common/loop.h"
#include "kiosk/relay/relay_conf.h"

#include <stdint.h>

/* The relay between its broker and its push servers: it reads what the kiosks send, and rings
 * locked phones for what ring_policy.h says. All of it runs on the loop's thread; the broker
 * (kiosk/mqtt/thread.h) and the push servers (ntfy.h, webpush_sender.h) have threads of their own
 * behind small interfaces. */
struct relay;

/* Reads the keys and the password below the prefix; starts nothing. `conf` must outlive it. NULL
 * after a complaint. */
struct relay *relay_new(const char *prefix, const struct relay_conf *conf);
void relay_free(struct relay *r); /* NULL is safe */

/* Starts the push senders and the way to the broker, whose events come through the loop.
 * curl_global_init was called. 0, or -1 after a complaint; then relay_free alone may follow. */
int relay_start(struct relay *r, const char *prefix, struct loop *loop);

/* What time brings: a kiosk that has fallen silent, too long without a broker, the relay's own
 * beat. To be called after each turn of the loop, and at the latest at relay_deadline. */
void relay_time(struct relay *r, int64_t now);
int64_t relay_deadline(const struct relay *r, int64_t now);

#endif
