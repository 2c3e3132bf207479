#include "hw/cell.h"

#include "hw/cell_tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t mark[4] = {'P', 'L', 'c', '1'};

static int __attribute__((format(printf, 3, 4)))
say(struct cell_error *e, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    errno = error;
    return -1;
}

static bool is_file(const char *word)
{
    return strncmp(word, "file:/", 6) == 0;
}

/* Into out. 0, or -1 with errno EINVAL for a word that is not a cell's. */
static int cell_path_of(const char *prefix, const char *word, char *out, size_t size)
{
    int n = -1;
    if (strncmp(word, "nvmem:", 6) == 0 && word[6] && word[6] != '.' && !strchr(word + 6, '/'))
        n = snprintf(out, size, "%s/sys/bus/nvmem/devices/%s/nvmem", prefix, word + 6);
    else if (is_file(word))
        n = snprintf(out, size, "%s%s", prefix, word + 5);
    if (n > 0 && (size_t)n < size)
        return 0;
    errno = EINVAL;
    return -1;
}

int cell_open(const char *prefix, const char *word)
{
    char path[1024];
    if (cell_path_of(prefix, word, path, sizeof path) < 0)
        return -1;
    /* sysfs reaches its devices through symlinks of its own; a file on the card has none. */
    return open(path, O_RDWR | O_CLOEXEC | (is_file(word) ? O_NOFOLLOW : 0));
}

static int write_back(int fd, const uint8_t bytes[CELL_BYTES])
{
    uint8_t *got;
    int result = -1, saved;
    ssize_t n;
    do
        n = pwrite(fd, bytes, CELL_BYTES, 0);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && n != CELL_BYTES)
        errno = EIO;
    if (n != CELL_BYTES)
        return -1;
    /* sysfs knows no fsync and needs none. */
    while (fdatasync(fd) < 0) {
        if (errno == EINVAL)
            break;
        if (errno != EINTR)
            return -1;
    }
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    got = sodium_malloc(CELL_BYTES);
    if (!got)
        return -1;
    do
        n = pread(fd, got, CELL_BYTES, 0);
    while (n < 0 && errno == EINTR);
    if (n == CELL_BYTES && sodium_memcmp(got, bytes, CELL_BYTES) == 0)
        result = 0;
    else if (n >= 0)
        errno = EIO;
    saved = errno;
    sodium_free(got);
    errno = saved;
    return result;
}

static void frame(uint8_t bytes[CELL_BYTES], const uint8_t key[CELL_KEY])
{
    uint8_t sum[crypto_generichash_BYTES_MIN];
    memcpy(bytes, mark, sizeof mark);
    memcpy(bytes + 4, key, CELL_KEY);
    crypto_generichash(sum, sizeof sum, key, CELL_KEY, mark, 0);
    memcpy(bytes + 4 + CELL_KEY, sum, 4);
    sodium_memzero(sum, sizeof sum);
}

int cell_write_fd(int fd, const uint8_t key[CELL_KEY])
{
    uint8_t *bytes = sodium_malloc(CELL_BYTES);
    int result, saved;
    if (!bytes)
        return -1;
    frame(bytes, key);
    result = write_back(fd, bytes);
    saved = errno;
    sodium_free(bytes);
    errno = saved;
    return result;
}

/* -1 with errno ENOKEY: it is no key. Both are in locked memory. */
static int unframe(const uint8_t bytes[CELL_BYTES], uint8_t key[CELL_KEY])
{
    uint8_t *want = sodium_malloc(CELL_BYTES);
    bool good;
    if (!want)
        return -1;
    frame(want, bytes + 4);
    good = sodium_memcmp(want, bytes, CELL_BYTES) == 0;
    sodium_free(want);
    if (good)
        memcpy(key, bytes + 4, CELL_KEY);
    else
        errno = ENOKEY;
    return good ? 0 : -1;
}

int cell_read_fd(int fd, uint8_t key[CELL_KEY])
{
    uint8_t *bytes = sodium_malloc(CELL_BYTES);
    int result = -1, saved;
    ssize_t n = -1;
    if (!bytes)
        return -1;
    do
        n = pread(fd, bytes, CELL_BYTES, 0);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        errno = ENOKEY;
    if (n == CELL_BYTES)
        result = unframe(bytes, key);
    saved = errno;
    sodium_free(bytes);
    errno = saved;
    return result;
}

int cell_kill_fd(int fd, int *held)
{
    uint8_t *key = sodium_malloc(CELL_KEY);
    const uint8_t zeros[CELL_BYTES] = {0};
    *held = key && cell_read_fd(fd, key) == 0;
    sodium_free(key);
    return write_back(fd, zeros);
}

int cell_check(const char *prefix, const char *word, struct cell_error *e)
{
    struct stat st;
    char path[1024];
    int result = 0, fd;

    if (cell_tpm_is(word))
        return cell_tpm_check(prefix, word, e);
    if (cell_path_of(prefix, word, path, sizeof path) < 0)
        return say(e, EINVAL, "%s is not a cell; expected nvmem:NAME, tpm:INDEX or file:/PATH",
                   word);
    fd = cell_open(prefix, word);
    if (fd < 0)
        return say(e, errno, "%s: %s: %s; %s", word, path, strerror(errno),
                   errno == EACCES ? "run this as root"
                                   : "ls /sys/bus/nvmem/devices shows what this machine has");
    if (fstat(fd, &st) < 0)
        result = say(e, errno, "%s: %s", word, strerror(errno));
    else if (st.st_size < CELL_BYTES && !is_file(word))
        result = say(e, ENOSPC, "%s has %lld bytes; a key takes %d", word, (long long)st.st_size,
                     CELL_BYTES);
    else if (st.st_mode & 077)
        result = say(e, EACCES,
                     "%s: %s has mode %04o, so others can read the key; expected 0600: "
                     "chmod 0600 %s, and add a udev rule that keeps it so",
                     word, path, (unsigned)st.st_mode & 07777, path);
    close(fd);
    return result;
}

static int write_tpm(const char *prefix, const char *word, const uint8_t key[CELL_KEY],
                     struct cell_error *e)
{
    uint8_t *bytes = sodium_malloc(CELL_BYTES);
    int result, saved;
    if (!bytes)
        return say(e, ENOMEM, "%s: no memory can be locked", word);
    frame(bytes, key);
    result = cell_tpm_write(prefix, word, bytes, e);
    saved = errno;
    sodium_free(bytes);
    errno = saved;
    return result;
}

static int read_tpm(const char *prefix, const char *word, uint8_t key[CELL_KEY],
                    struct cell_error *e)
{
    uint8_t *bytes = sodium_malloc(CELL_BYTES);
    int result, saved;
    if (!bytes)
        return say(e, ENOMEM, "%s: no memory can be locked", word);
    result = cell_tpm_read(prefix, word, bytes, e);
    if (result == 0 && (result = unframe(bytes, key)) < 0)
        say(e, errno, "%s: %s", word, errno == ENOKEY ? "it holds no key" : strerror(errno));
    saved = errno;
    sodium_free(bytes);
    errno = saved;
    return result;
}

int cell_write(const char *prefix, const char *word, const uint8_t key[CELL_KEY],
               struct cell_error *e)
{
    char path[1024];
    int fd, result;
    if (cell_tpm_is(word))
        return write_tpm(prefix, word, key, e);
    if (cell_path_of(prefix, word, path, sizeof path) < 0)
        return say(e, EINVAL, "%s is not a cell; expected nvmem:NAME, tpm:INDEX or file:/PATH",
                   word);
    if (is_file(word)) {
        fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return say(e, errno, "%s: %s", word, strerror(errno));
        close(fd);
    }
    if (cell_check(prefix, word, e) < 0)
        return -1;
    fd = cell_open(prefix, word);
    result = fd < 0 ? -1 : cell_write_fd(fd, key);
    if (result < 0)
        say(e, errno, "%s: the key did not read back as written: %s", word, strerror(errno));
    if (fd >= 0)
        close(fd);
    return result;
}

int cell_read(const char *prefix, const char *word, uint8_t key[CELL_KEY], struct cell_error *e)
{
    int fd, result;
    if (cell_tpm_is(word))
        return read_tpm(prefix, word, key, e);
    if (cell_check(prefix, word, e) < 0)
        return -1;
    fd = cell_open(prefix, word);
    result = fd < 0 ? -1 : cell_read_fd(fd, key);
    if (result < 0)
        say(e, errno, "%s: %s", word, errno == ENOKEY ? "it holds no key" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return result;
}

int cell_kill(const char *prefix, const char *word, int *held, struct cell_error *e)
{
    bool defined = false;
    int result;
    *held = 0;
    if (!cell_tpm_is(word))
        return say(e, EINVAL, "%s: it is overwritten by its file", word);
    result = cell_tpm_kill(prefix, word, &defined, e);
    *held = defined;
    return result;
}
