#ifndef PORCHLIGHT_ALERTD_RECORD_H
#define PORCHLIGHT_ALERTD_RECORD_H

#include "kiosk/core/alert.h"

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
 *  38   8  first bytes of BLAKE2b over all before
 */
enum { RECORD_SIZE = 46 };

struct record {
    uint64_t epoch;
    int64_t began; /* seconds since 1970; 0: not known */
    struct alert_standing standing;
};

void record_encode(const struct record *r, uint8_t out[RECORD_SIZE]);

/* 0, or -1 with errno EBADMSG: torn, foreign or of another version. */
int record_decode(struct record *r, const uint8_t *bytes, size_t len);

/* Reads the file. 0, or -1 with errno (ENOENT: a first start; EBADMSG). */
int record_read(const char *path, struct record *r);

/* Durable once it returns 0: a file beside it, fsync, rename, fsync of the folder. Else -1 with
 * errno, and what stood before stands. */
int record_write(const char *path, const struct record *r);

#endif
