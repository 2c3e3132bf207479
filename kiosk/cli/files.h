#ifndef PORCHLIGHT_CLI_FILES_H
#define PORCHLIGHT_CLI_FILES_H

#include <stddef.h>
#include <sys/types.h>

/* Whole folders, for the set-up (for single files see kiosk/common/file.h). Symbolic links are
 * followed only in the folders that lead to a path. All return 0, or -1 with errno. */

/* Makes a folder, with `mode`, and those above it (0755). An existing one is not changed. */
int files_make_folders(const char *path, mode_t mode);

/* Copies the folder `from` to `to`, which must not exist: folders with their modes and owners,
 * files as hard links, symbolic links as they are. EINVAL for anything else. */
int files_copy(const char *from, const char *to);

/* Removes a folder and all below it. It is no error if there is none. */
int files_remove(const char *path);
int files_empty(const char *path); /* all below it, but not the folder */

/* The most bytes that file_read may read of any file here: a backup has 8 MiB at most. */
enum { FILES_READ_MAX = 9 << 20 };

int files_sync_all(const char *folder); /* this folder and all folders below */

/* Calls `each` for every regular file below, with its path relative to `folder`. Stops at the first
 * result that is not 0, and returns it. */
typedef int files_file(void *context, const char *name, mode_t mode);
int files_walk(const char *folder, files_file *each, void *context);

#endif
