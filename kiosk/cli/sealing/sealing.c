#include "kiosk/cli/sealing/sealing.h"

#include "config/secret.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(crypto_box_PUBLICKEYBYTES == SEAL_KEY, "an X25519 key has 32 bytes");

enum { ABYTES = crypto_secretstream_xchacha20poly1305_ABYTES, KEY_FILE_MAX = 255 };

const char *seal_why(enum seal_result r)
{
    switch (r) {
    case SEAL_OK:
        return "done";
    case SEAL_IO:
        return strerror(errno);
    case SEAL_FORMAT:
        return "it is not a sealed file, or it was cut short";
    case SEAL_OPEN:
        return "it was not sealed to this key, or it was altered";
    case SEAL_NO_KEY:
        return "the public key is not valid. Make a new pair: porchlight keygen NAME";
    case SEAL_DAMAGED:
        return "a part of it is damaged and cannot be read; all the rest was printed";
    }
    return "?";
}

static int sealing_put(FILE *out, const void *bytes, size_t len)
{
    return fwrite(bytes, 1, len, out) == len ? 0 : -1;
}

enum seal_result seal_stream(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY])
{
    crypto_secretstream_xchacha20poly1305_state *state = sodium_malloc(sizeof *state);
    uint8_t *key = sodium_malloc(SEAL_KEY), *text = sodium_malloc(SEAL_CHUNK);
    uint8_t header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    uint8_t sealed_key[SEAL_KEY + crypto_box_SEALBYTES], sealed[SEAL_CHUNK + ABYTES];
    enum seal_result result = SEAL_IO;
    size_t n;

    if (!state || !key || !text)
        goto out;
    crypto_secretstream_xchacha20poly1305_keygen(key);
    if (crypto_box_seal(sealed_key, key, SEAL_KEY, public_key) != 0) {
        result = SEAL_NO_KEY;
        goto out;
    }
    crypto_secretstream_xchacha20poly1305_init_push(state, header, key);
    if (sealing_put(out, SEAL_MAGIC, 8) < 0 ||
        sealing_put(out, sealed_key, sizeof sealed_key) < 0 ||
        sealing_put(out, header, sizeof header) < 0)
        goto out;
    do {
        unsigned char tag;
        n = fread(text, 1, SEAL_CHUNK, in);
        if (ferror(in))
            goto out;
        tag = n < SEAL_CHUNK ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0;
        crypto_secretstream_xchacha20poly1305_push(state, sealed, NULL, text, n, NULL, 0, tag);
        if (sealing_put(out, sealed, n + ABYTES) < 0)
            goto out;
    } while (n == SEAL_CHUNK);
    if (fflush(out) == 0)
        result = SEAL_OK;
out:
    sodium_free(state);
    sodium_free(key);
    sodium_free(text);
    return result;
}

enum seal_result unseal_stream(FILE *in, FILE *out, const uint8_t public_key[SEAL_KEY],
                               const uint8_t secret_key[SEAL_KEY])
{
    crypto_secretstream_xchacha20poly1305_state *state = sodium_malloc(sizeof *state);
    uint8_t *key = sodium_malloc(SEAL_KEY), *text = sodium_malloc(SEAL_CHUNK);
    uint8_t header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    uint8_t sealed_key[SEAL_KEY + crypto_box_SEALBYTES], sealed[SEAL_CHUNK + ABYTES];
    enum seal_result result = SEAL_FORMAT;
    unsigned char tag = 0;
    size_t n;

    if (!state || !key || !text) {
        result = SEAL_IO;
        goto out;
    }
    if (fread(sealed_key, 1, sizeof sealed_key, in) != sizeof sealed_key ||
        fread(header, 1, sizeof header, in) != sizeof header)
        goto out;
    result = SEAL_OPEN;
    if (crypto_box_seal_open(key, sealed_key, sizeof sealed_key, public_key, secret_key) != 0 ||
        crypto_secretstream_xchacha20poly1305_init_pull(state, header, key) != 0)
        goto out;
    while (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        unsigned long long len;
        n = fread(sealed, 1, sizeof sealed, in);
        result = n < ABYTES ? SEAL_FORMAT : SEAL_OPEN;
        if (n < ABYTES || crypto_secretstream_xchacha20poly1305_pull(state, text, &len, &tag,
                                                                     sealed, n, NULL, 0) != 0)
            goto out;
        result = SEAL_IO;
        if (sealing_put(out, text, (size_t)len) < 0)
            goto out;
    }
    result = getc(in) == EOF ? SEAL_OK : SEAL_FORMAT;
    if (fflush(out) != 0)
        result = SEAL_IO;
out:
    sodium_free(state);
    sodium_free(key);
    sodium_free(text);
    return result;
}

ssize_t seal_entry(const uint8_t *text, size_t len, const uint8_t public_key[SEAL_KEY],
                   uint8_t out[SEAL_SEALED_MAX])
{
    uint8_t *padded;
    size_t size;
    ssize_t result = -1;
    if (len > SEAL_ENTRY_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    padded = sodium_malloc(SEAL_ENTRY_MAX + SEAL_PAD);
    if (!padded)
        return -1;
    memcpy(padded, text, len);
    if (sodium_pad(&size, padded, len, SEAL_PAD, SEAL_ENTRY_MAX + SEAL_PAD) == 0 &&
        crypto_box_seal(out, padded, size, public_key) == 0)
        result = (ssize_t)(size + crypto_box_SEALBYTES);
    sodium_free(padded);
    if (result < 0)
        errno = EINVAL;
    return result;
}

ssize_t unseal_entry(const uint8_t *sealed, size_t len, const uint8_t public_key[SEAL_KEY],
                     const uint8_t secret_key[SEAL_KEY], uint8_t out[SEAL_ENTRY_MAX + SEAL_PAD])
{
    size_t size;
    if (len < crypto_box_SEALBYTES + SEAL_PAD || len > SEAL_SEALED_MAX ||
        crypto_box_seal_open(out, sealed, len, public_key, secret_key) != 0 ||
        sodium_unpad(&size, out, len - crypto_box_SEALBYTES, SEAL_PAD) != 0)
        return -1;
    return (ssize_t)size;
}

/* NULL, or why the text is not such a key. */
static const char *sealing_take_key(char *text, bool secret, uint8_t key[SEAL_KEY])
{
    const size_t mark = strlen(SEAL_SECRET);
    bool is_secret = strncmp(text, SEAL_SECRET, mark) == 0;
    char *hex = is_secret ? text + mark : text;
    size_t len = 0;
    if (sodium_hex2bin(key, SEAL_KEY, hex, strlen(hex), " \r\n", &len, NULL) != 0 ||
        len != SEAL_KEY)
        return "it is not a key that porchlight keygen wrote";
    if (is_secret && !secret)
        return "it is the secret half, which opens all that is sealed; expected NAME.public. If "
               "this "
               "machine is the kiosk, delete the file here and make a new pair";
    if (!is_secret && secret)
        return "it is the public half, which opens nothing; expected NAME.secret";
    return NULL;
}

/* NULL, or why the file cannot be read. */
static const char *sealing_why_not(int fd, bool secret, struct stat *st)
{
    if (fd < 0 && errno == ENOENT && !secret)
        return "there is no such file. To make it, on your own computer: porchlight keygen NAME";
    if (fd < 0 || fstat(fd, st) < 0)
        return strerror(errno);
    return S_ISREG(st->st_mode) ? NULL : "it is not a regular file";
}

int seal_read_key(const char *path, bool secret, uint8_t key[SEAL_KEY])
{
    struct stat st;
    char *text = locked_memory(KEY_FILE_MAX + 1);
    if (!text)
        return -1;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const char *wrong = sealing_why_not(fd, secret, &st);
    if (!wrong && file_read_all(fd, text, KEY_FILE_MAX) < 0)
        wrong = strerror(errno);
    if (!wrong)
        wrong = sealing_take_key(text, secret, key);
    if (!wrong && secret && secret_has_mode(fd) && (st.st_mode & 077))
        wrong = "other users may read it. Make it yours alone: chmod 600 FILE";
    if (wrong)
        log_error("The key cannot be used: %s: %s.", path, wrong);
    file_close(fd);
    sodium_free(text);
    return wrong ? -1 : 0;
}
