#ifndef PORCHLIGHT_CORE_CERT_H
#define PORCHLIGHT_CORE_CERT_H

#include "kiosk/core/alert.h"
#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the venue's root key vouches for. It is made at set-up and kept off site; kiosk and phones
 * hold its public half. All signatures are Ed25519, over a text that names their purpose, a zero
 * byte, and the fields in the order given, integers big endian:
 *
 *   kiosk      "porchlight-cert"      | venue 8 | kiosk 8 | the kiosk's public key 32
 *   staff      "porchlight-staff"     | venue 8 | account 8 | the staff phone's public key 32
 *   all-clear  "porchlight-all-clear" | venue 8 | kiosk 8 | alert id 16 | epoch 8 | seq 8 |
 *              account 8              (by the staff phone; the two above by the root)
 *
 * Pure; the caller has called sodium_init(). */

enum {
    CERT_SIGNATURE = 64,
    CERT_STAFF = 32 + 64, /* a staff phone's public key, then the root's signature for it */
    CERT_PROOF = 200,
};

struct cert_kiosk {
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    uint8_t public[ENVELOPE_PUBLIC];
};

struct cert_staff {
    uint8_t venue[ENVELOPE_ID], account[ENVELOPE_ID];
    uint8_t public[ENVELOPE_PUBLIC];
};

void cert_kiosk_sign(const struct cert_kiosk *c, const uint8_t root_secret[ENVELOPE_SECRET],
                     uint8_t signature[CERT_SIGNATURE]);
bool cert_kiosk_check(const struct cert_kiosk *c, const uint8_t root_public[ENVELOPE_PUBLIC],
                      const uint8_t signature[CERT_SIGNATURE]);

void cert_staff_sign(const struct cert_staff *c, const uint8_t root_secret[ENVELOPE_SECRET],
                     uint8_t signature[CERT_SIGNATURE]);
bool cert_staff_check(const struct cert_staff *c, const uint8_t root_public[ENVELOPE_PUBLIC],
                      const uint8_t signature[CERT_SIGNATURE]);

/* A staff phone's statement that a lockdown is over. The kiosk's own key cannot make it, so that a
 * seized kiosk can end nothing: phones keep a lockdown until they see it proved.
 * `epoch` and `seq` are those of the state that the staff phone was looking at: it covers
 * this alert and every earlier one of the kiosk, for phones that were asleep in between. */
struct cert_clear {
    struct alert_id id;
    uint64_t epoch, seq;
    uint8_t account[ENVELOPE_ID];
};

/* What the staff phone signs, sent as `proof` of its command-all-clear. */
void cert_clear_sign(const struct cert_clear *c, const uint8_t venue[ENVELOPE_ID],
                     const uint8_t kiosk[ENVELOPE_ID], const uint8_t staff_secret[ENVELOPE_SECRET],
                     uint8_t signature[CERT_SIGNATURE]);

/* The proof that the kiosk puts into all-clear and, from then on, into its state. To check it, you
 * need only the root's public key:
 *
 *        0    16  alert id
 *       16     8  epoch, big endian
 *       24     8  seq, big endian
 *       32     8  account
 *       40    32  the staff phone's public key
 *       72    64  the root's signature for it
 *      136    64  the staff phone's signature (all-clear, above) */
void cert_proof_write(const struct cert_clear *c, const uint8_t staff[CERT_STAFF],
                      const uint8_t signature[CERT_SIGNATURE], uint8_t proof[CERT_PROOF]);

/* True if the proof holds for this venue and kiosk; *c is then what it proves. */
bool cert_proof_read(struct cert_clear *c, const uint8_t venue[ENVELOPE_ID],
                     const uint8_t kiosk[ENVELOPE_ID], const uint8_t root_public[ENVELOPE_PUBLIC],
                     const uint8_t *proof, size_t len);

#endif
