#ifndef PORCHLIGHT_WIPE_TRIM_H
#define PORCHLIGHT_WIPE_TRIM_H

#include <stdbool.h>

/* What a file system may still hold of files that are gone. True if it was done. Never an error:
 * many file systems and cards have neither. */

/* Asks it to write its journal out and zero it: ext4, from Linux 5.14 on. */
bool trim_journal(int fd);

/* Asks it to tell the card which blocks are free (FITRIM). */
bool trim_free(int fd);

#endif
