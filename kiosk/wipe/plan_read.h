#ifndef PORCHLIGHT_WIPE_PLAN_READ_H
#define PORCHLIGHT_WIPE_PLAN_READ_H

#include "config/config.h"
#include "kiosk/wipe/plan.h"

#include <stddef.h>
#include <sys/types.h>

enum { PLAN_FILE_MAX = 65536 };

/* Reads the plan at `path`. The opened file must be a regular one, not a symlink, owned by
 * `owner` and writable by nobody else, at most PLAN_FILE_MAX bytes. 0, or -1 after at least one
 * complaint (errno ENOENT if there is no plan: then none is made and *p is empty). */
int plan_read(const char *path, uid_t owner, struct plan *p, config_complain *complain,
              void *context);

/* The same over text in memory; `path` is named in the complaints. */
int plan_parse(const char *path, const char *text, size_t len, struct plan *p,
               config_complain *complain, void *context);

#endif
