#include "kiosk/common/file.h"
#include "kiosk/wipe/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Files that are held open keep their contents readable. Their users were stopped before; what is
 * still closing gets this long. */
enum { BUSY_TRIES = 40, BUSY_PAUSE_MS = 25 };

static int target_fscrypt_key_of(int fd, struct fscrypt_key_specifier *key)
{
    struct fscrypt_get_policy_ex_arg arg = {.policy_size = sizeof arg.policy};

    if (ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &arg) < 0)
        return -1;
    if (arg.policy.version != FSCRYPT_POLICY_V2) {
        errno = EINVAL;
        return -1;
    }
    *key = (struct fscrypt_key_specifier){.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER};
    memcpy(key->u.identifier, arg.policy.v2.master_key_identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
    return 0;
}

/* The folder above, with the target's policy read and the target closed again: a folder held open
 * keeps its key in use. Opened for the caller; -1 with errno, ENODATA: it is not encrypted. */
static int target_fscrypt_open_above(const struct scope *s, const struct plan_target *t,
                                     struct fscrypt_key_specifier *key)
{
    char leaf[PLAN_PATH_MAX];
    int folder = scope_parent(s, t, leaf), fd;
    if (folder < 0)
        return -1;
    fd = scope_open(folder, leaf, O_RDONLY | O_DIRECTORY);
    if (fd >= 0 && target_fscrypt_key_of(fd, key) == 0) {
        close(fd);
        return folder;
    }
    file_close(fd);
    file_close(folder);
    return -1;
}

static int key_status(int fd, const struct fscrypt_key_specifier *key)
{
    struct fscrypt_get_key_status_arg arg = {.key_spec = *key};

    return ioctl(fd, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &arg) < 0 ? -1 : (int)arg.status;
}

/* True once no file of it is readable any more. */
static bool remove_key(int fd, const struct fscrypt_key_specifier *key, struct target_report *r)
{
    const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * 1000000L};

    for (int i = 0; i < BUSY_TRIES; i++) {
        struct fscrypt_remove_key_arg arg = {.key_spec = *key};
        if (ioctl(fd, FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS, &arg) < 0 && errno != ENOKEY) {
            if (errno == EINTR)
                continue;
            target_lower(r, WIPE_FAILED, errno, "the kernel did not remove its key");
            return false;
        }
        if (!(arg.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY))
            return true;
        nanosleep(&pause, NULL);
    }
    target_lower(r, WIPE_FAILED, EBUSY,
                 "the key is gone, but files in it are held open and stay readable: name the unit "
                 "that uses them in the plan");
    return false;
}

static const char not_encrypted[] = "it is not an encrypted folder (fscrypt, version 2)";

static bool is_not_encrypted(int error)
{
    return error == ENODATA || error == EINVAL || error == ENOTTY || error == EOPNOTSUPP;
}

static void target_fscrypt_look(const struct scope *s, const struct plan_target *t,
                                struct target_view *v)
{
    struct fscrypt_key_specifier key;
    int above = target_fscrypt_open_above(s, t, &key);

    if (above < 0 && is_not_encrypted(errno))
        target_view_lower(v, WIPE_FAILED, not_encrypted);
    file_close(above);
}

static void target_fscrypt_destroy(const struct scope *s, const struct plan_target *t,
                                   struct target_report *r)
{
    struct fscrypt_key_specifier key;
    int above = target_fscrypt_open_above(s, t, &key), status;

    if (above < 0) {
        if (errno == ENOENT)
            target_lower(r, WIPE_ALREADY_GONE, 0, "");
        else if (is_not_encrypted(errno))
            target_lower(r, WIPE_FAILED, errno, not_encrypted);
        else
            target_unreached(r, errno);
        return;
    }
    status = key_status(above, &key);
    if (status < 0)
        target_lower(r, WIPE_FAILED, errno, "the kernel gives no answer about its key");
    else if (status == FSCRYPT_KEY_STATUS_ABSENT)
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
    else if (remove_key(above, &key, r))
        target_lower(r, WIPE_DESTROYED, 0, "");
    close(above);
}

/* A regular file in the folder that still opens for reading: its contents are in the clear. */
static bool something_opens(int fd)
{
    DIR *d = scope_list(fd);
    struct dirent *e;
    bool opens = false;

    while (d && !opens && (e = readdir(d))) {
        int file = e->d_type == DT_REG ? scope_open(fd, e->d_name, O_RDONLY | O_NONBLOCK) : -1;
        opens = file >= 0;
        file_close(file);
    }
    if (d)
        closedir(d);
    return opens;
}

static void target_fscrypt_prove(const struct scope *s, const struct plan_target *t,
                                 struct target_report *r)
{
    struct fscrypt_key_specifier key;
    char leaf[PLAN_PATH_MAX];
    int above = target_fscrypt_open_above(s, t, &key), fd;

    if (above < 0) {
        if (errno != ENOENT)
            target_lower(r, WIPE_UNVERIFIED, errno, "it could not be looked at again");
        return;
    }
    close(above);
    above = scope_parent(s, t, leaf);
    fd = above < 0 ? -1 : scope_open(above, leaf, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        target_lower(r, WIPE_UNVERIFIED, errno, "it could not be looked at again");
    else if (key_status(fd, &key) != FSCRYPT_KEY_STATUS_ABSENT)
        target_lower(r, WIPE_FAILED, EEXIST, "the kernel still holds its key");
    else if (something_opens(fd))
        target_lower(r, WIPE_FAILED, EEXIST, "a file in it still opens");
    file_close(fd);
    file_close(above);
}

static int target_fscrypt_decoy(const struct scope *s, const struct plan_target *t)
{
    struct fscrypt_policy_v2 policy = {.version = FSCRYPT_POLICY_V2,
                                       .contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
                                       .filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
                                       .flags = FSCRYPT_POLICY_FLAGS_PAD_32};
    struct fscrypt_add_key_arg *add = sodium_malloc(sizeof *add + FSCRYPT_MAX_KEY_SIZE);
    char leaf[PLAN_PATH_MAX];
    int folder = scope_parent(s, t, leaf), fd = -1, result = -1;

    if (folder < 0 || !add || mkdirat(folder, leaf, 0700) < 0)
        goto out;
    fd = scope_open(folder, leaf, O_RDONLY | O_DIRECTORY);
    memset(add, 0, sizeof *add);
    add->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
    add->raw_size = FSCRYPT_MAX_KEY_SIZE;
    randombytes_buf(add->raw, FSCRYPT_MAX_KEY_SIZE);
    if (fd < 0 || ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, add) < 0)
        goto out;
    memcpy(policy.master_key_identifier, add->key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
    if (ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy) < 0)
        goto out;
    result = target_decoy_file(fd, "decoy", 32);
out:
    file_close(fd);
    file_close(folder);
    sodium_free(add);
    return result;
}

const struct target_ops target_fscrypt = {
    .promise = "The kernel forgets the key of the encrypted folder: names and contents stay "
               "unreadable from then on, unless its key cell survives.",
    .kept = "The kernel holds no key for the folder and no file in it opens; what remains "
            "opens only if its key cell survives.",
    .destroy = target_fscrypt_destroy,
    .prove = target_fscrypt_prove,
    .look = target_fscrypt_look,
    .decoy = target_fscrypt_decoy,
};
