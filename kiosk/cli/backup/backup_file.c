#include "kiosk/cli/backup/backup_file.h"

#include "kiosk/cli/files.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/big_endian.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "porchlight backup 1\n";

enum {
    MAGIC = 20,
    AT_SALT = MAGIC,
    AT_PASSES = AT_SALT + crypto_pwhash_SALTBYTES,
    AT_KIB = AT_PASSES + 4,
    AT_HEADER = AT_KIB + 4,
    AT_BODY = AT_HEADER + crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    OVERHEAD = AT_BODY + crypto_secretstream_xchacha20poly1305_ABYTES,
    ENTRY = 10,
    /* A Pi Zero 2 has 512 MB; this takes it about a second. */
    PASSES = 4,
    KIB = 65536,
    PASSES_MAX = 16,
    KIB_MIN = 8192,
    KIB_MAX = 1 << 20,
};

void backup_finish(struct backup *b)
{
    sodium_free(b->bytes);
    *b = (struct backup){0};
}

/* --- the list of files ----------------------------------------------------------------------- */

static int backup_file_make_room(struct backup *b, size_t more)
{
    size_t room = b->room ? b->room : 65536;
    while (room < b->len + more)
        room *= 2;
    if (b->len + more > BACKUP_MAX) {
        errno = EFBIG;
        return -1;
    }
    if (room == b->room)
        return 0;
    uint8_t *bigger = sodium_init() < 0 ? NULL : sodium_malloc(room);
    if (!bigger)
        return -1;
    if (b->len)
        memcpy(bigger, b->bytes, b->len);
    sodium_free(b->bytes);
    b->bytes = bigger;
    b->room = room;
    return 0;
}

int backup_add(struct backup *b, const char *path, mode_t mode, const void *bytes, size_t len)
{
    size_t name = strnlen(path, BACKUP_PATH_MAX + 1);
    if (name > BACKUP_PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (len > BACKUP_MAX) {
        errno = EFBIG;
        return -1;
    }
    if (backup_file_make_room(b, ENTRY + name + len) < 0)
        return -1;
    uint8_t *at = b->bytes + b->len;
    big_endian_put(at, 2, name);
    big_endian_put(at + 2, 4, mode);
    big_endian_put(at + 6, 4, len);
    memcpy(at + ENTRY, path, name);
    memcpy(at + ENTRY + name, bytes, len);
    b->len += ENTRY + name + len;
    return 0;
}

int backup_each(const struct backup *b, backup_file *each, void *context)
{
    char path[BACKUP_PATH_MAX + 1];
    size_t at = 0;
    while (at < b->len) {
        const uint8_t *entry = b->bytes + at;
        size_t left = b->len - at;
        size_t name = left >= ENTRY ? big_endian_get(entry, 2) : BACKUP_PATH_MAX + 1;
        size_t size = left >= ENTRY ? big_endian_get(entry + 6, 4) : 0;
        /* Not name + size, which may wrap around on a 32-bit machine. */
        if (name > BACKUP_PATH_MAX || name > left - ENTRY || size > left - ENTRY - name) {
            errno = EBADMSG;
            return -1;
        }
        memcpy(path, entry + ENTRY, name);
        path[name] = '\0';
        int result =
            each(context, path, (mode_t)big_endian_get(entry + 2, 4), entry + ENTRY + name, size);
        if (result != 0)
            return result;
        at += ENTRY + name + size;
    }
    return 0;
}

/* --- sealing --------------------------------------------------------------------------------- */

static int backup_file_key_of(const uint8_t *head, const char *passphrase,
                              uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES])
{
    return crypto_pwhash(key, crypto_secretstream_xchacha20poly1305_KEYBYTES, passphrase,
                         strlen(passphrase), head + AT_SALT, big_endian_get(head + AT_PASSES, 4),
                         big_endian_get(head + AT_KIB, 4) * 1024, crypto_pwhash_ALG_ARGON2ID13);
}

int backup_seal(const struct backup *b, const char *path, const char *passphrase)
{
    crypto_secretstream_xchacha20poly1305_state state;
    size_t size = OVERHEAD + b->len;
    uint8_t *out = malloc(size);
    uint8_t *key = sodium_malloc(crypto_secretstream_xchacha20poly1305_KEYBYTES);
    int result = -1;

    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        errno = EEXIST;
    else if (out && key) {
        memcpy(out, magic, MAGIC);
        randombytes_buf(out + AT_SALT, crypto_pwhash_SALTBYTES);
        big_endian_put(out + AT_PASSES, 4, PASSES);
        big_endian_put(out + AT_KIB, 4, KIB);
        if (backup_file_key_of(out, passphrase, key) == 0 &&
            crypto_secretstream_xchacha20poly1305_init_push(&state, out + AT_HEADER, key) == 0 &&
            crypto_secretstream_xchacha20poly1305_push(
                &state, out + AT_BODY, NULL, b->bytes, b->len, out, AT_HEADER,
                crypto_secretstream_xchacha20poly1305_TAG_FINAL) == 0)
            result = file_replace(path, out, size, 0600);
    }
    int saved = errno;
    sodium_memzero(&state, sizeof state);
    sodium_free(key);
    free(out);
    errno = saved;
    return result;
}

static bool is_head(const uint8_t *in, size_t len)
{
    return len >= OVERHEAD && memcmp(in, magic, MAGIC) == 0 &&
           big_endian_get(in + AT_PASSES, 4) >= 1 &&
           big_endian_get(in + AT_PASSES, 4) <= PASSES_MAX &&
           big_endian_get(in + AT_KIB, 4) >= KIB_MIN && big_endian_get(in + AT_KIB, 4) <= KIB_MAX;
}

static int backup_file_unseal(struct backup *b, const uint8_t *in, size_t len,
                              const char *passphrase)
{
    crypto_secretstream_xchacha20poly1305_state state;
    unsigned char tag = 0;
    unsigned long long plain = 0;
    uint8_t *key = sodium_malloc(crypto_secretstream_xchacha20poly1305_KEYBYTES);
    int result = -1;

    if (!key || backup_file_make_room(b, len - OVERHEAD) < 0)
        goto free_key;
    if (backup_file_key_of(in, passphrase, key) < 0) {
        errno = ENOMEM;
        goto free_key;
    }
    if (crypto_secretstream_xchacha20poly1305_init_pull(&state, in + AT_HEADER, key) == 0 &&
        crypto_secretstream_xchacha20poly1305_pull(&state, b->bytes, &plain, &tag, in + AT_BODY,
                                                   len - AT_BODY, in, AT_HEADER) == 0 &&
        tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
        b->len = (size_t)plain;
        result = 0;
    } else {
        errno = EBADMSG;
    }
free_key:
    sodium_memzero(&state, sizeof state);
    sodium_free(key);
    return result;
}

/* The whole file, or NULL with errno. */
static uint8_t *backup_file_whole(const char *path, size_t *len)
{
    char *real = realpath(path, NULL); /* a link to one is one */
    uint8_t *in = real ? (uint8_t *)file_read(real, FILES_READ_MAX, len) : NULL;
    int saved = errno;

    free(real);
    errno = saved;
    if (!in || is_head(in, *len))
        return in;
    free(in);
    errno = EINVAL;
    return NULL;
}

int backup_look(const char *path)
{
    size_t len;
    uint8_t *in = backup_file_whole(path, &len);

    if (!in)
        return -1;
    free(in);
    return 0;
}

int backup_open(struct backup *b, const char *path, const char *passphrase)
{
    size_t len;
    uint8_t *in = sodium_init() < 0 ? NULL : backup_file_whole(path, &len);

    if (!in)
        return -1;
    int result = backup_file_unseal(b, in, len, passphrase), saved = errno;
    free(in);
    if (result < 0)
        backup_finish(b);
    errno = saved;
    return result;
}

void backup_note(const char *prefix)
{
    char path[PATH_LEN];
    if (path_under(prefix, PATH_BACKED_UP, path) < 0 ||
        (file_replace(path, "", 0, 0644) < 0 && errno != ENOENT))
        log_warning(
            "That a backup was made cannot be noted (%s%s: %s), so doctor will ask for one.",
            prefix, PATH_BACKED_UP, strerror(errno));
}
