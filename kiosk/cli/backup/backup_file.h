#ifndef PORCHLIGHT_CLI_BACKUP_BACKUP_FILE_H
#define PORCHLIGHT_CLI_BACKUP_BACKUP_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A backup: files sealed under a passphrase. Integers are big endian.
 *
 *        0    20  "porchlight backup 1\n"
 *       20    16  salt
 *       36     4  Argon2id's passes, 1 to 16
 *       40     4  Argon2id's memory in KiB, 8192 to 1048576
 *       44    24  header of XChaCha20-Poly1305's secretstream
 *       68     -  one message of the stream, tagged final: the files, each
 *                   path's length 2, mode 4, size 4, path, bytes
 *
 * The first 44 bytes are the message's associated data. Everything in memory is locked and wiped.
 */

enum { BACKUP_MAX = 8 << 20, BACKUP_PATH_MAX = 400, BACKUP_PASSPHRASE_MIN = 12 };

struct backup {
    uint8_t *bytes; /* sodium_malloc */
    size_t len, room;
};

/* Adds a file. 0, or -1 with errno: ENOMEM, EFBIG (more than BACKUP_MAX), ENAMETOOLONG. */
int backup_add(struct backup *b, const char *path, mode_t mode, const void *bytes, size_t len);

/* Seals into a new file, durable, 0600. 0, or -1 with errno (EEXIST: the file exists). */
int backup_seal(const struct backup *b, const char *path, const char *passphrase);

/* Whether the file is a backup, with whatever passphrase. 0, or -1 with errno: EINVAL (it is none).
 */
int backup_look(const char *path);

/* 0, or -1 with errno: EBADMSG (wrong passphrase, or damaged), EINVAL (not a backup). */
int backup_open(struct backup *b, const char *path, const char *passphrase);

/* Calls `each` for every file; `name` is terminated. Stops at the first result that is not 0, and
 * returns it; -1 with EBADMSG if the content is not a list of files. */
typedef int backup_file(void *context, const char *name, mode_t mode, const uint8_t *bytes,
                        size_t len);
int backup_each(const struct backup *b, backup_file *each, void *context);

void backup_finish(struct backup *b);

/* Notes that what is here now is in a backup; doctor compares it with later changes. Where it
 * cannot be noted, a warning says so. */
void backup_note(const char *prefix);

#endif
