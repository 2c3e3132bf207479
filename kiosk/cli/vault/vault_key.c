#include "kiosk/cli/vault/vault_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { TYPED_MAX = 256, TYPED_MIN = 12, FILE_MIN = 32, FILE_MAX = 4096 };

/* One line of the terminal, unseen, without its newline. Its length or -1. */
static ssize_t read_hidden(int fd, char *out, size_t size)
{
    struct termios shown, hidden;
    size_t len = 0;
    ssize_t n;

    if (tcgetattr(fd, &shown) < 0)
        return -1;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &hidden) < 0)
        return -1;
    while (len < size && (n = read(fd, out + len, 1)) == 1 && out[len] != '\n')
        len++;
    tcsetattr(fd, TCSAFLUSH, &shown);
    dprintf(fd, "\n");
    return len < size ? (ssize_t)len : -1;
}

/* A typed key is weak and is stretched, about a second on a Pi; the vault's salt serves. */
static int type_key(const struct vault *v, uint8_t key[CELL_KEY])
{
    char *typed = sodium_malloc(TYPED_MAX);
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC), result = -1;
    ssize_t len = -1;

    if (fd < 0 || !typed) {
        fprintf(stderr, "porchlight vault: there is no terminal to type the key at; use "
                        "--key-file\n");
    } else {
        dprintf(fd, "Key of the vault %s: ", v->name);
        len = read_hidden(fd, typed, TYPED_MAX);
        if (len < TYPED_MIN)
            fprintf(stderr, "porchlight vault: the key has at least %d characters\n", TYPED_MIN);
        else
            result = crypto_pwhash(key, CELL_KEY, typed, (unsigned long long)len, v->salt,
                                   crypto_pwhash_OPSLIMIT_MODERATE, 64 << 20,
                                   crypto_pwhash_ALG_ARGON2ID13);
    }
    if (fd >= 0)
        close(fd);
    sodium_free(typed);
    return result;
}

static int read_key_file(const char *path, uint8_t key[CELL_KEY])
{
    uint8_t *bytes = sodium_malloc(FILE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = -1;
    ssize_t n = fd >= 0 && bytes ? read(fd, bytes, FILE_MAX + 1) : -1;

    if (n < FILE_MIN || n > FILE_MAX) {
        fprintf(stderr, "porchlight vault: %s: %s\n", path,
                n < 0 ? strerror(errno) : "a key file has 32 to 4096 random bytes");
    } else {
        result = crypto_generichash(key, CELL_KEY, bytes, (size_t)n, NULL, 0);
        printf("Take the stick with %s out now: whoever has it opens the vault.\n", path);
    }
    if (fd >= 0)
        close(fd);
    sodium_free(bytes);
    return result;
}

int vault_cell_key(const char *prefix, const struct vault *v, const char *key_file, bool fresh,
                   uint8_t key[CELL_KEY])
{
    struct cell_error error;
    int result;

    _Static_assert(VAULT_SALT >= crypto_pwhash_SALTBYTES, "the salt serves Argon2 too");
    if (strcmp(v->cell, "ram") == 0)
        return key_file ? read_key_file(key_file, key) : type_key(v, key);
    if (fresh) {
        /* A key that is there may be another vault's. */
        if (cell_read(prefix, v->cell, key, &error) == 0) {
            fprintf(stderr,
                    "porchlight vault: %s already holds a key, of another vault perhaps; a new one "
                    "would lock that for ever\n",
                    v->cell);
            return -1;
        }
        randombytes_buf(key, CELL_KEY);
    }
    result =
        fresh ? cell_write(prefix, v->cell, key, &error) : cell_read(prefix, v->cell, key, &error);
    if (result < 0)
        fprintf(stderr, "porchlight vault: %s\n", error.text);
    return result;
}
