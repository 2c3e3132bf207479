#ifndef PORCHLIGHT_NIGHTS_WATCH_REPLAYS_H
#define PORCHLIGHT_NIGHTS_WATCH_REPLAYS_H

#include "kiosk/core/root_word.h"
#include "tests/nights/night.h"

/* The invariants of what is played again, comes late or out of order, and of what the root key has
 * said: judged by the bytes that phones and the relay were given, and when their author made them.
 */

void watch_replays_begin(struct night *n);

/* A phone is given these bytes; and has opened and judged them, and looked at what it shows. */
void watch_given(const struct phone *p, const struct packet *packet);
void watch_heard(const struct phone *p, size_t kiosk, const struct phone_client_heard *h,
                 const struct packet *packet);
/* After each look. */
void watch_retired(const struct phone *p, size_t kiosk);

/* A kiosk, or who has its keys, asks a relay to ring. */
void watch_ring_made(size_t kiosk, uint64_t epoch, uint64_t seq);

/* The root key's message about a kiosk is made. */
void watch_root_made(size_t kiosk, const struct root_word *w, const uint8_t wire[ENVELOPE_SIZE]);

/* Whether this phone was given one that shuts that phone out. */
bool watch_was_told_of(const struct phone *p, size_t kiosk, const struct phone *revoked);

/* A staff phone that is not shut out sends a command; and a kiosk has taken one. */
void watch_command_sent(size_t kiosk, enum message_kind kind);
void watch_command_taken(const struct station *s, enum alert_command command);

#endif
