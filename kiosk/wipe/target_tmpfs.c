#include "kiosk/common/file.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

static void target_tmpfs_destroy(const struct scope *s, const struct plan_target *t,
                                 struct target_report *r)
{
    char leaf[PLAN_PATH_MAX];
    struct statfs fs;
    int folder = scope_parent(s, t, leaf);

    if (folder >= 0 && (fstatfs(folder, &fs) < 0 || fs.f_type != TMPFS_MAGIC))
        target_lower(r, WIPE_FAILED, EINVAL,
                     "it is on a disk, not on a tmpfs; write [tree NAME] instead of [tmpfs NAME]");
    file_close(folder);
    if (r->outcome != WIPE_FAILED)
        target_tree_destroy(s, t, r);
}

static void target_tmpfs_look(const struct scope *s, const struct plan_target *t,
                              struct target_view *v)
{
    char leaf[PLAN_PATH_MAX];
    struct statfs fs;
    int folder = scope_parent(s, t, leaf);

    if (folder >= 0 && (fstatfs(folder, &fs) < 0 || fs.f_type != TMPFS_MAGIC))
        target_view_lower(v, WIPE_FAILED, "it is on a disk, not on a tmpfs");
    file_close(folder);
}

/* A drill's decoys are in the same root, so on the same tmpfs. */
const struct target_ops target_tmpfs = {
    .promise = "Every file in this part of the memory is overwritten and deleted; nothing of it "
               "was on the card, unless swap is on (see `porchlight doctor`).",
    .kept = "Nothing in it opens any more, and it never was on the card unless swap was on.",
    .destroy = target_tmpfs_destroy,
    .prove = target_tree_prove,
    .look = target_tmpfs_look,
    .decoy = target_tree_decoy,
};
