#ifndef PORCHLIGHT_CORE_STAFF_BOX_H
#define PORCHLIGHT_CORE_STAFF_BOX_H

#include "kiosk/core/envelope.h"

#include <stddef.h>
#include <stdint.h>

/* What only staff phones can read: a text under a random key, and that key once for each of up to
 * STAFF_BOX_SLOTS staff phones. A box has the same size whatever it says and however many phones
 * can open it, and the kiosk keeps no key that opens it. It is bound to venue and kiosk, but to no
 * epoch or seq: the kiosk signs an old box again after a restart (envelope_staff_sign). The caller
 * has called sodium_init(). tests/vectors/staff_box.json is shared with the phone page.
 *
 *        0    32  ephemeral X25519 public key
 *       32   384  8 slots of 48: ChaCha20-Poly1305 (IETF, nonce zero) of the 32-byte content key
 *                 under BLAKE2b-256("porchlight-slot" 0 | X25519 shared | ephemeral public |
 *                 staff X25519 public); 48 random bytes where no phone is. At random places.
 *      416    24  nonce, random
 *      440   238  XChaCha20-Poly1305 (IETF) under the content key of
 *                   0    2  length of the text, big endian
 *                   2  220  text, then zeros
 *                 (tag)     16
 *
 * Associated data of slots and text: "porchlight-box" 0 | venue 8 | kiosk 8 | ephemeral public.
 * A staff phone's X25519 keys are made from its Ed25519 pair. */

enum {
    STAFF_BOX_SIZE = ENVELOPE_BOX,
    STAFF_BOX_SLOTS = 8,
    STAFF_BOX_TEXT_MAX = 220,
    STAFF_BOX_SEED = 32,
};

/* Seals `text` (`len` bytes) for the staff phones with these Ed25519 public keys; a key that is no
 * point of the curve gets no slot. `seed` is STAFF_BOX_SEED random bytes, from which all chance in
 * the box is drawn: passed in, so that the function is pure. `at`: venue and kiosk alone count.
 * ENVELOPE_OK; ENVELOPE_TOO_LONG for a longer text or more than STAFF_BOX_SLOTS phones. */
enum envelope_result staff_box_seal(const struct envelope_place *at,
                                    const uint8_t (*phones)[ENVELOPE_PUBLIC], size_t count,
                                    const uint8_t seed[STAFF_BOX_SEED], const char *text,
                                    size_t len, uint8_t box[STAFF_BOX_SIZE]);

/* Opens a box with a staff phone's own Ed25519 pair. ENVELOPE_NOT_OURS: no slot is for this phone,
 * which may be new or may be revoked, or the box is another kiosk's. `text` gets a terminated copy,
 * and is written only if the result is ENVELOPE_OK. */
enum envelope_result staff_box_open(const struct envelope_place *at,
                                    const uint8_t public[ENVELOPE_PUBLIC],
                                    const uint8_t secret[ENVELOPE_SECRET],
                                    const uint8_t box[STAFF_BOX_SIZE],
                                    char text[STAFF_BOX_TEXT_MAX + 1], size_t *len);

#endif
