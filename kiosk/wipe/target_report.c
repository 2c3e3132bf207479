#include "kiosk/common/utf8.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    r->noted |= part->noted;
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
    utf8_clean(v->notes +
               len); /* names of files may have lines, and what terminals obey, in them */
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
