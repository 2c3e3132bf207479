#ifndef PORCHLIGHT_WIPE_LUKS_USERS_H
#define PORCHLIGHT_WIPE_LUKS_USERS_H

#include "kiosk/wipe/scope.h"

#include <stdbool.h>
#include <stddef.h>

/* Who has a container open: what sysfs shows of loop devices and of devices on top of others. */

enum { LUKS_USERS_MAX = 16 };

struct luks_user {
    char name[PLAN_WORD_MAX]; /* below /dev/mapper; of another kind of device, its own name */
    bool crypt;               /* dm-crypt, or a device that cryptsetup made beside it */
    bool direct;              /* on the container itself, not on another user of it */
};

struct luks_users {
    struct luks_user list[LUKS_USERS_MAX];
    size_t count;
    bool loop; /* a loop device has it */
    bool many; /* there are more than the list holds, or some that cannot be looked at */
};

/* Of an open file or device, whatever the mapping's name and however many devices are between. */
void luks_users_find(const struct scope *s, int fd, struct luks_users *u);

/* Mappings of the container with this UUID, wherever they are: one that has lost its key is on
 * nothing any more, and what is cached of it can still be read. */
void luks_users_of_uuid(const struct scope *s, const char *uuid, struct luks_users *u);

/* Of a device alone, by number. */
void luks_users_of_device(const struct scope *s, dev_t device, struct luks_users *u);

#endif
