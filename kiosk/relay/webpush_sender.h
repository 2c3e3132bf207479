#ifndef PORCHLIGHT_RELAY_WEBPUSH_SENDER_H
#define PORCHLIGHT_RELAY_WEBPUSH_SENDER_H

#include "kiosk/core/push_offer.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/subs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Wake-ups by Web Push (RFC 8030), the second way out beside ntfy.h, from a thread of its own: to
 * every subscription its own request, WEBPUSH_SENDER_FLIGHTS at a time, each until the service
 * takes it, with pauses from WEBPUSH_SENDER_PAUSE up to WEBPUSH_SENDER_PAUSE_MAX, or until it is
 * NTFY_LIVES old. What a service calls gone (404, 410) is dropped for good. A message has no
 * content: it says that it is a wake-up, a test that the phone asked for, or the silent check that
 * each phone gets once in [webpush] check; padded to one length and sealed to the phone, so that
 * the service sees neither. Nothing here limits how often an alert rings; a test is answered once
 * in WEBPUSH_SENDER_TEST_EVERY. A wake-up takes the place of a test or check that waits. */
struct webpush_sender;

enum { WEBPUSH_SENDER_FLIGHTS = 64 };

#define WEBPUSH_SENDER_PAUSE      (INT64_C(1000000000))
#define WEBPUSH_SENDER_PAUSE_MAX  (60 * INT64_C(1000000000))
#define WEBPUSH_SENDER_TEST_EVERY (20 * INT64_C(1000000000))

/* `to` must outlive it. `seed` is the push key's. NULL with errno. curl_global_init was called. */
struct webpush_sender *webpush_sender_new(const struct relay_web *to, const char *prefix,
                                          const uint8_t seed[32]);

/* Gives up what waits; the subscriptions are saved. NULL is safe, here and below. */
void webpush_sender_free(struct webpush_sender *r);

/* The VAPID key's public half. */
void webpush_sender_point(const struct webpush_sender *r, uint8_t point[PUSH_OFFER_POINT]);

/* Wakes every phone, or those of staff: returns at once. */
void webpush_sender_wake(struct webpush_sender *r, bool staff);

/* Wakes those again that are not awake for this alert, as far as they have said so. */
void webpush_sender_again(struct webpush_sender *r, const struct alert_id *id);

/* A test has arrived, says an ENVELOPE_SIZE message of this account (core/push_offer.h). False: it
 * is not believed. */
bool webpush_sender_arrived(struct webpush_sender *r, const uint8_t venue[ENVELOPE_ID],
                            const char *account, const uint8_t *wire);

/* Phones, and those that got a test lately; none while the clock is not set. */
struct subs_count webpush_sender_count(struct webpush_sender *r);

/* What a phone asked for: a subscription more or less, or a test PUSH_OFFER_TEST_AFTER_S from now.
 */
void webpush_sender_letter(struct webpush_sender *r, const struct push_offer_letter *l);

/* The next address that its service no longer takes (core/push_offer.h), as a hash: each once, and
 * again when a phone asks with it. False: there is none. */
bool webpush_sender_gone(struct webpush_sender *r, uint8_t hash[PUSH_OFFER_GONE_HASH]);

/* The kiosk vouches for that account's subscription. */
void webpush_sender_vouch(struct webpush_sender *r, const char *account,
                          const uint8_t hash[MESSAGE_HASH]);

/* The kiosk has revoked that account. */
void webpush_sender_revoke(struct webpush_sender *r, const char *account);

/* False while every service that is in use fails: then locked phones may not ring, and whoever
 * watches the relay should know. A subscription that its service refuses while it takes others says
 * nothing of the service; after four refusals it is dropped. */
bool webpush_sender_works(const struct webpush_sender *r);

/* Whether an endpoint belongs to one of the services in `list`: hosts, with a port where it is not
 * 443, "*." in front for whatever is below one, with spaces between them. */
bool webpush_sender_allows(const char *list, const char *endpoint);

#endif
