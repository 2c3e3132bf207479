#include "kiosk/wipe/place_below.h"
#include "tests/unit/rows.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* The paths are those of real machines. */
#define PCI "../../devices/platform/axi/1000110000.pcie/pci0001:00/0001:00:00.0/0001:01:00.0/"

static const struct disk {
    const char *name, *path, *transport; /* the transport also of each path to an NVMe disk */
    enum place_below below;
} disks[] = {
    {"card", "../../devices/platform/axi/1001180000.mmc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0",
     NULL, PLACE_DISK},
    {"USB", PCI "usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda", NULL, PLACE_DISK},
    {"SATA", PCI "ata1/host0/target0:0:0/0:0:0:0/block/sda", NULL, PLACE_DISK},
    {"SAS", PCI "host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda", NULL, PLACE_DISK},
    {"virtual machine", PCI "virtio1/block/vda", NULL, PLACE_DISK},
    {"memory", "../../devices/virtual/block/zram0", NULL, PLACE_DISK},
    {"NVMe", PCI "nvme/nvme0/nvme0n1", "pcie", PLACE_DISK},
    {"NVMe by two ports", "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "pcie",
     PLACE_DISK},
    {"NVMe by TCP", "../../devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1", "tcp", PLACE_FAR},
    {"NVMe by two networks", "../../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1", "rdma",
     PLACE_FAR},
    {"NVMe of this machine's own", "../../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1",
     "loop", PLACE_FAR},
    {"NVMe, no transport", PCI "nvme/nvme0/nvme0n1", NULL, PLACE_STRANGE},
    {"iSCSI", "../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sdb", NULL,
     PLACE_FAR},
    {"iSCSI by an adapter", PCI "host7/session12/target7:0:0/7:0:0:0/block/sdc", NULL, PLACE_FAR},
    {"Fibre Channel", PCI "host3/rport-3:0-1/target3:0:0/3:0:0:0/block/sdd", NULL, PLACE_FAR},
    {"USB/IP",
     "../../devices/platform/vhci_hcd.0/usb3/3-1/3-1:1.0/host4/target4:0:0/4:0:0:0/block/sde", NULL,
     PLACE_FAR},
    {"a file, served as SCSI",
     "../../devices/tcm_loop_0/tcm_loop_adapter_0/host5/target5:0:1/5:0:1:0/block/sdf", NULL,
     PLACE_LOOP},
    {"nbd", "../../devices/virtual/block/nbd0", NULL, PLACE_FAR},
    {"Ceph", "../../devices/rbd/0/block/rbd0", NULL, PLACE_FAR},
    {"RNBD", "../../devices/virtual/rnbd-client/ctl/block/rnbd0", NULL, PLACE_FAR},
    {"ATA over Ethernet", "../../devices/virtual/block/etherd!e0.1", NULL, PLACE_FAR},
    {"DRBD", "../../devices/virtual/block/drbd0", NULL, PLACE_FAR},
    {"ZFS", "../../devices/virtual/block/zd0", NULL, PLACE_SNAPSHOT},
    {"ublk", "../../devices/virtual/block/ublkb0", NULL, PLACE_STRANGE},
    {"not known", PCI "block/new0", NULL, PLACE_STRANGE},
};

static void test_every_kind_of_disk(void **state)
{
    (void)state;
    EACH_ROW (i, disks, disks[i].name)
        assert_int_equal(place_of_disk(disks[i].path, disks[i].transport ? disks[i].transport : ""),
                         disks[i].below);
    assert_int_equal(place_of_disk("sda", ""), PLACE_DISK);
    assert_int_equal(place_of_disk("../../devices/sessions/rport-of/block/sda", ""), PLACE_DISK);
}

/* --- the same in a folder that looks as sysfs does -------------------------------------------- */

static char made[] = "/tmp/porchlight-sys-XXXXXX";
static char sys[64]; /* one of its own for each row */

static int make(void **state)
{
    (void)state;
    return mkdtemp(made) ? 0 : -1;
}

static int remove_it(void **state)
{
    char command[80];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", made);
    return system(command);
}

/* All folders above the last "/". */
static void make_above(const char *path)
{
    char text[512];
    snprintf(text, sizeof text, "%s", path);
    for (char *at = strchr(text + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(text, 0700);
        *at = '/';
    }
}

static void write_line(const char *folder, const char *name, const char *line)
{
    char path[512];
    FILE *f;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    make_above(path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "%s\n", line) > 0);
    assert_int_equal(fclose(f), 0);
}

static void link_to(const char *to, const char *from)
{
    make_above(from);
    assert_int_equal(symlink(to, from), 0);
}

/* The disk `number`:0, and its first partition. Its folder in `out`. */
static void plant(const struct disk *disk, unsigned number, char out[256])
{
    char path[512], partition[300];

    snprintf(out, 256, "%s/%s", sys, disk->path + strlen("../../"));
    write_line(out, "part1/partition", "1");
    snprintf(path, sizeof path, "%s/dev/block/%u:0", sys, number);
    link_to(disk->path, path);
    snprintf(path, sizeof path, "%s/dev/block/%u:1", sys, number);
    snprintf(partition, sizeof partition, "%s/part1", disk->path);
    link_to(partition, path);
}

/* NVMe's controller beside it: the device itself, or one path of several. */
static void plant_nvme(const char *folder, const char *transport, bool several)
{
    char path[512];

    snprintf(path, sizeof path, "%s/device", folder);
    if (!several) {
        write_line(path, "transport", transport);
        return;
    }
    write_line(path, "nvme0/transport", "pcie");
    write_line(path, "nvme1/transport", transport);
    write_line(path, "nvme0n1/size", "8");
}

/* No loop device here: place_look.c has the real one. */
static enum place_below no_file(const char *path)
{
    fail_msg("asked for %s", path);
    return PLACE_LOOP;
}

static enum place_below file_on_disk(const char *path)
{
    return strcmp(path, "/srv/image") == 0 ? PLACE_DISK : PLACE_LOOP;
}

static void test_a_loop_device_is_what_its_file_is_on(void **state)
{
    static const struct disk loop = {"loop", "../../devices/virtual/block/loop0", NULL, PLACE_LOOP};
    char folder[256];

    (void)state;
    snprintf(sys, sizeof sys, "%s/loop", made);
    plant(&loop, 7, folder);
    write_line(folder, "loop/backing_file", "/srv/image");
    assert_int_equal(place_below_device(sys, makedev(7, 0), file_on_disk), PLACE_DISK);
    write_line(folder, "loop/backing_file", "/mnt/cow/image");
    assert_int_equal(place_below_device(sys, makedev(7, 0), file_on_disk), PLACE_LOOP);
}

static void test_every_disk_in_sysfs(void **state)
{
    (void)state;
    EACH_ROW (i, disks, disks[i].name) {
        char folder[256];

        snprintf(sys, sizeof sys, "%s/%zu", made, i);
        plant(&disks[i], 8, folder);
        if (disks[i].transport)
            plant_nvme(folder, disks[i].transport, strstr(disks[i].path, "nvme-subsystem") != NULL);
        assert_int_equal(place_below_device(sys, makedev(8, 0), no_file), disks[i].below);
        assert_int_equal(place_below_device(sys, makedev(8, 1), no_file), disks[i].below);
    }
    assert_int_equal(place_below_device(sys, makedev(9, 0), no_file),
                     PLACE_DISK); /* no block device */
}

static void test_a_raid_of_a_card_and_another_machine(void **state)
{
    static const struct disk raid = {"RAID", "../../devices/virtual/block/md127", NULL, PLACE_FAR};
    char folder[256], path[300];

    (void)state;
    EACH_ROW (i, disks, disks[i].name) {
        snprintf(sys, sizeof sys, "%s/raid-%zu", made, i);
        plant(&disks[i], 8, folder);
        if (disks[i].transport)
            plant_nvme(folder, disks[i].transport, strstr(disks[i].path, "nvme-subsystem") != NULL);
        plant(&raid, 9, folder);
        snprintf(path, sizeof path, "%s/slaves", folder);
        write_line(path, "card/dev", "7:0");
        write_line(path, "disk/dev", "8:0");
        assert_int_equal(place_below_device(sys, makedev(9, 0), no_file), disks[i].below);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_disk),
        cmocka_unit_test(test_every_disk_in_sysfs),
        cmocka_unit_test(test_a_loop_device_is_what_its_file_is_on),
        cmocka_unit_test(test_a_raid_of_a_card_and_another_machine),
    };
    return cmocka_run_group_tests_name("place_disk", tests, make, remove_it);
}
