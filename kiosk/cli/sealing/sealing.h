#ifndef PORCHLIGHT_CLI_SEALING_SEALING_H
#define PORCHLIGHT_CLI_SEALING_SEALING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Sealing to a public key whose secret half is never on the kiosk: what was sealed needs no wipe.
 *
 * A sealed file:
 *     8 bytes     "PLSEAL1\n"
 *     80 bytes    crypto_box_seal of the stream's 32-byte key
 *     24 bytes    header of the secretstream
 *     chunks      of the secretstream: 65,536 bytes of text each, 17 bytes longer when sealed; the
 *                 last one is shorter (its text may be empty) and tagged FINAL
 *
 * An entry of a book: crypto_box_seal of the text, padded by sodium_pad to a multiple of SEAL_PAD
 * bytes. */

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
    SEAL_FORMAT,  /* not a sealed file, or cut short */
    SEAL_OPEN,    /* not sealed to this key, or altered */
    SEAL_NO_KEY,  /* the public key is not a valid one */
    SEAL_DAMAGED, /* a book: some of it is damaged, the rest was printed */
};

/* Reads `in` to its end. */
enum seal_result seal_stream(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY]);

/* `in` is positioned after the magic. What was written before a failure is genuine, but not all. */
enum seal_result unseal_stream(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY],
                               const uint8_t secret_key[SEAL_KEY]);

/* `text` of 0 to SEAL_ENTRY_MAX bytes. The sealed length, or -1 with errno EMSGSIZE. */
ssize_t seal_entry(const uint8_t *text, size_t len, const uint8_t public_key[SEAL_KEY],
                   uint8_t out[SEAL_SEALED_MAX]);

/* The text's length, or -1: not for this key, or altered. */
ssize_t unseal_entry(const uint8_t *sealed, size_t len, const uint8_t public_key[SEAL_KEY],
                     const uint8_t secret_key[SEAL_KEY], uint8_t out[SEAL_ENTRY_MAX + SEAL_PAD]);

/* Reads the key file at `path`. A public key is a line of 64 hex digits; a secret one begins with
 * SEAL_SECRET, so that neither is mistaken for the other, and is refused if others may read it. 0,
 * or -1 after a complaint. */
#define SEAL_SECRET "secret "
int seal_read_key(const char *path, bool secret, uint8_t key[SEAL_KEY]);

/* What went wrong, as the end of a sentence. */
const char *seal_why(enum seal_result r);

#endif
