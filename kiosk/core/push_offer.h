#ifndef PORCHLIGHT_CORE_PUSH_OFFER_H
#define PORCHLIGHT_CORE_PUSH_OFFER_H

#include "kiosk/core/alert.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a phone asks to be rung by Web Push. Pure; the phone's half is kiosk/phone/core/offer.js.
 *
 *  1. The venue has one push key, shared by its relays: an Ed25519 pair that the root signed at
 *     set-up (`porchlight keys push`). A relay publishes, retained on `push`, the offer:
 *
 *          0     1  version, 2
 *          1     1  form, 5 (offer)
 *          2    32  the push key's public half
 *         34    64  the root's signature over "porchlight-push" 0 | venue 8 | that key
 *         98    65  the VAPID key (RFC 8292): a point of P-256, uncompressed
 *        163    64  the push key's signature over "porchlight-offer" 0 | venue 8 | that point
 *        227   541  zeros
 *
 *  2. The phone has its browser make a subscription for that VAPID key, and publishes on
 *     wake/<account> a letter (envelope.h, form 2) sealed to the push key and not signed:
 *     {"v":2,"kind":"subscribe","account","endpoint","p256dh","auth"}, base64url as the browser
 *     gives them; and again whenever the page is opened, since nobody answers. "unsubscribe"
 *     withdraws it. "test" asks for one wake-up to this phone alone, PUSH_OFFER_TEST_AFTER later.
 *     "awake", with the alert's "id", says that the page is looked at: this phone is rung no more
 *     for that alert. These name the subscription's "auth": a secret of phone and relay, without
 *     which whoever runs the broker could send them in the phone's name.
 *     A staff phone sends after it {"v":2,"kind":"staff","account","public","certificate"},
 *     base64url, signed by its key: it is then woken for codes and duress too.
 *     When a push service no longer takes that address, the relay drops it and publishes on `push`,
 *     not retained, and again whenever a phone still asks with it:
 *
 *          0     1  version, 2
 *          1     1  form, 11 (gone)
 *          2    32  BLAKE2b-256 of the address
 *         34    64  the push key's signature over "porchlight-gone" 0 | venue 8 | that hash
 *         98   670  zeros
 *
 *     The phone whose address it is makes a new subscription; to all others it says nothing.
 *  3. Nobody signs `subscribe`, so anybody at the broker can send one in a phone's name. The phone
 *     says `subscribed` to the kiosk, on ack/<account>, with a hash of the subscription's secret:
 *     that is signed by its own key, and the kiosk publishes on wake/<account> that it has
 *     `vouched` for it. Only such a subscription counts as a phone that rings.
 *  4. The kiosk publishes there, for an account that was revoked, the broadcast `revoked`.
 *
 * So the broker knows which account has a subscription, and not where it leads; the relay knows
 * where, and keeps of the account a keyed hash. */

enum {
    PUSH_OFFER_POINT = 65,
    PUSH_OFFER_AUTH = 16,
    PUSH_OFFER_ENDPOINT_MAX = 448, /* what fits into a letter, with its terminator */
    PUSH_OFFER_TEST_AFTER_S = 10,  /* time to lock the phone */
    PUSH_OFFER_GONE_HASH = 32,
    PUSH_OFFER_NONCE = 8,
    PUSH_OFFER_MAC = 32,
};

void push_offer_root_sign(const uint8_t venue[ENVELOPE_ID],
                          const uint8_t push_public[ENVELOPE_PUBLIC],
                          const uint8_t root_secret[ENVELOPE_SECRET],
                          uint8_t signature[CERT_SIGNATURE]);
bool push_offer_root_check(const uint8_t venue[ENVELOPE_ID],
                           const uint8_t push_public[ENVELOPE_PUBLIC],
                           const uint8_t root_public[ENVELOPE_PUBLIC],
                           const uint8_t signature[CERT_SIGNATURE]);

/* `root_signature` is push_offer_root_sign's; the push key's public half is in its secret one. */
void push_offer_write(const uint8_t venue[ENVELOPE_ID], const uint8_t push_secret[ENVELOPE_SECRET],
                      const uint8_t root_signature[CERT_SIGNATURE],
                      const uint8_t vapid[PUSH_OFFER_POINT], uint8_t wire[ENVELOPE_SIZE]);

/* What `subscribed` and `vouched` name: BLAKE2b of the subscription's secret. */
void push_offer_auth_hash(const uint8_t auth[PUSH_OFFER_AUTH], uint8_t hash[MESSAGE_HASH]);

void push_offer_gone_hash(const char *endpoint, uint8_t hash[PUSH_OFFER_GONE_HASH]);
void push_offer_gone_write(const uint8_t venue[ENVELOPE_ID],
                           const uint8_t push_secret[ENVELOPE_SECRET],
                           const uint8_t hash[PUSH_OFFER_GONE_HASH], uint8_t wire[ENVELOPE_SIZE]);

/* A test has arrived: on wake/<account>, written by the page's service worker, which has neither
 * the phone's key nor room for more: HMAC-SHA-256 under the subscription's secret over
 * "porchlight-arrived" 0 | venue 8 | account 8 | the test's nonce.
 *
 *          0     1  version, 2
 *          1     1  form, 12 (arrived)
 *          2    32  the MAC
 *         34   734  zeros */
void push_offer_arrived_write(const uint8_t venue[ENVELOPE_ID], const uint8_t account[ENVELOPE_ID],
                              const uint8_t auth[PUSH_OFFER_AUTH],
                              const uint8_t nonce[PUSH_OFFER_NONCE], uint8_t wire[ENVELOPE_SIZE]);
bool push_offer_is_arrived(const uint8_t *wire, size_t len);

enum push_offer_ask {
    PUSH_OFFER_SUBSCRIBE,
    PUSH_OFFER_UNSUBSCRIBE,
    PUSH_OFFER_TEST,
    PUSH_OFFER_AWAKE,
    PUSH_OFFER_STAFF
};

struct push_offer_letter {
    enum push_offer_ask ask;
    char account[17];
    char endpoint[PUSH_OFFER_ENDPOINT_MAX]; /* only subscribe: https, without space or quote */
    uint8_t p256dh[PUSH_OFFER_POINT];       /* not checked to be a point of the curve */
    uint8_t auth[PUSH_OFFER_AUTH];          /* all but staff */
    struct alert_id id;                     /* only awake: of the alert that the page shows */
    uint8_t public[ENVELOPE_PUBLIC], certificate[CERT_SIGNATURE]; /* only staff: not checked */
};

/* Reads a letter's text. 0, or -1 for anything else. */
int push_offer_read(const char *text, size_t len, struct push_offer_letter *l);

#endif
