#include "kiosk/cli/vault/vault_make.h"

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

static int fail(const char *real, const char *what, int result)
{
    fprintf(stderr, "porchlight vault: %s: %s: %s\n", real, what, strerror(-result));
    return -1;
}

static void mapping_of(const struct vault *v, char out[VAULT_NAME_MAX + 16])
{
    snprintf(out, VAULT_NAME_MAX + 16, "porchlight-%s", v->name);
}

static int create(struct vault *v, const char *real, const uint8_t key[VAULT_KEY], uint64_t size)
{
    const struct crypt_params_luks2 params = {.pbkdf = &pbkdf, .sector_size = 512};
    struct crypt_device *cd = NULL;
    int fd = open(real, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), result;

    (void)v;
    if (fd < 0)
        return fail(real, "the container cannot be made", -errno);
    result = ftruncate(fd, (off_t)size) < 0 ? -errno : crypt_init(&cd, real);
    /* Small headers and one slot's room: less to destroy, so that it is sooner dead. */
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
    return fail(real, "it cannot be made a LUKS2 container", result);
}

/* An open mapping without a file system gets one; that happens once, at the first opening. */
static int make_filesystem(const char *device)
{
    char *const argv[] = {(char *)"mkfs.ext4", (char *)"-q",
                          (char *)"-E",        (char *)"lazy_itable_init=0,lazy_journal_init=0",
                          (char *)device,      NULL};
    pid_t pid;
    int status;

    if (posix_spawnp(&pid, "mkfs.ext4", NULL, NULL, argv, environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ext4's magic, at byte 56 of the superblock, which begins at 1024. */
static bool has_filesystem(const char *device)
{
    unsigned char magic[2] = {0};
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    bool has =
        fd >= 0 && pread(fd, magic, 2, 1024 + 56) == 2 && magic[0] == 0x53 && magic[1] == 0xef;

    if (fd >= 0)
        close(fd);
    return has;
}

static int load(const char *real, struct crypt_device **cd)
{
    int result = crypt_init(cd, real);

    if (result >= 0)
        result = crypt_load(*cd, CRYPT_LUKS2, NULL);
    return result;
}

static int open_vault(const struct vault *v, const char *real, const char *mount_at,
                      const uint8_t key[VAULT_KEY])
{
    char mapping[VAULT_NAME_MAX + 16], device[VAULT_NAME_MAX + 32];
    struct crypt_device *cd = NULL;
    int result = load(real, &cd);

    mapping_of(v, mapping);
    snprintf(device, sizeof device, "/dev/mapper/%s", mapping);
    if (result >= 0)
        result = crypt_activate_by_passphrase(cd, mapping, CRYPT_ANY_SLOT, (const char *)key,
                                              VAULT_KEY, 0);
    crypt_free(cd);
    if (result == -EPERM) {
        fprintf(stderr, "porchlight vault: %s: the cell's key does not open it\n", real);
        return -1;
    }
    if (result < 0)
        return fail(real, "it cannot be opened", result);
    if (!has_filesystem(device) && make_filesystem(device) < 0)
        return fail(device, "no file system could be made in it (mkfs.ext4)", -EIO);
    if ((mkdir(mount_at, 0700) < 0 && errno != EEXIST) ||
        mount(device, mount_at, "ext4", MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME, NULL) < 0)
        return fail(mount_at, "it cannot be mounted there", -errno);
    return 0;
}

static int close_vault(const struct vault *v, const char *real, const char *mount_at)
{
    char mapping[VAULT_NAME_MAX + 16];
    int result;

    mapping_of(v, mapping);
    if (umount2(mount_at, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return fail(mount_at, "it cannot be unmounted; end what uses it", -errno);
    result = crypt_deactivate(NULL, mapping);
    return result < 0 && result != -ENODEV ? fail(real, "its mapping cannot be closed", result) : 0;
}

static int status(const struct vault *v, const char *real)
{
    char mapping[VAULT_NAME_MAX + 16];
    crypt_status_info s;

    (void)real;
    mapping_of(v, mapping);
    s = crypt_status(NULL, mapping);
    return s == CRYPT_ACTIVE || s == CRYPT_BUSY ? 1 : s == CRYPT_INACTIVE ? 0 : -1;
}

const struct vault_ops vault_luks = {create, open_vault, close_vault, status};
