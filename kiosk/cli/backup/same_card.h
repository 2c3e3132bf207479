#ifndef PORCHLIGHT_CLI_BACKUP_SAME_CARD_H
#define PORCHLIGHT_CLI_BACKUP_SAME_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* On which card, stick or disk a path is: partitions, loop devices, LUKS and LVM are followed down
 * to the whole devices below them. */

enum { CARDS_MAX = 8 };

struct cards {
    dev_t list[CARDS_MAX];
    size_t count;
    dev_t filesystem; /* of the path */
    bool memory;      /* it is on no device at all, and gone at the next start */
};

/* `system` is "" but in tests: sys/dev/block and proc/self/mountinfo are below it. 0, or -1 with
 * errno: `path` is not there. */
int cards_of(const char *system, const char *path, struct cards *c);

/* True if losing one of them may lose the other. Pure. */
bool cards_share(const struct cards *a, const struct cards *b);

/* Adds the whole devices below one device. */
void cards_add(const char *system, dev_t device, struct cards *c);

/* The source and options of a file system, by its number, out of the text of mountinfo; of an
 * overlay also its upper folder. False if it is not there. Pure. */
struct mount_source {
    char source[256], upper[256];
};
bool mount_source_of(const char *mountinfo, dev_t filesystem, struct mount_source *m);

#endif
