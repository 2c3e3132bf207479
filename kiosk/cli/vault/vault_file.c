#include "kiosk/cli/vault/vault_file.h"

#include "kiosk/cli/files.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *vault_name_wrong(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(name);
    if (len == 0 || len >= VAULT_NAME_MAX || strspn(name, good) != len)
        return "a vault's name has at most 31 letters, digits, - and _";
    return NULL;
}

const char *vault_path_wrong(const char *path)
{
    if (path[0] != '/' || path[1] == '\0')
        return "expected a full path, such as /srv/desk.luks";
    if (strlen(path) >= VAULT_PATH_MAX)
        return "it is longer than 255 bytes";
    for (const char *p = path; *p; p++) {
        if (iscntrl((unsigned char)*p))
            return "it holds a control character";
    }
    return NULL;
}

void vault_derive(const uint8_t cell_key[CELL_KEY], const struct vault *v, uint8_t out[VAULT_KEY])
{
    static const char *const uses[] = {
        [VAULT_LUKS] = "porchlight vault 1 luks", [VAULT_FSCRYPT] = "porchlight vault 1 fscrypt"};
    const char *use = uses[v->make];
    crypto_generichash_state state;

    crypto_generichash_init(&state, cell_key, CELL_KEY, VAULT_KEY);
    crypto_generichash_update(&state, v->salt, sizeof v->salt);
    crypto_generichash_update(&state, (const unsigned char *)use, strlen(use));
    crypto_generichash_final(&state, out, VAULT_KEY);
    sodium_memzero(&state, sizeof state);
}

static int vault_file_path_of(const char *prefix, const char *name, char out[PATH_LEN])
{
    char below[PATH_LEN];
    snprintf(below, sizeof below, PATH_VAULTS "/%s", name);
    return path_under(prefix, below, out);
}

bool vault_file_exists(const char *prefix, const char *name)
{
    char path[PATH_LEN];
    return vault_file_path_of(prefix, name, path) == 0 && access(path, F_OK) == 0;
}

/* Stores one line in the field that it names. False: there is no such field, or value. */
static bool vault_file_take_line(struct vault *v, const char *key, const char *value)
{
    size_t len;
    if (strcmp(key, "make") == 0) {
        v->make = strcmp(value, "luks") == 0 ? VAULT_LUKS : VAULT_FSCRYPT;
        return v->make == VAULT_LUKS || strcmp(value, "fscrypt") == 0;
    }
    if (strcmp(key, "salt") == 0)
        return sodium_hex2bin(v->salt, sizeof v->salt, value, strlen(value), NULL, &len, NULL) ==
                   0 &&
               len == sizeof v->salt;
    if (strcmp(key, "path") == 0)
        return snprintf(v->path, sizeof v->path, "%s", value) < (int)sizeof v->path;
    if (strcmp(key, "mount") == 0)
        return snprintf(v->mount, sizeof v->mount, "%s", value) < (int)sizeof v->mount;
    if (strcmp(key, "cell") == 0)
        return snprintf(v->cell, sizeof v->cell, "%s", value) < (int)sizeof v->cell;
    if (strcmp(key, "key_id") == 0)
        return snprintf(v->key_id, sizeof v->key_id, "%s", value) < (int)sizeof v->key_id;
    return false;
}

int vault_file_read(const char *prefix, const char *name, struct vault *v)
{
    char path[PATH_LEN], line[512], key[16], value[256];
    int number = 0, result = 0;
    FILE *f;
    *v = (struct vault){0};
    if (vault_name_wrong(name) || vault_file_path_of(prefix, name, path) < 0) {
        log_error("\"%s\" cannot be a vault: %s.", name, vault_name_wrong(name));
        return -1;
    }
    snprintf(v->name, sizeof v->name, "%s", name);
    f = fopen(path, "re");
    if (!f) {
        if (errno == ENOENT)
            log_error("There is no vault %s. To list all: porchlight vault status. To make one: "
                      "porchlight vault create %s",
                      name, name);
        else
            log_error("The vault %s cannot be read: %s: %s.", name, path, strerror(errno));
        return -1;
    }
    while (result == 0 && fgets(line, sizeof line, f)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%15[a-z_] = %255[^\n]", key, value) != 2 ||
            !vault_file_take_line(v, key, value)) {
            log_error(
                "%s:%d: found \"%.40s\"; expected KEY = VALUE as porchlight vault create writes "
                "it.",
                path, number, line);
            result = -1;
        }
    }
    fclose(f);
    if (result == 0 && (!v->path[0] || !v->cell[0])) {
        log_error("%s is incomplete: path or cell is missing.", path);
        result = -1;
    }
    return result;
}

int vault_file_write(const char *prefix, const struct vault *v)
{
    char folder[PATH_LEN], path[PATH_LEN], salt[2 * VAULT_SALT + 1], text[1024];
    sodium_bin2hex(salt, sizeof salt, v->salt, sizeof v->salt);
    int len =
        snprintf(text, sizeof text, "make = %s\npath = %s\n%s%s%scell = %s\nsalt = %s\n%s%s%s",
                 v->make == VAULT_LUKS ? "luks" : "fscrypt", v->path, v->mount[0] ? "mount = " : "",
                 v->mount, v->mount[0] ? "\n" : "", v->cell, salt, v->key_id[0] ? "key_id = " : "",
                 v->key_id, v->key_id[0] ? "\n" : "");
    if (path_under(prefix, PATH_VAULTS, folder) == 0 &&
        vault_file_path_of(prefix, v->name, path) == 0 && files_make_folders(folder, 0700) == 0 &&
        file_replace(path, text, (size_t)len, 0600) == 0)
        return 0;
    log_error("The vault was not made: its file %s/%s cannot be written: %s.", folder, v->name,
              strerror(errno));
    return -1;
}
