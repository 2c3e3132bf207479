#ifndef PORCHLIGHT_WIPE_LUKS_HEADER_H
#define PORCHLIGHT_WIPE_LUKS_HEADER_H

#include "kiosk/wipe/luks_facts.h"
#include "kiosk/wipe/overwrite.h"

#include <stdbool.h>
#include <stdint.h>

/* The header of a LUKS container, LUKS1 or LUKS2, on an open file or device. */

/* LUKS2's own bounds: two headers of at most 4 MiB each, key slots of at most 128 MiB; by default
 * 16 MiB in front of the data. LUKS1 has one header of less than 4 kB, and key slots behind it. */
enum {
    LUKS_HEADER_MIN = 16384,
    LUKS_HEADER_MAX = 4 << 20,
    LUKS_FRONT = 16 << 20,
    LUKS1_HEADER = 4096,
    LUKS_SLOTS_MAX = 32,
    LUKS_UUID = 40,
};

struct luks_header {
    struct luks_facts facts;
    char uuid[LUKS_UUID];
    struct overwrite_range slots[LUKS_SLOTS_MAX]; /* key slots, and what a conversion keeps there */
    int slots_count;
};

/* Loads it by libcryptsetup, which may write a damaged first header again from the second. What is
 * no container, or none that loads, is named by facts.form. */
void luks_header_load(int fd, struct luks_header *h);

/* The same of a copy of its beginning: writes nothing. `size`: bytes of file or device. */
void luks_header_look(int fd, uint64_t size, struct luks_header *h);

/* Whether the magic of a header is left anywhere that one may be. The pages are dropped first. */
bool luks_header_magic_left(int fd);

/* Has libcryptsetup do now what it does once in a process, milliseconds that a wipe need not wait
 * for. */
void luks_header_warm(void);

/* What takes the place of the first header: it says how far the noise must reach, and what else
 * there was to say of the container. It is written and synced before anything behind it. */
struct luks_mark {
    char text[32];
    uint64_t header;               /* bytes of one header */
    uint64_t front;                /* bytes from the beginning to the end of the key slots */
    uint64_t clear_from, clear_to; /* what was in clear and is not overwritten yet */
    uint64_t remark;               /* enum luks_remark */
    char uuid[LUKS_UUID];          /* of the container: copies of its header have it too */
    uint64_t data; /* where its data begins, if what is before that is to be overwritten yet */
};
enum { LUKS_MARK_ROOM = 512 };

/* The UUID in a header of LUKS1 or LUKS2, or in the mark; false if there is neither. */
bool luks_header_uuid(int fd, char out[LUKS_UUID]);

bool luks_mark_read(int fd, struct luks_mark *m);

/* Writes and syncs it. 0, or -1 with errno. */
int luks_mark_write(int fd, struct luks_mark *m);

#endif
