#ifndef PORCHLIGHT_WIPE_PLACE_BELOW_H
#define PORCHLIGHT_WIPE_PLACE_BELOW_H

#include "kiosk/wipe/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a block device is made of, down to the disk: the worst of all its layers. `sys` is where
 * sysfs is mounted, PLACE_SYS but for tests. */
#define PLACE_SYS "/sys"
enum place_below place_look_device(const char *sys, dev_t device);

/* The first line of the file `name` of sysfs, without its end. False, and out is empty, if there is
 * none. */
bool place_read_line(int folder, const char *name, char *out, size_t size);

#endif
