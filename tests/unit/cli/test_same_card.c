#include "kiosk/cli/backup/same_card.h"
#include "tests/unit/rows.h"

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

/* sysfs of a Pi: a card with two partitions, a stick, LUKS on the card, LVM over both, a loop on a
 * file of this machine, which is on no device that is listed here. */
static const char make_system[] =
    "mkdir -p sys/devices/mmcblk0/mmcblk0p2 sys/devices/mmcblk0/mmcblk0p1 sys/devices/sda/sda1 "
    "sys/devices/dm-0/slaves/mmcblk0p2 sys/devices/dm-1/slaves/dm-0 sys/devices/dm-1/slaves/sda1 "
    "sys/dev/block && cd sys/devices && "
    "echo 179:0 >mmcblk0/dev && echo 8:0 >sda/dev && "
    "echo 1 >mmcblk0/mmcblk0p1/partition && echo 2 >mmcblk0/mmcblk0p2/partition && "
    "echo 1 >sda/sda1/partition && "
    "echo 179:2 >dm-0/slaves/mmcblk0p2/dev && echo 254:0 >dm-1/slaves/dm-0/dev && "
    "echo 8:1 >dm-1/slaves/sda1/dev && cd ../dev/block && "
    "ln -s ../../devices/mmcblk0 179:0 && ln -s ../../devices/mmcblk0/mmcblk0p1 179:1 && "
    "ln -s ../../devices/mmcblk0/mmcblk0p2 179:2 && ln -s ../../devices/sda 8:0 && "
    "ln -s ../../devices/sda/sda1 8:1 && ln -s ../../devices/dm-0 254:0 && "
    "ln -s ../../devices/dm-1 254:1";

#define CARD  makedev(179, 0)
#define STICK makedev(8, 0)

static void test_devices(void **state)
{
    static const struct {
        const char *name;
        unsigned high, low;
        bool card, stick;
    } rows[] = {
        {"a partition of the card", 179, 2, true, false},
        {"its other partition", 179, 1, true, false},
        {"the card without partitions", 179, 0, true, false},
        {"the stick", 8, 1, false, true},
        {"LUKS on the card", 254, 0, true, false},
        {"LVM over LUKS and the stick", 254, 1, true, true},
        {"a device that is not listed", 8, 16, false, false},
    };
    char folder[] = "/tmp/cards.XXXXXX", command[4096];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command, "cd %s && %s", folder, make_system);
    assert_int_equal(system(command), 0);
    EACH_ROW (i, rows, rows[i].name) {
        struct cards c = {.count = 0};
        bool card = false, stick = false;
        cards_add(folder, makedev(rows[i].high, rows[i].low), &c);
        for (size_t n = 0; n < c.count; n++) {
            card = card || c.list[n] == CARD;
            stick = stick || c.list[n] == STICK;
        }
        if (card != rows[i].card || stick != rows[i].stick)
            fail_msg("%s: %zu devices", rows[i].name, c.count);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void test_mounts(void **state)
{
    static const char text[] =
        "25 1 0:31 / / rw,relatime - overlay overlay "
        "rw,lowerdir=/l,upperdir=/media/rw/up,workdir=/w\n"
        "26 25 179:2 / /boot rw - ext4 /dev/mmcblk0p2 rw\n"
        "27 25 0:40 /@home /home rw shared:7 - btrfs /dev/sda\\0401 rw,subvol=/@home\n";
    struct mount_source m;

    (void)state;
    assert_true(mount_source_of(text, makedev(0, 40), &m));
    assert_string_equal(m.source, "/dev/sda 1");
    assert_string_equal(m.upper, "");
    assert_true(mount_source_of(text, makedev(0, 31), &m));
    assert_string_equal(m.upper, "/media/rw/up");
    assert_true(mount_source_of(text, makedev(179, 2), &m));
    assert_string_equal(m.source, "/dev/mmcblk0p2");
    assert_false(mount_source_of(text, makedev(0, 3), &m));
    assert_false(mount_source_of("", makedev(0, 31), &m));
    assert_false(mount_source_of("nonsense\n\n - \n", makedev(0, 31), &m));
}

static void test_sharing(void **state)
{
    const struct cards card = {.list = {CARD}, .count = 1, .filesystem = 1};
    const struct cards both = {.list = {STICK, CARD}, .count = 2, .filesystem = 2};
    const struct cards stick = {.list = {STICK}, .count = 1, .filesystem = 3};
    const struct cards memory = {.memory = true, .filesystem = 4};
    struct cards here;

    (void)state;
    assert_true(cards_share(&card, &both));
    assert_true(cards_share(&stick, &both));
    assert_false(cards_share(&card, &stick));
    assert_true(cards_share(&memory, &memory));
    assert_false(cards_share(&memory, &card));
    assert_int_equal(cards_of("", "/no/such/path", &here), -1);
    assert_int_equal(cards_of("", "/", &here), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_sharing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
