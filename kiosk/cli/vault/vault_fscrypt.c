#include "kiosk/cli/vault/vault_make.h"

#include "kiosk/cli/locked_memory.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(VAULT_KEY == FSCRYPT_MAX_KEY_SIZE, "the derived key is fscrypt's longest");

static int vault_fscrypt_fail(const char *real, const char *what)
{
    log_error(
        "%s %s: %s.", real, what,
        errno == EOPNOTSUPP || errno == ENOTTY
            ? "this file system cannot encrypt. To turn it on for ext4: sudo tune2fs -O encrypt "
              "DEVICE"
            : strerror(errno));
    return -1;
}

/* The file system's keyring is opened through the folder above: an open folder in the vault would
 * keep the vault in use. */
static int vault_fscrypt_open_above(const char *real)
{
    char above[PATH_LEN];
    char *slash;
    snprintf(above, sizeof above, "%s", real);
    slash = strrchr(above, '/');
    if (slash)
        *slash = '\0';
    return open(above[0] ? above : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int vault_fscrypt_add_key(int fd, const uint8_t key[VAULT_KEY],
                                 uint8_t id[FSCRYPT_KEY_IDENTIFIER_SIZE])
{
    struct fscrypt_add_key_arg *add = locked_memory(sizeof *add + VAULT_KEY);
    int result, saved;

    if (!add)
        return -1;
    add->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
    add->raw_size = VAULT_KEY;
    memcpy(add->raw, key, VAULT_KEY);
    result = ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, add);
    saved = errno;
    if (result == 0)
        memcpy(id, add->key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
    sodium_free(add);
    errno = saved;
    return result;
}

static int vault_fscrypt_create(struct vault *v, const char *real, const uint8_t key[VAULT_KEY],
                                uint64_t size)
{
    struct fscrypt_policy_v2 policy = {.version = FSCRYPT_POLICY_V2,
                                       .contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
                                       .filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
                                       .flags = FSCRYPT_POLICY_FLAGS_PAD_32};
    int fd, result = -1;

    (void)size;
    if (mkdir(real, 0700) < 0)
        return vault_fscrypt_fail(real, "cannot be made");
    fd = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && vault_fscrypt_add_key(fd, key, policy.master_key_identifier) == 0 &&
        ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy) == 0)
        result = 0;
    if (result < 0)
        vault_fscrypt_fail(real, "cannot be encrypted");
    else
        sodium_bin2hex(v->key_id, sizeof v->key_id, policy.master_key_identifier,
                       sizeof policy.master_key_identifier);
    if (fd >= 0)
        close(fd);
    if (result < 0)
        rmdir(real);
    return result;
}

static int vault_fscrypt_open(const struct vault *v, const char *real, const char *mount,
                              const uint8_t key[VAULT_KEY])
{
    uint8_t id[FSCRYPT_KEY_IDENTIFIER_SIZE];
    char hex[2 * FSCRYPT_KEY_IDENTIFIER_SIZE + 1];
    int fd = vault_fscrypt_open_above(real), result = -1;
    (void)mount;
    if (fd < 0 || vault_fscrypt_add_key(fd, key, id) < 0) {
        vault_fscrypt_fail(real, "was not opened, because the kernel did not accept the key");
    } else {
        sodium_bin2hex(hex, sizeof hex, id, sizeof id);
        result = strcmp(hex, v->key_id) == 0 ? 0 : -1;
        if (result < 0)
            log_error("%s was not opened: the cell's key is not the one that it was made with.",
                      real);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static int specify(const struct vault *v, struct fscrypt_key_specifier *key)
{
    size_t len;
    *key = (struct fscrypt_key_specifier){.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER};
    return sodium_hex2bin(key->u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE, v->key_id,
                          strlen(v->key_id), NULL, &len, NULL) == 0 &&
                   len == FSCRYPT_KEY_IDENTIFIER_SIZE
               ? 0
               : -1;
}

static int vault_fscrypt_close(const struct vault *v, const char *real, const char *mount)
{
    struct fscrypt_remove_key_arg arg = {0};
    int fd = vault_fscrypt_open_above(real), result = -1;

    (void)mount;
    if (fd < 0 || specify(v, &arg.key_spec) < 0 ||
        (ioctl(fd, FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS, &arg) < 0 && errno != ENOKEY))
        vault_fscrypt_fail(real, "was not closed, because the kernel did not remove the key");
    else if (arg.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY)
        log_error(
            "%s is not quite closed: the key is removed, but files in it are still open and can "
            "be read. End the programs that use them, and close it again.",
            real);
    else
        result = 0;
    if (fd >= 0)
        close(fd);
    return result;
}

static int vault_fscrypt_status(const struct vault *v, const char *real)
{
    struct fscrypt_get_key_status_arg arg = {0};
    int fd = vault_fscrypt_open_above(real), result = -1;

    if (fd >= 0 && specify(v, &arg.key_spec) == 0 &&
        ioctl(fd, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &arg) == 0)
        result = arg.status != FSCRYPT_KEY_STATUS_ABSENT;
    if (fd >= 0)
        close(fd);
    return result;
}

const struct vault_ops vault_fscrypt = {vault_fscrypt_create, vault_fscrypt_open,
                                        vault_fscrypt_close, vault_fscrypt_status};
