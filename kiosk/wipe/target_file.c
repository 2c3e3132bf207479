#include "kiosk/common/file.h"
#include "kiosk/wipe/holder.h"
#include "kiosk/wipe/overwrite.h"
#include "kiosk/wipe/place_look.h"
#include "kiosk/wipe/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
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

    if (fd < 0 && (errno == EPERM || errno == EACCES)) {
        unlock_name(folder, name);
        fd = scope_open(folder, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
    }
    if (fd >= 0)
        overwrite_prepare(fd);
    return fd;
}

/* Says who has the file: to stop that is the host's to plan. */
static void lower_for(const char *who, enum wipe_outcome outcome, const char *what,
                      struct target_report *r)
{
    char why[TARGET_WHY_MAX];

    snprintf(why, sizeof why, "%s%s%s", what, who[0] ? ": " : "", who);
    target_lower(r, outcome, EBUSY, why);
}

static void lower_for_holder(int folder, const char *name, const char *what,
                             struct target_report *r)
{
    char who[HOLDER_MAX] = "";
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        holder_of(st.st_dev, st.st_ino, who);
    lower_for(who, WIPE_FAILED, what, r);
}

static void target_file_not_opened(int folder, const char *name, struct target_report *r)
{
    int error = errno;

    if (error == ENOENT)
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
    else if (error == ETXTBSY)
        lower_for_holder(folder, name, "a program runs from it", r);
    else
        target_lower(r, WIPE_FAILED, error,
                     error == ELOOP    ? "it is a symlink; left alone"
                     : error == EXDEV  ? "it is on another mount; left alone"
                     : error == EAGAIN ? "a program holds a lease on it and does not let go"
                                       : "it could not be opened");
}

/* Before its contents or its name cannot show any more that they are not proved to be gone. */
static void note_loss(struct target_report *r)
{
    r->lost = true;
    if (r->losing)
        r->losing(r->context, r);
}

/* What is overwritten may come again, from a program's memory, also once it has no name. */
static void lower_for_writer(int folder, const char *name, struct target_report *r)
{
    int fd = scope_open(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    char who[HOLDER_MAX];
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && holder_writes(fd, NULL, who))
        lower_for(who, WIPE_UNVERIFIED,
                  !who[0] && place_look_loops(&st)
                      ? "a loop device uses it, and may write the old contents again"
                      : "a program has it open, and may write its contents again",
                  r);
    file_close(fd);
}

/* Puts noise in the place of a value. 0, or -1 with errno. */
static int overwrite_value(int fd, const char *name)
{
    unsigned char *noise;
    ssize_t size = fgetxattr(fd, name, NULL, 0);
    int result;

    if (size <= 0)
        return size == 0 || errno == ENODATA ? 0 : -1;
    noise = malloc((size_t)size);
    if (!noise)
        return -1;
    randombytes_buf(noise, (size_t)size);
    result = fsetxattr(fd, name, noise, (size_t)size, XATTR_REPLACE);
    free(noise);
    return result == 0 ? 0 : fremovexattr(fd, name);
}

/* journald notes on each of its files when it was made, in microseconds, and nothing else. */
static bool is_note(int fd, const char *name)
{
    return strncmp(name, "user.", 5) == 0 && !(strcmp(name, "user.crtime_usec") == 0 &&
                                               fgetxattr(fd, name, NULL, 0) == sizeof(uint64_t));
}

bool target_has_notes(int fd)
{
    char names[4096];
    ssize_t size = flistxattr(fd, names, sizeof names);

    for (const char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
        if (is_note(fd, name))
            return true;
    }
    return size < 0 && errno == ERANGE;
}

void target_overwrite_notes(int fd, struct target_report *r)
{
    ssize_t size = flistxattr(fd, NULL, 0);
    char *names = size > 0 ? malloc((size_t)size) : NULL;

    size = names ? flistxattr(fd, names, (size_t)size) : 0;
    for (const char *name = names; name && name < names + size; name += strlen(name) + 1) {
        if (strncmp(name, "user.", 5) != 0)
            continue;
        r->noted |= is_note(fd, name);
        if (overwrite_value(fd, name) < 0)
            target_lower(r, WIPE_UNVERIFIED, errno,
                         "a note of a program on it (extended "
                         "attribute) was not overwritten");
    }
    free(names);
}

/* Whether its name may go: not that of contents which are still there and could be overwritten
 * another time. A disk without room gets none by waiting, and a readable name helps nobody. */
static bool overwrite_contents(int fd, struct target_report *r)
{
    struct place_file file;
    struct place_verdict before;
    enum overwrite_result o;
    int error;

    place_look_file(&file, fd);
    before = place_judge_file(&file);
    target_lower(r, WIPE_DESTROYED, 0, "");
    if (before.may == PLACE_UNSURE) { /* what is overwritten no longer shows it */
        target_lower(r, WIPE_UNVERIFIED, before.error, before.why);
        note_loss(r);
    }
    target_overwrite_notes(fd, r);
    o = overwrite_file(fd);
    error = errno;
    if (o == OVERWRITE_UNVERIFIED)
        target_lower(r, WIPE_UNVERIFIED, error, "its contents did not read back as written");
    if (o == OVERWRITE_MOVED) {
        target_lower(r, WIPE_UNVERIFIED, 0, overwrite_moved);
        r->lost = true;
    }
    if (o == OVERWRITE_FAILED && (error == ENOSPC || error == EDQUOT)) {
        target_lower(r, WIPE_FAILED, error,
                     "its name was removed, but its contents stay: there was no room to overwrite "
                     "them");
        return true;
    }
    if (o == OVERWRITE_FAILED)
        target_lower(r, WIPE_FAILED, error, "its contents could not be overwritten");
    return o != OVERWRITE_FAILED;
}

/* A file of FUSE or NFS that is open when it is unlinked gets a new name in its folder instead. */
static bool is_renamed_away(int folder, const struct stat *st, char name[256])
{
    struct statfs fs;
    struct dirent *e;
    bool found = false;
    DIR *d;

    if (fstatfs(folder, &fs) < 0 || (fs.f_type != FUSE_SUPER_MAGIC && fs.f_type != NFS_SUPER_MAGIC))
        return false;
    d = scope_list(folder);
    while (d && !found && (e = readdir(d))) {
        found =
            (strncmp(e->d_name, ".fuse_hidden", 12) == 0 || strncmp(e->d_name, ".nfs", 4) == 0) &&
            e->d_ino == st->st_ino;
        if (found)
            snprintf(name, 256, "%s", e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

static void remove_file(int folder, const char *name, const char *stub, bool sync_folder,
                        const struct stat *st, struct target_report *r)
{
    char hidden[256];

    if (r->outcome != WIPE_DESTROYED)
        note_loss(r);
    if (target_remove_name(folder, name, stub, 0) < 0)
        target_lower(r, WIPE_FAILED, errno, "its name could not be removed");
    else if (is_renamed_away(folder, st, hidden)) {
        lower_for_holder(folder, hidden,
                         "a program has it open, so its file system keeps it under another name",
                         r);
        r->lost = true;
    } else if (sync_folder && file_sync(folder) < 0)
        target_lower(r, WIPE_UNVERIFIED, errno, "the folder could not be synced");
}

/* To write to it would only copy it, however large it is, to the upper layer: its name is hidden
 * there, and nothing else is done. */
static void hide_on_overlay(int folder, const char *name, const char *stub, struct target_report *r)
{
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        target_file_not_opened(folder, name, r);
        return;
    }
    target_lower(r, WIPE_FAILED, 0,
                 "it is on an overlay: its name is hidden until the next restart, and the file "
                 "below is whole");
    if (S_ISREG(st.st_mode))
        target_remove_name(folder, name, stub, 0);
}

void target_file_destroy(int folder, const char *name, const char *stub, bool sync_folder,
                         struct target_report *r)
{
    struct stat st;
    bool goes = false;
    int fd;

    if (place_look_is_overlay(folder)) {
        hide_on_overlay(folder, name, stub, r);
        return;
    }
    lower_for_writer(folder, name, r);
    fd = target_open_writable(folder, name);
    if (fd < 0) {
        target_file_not_opened(folder, name, r);
        return;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        target_lower(r, WIPE_FAILED, EINVAL, "it is not a regular file; left alone");
    else if (st.st_nlink != 1)
        target_lower(r, WIPE_FAILED, EMLINK, "it has a second name (hard link); left alone");
    else
        goes = overwrite_contents(fd, r);
    close(fd); /* before its name goes: is_renamed_away says why */
    if (!goes)
        return;
    if (r->outcome == WIPE_DESTROYED)
        lower_for_writer(folder, name, r);
    remove_file(folder, name, stub, sync_folder, &st, r);
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
