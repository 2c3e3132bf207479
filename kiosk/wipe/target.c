#include "kiosk/wipe/target.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct target_ops *const table[PLAN_KINDS] = {
    [PLAN_UNIT] = &target_unit,       [PLAN_CELL] = &target_cell,
    [PLAN_KEY] = &target_key,         [PLAN_LUKS] = &target_luks,
    [PLAN_FSCRYPT] = &target_fscrypt, [PLAN_TMPFS] = &target_tmpfs,
    [PLAN_JOURNAL] = &target_journal, [PLAN_FILE] = &target_file,
    [PLAN_TREE] = &target_tree,       [PLAN_CREDENTIAL] = &target_credential,
};

/* Keys wait for those who use the data: a stop that is not answered is asked for once more only
 * when the keys are destroyed. */
static int attempts(enum plan_kind k)
{
    return plan_phase_of(k) == PLAN_STOP ? 1 : 3;
}

const struct target_ops *target_ops(enum plan_kind k)
{
    return k < PLAN_KINDS ? table[k] : NULL;
}

void target_lower(struct target_report *r, enum wipe_outcome outcome, int error, const char *why)
{
    if (outcome <= r->outcome)
        return;
    r->outcome = outcome;
    r->error = error;
    snprintf(r->why, sizeof r->why, "%s", why);
}

struct target_report target_part(const struct target_report *r)
{
    return (struct target_report){
        .outcome = WIPE_NOTHING, .losing = r->losing, .context = r->context};
}

void target_join(struct target_report *r, const struct target_report *part)
{
    target_lower(r, part->outcome, part->error, part->why);
    r->lost |= part->lost;
}

void target_view_lower(struct target_view *v, enum wipe_outcome best, const char *why)
{
    if (best <= v->best)
        return;
    v->best = best;
    snprintf(v->why, sizeof v->why, "%s", why);
}

void target_view_note(struct target_view *v, const char *format, ...)
{
    size_t len = strlen(v->notes);
    va_list args;

    if (len > 0 && len + 1 < sizeof v->notes)
        v->notes[len++] = '\n';
    va_start(args, format);
    vsnprintf(v->notes + len, sizeof v->notes - len, format, args);
    va_end(args);
}

/* What the wipe would leave alone is not promised. */
static void refuse_path(struct target_view *v, const char *seen, const char *why)
{
    v->seen = seen;
    target_view_lower(v, WIPE_FAILED, why);
}

static bool is_folder_kind(enum plan_kind k)
{
    return k == PLAN_TREE || k == PLAN_JOURNAL || k == PLAN_TMPFS || k == PLAN_FSCRYPT;
}

/* What is at the path, which may also be a link that leads elsewhere. */
static void refuse_type(const struct plan_target *t, int fd, struct target_view *v)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        v->seen = "it could not be looked at";
    else if (S_ISLNK(st.st_mode))
        refuse_path(v, "refused: a symlink", "it is a symlink");
    else if (is_folder_kind(t->kind) && !S_ISDIR(st.st_mode))
        refuse_path(v, "refused: not a folder", "it is not a folder");
}

/* True if the path leads to something. */
static bool target_path_is_there(const struct scope *s, const struct plan_target *t,
                                 struct target_view *v)
{
    char leaf[PLAN_PATH_MAX];
    int folder = scope_parent(s, t, leaf), fd;

    if (folder < 0) {
        if (errno == ELOOP || errno == EXDEV || errno == ENOTDIR)
            refuse_path(v, "refused: symlink or other mount on the way",
                        "there is a symlink or another mount on the way to it");
        else
            v->seen = errno == ENOENT      ? "missing"
                      : errno == EHOSTDOWN ? "its file system does not answer"
                      : errno == ENODEV ? "not mounted, though /etc/fstab or a mount unit says so"
                      : errno == EACCES ? "not visible to this user; look as root"
                                        : "it could not be looked at";
        return false;
    }
    fd = scope_open(folder, leaf, O_PATH);
    if (fd >= 0)
        refuse_type(t, fd, v);
    else if (errno == EXDEV)
        refuse_path(v, "refused: another mount", "it is another mount");
    else
        v->seen = errno == ENOENT   ? "missing"
                  : errno == EACCES ? "not visible to this user; look as root"
                                    : "it could not be looked at";
    file_close(fd);
    file_close(folder);
    return fd >= 0;
}

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

void target_look(const struct scope *s, const struct plan_target *t, struct target_view *v)
{
    const struct target_ops *ops = target_ops(t->kind);

    *v = (struct target_view){.seen = "there", .best = WIPE_DESTROYED};
    if ((t->root < 0 || target_path_is_there(s, t, v)) && ops->look)
        ops->look(s, t, v);
    target_also_look(s, t, v);
}

void target_unreached(struct target_report *r, int error)
{
    const char *why = "it could not be reached";
    if (error == ELOOP)
        why = "there is a symlink on the way to it; left alone";
    else if (error == EXDEV)
        why = "it is on another mount; left alone";
    else if (error == ENODEV)
        why = "its file system is not mounted, so it was not reached";
    else if (error == EHOSTDOWN)
        why = "its file system does not answer, so it was not reached";
    target_lower(r, error == ENODEV || error == EHOSTDOWN ? WIPE_UNVERIFIED : WIPE_FAILED, error,
                 why);
}

void target_absent(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    if (scope_sync_absence(s, t) == 0)
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
    else
        target_lower(r, WIPE_UNVERIFIED, errno, "it is missing, but the folder does not sync");
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

/* EINPROGRESS: the rest waits until all keys are destroyed, and is not tried again before. */
static void target_try(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    const struct target_ops *ops = target_ops(t->kind);
    struct target_report first = target_part(r), lost = first, fresh = first;
    char why[TARGET_WHY_MAX];
    bool begun = false;

    for (int i = 0; i < attempts(t->kind); i++) {
        *r = fresh;
        ops->destroy(s, t, r);
        if (r->outcome == WIPE_NOTHING)
            target_lower(r, WIPE_FAILED, 0, "the step ended without a result");
        if (r->outcome != WIPE_FAILED)
            ops->prove(s, t, r);
        /* What a failed attempt has removed is not "already gone": this run did it, unproved. */
        if (r->outcome == WIPE_ALREADY_GONE && begun) {
            snprintf(why, sizeof why, "%s%.*s", first.lost ? "" : "it went, though at first ",
                     TARGET_WHY_MAX - 32, first.why);
            target_lower(r, WIPE_UNVERIFIED, first.error, why);
        }
        if (r->lost)
            target_lower(&lost, r->outcome, r->error, r->why);
        if (lost.outcome != WIPE_NOTHING) {
            target_lower(r, lost.outcome, lost.error, lost.why);
            r->lost = true;
        }
        if (r->outcome == WIPE_DESTROYED || r->outcome == WIPE_ALREADY_GONE ||
            r->error == EINPROGRESS)
            return;
        if (begun && r->outcome == WIPE_UNVERIFIED)
            return;
        if (!begun)
            first = *r;
        begun = true;
    }
}

void target_wipe(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    target_try(s, t, r);
    /* Keys do not wait for what may be in the trash. */
    if (plan_phase_of(t->kind) != PLAN_KEYS || s->slow)
        target_also(s, t, r);
}
