#include "kiosk/wipe/target.h"

#include <errno.h>
#include <stdio.h>

static const struct target_ops *const table[PLAN_KINDS] = {
    [PLAN_UNIT] = &target_unit,       [PLAN_CELL] = &target_cell,
    [PLAN_KEY] = &target_key,         [PLAN_LUKS] = &target_luks,
    [PLAN_FSCRYPT] = &target_fscrypt, [PLAN_TMPFS] = &target_tmpfs,
    [PLAN_JOURNAL] = &target_journal, [PLAN_FILE] = &target_file,
    [PLAN_TREE] = &target_tree,       [PLAN_CREDENTIAL] = &target_credential,
};

enum { ATTEMPTS = 3 };

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

void target_unreached(struct target_report *r, int error)
{
    const char *why = "it could not be reached";

    if (error == ELOOP)
        why = "there is a symlink on the way to it; left alone";
    else if (error == EXDEV)
        why = "it lies on another mount; left alone";
    else if (error == ENODEV)
        why = "its file system stands in /etc/fstab but is not mounted, so it was not reached";
    target_lower(r, WIPE_FAILED, error, why);
}

void target_wipe(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    const struct target_ops *ops = target_ops(t->kind);
    bool begun = false;

    for (int i = 0; i < ATTEMPTS; i++) {
        *r = (struct target_report){.outcome = WIPE_NOTHING};
        ops->destroy(s, t, r);
        if (r->outcome == WIPE_NOTHING)
            target_lower(r, WIPE_FAILED, 0, "the step ended without a result");
        if (r->outcome != WIPE_FAILED)
            ops->prove(s, t, r);
        /* What a failed attempt has removed is not "already gone": this run did it, unproved. */
        if (r->outcome == WIPE_ALREADY_GONE && begun)
            target_lower(r, WIPE_UNVERIFIED, 0, "it went after an attempt that reported an error");
        if (r->outcome == WIPE_DESTROYED || r->outcome == WIPE_ALREADY_GONE)
            return;
        if (begun && r->outcome == WIPE_UNVERIFIED)
            return;
        begun = true;
    }
}
