#include "kiosk/cli/book.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC = 8, LENGTH = 4, SUM = 8, FRAME_MAX = LENGTH + SEAL_SEALED_MAX + SUM };

static uint32_t length_of(const uint8_t head[LENGTH])
{
    return (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
           (uint32_t)head[3] << 24;
}

static void sum_of(const uint8_t *frame, size_t len, uint8_t sum[SUM])
{
    uint8_t full[crypto_generichash_BYTES_MIN];

    crypto_generichash(full, sizeof full, frame, len, NULL, 0);
    memcpy(sum, full, SUM);
}

/* One frame at `at` into `frame`. Its size, 0 where no whole one begins. */
static size_t read_frame(int fd, off_t at, uint8_t frame[FRAME_MAX])
{
    uint8_t sum[SUM];
    size_t len;

    if (pread(fd, frame, LENGTH, at) != LENGTH)
        return 0;
    len = length_of(frame);
    if (len > SEAL_SEALED_MAX ||
        pread(fd, frame + LENGTH, len + SUM, at + LENGTH) != (ssize_t)(len + SUM))
        return 0;
    sum_of(frame, LENGTH + len, sum);
    return memcmp(sum, frame + LENGTH + len, SUM) == 0 ? LENGTH + len + SUM : 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Leaves fd at the end of the last whole entry, and the file no longer than that. */
static int repair(int fd)
{
    uint8_t frame[FRAME_MAX];
    char magic[MAGIC];
    off_t at = MAGIC;
    size_t n;

    if (pread(fd, magic, MAGIC, 0) != MAGIC) { /* new, or cut while it was made */
        if (ftruncate(fd, 0) < 0 || write_all(fd, (const uint8_t *)BOOK_MAGIC, MAGIC) < 0)
            return -1;
        return fsync(fd);
    }
    if (memcmp(magic, BOOK_MAGIC, MAGIC) != 0) {
        errno = EINVAL;
        return -1;
    }
    while ((n = read_frame(fd, at, frame)) > 0)
        at += (off_t)n;
    if (ftruncate(fd, at) < 0 || lseek(fd, at, SEEK_SET) < 0)
        return -1;
    return fdatasync(fd);
}

int book_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), saved;
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && repair(fd) == 0)
        return fd;
    saved = errno ? errno : EINVAL;
    close(fd);
    errno = saved;
    return -1;
}

int book_append(int fd, const uint8_t *entry, size_t len, const uint8_t public_key[SEAL_KEY])
{
    uint8_t frame[FRAME_MAX];
    ssize_t n = seal_entry(entry, len, public_key, frame + LENGTH);
    off_t at = lseek(fd, 0, SEEK_END);
    int saved;

    if (n < 0 || at < 0)
        return -1;
    for (int i = 0; i < LENGTH; i++)
        frame[i] = (uint8_t)((size_t)n >> (8 * i));
    sum_of(frame, LENGTH + (size_t)n, frame + LENGTH + n);
    if (write_all(fd, frame, LENGTH + (size_t)n + SUM) == 0 && fdatasync(fd) == 0)
        return 0;
    saved = errno;
    if (ftruncate(fd, at) < 0)
        saved = errno;
    errno = saved;
    return -1;
}

enum seal_result book_print(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY],
                            const uint8_t secret_key[SEAL_KEY])
{
    uint8_t *text = sodium_malloc(SEAL_ENTRY_MAX + SEAL_PAD), frame[FRAME_MAX], sum[SUM];
    enum seal_result result = SEAL_IO;
    size_t n, len;
    ssize_t size;

    if (!text)
        return SEAL_IO;
    for (;;) {
        n = fread(frame, 1, LENGTH, in);
        result = n == 0 && !ferror(in) ? SEAL_OK : SEAL_FORMAT;
        if (n != LENGTH)
            break;
        len = length_of(frame);
        result = SEAL_FORMAT;
        if (len > SEAL_SEALED_MAX || fread(frame + LENGTH, 1, len + SUM, in) != len + SUM)
            break;
        sum_of(frame, LENGTH + len, sum);
        if (memcmp(sum, frame + LENGTH + len, SUM) != 0)
            break;
        result = SEAL_OPEN;
        size = unseal_entry(frame + LENGTH, len, public_key, secret_key, text);
        if (size < 0)
            break;
        result = SEAL_IO;
        if (fwrite(text, 1, (size_t)size, out) != (size_t)size || putc('\n', out) == EOF)
            break;
    }
    sodium_free(text);
    return result;
}
