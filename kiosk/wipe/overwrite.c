#include "kiosk/wipe/overwrite.h"

#include "kiosk/wipe/io.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

const char overwrite_moved[] =
    "its file system wrote to other blocks of the disk, so the old ones stay";

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
struct extent {
    int64_t from, to;
    uint64_t block; /* where `from` is on the disk, in bytes; 0: not known */
    int range;      /* of those that were asked for */
};

struct extents {
    struct extent *list;
    size_t count, room;
};

static int extents_add(struct extents *e, struct extent one)
{
    if (e->count == e->room) {
        size_t room = e->room ? 2 * e->room : 64;
        struct extent *more = reallocarray(e->list, room, sizeof *more);
        if (!more)
            return -1;
        e->list = more;
        e->room = room;
    }
    e->list[e->count++] = one;
    return 0;
}

static struct extent extent_within(const struct fiemap_extent *one, struct extent range)
{
    const uint32_t elsewhere = FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_ENCODED |
                               FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL;
    int64_t from = (int64_t)one->fe_logical, to = from + (int64_t)one->fe_length;
    int64_t cut = range.from > from ? range.from - from : 0;

    return (struct extent){.from = from + cut,
                           .to = to < range.to ? to : range.to,
                           .block =
                               one->fe_flags & elsewhere ? 0 : one->fe_physical + (uint64_t)cut,
                           .range = range.range};
}

/* The blocks of a range, also those that read as zeros: after fallocate --zero-range the old bytes
 * are still in them. 1; 0: the file system does not say, or has none; -1: no memory. */
static int extents_map(struct extents *e, int fd, struct extent range)
{
    enum { COUNT = 64 };
    union {
        struct fiemap map;
        char room[sizeof(struct fiemap) + COUNT * sizeof(struct fiemap_extent)];
    } u;
    size_t before = e->count;

    for (;;) {
        memset(&u, 0, sizeof u);
        u.map.fm_start = (uint64_t)range.from;
        u.map.fm_length = (uint64_t)(range.to - range.from);
        u.map.fm_flags = FIEMAP_FLAG_SYNC;
        u.map.fm_extent_count = COUNT;
        if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0) {
            e->count = before;
            return 0;
        }
        for (unsigned i = 0; i < u.map.fm_mapped_extents; i++) {
            const struct fiemap_extent *one = &u.map.fm_extents[i];

            if (extents_add(e, extent_within(one, range)) < 0)
                return -1;
            range.from = (int64_t)(one->fe_logical + one->fe_length);
        }
        if (u.map.fm_mapped_extents < COUNT || range.from >= range.to)
            return e->count > before;
    }
}

/* The data of a range; what knows no holes is all data. -1: no memory. */
static int extents_seek(struct extents *e, int fd, struct extent range)
{
    int64_t at = range.from, end = range.to;

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
        if (extents_add(e, (struct extent){data, hole, 0, range.range}) < 0)
            return -1;
        at = hole;
    }
    return 0;
}

static int extents_find(struct extents *e, int fd, const struct overwrite_range *ranges, int count)
{
    for (int i = 0; i < count; i++) {
        struct extent range = {ranges[i].from, ranges[i].to, 0, i};
        int mapped = range.from < range.to ? extents_map(e, fd, range) : 1;

        if (mapped < 0 || (mapped == 0 && extents_seek(e, fd, range) < 0))
            return -1;
    }
    return 0;
}

/* Whether what was at a known place is at another one now: both lists have the same order. */
static bool extents_moved(const struct extents *before, const struct extents *now)
{
    size_t k = 0;

    for (size_t i = 0; i < before->count; i++) {
        const struct extent *old = &before->list[i];

        for (int64_t at = old->from; old->block && at < old->to; at = now->list[k].to) {
            while (k < now->count && (now->list[k].range < old->range || now->list[k].to <= at))
                k++;
            if (k == now->count || now->list[k].from > at ||
                now->list[k].block - (uint64_t)now->list[k].from !=
                    old->block - (uint64_t)old->from)
                return true;
        }
    }
    return false;
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

/* XFS keeps blocks in reserve for a file that once shared its own (cp --reflink), and would write
 * there although nothing is shared any more. It gives them up when it is asked to, by xfs_fs.h's
 * XFS_IOC_FREE_EOFBLOCKS. */
void overwrite_prepare(int fd)
{
    struct {
        uint32_t version, flags, of[4];
        uint64_t more[13];
    } all = {.version = 1, .flags = 1 /* it waits for files that are busy */};
    struct statfs fs;

    if (fstatfs(fd, &fs) == 0 && fs.f_type == XFS_SUPER_MAGIC && io_sync_data(fd) == 0)
        ioctl(fd, _IOR('X', 58, all), &all);
}

/* FAT gives a file whole clusters of up to 64 kB, and what it had in the last one before it became
 * shorter is still there. Longer for a moment, all of that is its own. */
static void take_whole_clusters(int fd, struct stat *st)
{
    enum { EXFAT = 0x2011bab0 };
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0 || (fs.f_type != MSDOS_SUPER_MAGIC && fs.f_type != EXFAT) ||
        st->st_blksize <= 0 || st->st_size % st->st_blksize == 0)
        return;
    if (ftruncate(fd, st->st_size + st->st_blksize - st->st_size % st->st_blksize) == 0)
        fstat(fd, st);
}

enum overwrite_result overwrite_file(int fd)
{
    struct overwrite_range all = {0};
    enum overwrite_result result;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return OVERWRITE_FAILED;
    take_whole_clusters(fd, &st);
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

static enum overwrite_result overwrite_extents(const struct job *j, const struct extents *e,
                                               const struct overwrite_range *ranges, int count)
{
    struct extents now = {0};
    enum overwrite_result result = OVERWRITE_FAILED;

    if (overwrite_write_all(j, e) < 0)
        return OVERWRITE_FAILED;
    result = each_chunk(j, e, compare_chunk) == 0 ? OVERWRITE_VERIFIED : OVERWRITE_UNVERIFIED;
    if (extents_find(&now, j->fd, ranges, count) < 0 || extents_moved(e, &now))
        result = OVERWRITE_MOVED;
    free(now.list);
    return result;
}

enum overwrite_result overwrite_ranges(int fd, const struct overwrite_range *ranges, int count)
{
    struct job j = {.fd = fd, .want = malloc(CHUNK), .got = malloc(CHUNK)};
    struct extents e = {0};
    enum overwrite_result result = OVERWRITE_FAILED;
    int error;

    randombytes_buf(j.seed, sizeof j.seed);
    if (j.want && j.got && extents_find(&e, fd, ranges, count) == 0)
        result = overwrite_extents(&j, &e, ranges, count);
    error = errno;
    free(e.list);
    free(j.want);
    free(j.got);
    errno = error;
    return result;
}
