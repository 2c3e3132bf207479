#ifndef PORCHLIGHT_WIPE_HOLDER_H
#define PORCHLIGHT_WIPE_HOLDER_H

#include "kiosk/wipe/plan.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Which program runs from a file, or has it open, so that its unit can be named in the plan. */
enum { HOLDER_MAX = 72 };

/* Writes its unit and process id, such as "venue-book.service (812)", or its name and id where it
 * has no unit of its own. False: there is none that this process may see; out is then empty. */
bool holder_of(dev_t device, ino_t inode, char out[HOLDER_MAX]);

/* Whether a program has the file open, with `writes` to write to it, that is in no unit which
 * `plan` stops first; also if nobody is seen. Writes who it is, as holder_of; maybe empty. */
bool holder_lasts(const struct stat *st, bool writes, const struct plan *plan,
                  char out[HOLDER_MAX]);

/* Whether a program has the file open to write to it, and may write its contents again. `fd` is
 * open to read only. One in a unit that `plan` stops first does not count; NULL: all count. Writes
 * who it is, as holder_of; out is empty if that is not known. False also on a file system that
 * gives no answer, such as FUSE. */
bool holder_writes(int fd, const struct plan *plan, char out[HOLDER_MAX]);

/* Whether a program has a deleted file open or mapped, or a loop device uses one, on that device,
 * whose name was `path` or, with `below`, in that folder. `within` is that path in its file system,
 * which programs may see mounted at another place; empty: not known. Who does not count, and `out`,
 * as holder_writes; of a loop device, its name. */
bool holder_keeps_deleted(dev_t device, const char *path, const char *within, bool below,
                          const struct plan *plan, char out[HOLDER_MAX]);

#endif
