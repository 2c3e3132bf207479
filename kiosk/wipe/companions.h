#ifndef PORCHLIGHT_WIPE_COMPANIONS_H
#define PORCHLIGHT_WIPE_COMPANIONS_H

#include "kiosk/wipe/scope.h"

#include <stdbool.h>

/* Finds what belongs to a target beside the target itself: by names in its folder (belongings.h),
 * copies of a LUKS container's header there and in the roots, thumbnails and entries of the trash,
 * in homes and in the roots. What another target of the plan destroys is not among them. */

enum { COMPANION_PATH = 1024 };

struct companion {
    int folder;                /* holds it; open until the call returns */
    const char *name;          /* in that folder */
    char path[COMPANION_PATH]; /* as in the plan, for people */
    bool inside;               /* in a root, so that it may be destroyed */
};

typedef void companion_fn(void *context, const struct companion *c);

/* Calls `each` for everything found. Nothing for kinds that have no companions, and for decoys.
 * False if something that may be one could not be looked at. */
bool companions_each(const struct scope *s, const struct plan_target *t, companion_fn *each,
                     void *context);

#endif
