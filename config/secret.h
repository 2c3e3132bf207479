#ifndef PORCHLIGHT_CONFIG_SECRET_H
#define PORCHLIGHT_CONFIG_SECRET_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Secrets and keys in files, one each: hex digits and a newline, or for a password one line of
 * text. A file that group or others may read is refused (fstat of the opened file), as is a
 * symlink, a wrong length, a bad digit. Which files there are:
 *
 *   venue.key        32 bytes   the venue's key (symmetric)
 *   kiosk.key        32 bytes   seed of the kiosk's Ed25519 key
 *   kiosk.pub        32 bytes   its public half (may be world-readable)
 *   root.pub         32 bytes   the venue's root key, public half (may be world-readable)
 *   kiosk.cert       64 bytes   the root's signature over the kiosk's key (may be world-readable)
 *   relay.key        32 bytes   seed of a relay's own key, on that relay alone
 *   push.key         32 bytes   seed of the venue's push key, on relays alone
 *   push.cert        64 bytes   the root's signature over it (may be world-readable)
 *   broker-NAME      password of [broker NAME]
 */

/* Exactly `len` bytes from the hex file of that credential. `out` is the caller's, and locked
 * memory where it is secret. `secret` false allows world-readable. 0, or -1 after one complaint. */
int secret_read_key(const char *prefix, const char *name, bool secret, uint8_t *out, size_t len,
                    config_complain *complain, void *context);

/* The same from any file by its path. */
int secret_read_file(const char *path, bool secret, uint8_t *out, size_t len,
                     config_complain *complain, void *context);

/* Whether this open file has a mode of its own that says who may read it. On a FAT or exFAT stick,
 * as sticks are sold, none has: whoever mounts the stick says it for all of them. */
bool secret_has_mode(int fd);

/* What such a secret file holds, whatever that is, terminated and without the blanks, line ends and
 * byte order mark around it.
 * `absent` is what is said where there is no such file. Its length, or -1 after one complaint. */
enum { SECRET_FILE_MAX = 4096 };
ssize_t secret_read_text(const char *path, const char *absent, char out[SECRET_FILE_MAX + 1],
                         config_complain *complain, void *context);

/* One line of printable UTF-8 without the blanks around it (CR, newlines, a byte order mark),
 * terminated, at most size - 1 bytes. */
int secret_read_line(const char *prefix, const char *name, char *out, size_t size,
                     config_complain *complain, void *context);

/* Reads everything that porchlightd reads at its start (the brokers' passwords and, unless the
 * venue is plain, the kiosk's own keys), and forgets it again. 0, or -1 after a complaint for each
 * that cannot be used. */
int secret_check_all(const char *prefix, const struct config *c, config_complain *complain,
                     void *context);

/* Writes hex into `path`: a fresh file beside it, mode, fsync, rename, folder fsync. 0 or -1 with
 * errno. */
int secret_write_key(const char *path, const uint8_t *key, size_t len, int mode);

#endif
