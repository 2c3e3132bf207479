#ifndef PORCHLIGHT_CLI_LISTEN_OUTPUT_H
#define PORCHLIGHT_CLI_LISTEN_OUTPUT_H

#include "kiosk/cli/phone_client.h"

#include <stdbool.h>
#include <stdint.h>

/* What `listen` prints on stdout, one line each and flushed at once: for a person, or with `json`
 * one object a line. Every object has "kind" and "received_ns" (CLOCK_MONOTONIC):
 *
 *   a message's own kind   the message's keys, unchanged, and topic, kiosk, broker, retained,
 *                          verdict (view.h), proved
 *   refused                topic, kiosk, broker, retained, why
 *   words                  the piece's keys (kiosk/core/words_piece.h), unchanged, and topic,
 *                          kiosk, broker, retained: lines of the host's own
 *   root                   topic, kiosk, broker, retained, verdict, retired, ended (an alert's id,
 *                          or null), revoked (accounts): what the root key says of this kiosk
 *   link                   broker, up, fault (kiosk/mqtt/fault.h), reason: a sentence
 *   closed                 topic, kiosk, broker, retained: sealed to other staff phones
 *   show                   show (the worst of all kiosks), kiosks: {id: {show, drill, silent,
 *                          stale, delayed, held, late, rooted}}; of a staff phone also duress and
 * code: what was pressed at the door. A member's shows no trace of either acked, sent, unsent    an
 * answer of ours: left, taken by the broker, not taken (reason) denied                 what: a
 * topic that the broker does not let this account read; reason */

/* `news`: of what comes again and again, that this one says something else than the last. */
void listen_output_message(bool json, const struct phone_client_heard *h,
                           const struct mqtt_event *e, const char *broker, bool news);
void listen_output_link(bool json, const struct mqtt_event *e, const char *broker);
void listen_output_show(bool json, const struct phone_client *m, const struct view_rules *r,
                        enum view_show worst, int64_t now);
void listen_output_answer(bool json, const char *kind, const char *what, const char *reason,
                          int64_t now);

#endif
