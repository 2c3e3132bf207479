#ifndef PORCHLIGHT_ALERTD_RECORD_FILE_H
#define PORCHLIGHT_ALERTD_RECORD_FILE_H

#include "config/record_place.h"
#include "kiosk/core/record.h"

/* A cell has no room for the box (record.h): it is kept on the card, in a file of its own, if the
 * card can be written. That file is built as a record's, and says of the alert only its id and
 * whether code or duress was pressed.
 *
 * Reads the newer of the file's records. 0, or -1 with errno (ENOENT: a first start; EBADMSG:
 * neither slot holds one; and as record_newest). */
int record_file_read(const struct record_place *at, struct record *r);

/* Where a write failed, kept from one write to the next: what the card did not take can still be
 * read from memory, and so looks like the newest record. The next write goes to the same slot, for
 * the other one alone is on the card. Zero at first: what a process that died left in memory is
 * brought to the card before the other slot is written; failing that, the card is read again. */
enum { RECORD_UNDOUBTED = -1 };
struct record_doubts {
    int record, box; /* 1 + the slot; RECORD_UNDOUBTED; 0: nothing is known yet */
};

/* Durable once it returns 0. Else -1 with errno, and the earlier record is still there. For a cell
 * also ENOSPC: it is too small; EBUSY: it holds a vault's key. */
int record_file_write(const struct record_place *at, struct record_doubts *d,
                      const struct record *r);

#endif
