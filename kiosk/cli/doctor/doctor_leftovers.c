#include "kiosk/cli/doctor/doctor.h"
#include "kiosk/cli/doctor/leftovers.h"

static void doctor_leftovers_tell_one(void *context, const struct leftover *l)
{
    struct doctor *d = context;

    if (l->found)
        doctor_say(d, l->name, DOCTOR_WARNING, l->mend, "%s leaves %s", l->where, l->leaves);
    else
        doctor_say(d, l->name, DOCTOR_OK, "", "none");
}

void doctor_leftovers(struct doctor *d)
{
    leftovers_check(d->prefix, doctor_leftovers_tell_one, d);
}
