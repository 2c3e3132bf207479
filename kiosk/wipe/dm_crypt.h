#ifndef PORCHLIGHT_WIPE_DM_CRYPT_H
#define PORCHLIGHT_WIPE_DM_CRYPT_H

enum dm_crypt_state {
    MAPPING_GONE,  /* no mapping of that name */
    MAPPING_DEAD,  /* it holds no key any more; somebody still has it open */
    MAPPING_ALIVE, /* it reads, or may read; errno says why it was not killed */
};

/* Takes the key from the dm-crypt mapping `name` (below /dev/mapper) and closes it, waiting for
 * nobody who uses it: its table is replaced by one that answers every read and write with EIO, and
 * the kernel clears the key with the old table. No buffered data is written first. A mapping in use
 * goes when its last user lets go of it. EINVAL: it is no mapping of dm-crypt; left alone. */
enum dm_crypt_state dm_crypt_kill(const char *name);

/* Looks without touching. A device-mapper that cannot be asked reads as alive. */
enum dm_crypt_state dm_crypt_look(const char *name);

#endif
