#ifndef PORCHLIGHT_WIPE_PLACE_H
#define PORCHLIGHT_WIPE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a target is, and what may be claimed once it is overwritten there. Pure: place_look.h
 * collects the facts. Plan, check, drill, doctor and the wipe itself use these same rules. */

enum {
    PLACE_TYPE_MAX = 32,
    PLACE_SOURCE_MAX = 128,
    PLACE_ID_MAX = 33,
    PLACE_WITHIN_MAX = 512,
    PLACE_DEVICE_MAX = 24,
};

/* A folder or file by its file system and its path in that, so that it is known again after a
 * restart, in another mount namespace, and by other device numbers. An empty mount point is another
 * place than what is mounted there. */
struct place {
    bool known;
    char type[PLACE_TYPE_MAX];     /* as /proc/self/mountinfo has it: ext4, fuse.bindfs */
    char source[PLACE_SOURCE_MAX]; /* what is mounted: a device, a server's folder */
    char uuid[PLACE_ID_MAX];       /* hex, or as udev has it; empty: nobody shows it */
    char fsid[PLACE_ID_MAX];       /* hex, statfs's; empty: none, or it is the device's number */
    char within[PLACE_WITHIN_MAX]; /* the path in the file system, "/" at its top */
};

/* Whether both are the same folder or file. False if one is not known. */
bool place_same(const struct place *a, const struct place *b);

/* Whether statfs's id is only the number of the device, as that of FAT, exFAT and others is: the
 * next stick there has the same. */
bool place_id_is_number(const unsigned char id[8], unsigned major, unsigned minor);

/* What the kernel finds a file again by, wherever its name is by then, as hex; of a LUKS device,
 * its UUID. "" if there is none. */
enum { PLACE_HANDLE_MAX = 288 };

/* What is below a file system. */
enum place_below {
    PLACE_DISK,     /* a disk, a card, memory */
    PLACE_LOOP,     /* a loop device whose file does not certainly overwrite in place, or is
                       not found */
    PLACE_SNAPSHOT, /* a volume that may keep old blocks: with snapshots, a cache, or a journal */
    PLACE_DEGRADED, /* a RAID one of whose disks is missing */
    PLACE_FAR,      /* a disk of another machine */
    PLACE_STRANGE,  /* a device of a kind that is not known here */
};

/* What a device is by itself, without what it is made of. `path` is its folder in sysfs, as
 * /sys/dev/block leads there ("../../devices/platform/host2/session1/.../block/sdb"); `transport`
 * is what NVMe has of its controller, "" for all other kinds and where it is not found. A loop
 * device is PLACE_LOOP, whatever its file is. */
enum place_below place_of_disk(const char *path, const char *transport);

struct place_facts {
    struct place at;
    bool read_only;
    bool journals_data; /* ext4's data=journal */
    bool swaps;         /* memory is swapped out to a disk */
    bool covers;        /* something else is mounted below it, which is hidden */
    enum place_below below;
};

/* What is known of one opened file. Links, not regular and flags are fstat's and FS_IOC_GETFLAGS's.
 */
struct place_file {
    bool regular;
    uint64_t links;
    bool shared;        /* FIEMAP: another file has some of its blocks */
    bool encoded;       /* compressed, or its blocks are not its bytes */
    bool in_inode;      /* its contents are in the inode, which is journaled, or may have been */
    bool journaled;     /* its contents go through the journal (chattr +j) */
    bool sealed;        /* fs-verity: it cannot be written */
    bool loop_reads_it; /* a loop device writes to it */
    bool runs;          /* a program runs from it */
    bool leased;        /* a program has a lease on it, is not stopped first, and does not let go */
    bool written;       /* a program has it open to write to it, and is not stopped first */
    bool swap;          /* the kernel swaps to it */
    bool kept;          /* a program has a deleted file open that had its name, or was in it */
    bool noted;         /* notes of programs on it are in a journal that settle does not zero */
};

enum place_may {
    PLACE_OVERWRITES, /* an overwrite changes the bytes on the disk: "destroyed" may be said */
    PLACE_UNSURE,     /* "unverified" at best */
    PLACE_REFUSED,    /* it would fail */
};

struct place_verdict {
    enum place_may may;
    int error;          /* errno of the reason; 0: there is none */
    const char *why;    /* a clause, static storage; "" where it overwrites */
    const char *better; /* a sentence: what would be better; "" if nothing is wrong */
};

/* Of anything in this file system. */
struct place_verdict place_judge(const struct place_facts *f);

/* Of a block device itself. */
struct place_verdict place_judge_device(enum place_below below);

/* Of a file for itself: the file system's verdict counts too. */
struct place_verdict place_judge_file(const struct place_file *file);

/* The worse of two; the first, if they are equal. */
struct place_verdict place_worse(struct place_verdict a, struct place_verdict b);

/* Whether what is changed here changes only a layer above the data. */
bool place_is_overlay(const struct place *at);

/* Whether another machine or a program (FUSE) answers for this kind of file system. */
bool place_is_served(const char *type);

/* What is known of a target from when it was last accepted, and where its path leads now. */
enum place_memory {
    MEMORY_NONE,  /* it was never seen */
    MEMORY_SAME,  /* it was seen where its path leads now */
    MEMORY_OTHER, /* it was seen on another file system, or elsewhere in this one */
};
enum place_memory place_memory(const struct place *seen, const struct place *now);

/* --- /proc/self/mountinfo ------------------------------------------------------------------- */

struct place_mount {
    uint64_t id;
    char device[PLACE_DEVICE_MAX]; /* "8:2" */
    char root[PLACE_WITHIN_MAX];   /* the folder of the file system that is mounted */
    char where[PLACE_WITHIN_MAX];  /* the mount point, as this process sees it */
    char type[PLACE_TYPE_MAX];
    char source[PLACE_SOURCE_MAX];
    bool read_only; /* the mount or the file system */
    bool journals_data;
    bool no_swap; /* a tmpfs that is never swapped out */
};

/* The mount in the line at *text, which goes on to the next. False at the end. A line that cannot
 * be read is skipped. */
bool place_next_mount(const char **text, struct place_mount *m);

/* Whether `m`, in which `path` is, hides another mount of `mounts` that `path` was in before. An
 * automount, and the same folder mounted twice, hide nothing. */
bool place_covers(const char *mounts, const struct place_mount *m, const char *path);

/* Where the upper layer of an overlay has what it copied of `path`, which is in a lower layer of
 * it, in mountinfo at *text, which goes on to the next line. False at the end. */
bool place_next_upper(const char **text, const char *path, char out[PLACE_WITHIN_MAX]);

/* The area in the line of /proc/swaps at *text, which goes on to the next. False at the end; the
 * heading is skipped. */
struct place_swap {
    char path[PLACE_WITHIN_MAX];
    bool file; /* otherwise a device */
};
bool place_next_swap(const char **text, struct place_swap *swap);

/* A path below the mount point, as the path in the file system. False if it is not below it, or too
 * long. */
bool place_within(const struct place_mount *m, const char *path, char out[PLACE_WITHIN_MAX]);

/* Takes "//", "/." and the final "/" out of an absolute path: fstab and mount units may have any
 * spelling. In place. */
void place_tidy_path(char *path);

#endif
