#include "kiosk/alertd/record.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t magic[4] = {'P', 'L', 'R', '1'};

enum {
    FLAG_DRILL = 1,
    FLAG_DURESS = 2,
    FLAG_UNCLEAR = 4,
    FLAG_UNCONFIRMED = 8,
    FLAG_CALM = 16,
    FLAG_WIPE = 32,
    FLAGS_ALL = 63
};
enum {
    AT_EPOCH = 4,
    AT_STATE = 12,
    AT_FLAGS = 13,
    AT_ID = 14,
    AT_BEGAN = 30,
    AT_SERIAL = 38,
    AT_SUM = 42
};
enum { SLOTS = 2, FILE_SIZE = SLOTS * RECORD_SLOT };

/* What a cell begins with where a vault's key lives in it (hw/cell.h). */
static const char key_mark[4] = {'P', 'L', 'c', '1'};

static void put(uint8_t *to, int bytes, uint64_t v)
{
    for (int i = bytes - 1; i >= 0; i--, v >>= 8)
        to[i] = (uint8_t)v;
}

static uint64_t get(const uint8_t *from, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | from[i];
    return v;
}

static void sum(const uint8_t *bytes, uint8_t out[8])
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, bytes, AT_SUM, NULL, 0);
    memcpy(out, hash, 8);
}

void record_encode(const struct record *r, uint32_t serial, uint8_t out[RECORD_SIZE])
{
    const struct alert_standing *s = &r->standing;
    memcpy(out, magic, sizeof magic);
    put(out + AT_EPOCH, 8, r->epoch);
    out[AT_STATE] = (uint8_t)s->state;
    out[AT_FLAGS] =
        (uint8_t)((s->drill ? FLAG_DRILL : 0) | (s->duress ? FLAG_DURESS : 0) |
                  (s->unclear ? FLAG_UNCLEAR : 0) | (s->unconfirmed ? FLAG_UNCONFIRMED : 0) |
                  (s->calm ? FLAG_CALM : 0) | (s->wipe_pending ? FLAG_WIPE : 0));
    memcpy(out + AT_ID, s->id.bytes, sizeof s->id.bytes);
    put(out + AT_BEGAN, 8, (uint64_t)r->began);
    put(out + AT_SERIAL, 4, serial);
    sum(out, out + AT_SUM);
}

int record_decode(struct record *r, uint32_t *serial, const uint8_t *bytes, size_t len)
{
    uint8_t expected[8];
    errno = EBADMSG;
    if (len < RECORD_SIZE || memcmp(bytes, magic, sizeof magic) != 0)
        return -1;
    sum(bytes, expected);
    if (memcmp(bytes + AT_SUM, expected, sizeof expected) != 0 ||
        bytes[AT_STATE] > ALERT_LOCKDOWN || bytes[AT_FLAGS] > FLAGS_ALL)
        return -1;
    uint8_t f = bytes[AT_FLAGS];
    *serial = (uint32_t)get(bytes + AT_SERIAL, 4);
    *r = (struct record){.epoch = get(bytes + AT_EPOCH, 8),
                         .began = (int64_t)get(bytes + AT_BEGAN, 8),
                         .standing = {.state = (enum alert_state)bytes[AT_STATE],
                                      .drill = f & FLAG_DRILL,
                                      .duress = f & FLAG_DURESS,
                                      .unclear = f & FLAG_UNCLEAR,
                                      .unconfirmed = f & FLAG_UNCONFIRMED,
                                      .calm = f & FLAG_CALM,
                                      .wipe_pending = f & FLAG_WIPE}};
    memcpy(r->standing.id.bytes, bytes + AT_ID, sizeof r->standing.id.bytes);
    return 0;
}

int record_place(struct record_place *out, const char *prefix, const char *word)
{
    static const char cell[] = "nvmem:";
    char path[PATH_LEN];
    out->cell = strncmp(word, cell, strlen(cell)) == 0;
    int n = out->cell ? snprintf(path, sizeof path, "/sys/bus/nvmem/devices/%s/nvmem",
                                 word + strlen(cell))
                      : snprintf(path, sizeof path, "%s", word[0] != '\0' ? word : PATH_RECORD);
    if (n < (int)sizeof path)
        return path_under(prefix, path, out->path);
    errno = ENAMETOOLONG;
    return -1;
}

/* How the slots lie. */
struct slots {
    int count;
    off_t apart;
};

/* Of an open file or cell. 0, or -1 with errno. */
static int slots_of(int fd, bool cell, struct slots *s)
{
    char first[sizeof key_mark];
    struct stat st;
    *s = (struct slots){.count = SLOTS, .apart = RECORD_SLOT};
    if (!cell)
        return 0;
    if (fstat(fd, &st) != 0)
        return -1;
    *s =
        (struct slots){.count = st.st_size < SLOTS * RECORD_SIZE ? 1 : SLOTS, .apart = RECORD_SIZE};
    errno = ENOSPC;
    if (st.st_size < RECORD_SIZE)
        return -1;
    errno = EBUSY;
    return pread(fd, first, sizeof first, 0) == sizeof first &&
                   memcmp(first, key_mark, sizeof first) == 0
               ? -1
               : 0;
}

/* All slots. The one that holds the newer record, which is then in r with its serial; -1 with
 * errno: none does. */
static int newest(int fd, const struct slots *s, struct record *r, uint32_t *serial)
{
    int found = -1;
    for (int slot = 0; slot < s->count; slot++) {
        uint8_t bytes[RECORD_SIZE];
        struct record one;
        uint32_t number;
        ssize_t n = pread(fd, bytes, sizeof bytes, slot * s->apart);
        if (n < 0)
            return -1;
        if (record_decode(&one, &number, bytes, (size_t)n) != 0 ||
            (found >= 0 && (int32_t)(number - *serial) <= 0))
            continue;
        *r = one;
        *serial = number;
        found = slot;
    }
    if (found < 0)
        errno = EBADMSG;
    return found;
}

static void close_keeping_errno(int fd)
{
    int saved = errno;
    close(fd);
    errno = saved;
}

int record_read(const struct record_place *at, struct record *r)
{
    uint32_t serial;
    struct slots s;
    int fd = open(at->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    int slot = slots_of(fd, at->cell, &s) != 0 ? -1 : newest(fd, &s, r, &serial);
    close_keeping_errno(fd);
    return slot < 0 ? -1 : 0;
}

static int folder_sync(const char *path)
{
    char copy[PATH_MAX];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    close_keeping_errno(fd);
    return rc;
}

static int write_at(int fd, const uint8_t *bytes, size_t len, off_t at)
{
    ssize_t n = pwrite(fd, bytes, len, at);
    if (n >= 0 && (size_t)n != len)
        errno = ENOSPC;
    return n == (ssize_t)len ? 0 : -1;
}

/* Written whole, not stretched: later records are to find blocks that are theirs. */
static int file_make(int fd, const char *path)
{
    static const uint8_t nothing[FILE_SIZE];
    return write_at(fd, nothing, sizeof nothing, 0) != 0 || fsync(fd) != 0 ? -1 : folder_sync(path);
}

/* sysfs knows no fdatasync and needs none. */
static int settle(int fd, bool cell)
{
    int rc = fdatasync(fd);
    return rc != 0 && cell && errno == EINVAL ? 0 : rc;
}

static int slot_write(int fd, const struct record_place *at, const struct record *r)
{
    uint8_t bytes[RECORD_SIZE];
    struct record before;
    struct stat st;
    struct slots s;
    uint32_t serial = 0;
    if (slots_of(fd, at->cell, &s) != 0 || fstat(fd, &st) != 0 ||
        (!at->cell && st.st_size < FILE_SIZE && file_make(fd, at->path) != 0))
        return -1;
    int slot = newest(fd, &s, &before, &serial);
    if (slot < 0 && errno != EBADMSG)
        return -1;
    record_encode(r, serial + 1, bytes);
    if (write_at(fd, bytes, sizeof bytes, (slot + 1) % s.count * s.apart) != 0)
        return -1;
    return settle(fd, at->cell);
}

int record_write(const struct record_place *at, const struct record *r)
{
    int fd = open(at->path, O_RDWR | (at->cell ? 0 : O_CREAT) | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    int rc = slot_write(fd, at, r);
    close_keeping_errno(fd);
    return rc;
}
