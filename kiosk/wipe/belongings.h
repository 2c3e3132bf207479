#ifndef PORCHLIGHT_WIPE_BELONGINGS_H
#define PORCHLIGHT_WIPE_BELONGINGS_H

#include <stdbool.h>
#include <stddef.h>

/* What programs leave of a file under other names. Pure: names and texts, no files. */

/* Whether `name` is, by what programs commonly do, made of the file `leaf` in the same folder:
 * SQLite's -wal, -shm and -journal; swap, backup, autosave and lock files of editors; what was
 * rotated or compressed; copies by file managers and by Syncthing. */
bool belongings_of_name(const char *name, const char *leaf);

enum { BELONGINGS_URI_MAX = 3 * 4096 + 8, BELONGINGS_THUMBNAIL = 37 };

/* "file:///srv/a%20b", as thumbnails and the trash write a path. */
void belongings_uri(const char *path, char out[BELONGINGS_URI_MAX]);

/* The name of its thumbnail, by freedesktop.org's rule: MD5 of the URI in hex, and .png. False if
 * there is no MD5 here. */
bool belongings_thumbnail(const char *path, char out[BELONGINGS_THUMBNAIL]);

enum { BELONGINGS_PATH_MAX = 8192 };

/* Where what a .trashinfo describes, the `len` bytes of `info`, was before: its Path=, which may
 * begin with / or be below `top`, the folder that the trash is in. False if it does not say. */
bool belongings_trashed(const char *info, size_t len, const char *top,
                        char out[BELONGINGS_PATH_MAX]);

/* Whether `path` is `folder` or, with `tree`, in it. */
bool belongings_is_in(const char *path, const char *folder, bool tree);

/* Whether `name` is what an editor keeps of `path` in a folder of its own, where / is written as %
 * (Vim, Neovim) or ! (Emacs): %srv%list.csv.swp, !srv!list.csv~, #!srv!list.csv#. */
bool belongings_of_path(const char *name, const char *path);

/* Whether a PNG, its first `len` bytes, says that it is the thumbnail of `path` or, with `tree`, of
 * something in it. */
bool belongings_pictured(const char *png, size_t len, const char *path, bool tree);

#endif
