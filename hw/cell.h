#ifndef PORCHLIGHT_HW_CELL_H
#define PORCHLIGHT_HW_CELL_H

#include <stdint.h>

/* A key cell: the one place that keeps a vault's key. What matters is that overwriting it leaves no
 * second copy behind. Addresses:
 *
 *   nvmem:NAME   /sys/bus/nvmem/devices/NAME/nvmem, an RTC's SRAM or an EEPROM: really overwrites
 *   tpm:INDEX    an NV index of a TPM 2 (cell_tpm.h): overwritten, then undefined
 *   file:/PATH   a file on the card: copies survive in worn blocks, so only for trials
 *   ram          no cell: the key is typed or comes from a stick; only the kernel holds it
 *
 * A key in a cell takes CELL_BYTES: four bytes "PLc1", the key, four bytes of its BLAKE2b. */

enum { CELL_KEY = 32, CELL_BYTES = 40, CELL_WORD_MAX = 256 };

/* One sentence for a person: which cell, what was found, what to do. */
struct cell_error {
    char text[320];
};

/* Checks before use: it exists, holds CELL_BYTES, and only its owner can read it. 0, or -1
 * with errno and error->text: ENOENT, ENOSPC (too small), EACCES (others may read it), EINVAL. */
int cell_check(const char *prefix, const char *word, struct cell_error *error);

/* Writes and reads back. A file: cell is made if missing. -1 with errno and error->text; EIO: it
 * did not read back. `key` is the caller's, in locked memory. */
int cell_write(const char *prefix, const char *word, const uint8_t key[CELL_KEY],
               struct cell_error *error);

/* -1 with errno: ENOKEY (it holds none), or as above. */
int cell_read(const char *prefix, const char *word, uint8_t key[CELL_KEY],
              struct cell_error *error);

/* Destroys what the cell holds and reads back that it is gone; for tpm: only, the others by their
 * fd. *held: whether it held something. 0, or -1 with errno and error->text. */
int cell_kill(const char *prefix, const char *word, int *held, struct cell_error *error);

/* The same three over an open fd, for callers that have their own way to the file. cell_kill_fd
 * overwrites with zeros, once, since a clock's chip takes 4 ms for it, and reads back: 0; -1 with
 * errno, EIO if what is read is not what was written. *held: whether there was a key. */
int cell_read_fd(int fd, uint8_t key[CELL_KEY]);
int cell_write_fd(int fd, const uint8_t key[CELL_KEY]);
int cell_kill_fd(int fd, int *held);

/* Opens a cell's file O_RDWR. The fd or -1 with errno. For nvmem: and file: only. */
int cell_open(const char *prefix, const char *word);

#endif
