#ifndef PORCHLIGHT_CORE_INVITATION_H
#define PORCHLIGHT_CORE_INVITATION_H

#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An invitation, and what its secret proves. Pure; the phone's half is
 * kiosk/phone/core/invitation.js.
 *
 * The secret travels in the link alone, as its fragment, which no server sees. So whoever runs a
 * broker can neither answer an invitation nor change what phone and kiosk tell each other about
 * keys: each of the two messages carries a MAC, keyed BLAKE2b-256 under the secret.
 *
 * The link is PAGE#i= and base64url, without padding, of
 *
 *   offset  size  what
 *        0     1  version, ENVELOPE_VERSION
 *        1     1  flags: 1 for a staff phone, 2 for a spare account, all others 0
 *        2     8  account
 *       10     8  venue
 *       18     8  kiosk
 *       26     4  expires, seconds since 1970
 *       30    32  the kiosk's public key
 *       62    32  the root's public key
 *       94    32  secret
 *      126     1  length of the one-time password, then the password
 *              1  how many brokers, 1 to INVITATION_BROKERS_MAX; for each of them
 *              1    length of its address, then the address
 *              1    length of its pin, 0 or 32: SHA-256 of the certificate (DER) of the authority
 *                   that signs for it; for apps, which can check it, as a page cannot
 *              1  length of the push app's address, 0: none; then the address */

enum {
    INVITATION_SECRET = 32,
    INVITATION_MAC = 32,
    INVITATION_NONCE = 16,
    INVITATION_DIGITS = 6, /* that a host reads off a staff phone */
    INVITATION_BROKERS_MAX = 4,
    INVITATION_ADDRESS_MAX = 255,
    INVITATION_PIN = 32,
    INVITATION_LINK_MAX = 1024,
};

struct invitation {
    const char *page; /* "https://kettle.example.org/": the link begins with it */
    const char *brokers[INVITATION_BROKERS_MAX]; /* "wss://host/mqtt" */
    const uint8_t *pins[INVITATION_BROKERS_MAX]; /* INVITATION_PIN bytes; NULL: none */
    size_t brokers_count;
    const char *password;
    uint8_t account[ENVELOPE_ID], venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    int64_t expires; /* seconds since 1970, below 2^32 */
    const uint8_t *kiosk_public, *root_public, *secret;
    bool staff;
    bool spare; /* the account was made in advance by a broker's operator: its password stays */
    const char *push; /* the server of the push app; NULL: none */
};

/* Its length, or -1 if it does not fit. It is as secret as the secret in it. */
int invitation_link(const struct invitation *i, char out[INVITATION_LINK_MAX]);

/* Whom a MAC is about. */
struct invitation_parties {
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID], account[ENVELOPE_ID];
    uint8_t phone[ENVELOPE_PUBLIC]; /* the phone's public key */
};

/* `account`: 16 hex digits. */
struct invitation_parties invitation_between(const uint8_t venue[ENVELOPE_ID],
                                             const uint8_t kiosk[ENVELOPE_ID], const char *account,
                                             const uint8_t phone[ENVELOPE_PUBLIC]);

/* The phone's letter: over "porchlight-letter" 0 | venue | kiosk | account | phone | 1 for a staff
 * phone, else 0 | BLAKE2b-256 of the new password. */
void invitation_letter_mac(const uint8_t secret[INVITATION_SECRET],
                           const struct invitation_parties *p, bool staff, const char *password,
                           uint8_t mac[INVITATION_MAC]);

/* The kiosk's welcome: over "porchlight-welcome" 0 | venue | kiosk | account | phone | members' key
 * | the kiosk's public key | the root's. */
void invitation_welcome_mac(const uint8_t secret[INVITATION_SECRET],
                            const struct invitation_parties *p,
                            const uint8_t members_key[ENVELOPE_KEY],
                            const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                            const uint8_t root_public[ENVELOPE_PUBLIC],
                            uint8_t mac[INVITATION_MAC]);

/* What a staff phone shows and the host types in: the first 8 bytes, big endian, of keyed
 * BLAKE2b-256 over "porchlight-digits" 0 | phone | nonce, modulo 10^6, in six digits. The kiosk
 * draws the nonce after the phone's key is fixed, so nobody can look for a key that gives the same
 * digits. */
void invitation_digits(const uint8_t secret[INVITATION_SECRET],
                       const uint8_t phone[ENVELOPE_PUBLIC], const uint8_t nonce[INVITATION_NONCE],
                       char digits[INVITATION_DIGITS + 1]);

#endif
