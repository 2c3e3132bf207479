#include "kiosk/wipe/place.h"

#include <stdbool.h>
#include <string.h>

/* What is better than each of these. */
static const char other_folder[] =
    "Keep it on an ext4 partition of its own, or keep it in a vault whose key is in a cell.";

struct place_verdict place_judge_device(enum place_below below)
{
    static const struct place_verdict verdicts[] = {
        [PLACE_DISK] = {PLACE_OVERWRITES, 0, "", ""},
        [PLACE_LOOP] = {PLACE_UNSURE, 0,
                        "its disk is a file (a loop device), and that file may keep the old blocks",
                        "Keep that file on ext4 without snapshots, or use a partition instead."},
        [PLACE_SNAPSHOT] = {PLACE_UNSURE, 0,
                            "its volume may keep old blocks: it has snapshots, a cache or a "
                            "journal, or writes changes to a new place",
                            other_folder},
        [PLACE_DEGRADED] = {PLACE_UNSURE, 0, "a disk of its RAID is missing, and keeps what it has",
                            "Add the disk again, or keep the target on another partition."},
        [PLACE_FAR] =
            {PLACE_UNSURE, 0,
             "its disk is in another machine, which alone decides what happens to the old "
             "blocks",
             other_folder},
        [PLACE_STRANGE] = {PLACE_UNSURE, 0,
                           "its disk is of a kind that is not known to overwrite in place",
                           other_folder},
    };
    return verdicts[below];
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* "session1", and not "sessions". */
static bool is_numbered(const char *part, const char *with)
{
    size_t len = strlen(with);
    return begins(part, with) && part[len] >= '0' && part[len] <= '9';
}

/* Names as the kernel's drivers give them (Documentation/admin-guide/devices.txt). What is missing
 * here is not known. */
static enum place_below of_name(const char *name)
{
    static const struct {
        const char *with;
        enum place_below below;
    } names[] = {
        {"sd", PLACE_DISK},     {"vd", PLACE_DISK},     {"xvd", PLACE_DISK},
        {"mmcblk", PLACE_DISK}, {"nvme", PLACE_DISK},   {"loop", PLACE_LOOP},
        {"dm-", PLACE_DISK},    {"md", PLACE_DISK},     {"ram", PLACE_DISK},
        {"zram", PLACE_DISK},   {"pmem", PLACE_DISK},   {"mtdblock", PLACE_DISK},
        {"nbd", PLACE_FAR},     {"rbd", PLACE_FAR},     {"rnbd", PLACE_FAR},
        {"drbd", PLACE_FAR},    {"zd", PLACE_SNAPSHOT}, {"bcache", PLACE_SNAPSHOT},
        {"etherd!", PLACE_FAR}, {"ubd", PLACE_DISK},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (begins(name, names[i].with))
            return names[i].below;
    }
    return PLACE_STRANGE;
}

/* iSCSI's sessions, the remote ports of Fibre Channel and FCoE, NVMe over fabrics, USB/IP; the
 * disks that Linux serves to itself from a file. */
static enum place_below of_part(const char *part)
{
    if (is_numbered(part, "session") || is_numbered(part, "rport-") ||
        begins(part, "nvme-fabrics/") || begins(part, "vhci_hcd."))
        return PLACE_FAR;
    return begins(part, "tcm_loop_") ? PLACE_LOOP : PLACE_DISK;
}

enum place_below place_of_disk(const char *path, const char *transport)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    enum place_below below = of_name(name);

    for (const char *at = path; at && below == PLACE_DISK; at = strchr(at, '/')) {
        at += *at == '/';
        below = of_part(at);
    }
    if (below != PLACE_DISK || !begins(name, "nvme") || strcmp(transport, "pcie") == 0 ||
        strcmp(transport, "apple-nvme") == 0)
        return below;
    return transport[0] ? PLACE_FAR : PLACE_STRANGE;
}
