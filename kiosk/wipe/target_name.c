#include "kiosk/common/file.h"
#include "kiosk/wipe/device.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int target_open_to_look(const struct scope *s, const struct plan_target *t)
{
    char leaf[PLAN_PATH_MAX];
    int folder, fd;
    if (t->root < 0)
        return device_open(s, t->word);
    folder = scope_parent(s, t, leaf);
    fd = folder < 0 ? -1 : scope_open(folder, leaf, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    file_close(folder);
    return fd;
}

static void join_stub(struct target_report *r, const struct target_report *stub)
{
    if (stub->outcome == WIPE_DESTROYED && r->outcome == WIPE_ALREADY_GONE)
        *r = *stub;
    else if (stub->outcome != WIPE_ALREADY_GONE)
        target_join(r, stub);
}

void target_by_name(const struct scope *s, const struct plan_target *t, target_named *destroy,
                    struct target_report *r)
{
    char leaf[PLAN_PATH_MAX], stub[SCOPE_STUB_MAX];
    struct target_report left = target_part(r);
    int folder = scope_parent(s, t, leaf);

    if (folder < 0 && errno == ENOENT)
        target_absent(s, t, r);
    else if (folder < 0)
        target_unreached(r, errno);
    if (folder < 0)
        return;
    scope_stub(t, stub);
    if (strcmp(leaf, ".") != 0)
        destroy(folder, stub, stub, &left);
    destroy(folder, leaf, stub, r);
    if (r->outcome == WIPE_ALREADY_GONE)
        target_absent(s, t, r);
    join_stub(r, &left);
    close(folder);
}

void target_prove_gone(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    char names[2][PLAN_PATH_MAX];
    int folder = scope_parent(s, t, names[0]);
    if (folder < 0) {
        if (errno != ENOENT)
            target_unreached(r, errno);
        return;
    }
    scope_stub(t, names[1]);
    for (int i = 0; i < 2; i++) {
        int fd = scope_open(folder, names[i], O_PATH);
        if (fd >= 0 || errno != ENOENT)
            target_lower(r, WIPE_FAILED, fd >= 0 ? EEXIST : errno, "it is still there");
        file_close(fd);
    }
    close(folder);
}

enum { LOCKS = FS_IMMUTABLE_FL | FS_APPEND_FL };

int target_unlock(int fd)
{
    int flags, without;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & LOCKS))
        return 0;
    without = flags & ~LOCKS;
    return ioctl(fd, FS_IOC_SETFLAGS, &without) < 0 ? 0 : flags & LOCKS;
}

static void target_lock_again(int fd, int locks)
{
    int flags;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= locks;
        ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
}

int target_make_folder(int folder, const char *name)
{
    int result = mkdirat(folder, name, 0700), locks, error;

    if (result == 0 || errno != EPERM)
        return result;
    locks = target_unlock(folder);
    result = mkdirat(folder, name, 0700);
    error = errno;
    target_lock_again(folder, locks);
    errno = error;
    return result;
}

static int target_remove_once(int folder, const char *name, const char *stub, int flags)
{
    if (strcmp(name, stub) != 0 && renameat(folder, name, folder, stub) == 0)
        name = stub;
    return unlinkat(folder, name, flags) < 0 && errno != ENOENT ? -1 : 0;
}

/* A folder with chattr's +i or +a keeps the names in it: it loses that for a moment. */
int target_remove_name(int folder, const char *name, const char *stub, int flags)
{
    int result = target_remove_once(folder, name, stub, flags), error, locks;

    if (result == 0 || errno != EPERM)
        return result;
    locks = target_unlock(folder);
    if (locks == 0) {
        errno = EPERM;
        return -1;
    }
    result = target_remove_once(folder, name, stub, flags);
    error = errno;
    target_lock_again(folder, locks);
    errno = error;
    return result;
}

int target_decoy_file(int folder, const char *name, size_t size)
{
    unsigned char bytes[TARGET_DECOY_MAX];
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    randombytes_buf(bytes, size);
    int result = file_write_all(fd, bytes, size) == 0 && file_sync(fd) == 0 ? 0 : -1;
    file_close(fd);
    return result;
}
