#ifndef PORCHLIGHT_HW_CELL_TPM_H
#define PORCHLIGHT_HW_CELL_TPM_H

#include "hw/cell.h"

#include <stdbool.h>

/* The TPM 2 backend of a cell, "tpm:INDEX": CELL_BYTES in an NV index of the owner's own range, as
 * hex digits. The TPM is reached at PREFIX/dev/tpmrm0, the kernel's resource manager; below a moved
 * prefix that may be the socket of a software TPM instead. Index and owner have no password:
 * whoever can open the device can read the cell, as with the other backends. One thread uses it. */
enum { CELL_TPM_FIRST = 0x1800000, CELL_TPM_LAST = 0x1bfffff };

bool cell_tpm_is(const char *word);

/* 0, or -1 with errno and error->text: EINVAL (no such index), ENOENT (no TPM), EIO (it
 * refuses). */
int cell_tpm_check(const char *prefix, const char *word, struct cell_error *error);

/* Also EEXIST: the index holds something else. `bytes` is the caller's, in locked memory. */
int cell_tpm_write(const char *prefix, const char *word, const uint8_t bytes[CELL_BYTES],
                   struct cell_error *error);

/* Also ENOKEY: there is no such index. */
int cell_tpm_read(const char *prefix, const char *word, uint8_t bytes[CELL_BYTES],
                  struct cell_error *error);

/* Overwrites the index with zeros, reads them back, undefines it, and checks that it is gone. 0,
 * also if there was none; *defined: whether there was one. */
int cell_tpm_kill(const char *prefix, const char *word, bool *defined, struct cell_error *error);

#endif
