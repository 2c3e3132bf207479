#ifndef PORCHLIGHT_CLI_PASSPHRASE_H
#define PORCHLIGHT_CLI_PASSPHRASE_H

enum { PASSPHRASE_MAX = 256 };

/* A passphrase in locked memory: a file's first line (mode 0600; a byte order mark and the CR of a
 * Windows editor do not count; a link is followed), or with `path` NULL typed at the
 * terminal, where it is not shown, and asked `twice` if it is new. At least `least` bytes. You
 * sodium_free it; NULL after a complaint. */
char *passphrase_read(const char *path, int twice, int least);

#endif
