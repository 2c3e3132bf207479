#ifndef PORCHLIGHT_CLI_SEALING_CMD_BOOK_H
#define PORCHLIGHT_CLI_SEALING_CMD_BOOK_H

#include "kiosk/cli/cli.h"
#include "kiosk/cli/sealing/sealing.h"

/* A book: sealed entries, one after another, appended so that a power cut loses at most the entry
 * that it interrupts.
 *
 *   "PLBOOK1\n"
 *   then, for each entry: 4 bytes length (little endian), the sealed entry, 8 bytes BLAKE2b-64 of
 *   both. An incomplete end is cut off before the next entry is written. */
#define BOOK_MAGIC "PLBOOK1\n"

enum { BOOK_NAME_MAX = 32 };

/* Sends one entry to the book's program over book.sock. An enum cli_exit. */
int book_send(const struct cli *cli, const char *book, const uint8_t *entry, size_t len);

/* Opens the book at `path` for appending, made if it is missing, and repairs its end. The fd, or -1
 * with errno (EINVAL: not a book). */
int book_open(const char *path);

/* Seals and appends; durable when it returns 0. -1 with errno: nothing was added. */
int book_append(int fd, const uint8_t *entry, size_t len, const uint8_t public_key[SEAL_KEY]);

/* Prints each entry and a newline; `in` is positioned after the magic. */
enum seal_result book_print(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY],
                            const uint8_t secret_key[SEAL_KEY]);

#endif
