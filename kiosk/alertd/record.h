#ifndef PORCHLIGHT_ALERTD_RECORD_H
#define PORCHLIGHT_ALERTD_RECORD_H

#include "kiosk/common/paths.h"
#include "kiosk/core/alert.h"

#include <stdbool.h>

#include <stdint.h>

/* The durable record: what stands, and nothing about anybody. RECORD_SIZE bytes, so that it fits
 * the 56 bytes of a DS1307's SRAM:
 *
 *   0   4  "PLR1"
 *   4   8  epoch, big endian: counts the starts of porchlightd
 *  12   1  state: 0 quiet, 1 caution, 2 lockdown
 *  13   1  flags: 1 drill, 2 duress, 4 unclear, 8 unconfirmed, 16 calm, 32 wipe pending
 *  14  16  the alert's id
 *  30   8  wall time at which the alert began, seconds since 1970, big endian; 0: not known
 *  38   4  serial, big endian: grows with each record written
 *  42   8  first bytes of BLAKE2b over all before
 *
 * The file has two slots, RECORD_SLOT bytes apart. Each record goes over the older one, so that a
 * torn write costs nothing that stood. The file never grows after its first record: what a press
 * waits for is one write of blocks that it already has, with no journal in the way, and a full disk
 * does not matter.
 *
 * A cell (an RTC's SRAM, an EEPROM) is as large as it is: two slots side by side, or one where two
 * have no room, in which a torn write then loses what stood. */
enum { RECORD_SIZE = 50, RECORD_SLOT = 4096 };

struct record {
    uint64_t epoch;
    int64_t began; /* seconds since 1970; 0: not known */
    struct alert_standing standing;
};

struct record_place {
    char path[PATH_LEN];
    bool cell;
};

/* Where the config's word says: empty (PATH_RECORD), a full path, or nvmem:NAME. 0, or -1 with
 * errno ENAMETOOLONG. */
int record_place(struct record_place *out, const char *prefix, const char *word);

void record_encode(const struct record *r, uint32_t serial, uint8_t out[RECORD_SIZE]);

/* 0, or -1 with errno EBADMSG: torn, foreign or of another version. */
int record_decode(struct record *r, uint32_t *serial, const uint8_t *bytes, size_t len);

/* Reads the newer of the file's records. 0, or -1 with errno (ENOENT: a first start; EBADMSG:
 * neither slot holds one). */
int record_read(const struct record_place *at, struct record *r);

/* Durable once it returns 0. Else -1 with errno, and what stood before stands. For a cell also
 * ENOSPC: it is too small; EBUSY: it holds a vault's key. */
int record_write(const struct record_place *at, const struct record *r);

#endif
