#include "kiosk/common/file.h"
#include "kiosk/wipe/overwrite.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes the attributes off a file that has this name alone. */
static void unlock_name(int folder, const char *name)
{
    int fd = scope_open(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
        target_unlock(fd);
    file_close(fd);
}

int target_open_writable(int folder, const char *name)
{
    int fd = scope_open(folder, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 || (errno != EPERM && errno != EACCES))
        return fd;
    unlock_name(folder, name);
    return scope_open(folder, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
}

static void target_file_not_opened(struct target_report *r, int error)
{
    if (error == ENOENT)
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
    else
        target_lower(r, WIPE_FAILED, error,
                     error == ELOOP    ? "it is a symlink; left alone"
                     : error == EXDEV  ? "it is on another mount; left alone"
                     : error == EAGAIN ? "a program holds a lease on it and does not let go"
                                       : "it could not be opened");
}

/* Whether its name may go: not that of contents which are still there. */
static bool overwrite_contents(int fd, struct target_report *r)
{
    enum overwrite_result o = overwrite_file(fd);
    int error = errno;

    target_lower(r, WIPE_DESTROYED, 0, "");
    if (o == OVERWRITE_UNVERIFIED)
        target_lower(r, WIPE_UNVERIFIED, error, "its contents did not read back as written");
    if (o == OVERWRITE_FAILED)
        target_lower(r, WIPE_FAILED, error, "its contents could not be overwritten");
    return o != OVERWRITE_FAILED;
}

void target_file_destroy(int folder, const char *name, const char *stub, bool sync_folder,
                         struct target_report *r)
{
    int fd = target_open_writable(folder, name);
    struct stat st;

    if (fd < 0) {
        target_file_not_opened(r, errno);
        return;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        target_lower(r, WIPE_FAILED, EINVAL, "it is not a regular file; left alone");
    else if (st.st_nlink != 1)
        target_lower(r, WIPE_FAILED, EMLINK, "it has a second name (hard link); left alone");
    else if (overwrite_contents(fd, r)) {
        if (target_remove_name(folder, name, stub, 0) < 0)
            target_lower(r, WIPE_FAILED, errno, "its name could not be removed");
        else if (sync_folder && file_sync(folder) < 0)
            target_lower(r, WIPE_UNVERIFIED, errno, "the folder could not be synced");
    }
    close(fd);
}

static void destroy_name(int folder, const char *name, const char *stub, struct target_report *r)
{
    target_file_destroy(folder, name, stub, true, r);
}

static void destroy_by_name(const struct scope *s, const struct plan_target *t,
                            struct target_report *r)
{
    target_by_name(s, t, destroy_name, r);
}

static int target_file_decoy(const struct scope *s, const struct plan_target *t)
{
    char leaf[PLAN_PATH_MAX];
    int folder = scope_parent(s, t, leaf), result = -1;
    if (folder >= 0 && target_decoy_file(folder, leaf, 32) == 0)
        result = file_sync(folder);
    file_close(folder);
    return result;
}

const struct target_ops target_key = {
    .promise = "The key file is overwritten, read back and deleted; a memory card may still hold "
               "an older copy of it in worn blocks.",
    .kept = "The key file no longer opens and its blocks read back as noise; worn blocks of a "
            "memory card cannot be checked.",
    .destroy = destroy_by_name,
    .prove = target_prove_gone,
    .decoy = target_file_decoy,
};

const struct target_ops target_file = {
    .promise = "Best effort: the contents are overwritten and read back and the name is removed; "
               "earlier copies, on worn blocks or in other places of the disk, stay.",
    .kept = "Best effort: the file no longer opens and its last blocks read back as noise; earlier "
            "copies were not looked for.",
    .destroy = destroy_by_name,
    .prove = target_prove_gone,
    .decoy = target_file_decoy,
};

const struct target_ops target_credential = {
    .promise = "The credential's file is overwritten, read back and deleted, last of all and only "
               "once the alert is handed over or has expired; worn blocks may keep an older copy.",
    .kept = "The credential's file no longer opens; change the password at the broker too, since "
            "worn blocks cannot be checked.",
    .destroy = destroy_by_name,
    .prove = target_prove_gone,
    .decoy = target_file_decoy,
};
