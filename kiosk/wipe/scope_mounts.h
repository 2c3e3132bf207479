#ifndef PORCHLIGHT_WIPE_SCOPE_MOUNTS_H
#define PORCHLIGHT_WIPE_SCOPE_MOUNTS_H

#include <stdbool.h>

/* What scope.h knows of mounts. `mounts` is place_look_mounts's text, maybe NULL; paths are
 * absolute.
 */

/* Whether `path` is the folder, or below it: by their text. */
bool scope_is_in(const char *path, const char *folder);

/* An automount on the way that has mounted nothing yet: to open what is below it could take as long
 * as its device takes to come, and the keys do not wait for that. */
bool scope_mounts_automount(const char *mounts, const char *path);

/* Whether both paths are in the same mount. */
bool scope_mounts_same(const char *mounts, const char *a, const char *b);

/* False: it is on a server's file system, or a program's (FUSE), that did not answer within 300 ms.
 * Whoever opened it could wait without end. */
bool scope_mounts_answers(const char *mounts, const char *path);

/* As scope_awaits_mount, with `path` below the prefix. */
bool scope_mounts_awaited(const char *mounts, const char *prefix_path, const char *path);

#endif
