#ifndef PORCHLIGHT_CLI_SEALING_SEALING_H
#define PORCHLIGHT_CLI_SEALING_SEALING_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Sealing to a public key whose secret half is never on the kiosk: what was sealed needs no wipe.
 *
 * A sealed file:   "PLSEAL1\n"
 *                  80 bytes    crypto_box_seal of the stream's 32-byte key
 *                  24 bytes    secretstream header
 *                  then        secretstream chunks of 65,536 bytes of text, 17 more sealed; the
 * last one shorter (it may be empty) and tagged FINAL An entry (in a book): crypto_box_seal of the
 * text padded by sodium_pad to SEAL_PAD bytes. */

enum {
    SEAL_KEY = 32,
    SEAL_CHUNK = 65536,
    SEAL_PAD = 256,
    SEAL_ENTRY_MAX = 8192,
    SEAL_SEALED_MAX = SEAL_ENTRY_MAX + SEAL_PAD + 48,
};

#define SEAL_MAGIC "PLSEAL1\n"

enum seal_result {
    SEAL_OK,
    SEAL_IO,      /* errno */
    SEAL_FORMAT,  /* no sealed file, or one that ends before its end */
    SEAL_OPEN,    /* not sealed to this key, or altered */
    SEAL_NO_KEY,  /* the public key is none */
    SEAL_DAMAGED, /* a book: some of it is damaged, the rest was printed */
};

/* Reads `in` to its end. */
enum seal_result seal_stream(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY]);

/* `in` stands behind the magic. What it wrote before a failure is true but not whole. */
enum seal_result unseal_stream(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY],
                               const uint8_t secret_key[SEAL_KEY]);

/* `text` of 0 to SEAL_ENTRY_MAX bytes. The sealed length, or -1 with errno EMSGSIZE. */
ssize_t seal_entry(const uint8_t *text, size_t len, const uint8_t public_key[SEAL_KEY],
                   uint8_t out[SEAL_SEALED_MAX]);

/* The text's length, or -1: not for this key, or altered. */
ssize_t unseal_entry(const uint8_t *sealed, size_t len, const uint8_t public_key[SEAL_KEY],
                     const uint8_t secret_key[SEAL_KEY], uint8_t out[SEAL_ENTRY_MAX + SEAL_PAD]);

/* A key's file at `path` into key. A public one is a line of 64 hex digits; a secret one has
 * SEAL_SECRET in front of them, so that neither is taken for the other, and is refused where others
 * may read it. 0, or -1 after a sentence on stderr that begins with `who`. */
#define SEAL_SECRET "secret "
int seal_read_key(const char *who, const char *path, int secret, uint8_t key[SEAL_KEY]);

const char *seal_why(enum seal_result r);

#endif
