#ifndef PORCHLIGHT_CLI_ETC_TRANSACTION_H
#define PORCHLIGHT_CLI_ETC_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Changes /etc/porchlight as a whole or not at all. Files are put into a staging folder beside it,
 * which starts as a copy (by hard links) of what is there; etc_transaction_commit exchanges the two
 * in one step. A power cut or SIGKILL before that step leaves the old state, after it the new one;
 * the next etc_transaction_begin or etc_transaction_settle removes what is left over.
 *
 * Files outside of /etc/porchlight (a broker's accounts) are written under another name first and
 * renamed after the exchange; etc_transaction_settle finishes that where it was interrupted.
 *
 * Every function prints its own error message before it fails. */
struct etc_transaction;

/* The lock alone: a descriptor to close, or -1. */
int etc_transaction_lock(const char *prefix);

/* Takes the lock (one set-up at a time), settles, and copies. NULL after an error message. */
struct etc_transaction *etc_transaction_begin(const char *prefix);

/* A file below the folder ("credentials/venue.key"), its folders made as needed (0755; what is
 * secret is in "credentials", "broker", "ca", "outside" or "registrar", 0700). 0 or -1. */
int etc_transaction_put(struct etc_transaction *s, const char *name, const void *bytes, size_t len,
                        mode_t mode);
int etc_transaction_put_text(struct etc_transaction *s, const char *name, const char *text,
                             mode_t mode);

/* One secret as hex and a newline, as config/secret.h reads it. */
int etc_transaction_put_key(struct etc_transaction *s, const char *name, const void *key,
                            size_t len, mode_t mode);

/* Removes a file; it need not exist. */
int etc_transaction_drop(struct etc_transaction *s, const char *name);

/* A file outside ("/var/lib/porchlight-broker/dynamic-security.json", before the prefix), given to
 * `owner` where root runs on the real paths and that user is there. 0 or -1. */
int etc_transaction_put_beside(struct etc_transaction *s, const char *path, const void *bytes,
                               size_t len, mode_t mode, const char *owner);

/* The staged file's bytes, terminated; free() it after sodium_memzero. NULL: it is not there (errno
 * ENOENT), or it cannot be read. */
char *etc_transaction_read(const struct etc_transaction *s, const char *name, size_t *len);
char *etc_transaction_read_beside(const struct etc_transaction *s, const char *path, size_t *len);
bool etc_transaction_has(const struct etc_transaction *s, const char *name);

/* Whether anything was put beside the folder. */
bool etc_transaction_has_beside(const struct etc_transaction *s);

/* The staged tree as a prefix of its own would see it: "<staging>/porchlight.conf". */
const char *etc_transaction_path(const struct etc_transaction *s, const char *name);

/* Makes all of it durable, then exchanges. 0, or -1: the old state is kept. */
int etc_transaction_commit(struct etc_transaction *s);

/* Removes what was not committed, and releases the lock. NULL is safe. */
void etc_transaction_free(struct etc_transaction *s);

/* Finishes or removes what an interrupted set-up left. Takes the lock. 0 or -1. */
int etc_transaction_settle(const char *prefix);

#endif
