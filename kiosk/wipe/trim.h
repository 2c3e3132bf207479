#ifndef PORCHLIGHT_WIPE_TRIM_H
#define PORCHLIGHT_WIPE_TRIM_H

#include <stdbool.h>

/* What a file system may still hold of files that are gone: asks it to write its journal out and
 * zero it (ext4, Linux 5.14), and to tell the card which blocks are free (FITRIM). True if both
 * were done. Never an error: many file systems and cards have neither. */
bool trim_filesystem(int fd);

#endif
