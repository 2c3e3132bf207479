#ifndef PORCHLIGHT_WIPE_PLACE_LOOK_H
#define PORCHLIGHT_WIPE_PLACE_LOOK_H

#include "kiosk/wipe/place.h"

#include <sys/stat.h>
#include <sys/types.h>

/* Collects what place.h judges. All of it comes from the kernel that runs, whatever the prefix is.
 * Nothing here fails: what cannot be found out is left as not known. */

/* The mounts of a process, as text. `process` is its folder in /proc, or AT_FDCWD for this one. You
 * free it; NULL with errno. */
char *place_look_mounts(int process);

/* The file system that fd is on. `path` is the absolute path of what is judged, without symbolic
 * links: fd may be a folder above it, where it does not exist. */
void place_look(struct place_facts *f, const char *mounts, int fd, const char *path);

/* The handle of what is opened here; "" where the file system has none, or is not this machine's.
 */
void place_look_handle(int fd, const struct place *at, char out[PLACE_HANDLE_MAX]);

/* Whether what has this handle is still there, under any name or none, in the file system that fd
 * is on. False also where the kernel does not say. */
bool place_look_alive(int fd, const char *handle);

/* One opened file. */
void place_look_file(struct place_file *file, int fd);

/* Whether it is ext4 with inline_data: a file that has grown may have been in its inode before. It
 * opens the device, which a disk that has just failed may hold up. */
bool place_look_keeps_in_inodes(dev_t device);

/* What a block device is made of: place_below.h, on this machine. */
enum place_below place_look_device(dev_t device);

/* Whether an overwrite of what is opened here would only copy it to a layer above: one system call.
 */
bool place_look_is_overlay(int fd);

/* Whether the kernel swaps to this file. */
bool place_look_swap_file(const struct stat *st);

/* Whether anybody has a lease on this file, as file servers have for their clients. */
bool place_look_leased(const struct stat *st);

/* Whether a loop device uses this file. */
bool place_look_loops(const struct stat *st);

/* Calls `visit` with each loop device's name and its file's path, which it may change, until it
 * returns true. Whether it did. */
bool place_look_each_loop(bool (*visit)(void *context, const char *device, char *path),
                          void *context);

#endif
