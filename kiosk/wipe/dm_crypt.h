#ifndef PORCHLIGHT_WIPE_DM_CRYPT_H
#define PORCHLIGHT_WIPE_DM_CRYPT_H

#include "kiosk/wipe/place.h"

enum dm_crypt_state {
    MAPPING_GONE,  /* no mapping of that name */
    MAPPING_DEAD,  /* it no longer has a key; somebody still has it open */
    MAPPING_ALIVE, /* it can be read, or perhaps can; errno: why it was not closed */
};

/* Takes the key from the dm-crypt mapping `name` (below /dev/mapper) and closes it, without waiting
 * for anybody who uses it: its table is replaced by one that answers every read and write with EIO,
 * and the kernel clears the key with the old table. No buffered data is written first. A mapping in
 * use disappears when its last user closes it. EINVAL: it is no mapping of dm-crypt; left alone. */
enum dm_crypt_state dm_crypt_kill(const char *name);

/* Looks without touching. If the device mapper does not answer: MAPPING_ALIVE. */
enum dm_crypt_state dm_crypt_look(const char *name);

/* PLACE_DISK if every piece of the mapping writes where it is told to, and keeps no old block.
 * PLACE_DEGRADED: a disk of its RAID is missing. PLACE_SNAPSHOT: all else, also if it cannot be
 * asked. */
enum place_below dm_below(const char *name);

#endif
