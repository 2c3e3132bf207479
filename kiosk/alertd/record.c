#include "kiosk/alertd/record.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
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
enum { AT_EPOCH = 4, AT_STATE = 12, AT_FLAGS = 13, AT_ID = 14, AT_BEGAN = 30, AT_SUM = 38 };

static void put64(uint8_t *to, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        to[i] = (uint8_t)v;
}

static uint64_t get64(const uint8_t *from)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | from[i];
    return v;
}

static void sum(const uint8_t *bytes, uint8_t out[8])
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, bytes, AT_SUM, NULL, 0);
    memcpy(out, hash, 8);
}

void record_encode(const struct record *r, uint8_t out[RECORD_SIZE])
{
    const struct alert_standing *s = &r->standing;
    memcpy(out, magic, sizeof magic);
    put64(out + AT_EPOCH, r->epoch);
    out[AT_STATE] = (uint8_t)s->state;
    out[AT_FLAGS] =
        (uint8_t)((s->drill ? FLAG_DRILL : 0) | (s->duress ? FLAG_DURESS : 0) |
                  (s->unclear ? FLAG_UNCLEAR : 0) | (s->unconfirmed ? FLAG_UNCONFIRMED : 0) |
                  (s->calm ? FLAG_CALM : 0) | (s->wipe_pending ? FLAG_WIPE : 0));
    memcpy(out + AT_ID, s->id.bytes, sizeof s->id.bytes);
    put64(out + AT_BEGAN, (uint64_t)r->began);
    sum(out, out + AT_SUM);
}

int record_decode(struct record *r, const uint8_t *bytes, size_t len)
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
    *r = (struct record){.epoch = get64(bytes + AT_EPOCH),
                         .began = (int64_t)get64(bytes + AT_BEGAN),
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

int record_read(const char *path, struct record *r)
{
    uint8_t bytes[RECORD_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, bytes, sizeof bytes);
    int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : record_decode(r, bytes, (size_t)n);
}

static int folder_sync(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    int saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

int record_write(const char *path, const struct record *r)
{
    uint8_t bytes[RECORD_SIZE];
    char fresh[PATH_MAX];
    record_encode(r, bytes);
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, bytes, sizeof bytes);
    if (n >= 0 && n != sizeof bytes)
        errno = ENOSPC;
    int rc = n == sizeof bytes ? fsync(fd) : -1;
    int saved = errno;
    close(fd);
    errno = saved;
    if (rc != 0 || rename(fresh, path) != 0)
        return -1;
    return folder_sync(path);
}
