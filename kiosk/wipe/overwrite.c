#include "kiosk/wipe/overwrite.h"

#include "kiosk/wipe/io.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
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

/* Calls fn for each piece of the range that is data; what knows no holes is one piece. */
static int each_chunk(const struct job *j, const struct overwrite_range *range, chunk_fn *fn)
{
    int64_t at = range->from;

    while (at < range->to) {
        int64_t data = lseek(j->fd, at, SEEK_DATA), hole;

        if (data < 0 && errno == ENXIO)
            return 0;
        if (data < 0)
            data = at;
        hole = lseek(j->fd, data, SEEK_HOLE);
        if (hole < 0 || hole > range->to)
            hole = range->to;
        while (data < hole) {
            size_t len = hole - data > CHUNK ? CHUNK : (size_t)(hole - data);
            if (fn(j, data, len) < 0)
                return -1;
            data += (int64_t)len;
        }
        at = data > at ? data : range->to;
    }
    return 0;
}

static int each_range(const struct job *j, const struct overwrite_range *ranges, int count,
                      chunk_fn *fn)
{
    for (int i = 0; i < count; i++) {
        if (each_chunk(j, &ranges[i], fn) < 0)
            return -1;
    }
    return 0;
}

enum overwrite_result overwrite_file(int fd)
{
    struct overwrite_range all = {0};
    struct stat st;

    if (fstat(fd, &st) < 0)
        return OVERWRITE_FAILED;
    all.to = st.st_size;
    return overwrite_ranges(fd, &all, 1);
}

enum overwrite_result overwrite_ranges(int fd, const struct overwrite_range *ranges, int count)
{
    struct job j = {.fd = fd};
    enum overwrite_result result = OVERWRITE_FAILED;

    randombytes_buf(j.seed, sizeof j.seed);
    j.want = malloc(CHUNK);
    j.got = malloc(CHUNK);
    if (!j.want || !j.got)
        goto free_buffers;
    if (each_range(&j, ranges, count, write_chunk) < 0 || io_sync_data(fd) < 0)
        goto free_buffers;
    result = OVERWRITE_UNVERIFIED;
    if (each_range(&j, ranges, count, compare_chunk) == 0)
        result = OVERWRITE_VERIFIED;
free_buffers:
    free(j.want);
    free(j.got);
    return result;
}
