#ifndef PORCHLIGHT_CLI_FILES_H
#define PORCHLIGHT_CLI_FILES_H

#include <stddef.h>
#include <sys/types.h>

/* Whole folders, for the set-up (for single files see kiosk/common/file.h). Symbolic links are
 * never followed but at the path's own beginning. All return 0, or -1 with errno. */

/* A folder and those above it; the last gets `mode`. One that is there stays as it is. */
int files_make_folders(const char *path, mode_t mode);

/* `to` (not there yet) becomes a copy of `from`: folders with their modes and owners, files as hard
 * links, symbolic links as such. EINVAL for anything else. */
int files_copy(const char *from, const char *to);

/* A folder and all below it. One that is not there is removed already. */
int files_remove(const char *path);

/* The most that file_read is to read of any file here: a backup has 8 MiB at most. */
enum { FILES_READ_MAX = 9 << 20 };

int files_sync_all(const char *folder); /* this folder and all folders below */

/* Calls `each` for every regular file below, with its path relative to `folder`. Stops at the first
 * result that is not 0, and returns it. */
typedef int files_file(void *context, const char *name, mode_t mode);
int files_walk(const char *folder, files_file *each, void *context);

#endif
