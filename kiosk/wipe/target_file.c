#include "kiosk/common/file.h"
#include "kiosk/wipe/overwrite.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes an immutable or append-only mark off a file that has this name alone. */
static void take_marks_off(int folder, const char *name)
{
    int flags, fd = scope_open(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
        ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    close(fd);
}

static int open_writable(int folder, const char *name)
{
    int fd = scope_open(folder, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 || (errno != EPERM && errno != EACCES))
        return fd;
    take_marks_off(folder, name);
    return scope_open(folder, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
}

/* Renames to the stub and unlinks that. Both names are tried: one may be left of an earlier run. */
static void take_name_away(int folder, const char *name, const char *stub, bool sync_folder,
                           struct target_report *r)
{
    const char *now = stub;
    if (strcmp(name, stub) != 0 && renameat(folder, name, folder, stub) < 0)
        now = name;
    if (unlinkat(folder, now, 0) < 0 && errno != ENOENT)
        target_lower(r, WIPE_FAILED, errno, "its name could not be removed");
    else if (sync_folder && file_sync(folder) < 0)
        target_lower(r, WIPE_UNVERIFIED, errno, "the folder could not be synced");
}

void target_file_destroy(int folder, const char *name, const char *stub, bool sync_folder,
                         struct target_report *r)
{
    int fd = open_writable(folder, name);
    struct stat st;

    if (fd < 0) {
        int error = errno;
        if (error == ENOENT)
            target_lower(r, WIPE_ALREADY_GONE, 0, "");
        else
            target_lower(r, WIPE_FAILED, error,
                         error == ELOOP    ? "it is a symlink; left alone"
                         : error == EXDEV  ? "it lies on another mount; left alone"
                         : error == EAGAIN ? "a program holds a lease on it and does not let go"
                                           : "it could not be opened");
        return;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        target_lower(r, WIPE_FAILED, EINVAL, "it is no regular file; left alone");
    } else if (st.st_nlink != 1) {
        target_lower(r, WIPE_FAILED, EMLINK, "it has a second name (hard link); left alone");
    } else {
        enum overwrite_result o = overwrite_file(fd);
        int error = errno;
        target_lower(r, WIPE_DESTROYED, 0, "");
        if (o == OVERWRITE_UNVERIFIED)
            target_lower(r, WIPE_UNVERIFIED, error, "its contents did not read back as written");
        if (o == OVERWRITE_FAILED)
            target_lower(r, WIPE_FAILED, error, "its contents could not be overwritten");
        else
            take_name_away(folder, name, stub, sync_folder, r);
    }
    close(fd);
}

static void destroy_name(int folder, const char *name, const char *stub, struct target_report *r)
{
    target_file_destroy(folder, name, stub, true, r);
}

static void target_file_destroy_one(const struct scope *s, const struct plan_target *t,
                                    struct target_report *r)
{
    target_by_name(s, t, destroy_name, r);
}

static int target_file_decoy(const struct scope *s, const struct plan_target *t)
{
    unsigned char bytes[32];
    char leaf[PLAN_PATH_MAX];
    int folder = scope_parent(s, t, leaf), fd, result = -1;
    if (folder < 0)
        return -1;
    fd = openat(folder, leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        randombytes_buf(bytes, sizeof bytes);
        result = write(fd, bytes, sizeof bytes) == sizeof bytes && file_sync(fd) == 0 ? 0 : -1;
        close(fd);
    }
    if (result == 0)
        result = file_sync(folder);
    close(folder);
    return result;
}

const struct target_ops target_key = {
    .promise = "The key file is overwritten, read back and deleted; a memory card may still hold "
               "an older copy of it in worn blocks.",
    .kept = "The key file no longer opens and its blocks read back as noise; worn blocks of a "
            "memory card cannot be checked.",
    .destroy = target_file_destroy_one,
    .prove = target_prove_gone,
    .decoy = target_file_decoy,
};

const struct target_ops target_file = {
    .promise = "Best effort: the contents are overwritten and read back and the name is removed; "
               "earlier copies, on worn blocks or in other places of the disk, stay.",
    .kept = "Best effort: the file no longer opens and its last blocks read back as noise; earlier "
            "copies were not looked for.",
    .destroy = target_file_destroy_one,
    .prove = target_prove_gone,
    .decoy = target_file_decoy,
};

const struct target_ops target_credential = {
    .promise = "The credential's file is overwritten, read back and deleted, last of all and only "
               "once the alert is handed over or has expired; worn blocks may keep an older copy.",
    .kept = "The credential's file no longer opens; change the password at the broker too, since "
            "worn blocks cannot be checked.",
    .destroy = target_file_destroy_one,
    .prove = target_prove_gone,
    .decoy = target_file_decoy,
};
