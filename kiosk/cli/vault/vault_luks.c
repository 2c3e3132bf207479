#include "kiosk/cli/vault/vault_make.h"

#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The derived key has 512 random bits: stretching it would only cost time at each opening. */
static const struct crypt_pbkdf_type pbkdf = {.type = CRYPT_KDF_PBKDF2,
                                              .hash = "sha256",
                                              .iterations = 1000,
                                              .flags = CRYPT_PBKDF_NO_BENCHMARK};

static int vault_luks_fail(const char *real, const char *what, int result)
{
    log_error("%s %s: %s.", real, what, strerror(-result));
    return -1;
}

/* libcryptsetup prints nothing: vault_luks_fail() reports what went wrong. */
static void vault_luks_stay_silent(int level, const char *text, void *context)
{
    (void)level, (void)text, (void)context;
}

static void mapping_of(const struct vault *v, char out[VAULT_NAME_MAX + 16])
{
    snprintf(out, VAULT_NAME_MAX + 16, "porchlight-%s", v->name);
}

static int vault_luks_create(struct vault *v, const char *real, const uint8_t key[VAULT_KEY],
                             uint64_t size)
{
    const struct crypt_params_luks2 params = {.pbkdf = &pbkdf, .sector_size = 512};
    struct crypt_device *cd = NULL;
    int fd = open(real, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), result;

    (void)v;
    crypt_set_log_callback(NULL, vault_luks_stay_silent, NULL);
    if (fd < 0)
        return vault_luks_fail(real, "cannot be made as a container", -errno);
    result = ftruncate(fd, (off_t)size) < 0 ? -errno : crypt_init(&cd, real);
    /* Small headers with room for one key slot: less to destroy, so that a wipe is faster. */
    if (result >= 0)
        result = crypt_set_metadata_size(cd, 16384, 1 << 20);
    if (result >= 0)
        result =
            crypt_format(cd, CRYPT_LUKS2, "aes", "xts-plain64", NULL, NULL, 64, (void *)&params);
    if (result >= 0)
        result = crypt_keyslot_add_by_volume_key(cd, 0, NULL, 64, (const char *)key, VAULT_KEY);
    crypt_free(cd);
    if (result >= 0 && fsync(fd) < 0)
        result = -errno;
    close(fd);
    if (result >= 0)
        return 0;
    unlink(real);
    return vault_luks_fail(real, "cannot be formatted as a LUKS2 container", result);
}

/* Makes a file system in an open mapping that has none, which happens once, at the first opening. 0
 * or a negative errno. */
static int make_filesystem(const char *device)
{
    char *const argv[] = {(char *)"mkfs.ext4", (char *)"-q",
                          (char *)"-E",        (char *)"lazy_itable_init=0,lazy_journal_init=0",
                          (char *)device,      NULL};
    pid_t pid;
    int status, error = posix_spawnp(&pid, "mkfs.ext4", NULL, NULL, argv, environ);
    if (error != 0)
        return -error;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* Looks for ext4's magic, at byte 56 of the superblock, which begins at 1024. 1 or 0; -1 with errno
 * if it cannot be read: then nothing may be made there. */
static int has_filesystem(const char *device)
{
    unsigned char magic[2];
    int fd = open(device, O_RDONLY | O_CLOEXEC), saved;
    ssize_t n = fd < 0 ? -1 : pread(fd, magic, 2, 1024 + 56);
    saved = n == 1 || n == 0 ? EIO : errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return n != 2 ? -1 : magic[0] == 0x53 && magic[1] == 0xef;
}

static int mount_it(const char *device, const char *at)
{
    int has = has_filesystem(device), made;
    if (has < 0)
        return vault_luks_fail(device, "cannot be read", -errno);
    if (!has && (made = make_filesystem(device)) < 0)
        return vault_luks_fail(device, "did not get a file system from mkfs.ext4", made);
    if ((mkdir(at, 0700) < 0 && errno != EEXIST) ||
        mount(device, at, "ext4", MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME, NULL) < 0)
        return vault_luks_fail(at, "cannot be used as the mount point", -errno);
    return 0;
}

static int vault_luks_load(const char *real, struct crypt_device **cd)
{
    int result;
    crypt_set_log_callback(NULL, vault_luks_stay_silent, NULL);
    result = crypt_init(cd, real);
    if (result >= 0)
        result = crypt_load(*cd, CRYPT_LUKS2, NULL);
    return result;
}

static int vault_luks_open(const struct vault *v, const char *real, const char *mount_at,
                           const uint8_t key[VAULT_KEY])
{
    char mapping[VAULT_NAME_MAX + 16], device[VAULT_NAME_MAX + 32];
    struct crypt_device *cd = NULL;
    int result = vault_luks_load(real, &cd);

    mapping_of(v, mapping);
    snprintf(device, sizeof device, "/dev/mapper/%s", mapping);
    if (result >= 0) /* only tries the key, which needs no device-mapper */
        result =
            crypt_activate_by_passphrase(cd, NULL, CRYPT_ANY_SLOT, (const char *)key, VAULT_KEY, 0);
    if (result == -EPERM) {
        crypt_free(cd);
        log_error("%s was not opened: this is not its key.", real);
        return -1;
    }
    if (result >= 0)
        result = crypt_activate_by_passphrase(cd, mapping, CRYPT_ANY_SLOT, (const char *)key,
                                              VAULT_KEY, 0);
    crypt_free(cd);
    if (result == -ENOTSUP || result == -ENOTBLK)
        return vault_luks_fail(
            real,
            "cannot be opened, because this kernel has no device-mapper (sudo modprobe dm-crypt)",
            result);
    if (result < 0)
        return vault_luks_fail(real, "cannot be opened", result);
    if (mount_it(device, mount_at) == 0)
        return 0;
    crypt_deactivate(NULL, mapping);
    return -1;
}

static int vault_luks_close(const struct vault *v, const char *real, const char *mount_at)
{
    char mapping[VAULT_NAME_MAX + 16];
    int result;
    crypt_set_log_callback(NULL, vault_luks_stay_silent, NULL);
    mapping_of(v, mapping);
    if (umount2(mount_at, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return vault_luks_fail(mount_at,
                               "cannot be unmounted. End the programs that use it (sudo fuser "
                               "-vm lists them)",
                               -errno);
    result = crypt_deactivate(NULL, mapping);
    return result < 0 && result != -ENODEV
               ? vault_luks_fail(real, "is still mapped and cannot be closed", result)
               : 0;
}

static int vault_luks_status(const struct vault *v, const char *real)
{
    char mapping[VAULT_NAME_MAX + 16];
    crypt_status_info s;

    (void)real;
    crypt_set_log_callback(NULL, vault_luks_stay_silent, NULL);
    mapping_of(v, mapping);
    s = crypt_status(NULL, mapping);
    return s == CRYPT_ACTIVE || s == CRYPT_BUSY ? 1 : s == CRYPT_INACTIVE ? 0 : -1;
}

const struct vault_ops vault_luks = {vault_luks_create, vault_luks_open, vault_luks_close,
                                     vault_luks_status};
