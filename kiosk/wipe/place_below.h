#ifndef PORCHLIGHT_WIPE_PLACE_BELOW_H
#define PORCHLIGHT_WIPE_PLACE_BELOW_H

#include "kiosk/wipe/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What is below the file of a loop device: PLACE_DISK if an overwrite of it reaches the disk. */
typedef enum place_below (*place_of_file)(const char *path);

/* What a block device is made of, down to the disk: the worst of all its layers. `sys` is where
 * sysfs is mounted, PLACE_SYS but for tests. */
#define PLACE_SYS "/sys"
enum place_below place_below_device(const char *sys, dev_t device, place_of_file of_file);

/* The first line of the file `name` of sysfs, without its end. False, and out is empty, if there is
 * none. */
bool place_read_line(int folder, const char *name, char *out, size_t size);

#endif
