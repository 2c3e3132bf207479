#ifndef PORCHLIGHT_HW_LINE_EVDEV_H
#define PORCHLIGHT_HW_LINE_EVDEV_H

#include "hw/line_address.h"
#include "hw/line_errors.h"
#include "hw/line_find.h"
#include "hw/line_keys.h"

#include <libevdev-1.0/libevdev/libevdev.h>

/* Input devices that have keys, and which of them an address means. */
enum { EVDEV_PATH_MAX = 512, EVDEV_DEVICES_MAX = 64 };

struct evdev_device {
    char node[16]; /* "event3" */
    struct libevdev *dev;
    int fd;
};

/* Opens the device `node` below `root`. 0, or -1 with errno; nothing is then open. */
int evdev_device_open(struct evdev_device *d, const char *root, const char *node);
void evdev_device_close(struct evdev_device *d);

/* Whether `want` (the name in an address) means this device: its name, uniq or phys. */
bool evdev_device_is(const struct evdev_device *d, const char *want);

/* The nodes ("event3") below `root` in order of their numbers. Returns how many. */
size_t evdev_nodes(const char *root, char nodes[EVDEV_DEVICES_MAX][16]);

/* "KEY_F5+KEY_ESC" into k->codes. LINE_FINE or LINE_BAD_KEY, with the name in `detail`. */
enum line_trouble evdev_keys_parse(const char *text, struct line_keys *k, char *detail,
                                   size_t size);

/* Opens the one device that the address means. LINE_FINE, or what to give to line_refuse. */
enum line_trouble evdev_find(const char *root, const struct line_address *a,
                             const struct line_keys *k, struct evdev_device *d, char *detail,
                             size_t size);

#endif
