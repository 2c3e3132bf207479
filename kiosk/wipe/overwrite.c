#include "kiosk/wipe/overwrite.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
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

static int write_all(int fd, const unsigned char *buf, size_t len, int64_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, buf, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return -1;
        buf += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
}

static int read_all(int fd, unsigned char *buf, size_t len, int64_t at)
{
    while (len > 0) {
        ssize_t n = pread(fd, buf, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return -1;
        buf += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
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
    return write_all(j->fd, j->want, len, at);
}

static int compare_chunk(const struct job *j, int64_t at, size_t len)
{
    pattern(j->seed, at, j->want, len);
    if (read_all(j->fd, j->got, len, at) < 0)
        return -1;
    errno = EIO;
    return memcmp(j->want, j->got, len) == 0 ? 0 : -1;
}

/* Calls fn for each piece of [from, to) that is data; file systems without holes have one. */
static int each_chunk(const struct job *j, int64_t from, int64_t to, chunk_fn *fn)
{
    int64_t at = from;

    while (at < to) {
        int64_t data = lseek(j->fd, at, SEEK_DATA), hole;

        if (data < 0 && errno == ENXIO)
            return 0;
        if (data < 0)
            data = at;
        hole = lseek(j->fd, data, SEEK_HOLE);
        if (hole < 0 || hole > to)
            hole = to;
        while (data < hole) {
            size_t len = hole - data > CHUNK ? CHUNK : (size_t)(hole - data);
            if (fn(j, data, len) < 0)
                return -1;
            data += (int64_t)len;
        }
        at = data > at ? data : to;
    }
    return 0;
}

/* The end of the last block: what an earlier, longer content left behind the end counts too. */
static int64_t padded_size(const struct stat *st)
{
    int64_t block = st->st_blksize > 0 && st->st_blksize <= CHUNK ? st->st_blksize : 4096;

    return st->st_blocks == 0 ? st->st_size : (st->st_size + block - 1) / block * block;
}

static int sync_data(int fd)
{
    int result;

    do
        result = fdatasync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

enum overwrite_result overwrite_file(int fd)
{
    struct stat st;
    int64_t to;

    if (fstat(fd, &st) < 0)
        return OVERWRITE_FAILED;
    to = padded_size(&st);
    if (to > st.st_size && ftruncate(fd, to) < 0)
        to = st.st_size;
    return overwrite_range(fd, 0, to);
}

enum overwrite_result overwrite_range(int fd, int64_t from, int64_t to)
{
    struct job j = {.fd = fd};
    enum overwrite_result result = OVERWRITE_FAILED;

    randombytes_buf(j.seed, sizeof j.seed);
    j.want = malloc(CHUNK);
    j.got = malloc(CHUNK);
    if (!j.want || !j.got)
        goto out;
    if (each_chunk(&j, from, to, write_chunk) < 0 || sync_data(fd) < 0)
        goto out;
    result = OVERWRITE_UNVERIFIED;
    if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 &&
        each_chunk(&j, from, to, compare_chunk) == 0)
        result = OVERWRITE_VERIFIED;
out:
    free(j.want);
    free(j.got);
    return result;
}
