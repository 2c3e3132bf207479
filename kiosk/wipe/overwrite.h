#ifndef PORCHLIGHT_WIPE_OVERWRITE_H
#define PORCHLIGHT_WIPE_OVERWRITE_H

#include <stdint.h>

enum overwrite_result {
    OVERWRITE_VERIFIED,   /* written, synced, and read back as written */
    OVERWRITE_UNVERIFIED, /* written and synced; reading back failed or differed */
    OVERWRITE_FAILED,     /* not all of it is written and synced; errno says why */
};

/* Overwrites the data of the regular file behind fd (opened O_RDWR) with fresh random bytes, from
 * its beginning to the end of its last block; holes are left holes. Syncs it, drops it from the
 * page cache and reads it back from the device. */
enum overwrite_result overwrite_file(int fd);

/* The same for the bytes [from, to), which are not padded. */
enum overwrite_result overwrite_range(int fd, int64_t from, int64_t to);

#endif
