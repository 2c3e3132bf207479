#include "kiosk/wipe/target.h"

#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* By errno. Who is not root is not told what root would find. */
static void target_not_seen(struct target_view *v)
{
    v->seen = errno == ENOENT      ? "missing"
              : errno == EHOSTDOWN ? "its file system does not answer"
              : errno == ENODEV    ? "not mounted, though /etc/fstab or a mount unit says so"
              : errno == EACCES    ? "not visible to this user; look as root"
                                   : "it could not be looked at";
    if (errno == EACCES && geteuid() == 0)
        refuse_path(v, "refused: not visible to root",
                    "its mount or its server does not let root in");
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
            target_not_seen(v);
        return false;
    }
    fd = scope_open(folder, leaf, O_PATH);
    if (fd >= 0)
        refuse_type(t, fd, v);
    else if (errno == EXDEV)
        refuse_path(v, "refused: another mount", "it is another mount");
    else
        target_not_seen(v);
    file_close(fd);
    file_close(folder);
    return fd >= 0;
}

void target_look(const struct scope *s, const struct plan_target *t, struct target_view *v)
{
    const struct target_ops *ops = target_ops(t->kind);

    *v = (struct target_view){.seen = "there", .best = WIPE_DESTROYED};
    if ((t->root < 0 || target_path_is_there(s, t, v)) && ops->look)
        ops->look(s, t, v);
    target_also_look(s, t, v);
}

/* EINPROGRESS: the rest waits until all keys are destroyed, and is not tried again before. */
void target_wipe(const struct scope *s, const struct plan_target *t, struct target_report *r)
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
