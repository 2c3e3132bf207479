#ifndef PORCHLIGHT_RELAY_RING_KEPT_H
#define PORCHLIGHT_RELAY_RING_KEPT_H

#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The newest ring of each kiosk, kept on the relay's disk as
 * <prefix>/var/lib/porchlight-relay/ring-KIOSK: to a relay that starts again, rings that were
 * recorded are old ones. A file has
 *
 *   offset  size
 *        0   768  the ring as it came, with the kiosk's signature: so a broken file says nothing
 *      768     8  when an old ring last rang, s since 1970 by this machine's clock, big endian;
 *                 0: none did
 *
 * It is written when a ring asks for something else than the one before, or is of another start of
 * the kiosk: with cover = yes one comes every 2 s. A thread writes, once a second at most: no ring
 * waits for the disk. */
struct ring_kept;

/* Of `count` kiosks, each 16 hex digits. NULL with errno. */
struct ring_kept *ring_kept_new(const char *prefix, const char *const *kiosks, size_t count);

/* Writes what is not written yet. NULL is safe. */
void ring_kept_free(struct ring_kept *k);

/* Whether kiosk `i` has signed this as a ring; then *ring is what it says. */
typedef bool ring_kept_judge(void *context, size_t i, const uint8_t wire[ENVELOPE_SIZE],
                             struct message *ring);

/* What an earlier run kept of kiosk `i`, before anything comes. False: nothing, or after a
 * complaint nothing that is believed. */
bool ring_kept_read(struct ring_kept *k, size_t i, ring_kept_judge *judge, void *context,
                    struct message *ring, int64_t *late_s);

/* `ring` is the newest one from now on; it came as `wire`. */
void ring_kept_newest(struct ring_kept *k, size_t i, const struct message *ring,
                      const uint8_t wire[ENVELOPE_SIZE]);

/* An old one has rung. */
void ring_kept_late(struct ring_kept *k, size_t i, int64_t late_s);

#endif
