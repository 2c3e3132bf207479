#include "kiosk/common/file.h"
#include "kiosk/wipe/companions.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <stdio.h>

/* The plan's listing names so many of them. */
enum { ALSO_LISTED = 12 };

static const char also_stays[] =
    "what is listed as \"also\" stays: with also = yes it is destroyed "
    "too";
static const char also_outside[] = "what is listed as \"also\" is outside of every root and stays";

static const char also_unseen[] = "what programs made of it could not all be looked for";

struct also {
    const struct plan_target *target;
    struct target_report *report; /* or */
    struct target_view *view;
    unsigned destroyed, stay, outside, count;
};

static void destroy_companion(void *context, const struct companion *c)
{
    struct target_report one = {.outcome = WIPE_DESTROYED};
    struct also *a = context;

    if (!c->inside)
        a->outside++;
    else if (!a->target->also)
        a->stay++;
    else {
        target_tree_entry(c->folder, c->name, &one);
        if (file_sync(c->folder) < 0)
            target_lower(&one, WIPE_UNVERIFIED, errno, "");
        a->destroyed++;
    }
    if (one.outcome > WIPE_ALREADY_GONE)
        target_lower(a->report, one.outcome, one.error,
                     "what belongs to it could not all be destroyed");
}

void target_also(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    struct also a = {.target = t, .report = r};

    bool all = companions_each(s, t, destroy_companion, &a);

    if (a.destroyed > 0 && r->outcome == WIPE_ALREADY_GONE)
        *r = (struct target_report){.outcome = WIPE_DESTROYED};
    if (!all)
        target_lower(r, WIPE_UNVERIFIED, 0, also_unseen);
    if (a.stay > 0)
        target_lower(r, WIPE_UNVERIFIED, 0,
                     "what programs made of it is still there; porchlight wipe --plan lists it, "
                     "and also = yes destroys it too");
    if (a.outside > 0)
        target_lower(r, WIPE_UNVERIFIED, 0,
                     "what programs made of it is outside of every root; porchlight wipe --plan "
                     "lists it");
}

static void list_companion(void *context, const struct companion *c)
{
    struct also *a = context;

    if (++a->count <= ALSO_LISTED)
        target_view_note(a->view, "also: %s%s", c->path,
                         c->inside ? "" : " (outside of every root)");
    if (!c->inside)
        target_view_lower(a->view, WIPE_UNVERIFIED, also_outside);
    else if (!a->target->also)
        target_view_lower(a->view, WIPE_UNVERIFIED, also_stays);
}

void target_also_look(const struct scope *s, const struct plan_target *t, struct target_view *v)
{
    struct also a = {.target = t, .view = v};

    if (!companions_each(s, t, list_companion, &a))
        target_view_lower(v, WIPE_UNVERIFIED, also_unseen);
    if (a.count > ALSO_LISTED)
        target_view_note(v, "also: %u more", a.count - ALSO_LISTED);
}
