#ifndef PORCHLIGHT_RELAY_RINGER_H
#define PORCHLIGHT_RELAY_RINGER_H

#include "kiosk/core/offer.h"
#include "kiosk/relay/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Wake-ups by Web Push (RFC 8030), the second way out beside push.h, from a thread of its own: to
 * every subscription its own request, RINGER_FLIGHTS at a time, each until the service takes it,
 * with pauses from RINGER_PAUSE up to RINGER_PAUSE_MAX, or until it is PUSH_LIVES old. What a
 * service calls gone (404, 410) is dropped for good. A message has no content: it says that it is a
 * wake-up or a test, padded to one length and sealed to the phone, so that the service sees
 * neither. Nothing here limits how often an alert rings; a test is answered once in
 * RINGER_TEST_EVERY. */
struct ringer;

enum { RINGER_FLIGHTS = 64 };

#define RINGER_PAUSE      (INT64_C(1000000000))
#define RINGER_PAUSE_MAX  (60 * INT64_C(1000000000))
#define RINGER_TEST_EVERY (20 * INT64_C(1000000000))

/* `to` must outlive it. `seed` is the push key's. NULL with errno. curl_global_init was called. */
struct ringer *ringer_new(const struct relay_web *to, const char *prefix, const uint8_t seed[32]);

/* Gives up what waits; the subscriptions are saved. NULL is safe, here and below. */
void ringer_free(struct ringer *r);

/* The VAPID key's public half. */
void ringer_point(const struct ringer *r, uint8_t point[OFFER_POINT]);

/* Wakes every phone: returns at once. */
void ringer_wake(struct ringer *r);

/* What a phone asked for: a subscription more or less, or a test OFFER_TEST_AFTER_S from now. */
void ringer_letter(struct ringer *r, const struct offer_letter *l);

/* The kiosk has revoked that account. */
void ringer_revoke(struct ringer *r, const char *account);

/* False while requests fail and none succeeds, whichever phone they are for: then locked phones
 * may not ring, and whoever watches the relay should know. */
bool ringer_works(const struct ringer *r);

/* Whether an endpoint belongs to one of the services in `list`: hosts, with a port where it is not
 * 443, "*." in front for whatever stands below one, with spaces between them. */
bool ringer_allows(const char *list, const char *endpoint);

#endif
