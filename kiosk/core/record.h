#ifndef PORCHLIGHT_CORE_RECORD_H
#define PORCHLIGHT_CORE_RECORD_H

#include "kiosk/core/alert.h"
#include "kiosk/core/staff_box.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The durable record: the current alert, and nothing about people. porchlightd writes it; programs
 * that must know whether a wipe is pending read it too. RECORD_SIZE bytes, so that it fits into the
 * 56 bytes of a DS1307's SRAM, and in a file the sealed message that staff are sent:
 *
 *   0   4  "PLR2"
 *   4   8  epoch, big endian: grows with each start of porchlightd
 *  12   1  state: 0 quiet, 1 caution, 2 lockdown
 *  13   1  flags: 1 drill, 2 code or duress was pressed, 4 unclear, 8 unconfirmed, 16 calm,
 *          32 wipe pending, 64 the box follows
 *  14  16  the alert's id
 *  30   8  wall time at which the alert began, seconds since 1970, big endian; 0: not known
 *  38   4  serial, big endian: grows with each record written
 *  42   8  first bytes of BLAKE2b over all before, and over the box
 *  50 678  the box (staff_box.h): the kiosk has no key that opens it, so that nobody who has the
 * card can tell code from duress
 *
 * 0.1.0 wrote "PLR1", without a box; its flag 2 meant duress. It is still read.
 *
 * A file has two slots, RECORD_SLOT bytes apart. Each record goes over the older one, so that a
 * torn write loses no earlier record. The file never grows after its first record: a press waits
 * for one write to blocks that the file already has, without a journal, and a full disk does not
 * matter.
 *
 * A cell (an RTC's SRAM, an EEPROM) has a fixed size: it has two slots side by side, or one where
 * two do not fit. A torn write then loses the record. */
enum {
    RECORD_SIZE = 50,
    RECORD_MOST = RECORD_SIZE + STAFF_BOX_SIZE, /* with the box */
    RECORD_SLOT = 4096,
    RECORD_FILE = 2 * RECORD_SLOT,
    RECORD_READ = RECORD_SLOT + RECORD_MOST, /* the first bytes of a file hold both slots */
    RECORD_READ_CELL = 2 * RECORD_SIZE,      /* and of a cell: its bus is slow */
};

struct record {
    uint64_t epoch;
    int64_t began; /* seconds since 1970; 0: not known */
    struct alert_standing standing;
    bool was_duress; /* read from 0.1.0's record: what was pressed was duress. Never written */
    bool boxed;      /* `box` is what staff are sent */
    uint8_t box[STAFF_BOX_SIZE];
};

/* Returns the length: RECORD_SIZE, or RECORD_MOST where it is boxed. */
size_t record_encode(const struct record *r, uint32_t serial, uint8_t out[RECORD_MOST]);

/* 0, or -1 with errno EBADMSG: torn, foreign or of another version. */
int record_decode(struct record *r, uint32_t *serial, const uint8_t *bytes, size_t len);

/* The slots of a file, or of a cell of `size` bytes: how many, how far apart. */
struct record_slots {
    int count, apart;
};
struct record_slots record_slots(bool cell, size_t size);

/* Finds the newest record in the first bytes of a file or cell. Returns its slot; the record is
 * then in *r, with its serial. -1 with errno: EBADMSG, none does; of a cell also ENOSPC, it is too
 * small, and EBUSY, it holds a vault's key (hw/cell.h). */
int record_newest(const uint8_t *bytes, size_t len, bool cell, struct record *r, uint32_t *serial);

#endif
