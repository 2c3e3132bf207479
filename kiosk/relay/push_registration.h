#ifndef PORCHLIGHT_RELAY_PUSH_REGISTRATION_H
#define PORCHLIGHT_RELAY_PUSH_REGISTRATION_H

#include "kiosk/mqtt/thread.h"
#include "kiosk/relay/inbound.h"
#include "kiosk/relay/ring_policy.h"
#include "kiosk/relay/webpush_sender.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where phones ask to be rung (core/push_offer.h): the venue's push key, the offer made with it,
 * and the letters that are sealed to it. */
struct push_registration {
    uint8_t *secret; /* ENVELOPE_SECRET, locked memory */
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t signature[CERT_SIGNATURE]; /* the root's */
};

/* Reads push.key and push.cert below the prefix; `seed` (32 bytes) is for webpush_sender_new, and
 * the caller's to wipe. 0, or -1 after a complaint. */
int push_registration_init(struct push_registration *d, const struct inbound *e, const char *prefix,
                           uint8_t seed[32]);
void push_registration_finish(struct push_registration *d);

/* Publishes the offer, retained, for every kiosk. */
void push_registration_offer(const struct push_registration *d, const struct inbound *e,
                             const struct webpush_sender *w, struct mqtt_thread *mqtt);

/* Says for every kiosk, not retained, which addresses their services no longer take. */
void push_registration_gone(const struct push_registration *d, const struct inbound *e,
                            struct webpush_sender *w, struct mqtt_thread *mqtt);

/* Takes an MQTT_MESSAGE on a topic wake/. False: it is no letter (but may be the kiosk's). Letters
 * of accounts that the root revoked (`known`) are refused. */
bool push_registration_receive(const struct push_registration *d, const struct inbound *e,
                               const struct ring_policy *known, struct webpush_sender *w,
                               const struct mqtt_event *got);

#endif
