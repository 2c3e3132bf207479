#ifndef PORCHLIGHT_WIPE_LUKS_CONTAINER_H
#define PORCHLIGHT_WIPE_LUKS_CONTAINER_H

#include "kiosk/wipe/target.h"

#include <stdbool.h>
#include <stdint.h>

/* A container: one file or device, or the header in a file and the data elsewhere. */
struct luks_container {
    const struct scope *scope;
    const struct plan_target *target;
    int header, data; /* the same if it is one; -1: not there */
    uint64_t size;    /* of the data's */
    bool apart, is_device;
};

/* Opens it for reading and writing. False: there is nothing to go on with; *r says why. Close it
 * only if true. */
bool luks_container_open(struct luks_container *c, const struct scope *s,
                         const struct plan_target *t, struct target_report *r);
void luks_container_close(struct luks_container *c);

/* Destroys headers and key slots, and, once the keys are destroyed (scope.slow), overwrites what
 * the header says is in clear. Open mappings must be closed before. */
void luks_container_destroy(const struct luks_container *c, struct target_report *r);

/* Once the keys are destroyed: overwrites what is between the key slots and the data. */
void luks_container_settle(const struct scope *s, const struct plan_target *t,
                           struct target_report *r);

/* One file or device of it, opened for reading and writing. The fd, or -1 with errno. */
int luks_container_part(const struct scope *s, const struct plan_target *t);

/* Bytes of a file or device. 0, or -1 with errno. */
int luks_container_size(int fd, uint64_t *size);

#endif
