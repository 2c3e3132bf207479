#ifndef PORCHLIGHT_CORE_ENVELOPE_H
#define PORCHLIGHT_CORE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

/* The caller has called sodium_init().
 *
 * The bytes on the wire. Every message is ENVELOPE_SIZE bytes whatever it says; the test vectors
 * in tests/vectors/envelope.json are shared with the phone page.
 *
 * Broadcast, kiosk to phones: signed by the kiosk, encrypted under the venue's key.
 *
 *   offset  size  what
 *        0     1  version, 2
 *        1     1  form, 1 (broadcast)
 *        2     8  epoch, big endian
 *       10     8  seq, big endian
 *       18    24  nonce, random
 *       42   726  XChaCha20-Poly1305 (IETF) of
 *                   0   64  Ed25519 signature
 *                  64    2  length of the text, big endian
 *                  66  644  text, then zeros
 *                 (tag)     16
 *
 * Letter, phone to kiosk (ack, command, enrol): for the kiosk's eyes alone.
 *
 *        0     1  version, 2
 *        1     1  form, 2 (letter)
 *        2   766  crypto_box_seal to the kiosk's X25519 key (from its Ed25519 key) of
 *                   0   64  Ed25519 signature, or zeros where the sender signs nothing
 *                  64    2  length of the text, big endian
 *                  66  652  text, then zeros
 *                 (48 bytes of seal)
 *
 * Clear, kiosk to everybody at the broker (beat, presence, ring): signed by the kiosk, not
 * encrypted. It says no more than its topic and its time do, so that a relay needs no key.
 *
 *        0     1  version, 2
 *        1     1  form, 6 (clear)
 *        2     8  epoch, big endian
 *       10     8  seq, big endian
 *       18    64  Ed25519 signature
 *       82     2  length of the text, big endian
 *       84   684  text, then zeros
 *
 * Staff, kiosk to staff phones: a signed clear head around a box that only they can open
 * (staff_box.h). The same box may be signed again under another epoch and seq.
 *
 *        0     1  version, 2
 *        1     1  form, 7 (staff)
 *        2     8  epoch, big endian
 *       10     8  seq, big endian
 *       18    64  Ed25519 signature over bound data | the bytes from 82 on
 *       82     8  when it was signed, seconds since 1970, big endian; 0: not known
 *       90   678  box
 *
 * Bound data, what the signature covers and, for a broadcast, also the associated data:
 *   "porchlight" 0x00 | version | form | venue 8 | kiosk 8 | epoch 8 | seq 8 | topic length 2 |
 *   topic (the full name) and, for the signature alone, the text.
 * In a letter epoch and seq are zero: freshness is the kiosk's nonce, inside the text. */

enum {
    ENVELOPE_VERSION = 2, /* byte 0 of every message, and "v" in every JSON text */
    ENVELOPE_SIZE = 768,
    ENVELOPE_TEXT_MAX = 644, /* broadcast; a longer text is refused when it is made */
    ENVELOPE_LETTER_MAX = 652,
    ENVELOPE_CLEAR_MAX = 684,
    ENVELOPE_KEY = 32,    /* the venue's key */
    ENVELOPE_PUBLIC = 32, /* Ed25519 public key */
    ENVELOPE_SECRET = 64, /* Ed25519 secret key, as libsodium has it: seed then public */
    ENVELOPE_ID = 8,      /* a venue's or kiosk's id */
    ENVELOPE_NONCE = 24,
    ENVELOPE_BOX = 678,        /* bytes of a staff message's box */
    ENVELOPE_FORM_WELCOME = 4, /* byte 1 of what envelope_welcome_seal makes */
    ENVELOPE_TOPIC_MAX = 255,  /* bytes of a topic's full name */
};

/* Where a message belongs; what signature and associated data bind it to. */
struct envelope_place {
    uint8_t venue[ENVELOPE_ID];
    uint8_t kiosk[ENVELOPE_ID];
    const char *topic; /* the full topic name */
    uint64_t epoch;    /* below 2^53 */
    uint64_t seq;      /* below 2^53 */
};

enum envelope_result {
    ENVELOPE_OK,
    ENVELOPE_TOO_LONG,  /* the text does not fit */
    ENVELOPE_MALFORMED, /* wrong size, version, form, or length field, non-zero padding, an epoch or
                           seq of 2^53 or more, or a topic that is too long */
    ENVELOPE_NOT_OURS,  /* does not decrypt: another key, another place, or tampered */
    ENVELOPE_FORGED,    /* decrypts, but the signature is not the kiosk's (or staff phone's) */
};

/* Seals `text` (`len` bytes) into out. `nonce` is ENVELOPE_NONCE random bytes: passed in, so that
 * the function is pure. */
enum envelope_result envelope_seal(const struct envelope_place *at,
                                   const uint8_t venue_key[ENVELOPE_KEY],
                                   const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                   const uint8_t nonce[ENVELOPE_NONCE], const char *text,
                                   size_t len, uint8_t out[ENVELOPE_SIZE]);

/* Opens a broadcast. `at->epoch` and `at->seq` are filled from the wire; older ones are the
 * caller's to refuse. `text` gets a terminated copy. Unless the result is ENVELOPE_OK, nothing is
 * written. */
enum envelope_result envelope_open(struct envelope_place *at, const uint8_t venue_key[ENVELOPE_KEY],
                                   const uint8_t kiosk_public[ENVELOPE_PUBLIC], const uint8_t *wire,
                                   size_t wire_len, char text[ENVELOPE_TEXT_MAX + 1], size_t *len);

/* Signs `text` (`len` bytes) as a clear message. Pure: the same input gives the same bytes. */
enum envelope_result envelope_clear_sign(const struct envelope_place *at,
                                         const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                         const char *text, size_t len, uint8_t out[ENVELOPE_SIZE]);

/* Opens a clear message, as envelope_open does a broadcast. ENVELOPE_FORGED: another signer or
 * place, or tampered with. */
enum envelope_result envelope_clear_open(struct envelope_place *at,
                                         const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                         const uint8_t *wire, size_t wire_len,
                                         char text[ENVELOPE_CLEAR_MAX + 1], size_t *len);

/* Seals a letter to the kiosk. `signer` may be NULL for what a relay sends: the broker binds it to
 * its account, and nothing is believed of it but that it is there. Draws randomness (the sealed box
 * has an ephemeral key of its own). */
enum envelope_result envelope_letter_seal(const struct envelope_place *at,
                                          const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                          const uint8_t *signer, const char *text, size_t len,
                                          uint8_t out[ENVELOPE_SIZE]);

/* Opens a letter without judging its signature (see envelope_letter_signed): which key must have
 * signed it is in the text. */
enum envelope_result envelope_letter_open(const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                          const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                          const uint8_t *wire, size_t wire_len,
                                          char text[ENVELOPE_LETTER_MAX + 1], size_t *len,
                                          uint8_t signature[64]);

/* ENVELOPE_OK if `signature` is that of `signer` over `text` at this place. */
enum envelope_result envelope_letter_signed(const struct envelope_place *at,
                                            const uint8_t signer[ENVELOPE_PUBLIC],
                                            const uint8_t signature[64], const char *text,
                                            size_t len);

/* Seals what the kiosk sends to one phone only (its venue key, enrol.h): a letter's bytes in the
 * other direction, form 4, sealed to the phone's key and signed by the kiosk. */
enum envelope_result envelope_welcome_seal(const struct envelope_place *at,
                                           const uint8_t phone_public[ENVELOPE_PUBLIC],
                                           const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                           const char *text, size_t len,
                                           uint8_t out[ENVELOPE_SIZE]);

/* Opens it, as a relay does; a page has its own. `text` gets a terminated copy, and is written only
 * if the result is ENVELOPE_OK. */
enum envelope_result envelope_welcome_open(const struct envelope_place *at,
                                           const uint8_t public[ENVELOPE_PUBLIC],
                                           const uint8_t secret[ENVELOPE_SECRET],
                                           const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                           const uint8_t *wire, size_t wire_len,
                                           char text[ENVELOPE_LETTER_MAX + 1], size_t *len);

/* Signs a box (staff_box.h) as a message of the form staff. `time`: seconds since 1970; 0: not
 * known. ENVELOPE_OK, or ENVELOPE_MALFORMED as envelope_seal. Pure. */
enum envelope_result envelope_staff_sign(const struct envelope_place *at,
                                         const uint8_t kiosk_secret[ENVELOPE_SECRET], uint64_t time,
                                         const uint8_t box[ENVELOPE_BOX],
                                         uint8_t out[ENVELOPE_SIZE]);

/* Checks that the kiosk signed it for this place, whose epoch and seq are then filled in, with
 * *time; *box points into `wire`. Nothing is written unless the result is ENVELOPE_OK. */
enum envelope_result envelope_staff_check(struct envelope_place *at,
                                          const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                          const uint8_t *wire, size_t wire_len, uint64_t *time,
                                          const uint8_t **box);

#endif
