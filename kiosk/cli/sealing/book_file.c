#include "kiosk/cli/sealing/cmd_book.h"
#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC = 8, LENGTH = 4, SUM = 8, FRAME_MAX = LENGTH + SEAL_SEALED_MAX + SUM };

static uint32_t length_of(const uint8_t head[LENGTH])
{
    return (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
           (uint32_t)head[3] << 24;
}

static void book_file_sum_of(const uint8_t *frame, size_t len, uint8_t sum[SUM])
{
    uint8_t full[crypto_generichash_BYTES_MIN];
    crypto_generichash(full, sizeof full, frame, len, NULL, 0);
    memcpy(sum, full, SUM);
}

/* The size of the frame at the beginning of `bytes`; 0 if there is no whole one. */
static size_t frame_size(const uint8_t *bytes, size_t len)
{
    uint8_t sum[SUM];
    size_t body;
    if (len < LENGTH + SUM)
        return 0;
    body = LENGTH + (size_t)length_of(bytes);
    if (body > LENGTH + SEAL_SEALED_MAX || body + SUM > len)
        return 0;
    book_file_sum_of(bytes, body, sum);
    return memcmp(sum, bytes + body, SUM) == 0 ? body + SUM : 0;
}

/* Where the last whole entry ends. A damaged part before it, such as a worn block of the card, is
 * skipped and stays as it is. -1 with errno. */
static off_t end_of_entries(int fd)
{
    uint8_t bytes[FRAME_MAX];
    off_t at = MAGIC, end = MAGIC;
    for (;;) {
        ssize_t n = pread(fd, bytes, sizeof bytes, at);
        size_t size;
        if (n < 0)
            return -1;
        if (n == 0)
            return end;
        size = frame_size(bytes, (size_t)n);
        at += size ? (off_t)size : 1;
        end = size ? at : end;
    }
}

/* Cuts the file after its last whole entry, and moves fd there. */
static int repair(int fd, const char *path)
{
    char magic[MAGIC];
    off_t end;
    if (pread(fd, magic, MAGIC, 0) != MAGIC) { /* new, or interrupted while it was made */
        if (ftruncate(fd, 0) < 0 || file_write_all(fd, BOOK_MAGIC, MAGIC) < 0 || fsync(fd) < 0)
            return -1;
        return file_sync_folder_of(path);
    }
    if (memcmp(magic, BOOK_MAGIC, MAGIC) != 0) {
        errno = EINVAL;
        return -1;
    }
    end = end_of_entries(fd);
    if (end < 0 || ftruncate(fd, end) < 0 || lseek(fd, end, SEEK_SET) < 0)
        return -1;
    return fdatasync(fd);
}

int book_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600), saved;
    struct stat st;

    if (fd < 0)
        return -1;
    errno = EINVAL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && repair(fd, path) == 0)
        return fd;
    saved = errno;
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
    book_file_sum_of(frame, LENGTH + (size_t)n, frame + LENGTH + n);
    if (file_write_all(fd, frame, LENGTH + (size_t)n + SUM) == 0 && fdatasync(fd) == 0)
        return 0;
    saved = errno;
    if (ftruncate(fd, at) < 0)
        saved = errno;
    errno = saved;
    return -1;
}

/* All of `in`. You free it; NULL with errno. */
static uint8_t *book_file_read_all(FILE *in, size_t *len)
{
    size_t room = 1 << 16;
    uint8_t *bytes = malloc(room);
    *len = 0;
    while (bytes) {
        uint8_t *more;
        *len += fread(bytes + *len, 1, room - *len, in);
        if (*len < room)
            break;
        room *= 2;
        more = realloc(bytes, room);
        if (!more)
            free(bytes);
        bytes = more;
    }
    if (bytes && ferror(in)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

enum seal_result book_print(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY],
                            const uint8_t secret_key[SEAL_KEY])
{
    uint8_t *text = sodium_malloc(SEAL_ENTRY_MAX + SEAL_PAD);
    size_t len = 0, at = 0;
    uint8_t *bytes = book_file_read_all(in, &len);
    enum seal_result result = text && bytes ? SEAL_OK : SEAL_IO;

    while (at < len && (result == SEAL_OK || result == SEAL_DAMAGED)) {
        size_t size = frame_size(bytes + at, len - at);
        ssize_t n;
        if (size == 0) {
            result = SEAL_DAMAGED;
            at++;
            continue;
        }
        n = unseal_entry(bytes + at + LENGTH, size - LENGTH - SUM, public_key, secret_key, text);
        if (n < 0)
            result = SEAL_OPEN;
        else if (fwrite(text, 1, (size_t)n, out) != (size_t)n || putc('\n', out) == EOF)
            result = SEAL_IO;
        at += size;
    }
    if (fflush(out) != 0)
        result = SEAL_IO;
    free(bytes);
    sodium_free(text);
    return result;
}
