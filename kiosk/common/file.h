#ifndef PORCHLIGHT_COMMON_FILE_H
#define PORCHLIGHT_COMMON_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reading, writing and replacing whole files. 0 or a number of bytes; -1 or NULL with errno. Every
 * descriptor is closed on exec. A symbolic link as the last part of a path is never followed: to
 * read one is ELOOP, to write or replace one replaces the link itself. */

/* All of it, through interruptions and short writes. */
int file_write_all(int fd, const void *bytes, size_t len);

/* From where fd is up to its end, at most `most` bytes: how many. If you must know whether there
 * was more, ask for one byte more than you accept. */
ssize_t file_read_all(int fd, void *bytes, size_t most);

/* A regular file as a whole, with a zero after it that *len does not count. You free it. EFBIG:
 * more than `most` bytes. EINVAL: not a regular file. */
char *file_read(const char *path, size_t most, size_t *len);

/* Replaces a file durably: FILE.new is written beside it, with exactly this mode and your user as
 * owner, synced and renamed, and the folder is synced. At every moment, a power cut included, FILE
 * is the old one or the new one. After an error FILE.new is removed; FILE is the old one, unless
 * only the sync of the folder failed. */
int file_replace(const char *path, const void *bytes, size_t len, mode_t mode);

/* The same for a name in an open folder. */
int file_replace_at(int folder, const char *name, const void *bytes, size_t len, mode_t mode);

/* Writes and syncs a fresh file under its own name. Whatever had the name is unlinked first, so
 * that a hard link of it is not written through: for folders that are not in use yet. The name
 * survives a power cut only after file_sync_folder. After an error there is no file. */
int file_write(const char *path, const void *bytes, size_t len, mode_t mode);

/* Makes the names in a folder survive a power cut; of a file's path, those in its folder. */
int file_sync_folder(const char *folder);
int file_sync_folder_of(const char *path);

/* fsync, through interruptions. */
int file_sync(int fd);

/* Closes fd and leaves errno as it was. Nothing for -1. */
void file_close(int fd);

#endif
