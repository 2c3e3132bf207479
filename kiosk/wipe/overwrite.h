#ifndef PORCHLIGHT_WIPE_OVERWRITE_H
#define PORCHLIGHT_WIPE_OVERWRITE_H

#include <sodium.h>
#include <stdint.h>

enum overwrite_result {
    OVERWRITE_VERIFIED,   /* written, synced, and read back as written */
    OVERWRITE_UNVERIFIED, /* written and synced; reading back failed or differed, or it grew */
    OVERWRITE_MOVED, /* the same, but to other blocks of the disk: the old ones stay as they were */
    OVERWRITE_FAILED, /* not all of it is written and synced, but all that can be; errno: why */
};

/* Before anything is written to a file: whatever makes its file system write to new blocks, and can
 * be taken away, is taken away. */
void overwrite_prepare(int fd);

/* Overwrites the data of the regular file that fd is (opened O_RDWR) with fresh random bytes; holes
 * are left holes, and the rest of its last block becomes zeros, as the kernel writes
 * whole blocks. Syncs it, drops it from the page cache and reads it back from the device. */
enum overwrite_result overwrite_file(int fd);

/* A clause for OVERWRITE_MOVED. */
extern const char overwrite_moved[];

/* The same for some ranges of it, or of a block device, with one sync for all of them. */
struct overwrite_range {
    int64_t from, to; /* [from, to) */
};
enum overwrite_result overwrite_ranges(int fd, const struct overwrite_range *ranges, int count);

#endif
