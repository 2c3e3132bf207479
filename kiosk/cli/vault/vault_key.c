#include "kiosk/cli/vault/vault_key.h"

#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/prompt.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TYPED_MAX = 256, TYPED_MIN = 12, FILE_MIN = 32, FILE_MAX = 4096 };

static const char *typing_trouble(int error)
{
    return error == ENXIO    ? "there is no terminal to type it at. Use --key-file FILE"
           : error == EINVAL ? "you typed two different keys. Try again"
           : error == E2BIG  ? "it has more than 255 characters"
                             : strerror(error);
}

/* A typed key is weak, so it is stretched with the vault's salt: about a second on a Pi. */
static int type_key(const struct vault *v, bool fresh, uint8_t key[CELL_KEY])
{
    char question[64], *typed = locked_memory(TYPED_MAX);
    int len, result = -1;
    if (!typed)
        return -1;
    snprintf(question, sizeof question, "%sey of the vault %s: ", fresh ? "New k" : "K", v->name);
    len = fresh ? prompt_hidden_line_twice(question, typed, TYPED_MAX)
                : prompt_hidden_line(question, typed, TYPED_MAX);
    if (len < 0)
        log_error("The key was not accepted: %s.", typing_trouble(errno));
    else if (len < TYPED_MIN)
        log_error("The key was not accepted: it has %d characters, and at least %d are expected.",
                  len, TYPED_MIN);
    else if (crypto_pwhash(key, CELL_KEY, typed, (unsigned long long)len, v->salt,
                           crypto_pwhash_OPSLIMIT_MODERATE, 64 << 20,
                           crypto_pwhash_ALG_ARGON2ID13) == 0)
        result = 0;
    else
        log_error("The key cannot be used: deriving a key from it needs 64 MiB of free memory. End "
                  "other programs and try again.");
    sodium_free(typed);
    return result;
}

static int read_key_file(const char *path, uint8_t key[CELL_KEY])
{
    uint8_t *bytes = locked_memory(FILE_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = -1;
    ssize_t n = fd >= 0 && bytes ? read(fd, bytes, FILE_MAX + 1) : -1;
    if (n < FILE_MIN || n > FILE_MAX) {
        log_error("The key cannot be used: %s: %s.", path,
                  n < 0 ? strerror(errno) : "a key file has 32 to 4096 random bytes");
    } else {
        result = crypto_generichash(key, CELL_KEY, bytes, (size_t)n, NULL, 0);
        print_say("Take out the stick with %s now: whoever has it can open the vault.", path);
    }
    if (fd >= 0)
        close(fd);
    sodium_free(bytes);
    return result;
}

/* A cell with a key may belong to another vault, and a cell that cannot be read may hold a key. */
static int expect_empty(const char *prefix, const struct vault *v, uint8_t key[CELL_KEY])
{
    struct cell_error error;

    if (cell_read(prefix, v->cell, key, &error) == 0)
        log_error(
            "The vault was not made: the cell %s already holds a key, perhaps of another vault, "
            "which a new key would lock permanently. Choose another cell.",
            v->cell);
    else if (errno == ENOKEY || (errno == ENOENT && strncmp(v->cell, "file:", 5) == 0))
        return 0;
    else
        log_error("The vault was not made: %s.", error.text);
    return -1;
}

int vault_cell_key(const char *prefix, const struct vault *v, const char *key_file, bool fresh,
                   uint8_t key[CELL_KEY])
{
    struct cell_error error;
    int result;

    _Static_assert(VAULT_SALT >= crypto_pwhash_SALTBYTES, "the salt serves Argon2 too");
    if (strcmp(v->cell, "ram") == 0)
        return key_file ? read_key_file(key_file, key) : type_key(v, fresh, key);
    if (fresh && expect_empty(prefix, v, key) < 0)
        return -1;
    if (fresh)
        randombytes_buf(key, CELL_KEY);
    result =
        fresh ? cell_write(prefix, v->cell, key, &error) : cell_read(prefix, v->cell, key, &error);
    if (result < 0)
        log_error("The vault's key cannot be %s: %s.", fresh ? "written" : "read", error.text);
    return result;
}

void vault_cell_forget(const char *prefix, const struct vault *v)
{
    struct cell_error error;
    int held, fd;

    if (strcmp(v->cell, "ram") == 0)
        return;
    fd = cell_open(prefix, v->cell);
    if ((fd >= 0 ? cell_kill_fd(fd, &held) : cell_kill(prefix, v->cell, &held, &error)) < 0)
        log_error("The cell %s still holds the key that was made for this vault: it could not be "
                  "removed.",
                  v->cell);
    if (fd >= 0)
        close(fd);
}
