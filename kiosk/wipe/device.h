#ifndef PORCHLIGHT_WIPE_DEVICE_H
#define PORCHLIGHT_WIPE_DEVICE_H

#include "kiosk/wipe/scope.h"

/* Opens a block device for a target, O_RDWR: `word` is /dev/NAME or /dev/disk/by-KIND/NAME, as
 * plan_device_wrong allows it. A link of udev's may only point to ../../NAME; all else is
 * opened without following any. The device must be free: not mounted, no swap, in no array, none of
 * its partitions either. Only mappings of cryptsetup may still be on it, by whatever name. The fd,
 * or -1 with errno: ENOENT, ENOTBLK, EBUSY (something else uses it). */
int device_open(const struct scope *s, const char *word);

#endif
