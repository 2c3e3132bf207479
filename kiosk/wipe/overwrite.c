#include "kiosk/wipe/overwrite.h"

#include "kiosk/wipe/io.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

/* The bytes that belong at an offset: a stream that can be made again for the comparison. */
static void pattern(const unsigned char seed[randombytes_SEEDBYTES], int64_t offset,
                    unsigned char *out, size_t len)
{
    unsigned char own[randombytes_SEEDBYTES];
    memcpy(own, seed, sizeof own);
    for (size_t i = 0; i < 8; i++)
        own[i] = (unsigned char)(own[i] ^ ((uint64_t)offset >> (8 * i)));
    randombytes_buf_deterministic(out, len, own);
}

struct job {
    int fd;
    unsigned char seed[randombytes_SEEDBYTES];
    unsigned char *want, *got;
};

typedef int chunk_fn(const struct job *j, int64_t at, size_t len);

static int write_chunk(const struct job *j, int64_t at, size_t len)
{
    pattern(j->seed, at, j->want, len);
    return io_write(j->fd, j->want, len, at);
}

static int compare_chunk(const struct job *j, int64_t at, size_t len)
{
    pattern(j->seed, at, j->want, len);
    if (io_forget(j->fd, at, (int64_t)len) < 0 || io_read(j->fd, j->got, len, at) < 0)
        return -1;
    errno = EIO;
    return memcmp(j->want, j->got, len) == 0 ? 0 : -1;
}

/* Where there is data, as it was before anything was written: ext4 fills up small gaps beside what
 * is written, and they would count as data afterwards. */
struct extents {
    struct overwrite_range *list;
    size_t count, room;
};

static int extents_add(struct extents *e, int64_t from, int64_t to)
{
    if (e->count == e->room) {
        size_t room = e->room ? 2 * e->room : 64;
        struct overwrite_range *more = reallocarray(e->list, room, sizeof *more);
        if (!more)
            return -1;
        e->list = more;
        e->room = room;
    }
    e->list[e->count++] = (struct overwrite_range){from, to};
    return 0;
}

/* The blocks of [at, end), also those that read as zeros: after fallocate --zero-range the old
 * bytes are still in them. 1; 0: the file system does not say, or has none; -1: no memory. */
static int extents_map(struct extents *e, int fd, int64_t at, int64_t end)
{
    enum { COUNT = 64 };
    union {
        struct fiemap map;
        char room[sizeof(struct fiemap) + COUNT * sizeof(struct fiemap_extent)];
    } u;
    size_t before = e->count;

    for (;;) {
        memset(&u, 0, sizeof u);
        u.map.fm_start = (uint64_t)at;
        u.map.fm_length = (uint64_t)(end - at);
        u.map.fm_flags = FIEMAP_FLAG_SYNC;
        u.map.fm_extent_count = COUNT;
        if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0) {
            e->count = before;
            return 0;
        }
        for (unsigned i = 0; i < u.map.fm_mapped_extents; i++) {
            const struct fiemap_extent *one = &u.map.fm_extents[i];
            int64_t from = (int64_t)one->fe_logical, to = from + (int64_t)one->fe_length;

            if (extents_add(e, from > at ? from : at, to < end ? to : end) < 0)
                return -1;
            at = to;
        }
        if (u.map.fm_mapped_extents < COUNT || at >= end)
            return e->count > before;
    }
}

/* The data in [at, end); what knows no holes is all data. -1: no memory. */
static int extents_seek(struct extents *e, int fd, int64_t at, int64_t end)
{
    while (at < end) {
        int64_t data = lseek(fd, at, SEEK_DATA), hole;
        if (data < 0 && errno == ENXIO)
            return 0;
        if (data < 0)
            data = at;
        if (data >= end)
            return 0;
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole <= data || hole > end)
            hole = end;
        if (extents_add(e, data, hole) < 0)
            return -1;
        at = hole;
    }
    return 0;
}

static int extents_find(struct extents *e, int fd, int64_t at, int64_t end)
{
    int mapped = at < end ? extents_map(e, fd, at, end) : 1;
    return mapped == 0 ? extents_seek(e, fd, at, end) : mapped < 0 ? -1 : 0;
}

/* Calls fn for each piece of the data, at most a chunk, also after one where it failed: a bad
 * block must not save the rest. 0, or -1 with errno of the first that failed. */
static int each_chunk(const struct job *j, const struct extents *e, chunk_fn *fn)
{
    int error = 0;
    for (size_t i = 0; i < e->count; i++) {
        for (int64_t at = e->list[i].from; at < e->list[i].to; at += CHUNK) {
            int64_t left = e->list[i].to - at;
            if (fn(j, at, left > CHUNK ? CHUNK : (size_t)left) < 0 && error == 0)
                error = errno;
        }
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

enum overwrite_result overwrite_file(int fd)
{
    struct overwrite_range all = {0};
    enum overwrite_result result;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return OVERWRITE_FAILED;
    all.to = st.st_size;
    result = overwrite_ranges(fd, &all, 1);
    if (result != OVERWRITE_VERIFIED)
        return result;
    /* Somebody still writes to it: what was added at the end was not overwritten. */
    if (fstat(fd, &st) == 0 && st.st_size <= all.to)
        return OVERWRITE_VERIFIED;
    errno = EBUSY;
    return OVERWRITE_UNVERIFIED;
}

/* What is written is synced even where some of it could not be. */
static int overwrite_write_all(const struct job *j, const struct extents *e)
{
    int result = each_chunk(j, e, write_chunk), error = errno;
    if (io_sync_data(j->fd) < 0)
        return -1;
    errno = error;
    return result;
}

enum overwrite_result overwrite_ranges(int fd, const struct overwrite_range *ranges, int count)
{
    struct job j = {.fd = fd, .want = malloc(CHUNK), .got = malloc(CHUNK)};
    struct extents e = {0};
    enum overwrite_result result = OVERWRITE_FAILED;
    bool found = j.want && j.got;
    int error;

    randombytes_buf(j.seed, sizeof j.seed);
    for (int i = 0; found && i < count; i++)
        found = extents_find(&e, fd, ranges[i].from, ranges[i].to) == 0;
    if (found && overwrite_write_all(&j, &e) == 0)
        result = each_chunk(&j, &e, compare_chunk) == 0 ? OVERWRITE_VERIFIED : OVERWRITE_UNVERIFIED;
    error = errno;
    free(e.list);
    free(j.want);
    free(j.got);
    errno = error;
    return result;
}
