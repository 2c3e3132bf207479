#ifndef PORCHLIGHT_RELAY_WEBPUSH_H
#define PORCHLIGHT_RELAY_WEBPUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Web Push's cryptography, and nothing of the wire: a message sealed to one browser (RFC 8291, in
 * one record of RFC 8188), and the token by which a push service knows the sender (RFC 8292). Held
 * to the RFCs' own examples by tests/unit/relay/test_webpush.c. */

enum {
    WEBPUSH_SCALAR = 32, /* a private key of P-256, big endian */
    WEBPUSH_POINT = 65,  /* a public one, uncompressed */
    WEBPUSH_AUTH = 16,
    WEBPUSH_SALT = 16,
    WEBPUSH_HEAD = WEBPUSH_SALT + 4 + 1 + WEBPUSH_POINT,
    WEBPUSH_TAG = 16,
    WEBPUSH_TEXT_MAX = 3993,  /* what RFC 8291 lets every service take */
    WEBPUSH_TOKEN_MAX = 1024, /* with the longest host name and contact */
};

/* Every message of ours is this long, whatever it says. */
enum { WEBPUSH_PADDED = 64, WEBPUSH_BODY = WEBPUSH_HEAD + WEBPUSH_PADDED + WEBPUSH_TAG };

/* The public key of `scalar`. 0, or -1 where it is none (0, or not below the curve's order). */
int webpush_public(const uint8_t scalar[WEBPUSH_SCALAR], uint8_t point[WEBPUSH_POINT]);

/* A scalar from any 32 secret bytes, the same for the same ones. 0 or -1. */
int webpush_scalar(const uint8_t seed[32], uint8_t scalar[WEBPUSH_SCALAR]);

/* True for a point of the curve. */
bool webpush_is_point(const uint8_t point[WEBPUSH_POINT]);

/* Seals `len` bytes, padded to `padded` (> len; RFC 8291's delimiter is one of them), to the
 * browser's key and secret. `sender` and `salt` are fresh for every message: passed in, so that the
 * function is pure. `out` has WEBPUSH_HEAD + padded + WEBPUSH_TAG bytes. 0, or -1 for a key that is
 * none, or too much text. */
int webpush_seal(const uint8_t browser[WEBPUSH_POINT], const uint8_t auth[WEBPUSH_AUTH],
                 const uint8_t sender[WEBPUSH_SCALAR], const uint8_t salt[WEBPUSH_SALT],
                 const void *text, size_t len, size_t padded, uint8_t *out);

/* The value of the Authorization header for the service at `origin` ("https://push.example.net"),
 * until `expires` (seconds since 1970, at most a day ahead). `contact` is an address of the sender,
 * mailto: or https:, without quote or backslash. 0, or -1. */
int webpush_token(const uint8_t scalar[WEBPUSH_SCALAR], const char *origin, int64_t expires,
                  const char *contact, char out[WEBPUSH_TOKEN_MAX]);

#endif
