#ifndef PORCHLIGHT_SCREEN_DPMS_H
#define PORCHLIGHT_SCREEN_DPMS_H

#include <stdbool.h>

/* Sends the monitors of a card to sleep and wakes them, through the kernel's DRM (drm_mode.h): the
 * property "DPMS" of each connector that has it. */

/* ioctl(2), or a test's. */
typedef int dpms_ioctl(int fd, unsigned long request, void *arg);

/* `fd`: the card, of which this process is the master. Returns how many connectors changed, or -1
 * with errno. `ask` NULL: the kernel itself. */
int dpms_set(int fd, bool on, dpms_ioctl *ask);

#endif
