#ifndef PORCHLIGHT_NIGHTS_FDS_H
#define PORCHLIGHT_NIGHTS_FDS_H

#include "tests/nights/machine.h"

#include <sys/types.h>

/* What a simulated program opens: numbers far above any real file's. A real number is passed on to
 * libc. */

struct fd_kind {
    bool (*readable)(void *object);
    /* Closed by the program; or, with `cut`, gone with it; `power`: no peer is told. */
    void (*closed)(void *object, bool cut, bool power);
};

/* Every night begins with none open. */
void fds_begin(void);

/* Opens one for the machine that runs now. */
int fd_open(const struct fd_kind *kind, void *object);

/* Something became readable: whoever polls it wakes. */
void fd_changed(int fd);

/* The object, or NULL if fd is not of that kind. */
void *fd_object(int fd, const struct fd_kind *kind);

/* How many are open: a program that leaks them is a fault. */
size_t fds_count(const struct machine *m);

/* --- the disk: the record's file -------------------------------------------------------------- */

enum { DISK_SIZE = 8192 };

/* What is wrong with it now; or-ed. */
enum disk_fault {
    DISK_FULL = 1,      /* a file cannot grow */
    DISK_READ_ONLY = 2, /* as a card that has died */
    DISK_FAILING = 4,   /* a sync fails */
    DISK_SLOW = 8,      /* a sync takes `slow` */
};

struct disk {
    unsigned faults;
    int64_t slow;
    bool exists;
    size_t size, durable_size;
    uint8_t cached[DISK_SIZE], durable[DISK_SIZE];
    bool untaken; /* a sync has failed: what it was to write is in memory alone, and counts as clean
                   */
    uint64_t writes, syncs;
    int cut_in;        /* the power fails in the n-th sync from now; 0: not */
    bool cut_is_power; /* else the process is killed there */
};

/* The disk of a machine: `d` outlives the night. */
void disk_attach(struct machine *m, struct disk *d);

/* Each sector that was written and not synced is old, new or torn. */
void disk_cut(struct disk *d, struct chance *c);

#endif
