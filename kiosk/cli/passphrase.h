#ifndef PORCHLIGHT_CLI_PASSPHRASE_H
#define PORCHLIGHT_CLI_PASSPHRASE_H

enum { PASSPHRASE_MAX = 256 };

/* A passphrase in locked memory, from a file's first line (mode 0600), or with `path` NULL from
 * the terminal, unseen, and asked `twice` where it is new. At least `least` bytes. The caller's to
 * sodium_free; NULL after a complaint. */
char *passphrase_read(const char *path, int twice, int least);

#endif
