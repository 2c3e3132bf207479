#include "kiosk/wipe/dm_crypt.h"

#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Room for the status of a table of several pieces. */
enum { ROOM = 16384 };

struct call {
    struct dm_ioctl head;
    char room[ROOM];
    char end; /* stays 0 */
};

static int dm_ask(int fd, unsigned long request, struct call *c, const char *name, uint32_t flags)
{
    c->head.version[0] = DM_VERSION_MAJOR;
    c->head.data_size = offsetof(struct call, end);
    c->head.data_start = offsetof(struct call, room);
    c->head.flags = flags;
    snprintf(c->head.name, sizeof c->head.name, "%s", name);
    return ioctl(fd, request, c);
}

/* -1 with errno ENOENT if this kernel has no device-mapper, and so no mapping. */
static int open_control(void)
{
    int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    if (fd < 0 && (errno == ENODEV || errno == ENXIO))
        errno = ENOENT;
    return fd;
}

/* What the table is, and its length in sectors; the kernel never shows a key. */
static enum dm_crypt_state table_state(int fd, const char *name, uint64_t *length)
{
    struct call c = {0};
    struct dm_target_spec piece;
    uint32_t at = 0;
    bool dead = true;

    *length = 0;
    if (dm_ask(fd, DM_TABLE_STATUS, &c, name, 0) < 0)
        return errno == ENXIO ? MAPPING_GONE : MAPPING_ALIVE;
    for (uint32_t i = 0; i < c.head.target_count; i++) {
        if (c.head.flags & DM_BUFFER_FULL_FLAG || at > ROOM - sizeof piece)
            break;
        memcpy(&piece, c.room + at, sizeof piece);
        *length = piece.sector_start + piece.length;
        dead = dead && strcmp(piece.target_type, "error") == 0;
        at = piece.next;
    }
    if (c.head.target_count > 0 && dead)
        return MAPPING_DEAD;
    errno = strncmp(c.head.uuid, "CRYPT-", 6) == 0 ? EBUSY : EINVAL;
    return MAPPING_ALIVE;
}

/* The status of a mirror or RAID has a letter for each of its disks in one word: A or a for one
 * that works, others for one that does not. */
static bool lacks_a_disk(const char *status)
{
    for (const char *at = status; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (strspn(at, "AaDFSRU") >= len && strcspn(at, "DFSRU") < len)
            return true;
        at += len;
    }
    return false;
}

static enum place_below dm_below_piece(const struct dm_target_spec *piece, const char *status)
{
    static const char *const kinds[] = {"linear", "striped", "crypt",     "mirror", "raid",
                                        "delay",  "flakey",  "multipath", "error",  "zero"};
    bool known = false;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && !known; k++)
        known = strncmp(piece->target_type, kinds[k], sizeof piece->target_type) == 0;
    if (known &&
        (strcmp(piece->target_type, "raid") == 0 || strcmp(piece->target_type, "mirror") == 0) &&
        lacks_a_disk(status))
        return PLACE_DEGRADED;
    return known ? PLACE_DISK : PLACE_SNAPSHOT;
}

enum place_below dm_below(const char *name)
{
    struct call c = {0};
    struct dm_target_spec piece;
    int fd = open_control();
    uint32_t at = 0, i = 0;
    enum place_below below = PLACE_DISK;
    bool whole = fd >= 0 && dm_ask(fd, DM_TABLE_STATUS, &c, name, 0) == 0 &&
                 !(c.head.flags & DM_BUFFER_FULL_FLAG);

    for (; whole && below == PLACE_DISK && i < c.head.target_count; i++) {
        if (at > ROOM - sizeof piece)
            break;
        memcpy(&piece, c.room + at, sizeof piece);
        below = dm_below_piece(&piece, c.room + at + sizeof piece);
        at = piece.next;
    }
    file_close(fd);
    return below == PLACE_DISK && (!whole || i < c.head.target_count) ? PLACE_SNAPSHOT : below;
}

static int replace_table(int fd, const char *name, uint64_t length)
{
    struct dm_target_spec piece = {.length = length, .target_type = "error"};
    struct call c = {0};

    /* Without parameters: an empty string, and what comes next is aligned to eight bytes. */
    piece.next = sizeof piece + 8;
    memcpy(c.room, &piece, sizeof piece);
    c.head.target_count = 1;
    if (dm_ask(fd, DM_TABLE_LOAD, &c, name, DM_SECURE_DATA_FLAG) < 0)
        return -1;
    memset(&c, 0, sizeof c);
    return dm_ask(fd, DM_DEV_SUSPEND, &c, name, DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG);
}

enum dm_crypt_state dm_crypt_kill(const char *name)
{
    int fd = open_control();
    enum dm_crypt_state state;
    struct call c = {0};
    uint64_t length;

    if (fd < 0)
        return errno == ENOENT ? MAPPING_GONE : MAPPING_ALIVE;
    state = table_state(fd, name, &length);
    if (state == MAPPING_ALIVE && errno == EBUSY && length > 0 &&
        replace_table(fd, name, length) == 0)
        state = table_state(fd, name, &length);
    if (state == MAPPING_DEAD) {
        dm_ask(fd, DM_DEV_REMOVE, &c, name, DM_DEFERRED_REMOVE);
        state = table_state(fd, name, &length);
    }
    file_close(fd);
    return state;
}

enum dm_crypt_state dm_crypt_look(const char *name)
{
    int fd = open_control();
    enum dm_crypt_state state;
    uint64_t length;

    if (fd < 0)
        return errno == ENOENT ? MAPPING_GONE : MAPPING_ALIVE;
    state = table_state(fd, name, &length);
    file_close(fd);
    return state;
}
