#include "kiosk/wipe/place.h"
#include "kiosk/wipe/remembered.h"
#include "kiosk/wipe/target_place.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* Also file systems that the kernel of the tests cannot mount. */
static void test_every_file_system(void **state)
{
    static const struct {
        const char *type;
        enum place_may may;
        const char *why; /* a part of it */
    } rows[] = {
        {"ext2", PLACE_OVERWRITES, ""},
        {"ext4", PLACE_OVERWRITES, ""},
        {"vfat", PLACE_OVERWRITES, ""},
        {"exfat", PLACE_OVERWRITES, ""},
        {"xfs", PLACE_OVERWRITES, ""},
        {"tmpfs", PLACE_OVERWRITES, ""},
        {"btrfs", PLACE_UNSURE, "new place"},
        {"f2fs", PLACE_UNSURE, "new place"},
        {"zfs", PLACE_UNSURE, "new place"},
        {"bcachefs", PLACE_UNSURE, "new place"},
        {"nilfs2", PLACE_UNSURE, "new place"},
        {"ubifs", PLACE_UNSURE, "new place"},
        {"nfs", PLACE_UNSURE, "another machine"},
        {"nfs4", PLACE_UNSURE, "another machine"},
        {"cifs", PLACE_UNSURE, "another machine"},
        {"9p", PLACE_UNSURE, "another machine"},
        {"virtiofs", PLACE_UNSURE, "another machine"},
        {"fuse", PLACE_UNSURE, "FUSE"},
        {"fuse.sshfs", PLACE_UNSURE, "FUSE"},
        {"fuseblk", PLACE_UNSURE, "FUSE"},
        {"fusectl", PLACE_UNSURE, "not known"},
        {"ecryptfs", PLACE_UNSURE, "stacked"},
        {"ntfs3", PLACE_UNSURE, "not known"},
        {"a-new-one", PLACE_UNSURE, "not known"},
        {"overlay", PLACE_REFUSED, "overlay"},
        {"aufs", PLACE_REFUSED, "overlay"},
        {"squashfs", PLACE_REFUSED, "never be written"},
        {"erofs", PLACE_REFUSED, "never be written"},
        {"autofs", PLACE_REFUSED, "not mounted yet"},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].type) {
        struct place_facts f = {.at = {.known = true, .within = "/x"}};
        struct place_verdict v;
        snprintf(f.at.type, sizeof f.at.type, "%s", rows[i].type);
        v = place_judge(&f);
        if (v.may != rows[i].may || !strstr(v.why, rows[i].why))
            fail_msg("%s: %d, %s", rows[i].type, v.may, v.why);
        assert_true((v.may == PLACE_OVERWRITES) == (v.better[0] == '\0'));
        assert_true((v.may == PLACE_OVERWRITES) == (v.why[0] == '\0'));
        assert_true(strlen(v.why) < 160);
    }
}

static const struct place_facts ext4 = {.at = {.known = true, .type = "ext4", .within = "/x"}};

#define ON(file_system)                                                                            \
    {                                                                                              \
        .known = true, .type = (file_system)                                                       \
    }

static void test_what_is_below_and_around(void **state)
{
    static const struct {
        const char *name;
        struct place_facts f;
        enum place_may may;
        int error;
    } rows[] = {
        {"a disk", {.at = ON("ext4")}, PLACE_OVERWRITES, 0},
        {"not known", {.at = {.type = "ext4"}}, PLACE_UNSURE, 0},
        {"read-only", {.at = ON("ext4"), .read_only = true}, PLACE_REFUSED, EROFS},
        {"journal", {.at = ON("ext4"), .journals_data = true}, PLACE_UNSURE, 0},
        {"loop", {.at = ON("ext4"), .below = PLACE_LOOP}, PLACE_UNSURE, 0},
        {"snapshot", {.at = ON("ext4"), .below = PLACE_SNAPSHOT}, PLACE_UNSURE, 0},
        {"RAID", {.at = ON("ext4"), .below = PLACE_DEGRADED}, PLACE_UNSURE, 0},
        {"nbd", {.at = ON("ext4"), .below = PLACE_FAR}, PLACE_UNSURE, 0},
        {"not known", {.at = ON("ext4"), .below = PLACE_STRANGE}, PLACE_UNSURE, 0},
        {"btrfs, read-only", {.at = ON("btrfs"), .read_only = true}, PLACE_REFUSED, EROFS},
        {"memory", {.at = ON("tmpfs")}, PLACE_OVERWRITES, 0},
        {"memory that is swapped", {.at = ON("tmpfs"), .swaps = true}, PLACE_UNSURE, 0},
        {"ramfs beside swap", {.at = ON("ramfs"), .swaps = true}, PLACE_OVERWRITES, 0},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct place_verdict v = place_judge(&rows[i].f);
        if (v.may != rows[i].may || v.error != rows[i].error)
            fail_msg("%s: %d, %s", rows[i].name, v.may, v.why);
    }
}

static void test_every_file(void **state)
{
    static const struct {
        const char *name;
        struct place_file file;
        enum place_may may;
    } rows[] = {
        {"plain", {.regular = true, .links = 1}, PLACE_OVERWRITES},
        {"a device", {.regular = false, .links = 1}, PLACE_REFUSED},
        {"linked", {.regular = true, .links = 2}, PLACE_REFUSED},
        {"sealed", {.regular = true, .links = 1, .sealed = true}, PLACE_REFUSED},
        {"runs", {.regular = true, .links = 1, .runs = true}, PLACE_REFUSED},
        {"reflinked", {.regular = true, .links = 1, .shared = true}, PLACE_UNSURE},
        {"compressed", {.regular = true, .links = 1, .encoded = true}, PLACE_UNSURE},
        {"inline", {.regular = true, .links = 1, .in_inode = true}, PLACE_UNSURE},
        {"leased", {.regular = true, .links = 1, .leased = true}, PLACE_REFUSED},
        {"chattr +j", {.regular = true, .links = 1, .journaled = true}, PLACE_UNSURE},
        {"a loop device's", {.regular = true, .links = 1, .loop_reads_it = true}, PLACE_UNSURE},
        {"written", {.regular = true, .links = 1, .written = true}, PLACE_UNSURE},
        {"swap", {.regular = true, .links = 1, .swap = true}, PLACE_REFUSED},
        {"notes in a journal", {.regular = true, .links = 1, .noted = true}, PLACE_UNSURE},
        {"reflinked and linked", {.regular = true, .links = 2, .shared = true}, PLACE_REFUSED},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct place_verdict v = place_judge_file(&rows[i].file);
        if (v.may != rows[i].may)
            fail_msg("%s: %d, %s", rows[i].name, v.may, v.why);
    }
}

static void test_what_the_kernel_swaps_to(void **state)
{
    const char *at = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                     "/srv/a\\040swap                            file\t\t8188\t\t0\t\t-2\n"
                     "/dev/zram0                              partition\t8188\t\t0\t\t100";
    struct place_swap swap;

    (void)state;
    assert_true(place_next_swap(&at, &swap));
    assert_string_equal(swap.path, "/srv/a swap");
    assert_true(swap.file);
    assert_true(place_next_swap(&at, &swap));
    assert_string_equal(swap.path, "/dev/zram0");
    assert_false(swap.file);
    assert_false(place_next_swap(&at, &swap));
}

static void test_the_same_place(void **state)
{
    static const struct {
        const char *name;
        struct place a, b;
        bool same;
    } rows[] = {
        {"the same",
         {true, "ext4", "/dev/sda1", "ab", "12", "/v"},
         {true, "ext4", "/dev/sdb1", "ab", "", "/v"},
         true},
        {"another file system",
         {true, "ext4", "/dev/sda1", "ab", "12", "/v"},
         {true, "ext4", "/dev/sda1", "ac", "12", "/v"},
         false},
        {"an older kernel shows no id",
         {true, "ext4", "/dev/sda1", "ab", "12", "/v"},
         {true, "ext4", "/dev/sda1", "", "12", "/v"},
         true},
        {"no id at all",
         {true, "ext4", "/dev/sda1", "", "", "/v"},
         {true, "ext4", "/dev/sda1", "", "", "/v"},
         false},
        {"another type",
         {true, "ext4", "x", "ab", "12", "/v"},
         {true, "xfs", "x", "ab", "12", "/v"},
         false},
        {"an empty mount point of a bind",
         {true, "ext4", "x", "ab", "12", "/data/v"},
         {true, "ext4", "x", "ab", "12", "/srv/v"},
         false},
        {"not known",
         {false, "ext4", "x", "ab", "12", "/v"},
         {true, "ext4", "x", "ab", "12", "/v"},
         false},
        {"memory, after a boot",
         {true, "tmpfs", "none", "ab", "12", "/v"},
         {true, "tmpfs", "none", "cd", "34", "/v"},
         true},
        {"a server",
         {true, "nfs4", "host:/a", "", "1", "/v"},
         {true, "nfs4", "host:/a", "", "2", "/v"},
         true},
        {"another server",
         {true, "nfs4", "host:/a", "", "1", "/v"},
         {true, "nfs4", "host:/b", "", "1", "/v"},
         false},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        if (place_same(&rows[i].a, &rows[i].b) != rows[i].same)
            fail_msg("%s", rows[i].name);
    }
    assert_int_equal(place_memory(NULL, &ext4.at), MEMORY_NONE);
    assert_int_equal(place_memory(&rows[0].a, &rows[0].b), MEMORY_SAME);
    assert_int_equal(place_memory(&rows[1].a, &rows[1].b), MEMORY_OTHER);
}

static void test_mountinfo(void **state)
{
    static const char text[] =
        "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,discard\n"
        "this is no mount\n"
        "31 27 7:0 / /srv/two\\040words ro,relatime master:1 propagate_from:2 - ext4 /dev/loop0 "
        "rw,data=journal\n"
        "32 27 0:50 /@data /srv/venue rw - btrfs /dev/sda2 rw,space_cache=v2,subvol=/@data\n"
        "33 27 0:51 / /srv/ro rw - xfs /dev/sdb ro,norecovery\n"
        "34 27 0:52 / /srv/memory rw - tmpfs none rw,noswap";
    const char *at = text;
    struct place_mount m;
    char within[PLACE_WITHIN_MAX];

    (void)state;
    assert_true(place_next_mount(&at, &m));
    assert_int_equal(m.id, 27);
    assert_string_equal(m.type, "ext4");
    assert_false(m.read_only);
    assert_true(place_within(&m, "/srv/venue", within));
    assert_string_equal(within, "/srv/venue");
    assert_true(place_next_mount(&at, &m));
    assert_string_equal(m.where, "/srv/two words");
    assert_string_equal(m.source, "/dev/loop0");
    assert_true(m.read_only && m.journals_data);
    assert_true(place_within(&m, "/srv/two words/list", within));
    assert_string_equal(within, "/list");
    assert_true(place_within(&m, "/srv/two words", within));
    assert_string_equal(within, "/");
    assert_false(place_within(&m, "/srv/two wordsmith", within));
    assert_true(place_next_mount(&at, &m));
    assert_false(m.read_only || m.journals_data);
    assert_true(place_within(&m, "/srv/venue/list", within));
    assert_string_equal(within, "/@data/list");
    assert_true(place_next_mount(&at, &m));
    assert_true(m.read_only && !m.no_swap);
    assert_true(place_next_mount(&at, &m));
    assert_true(m.no_swap);
    assert_false(place_next_mount(&at, &m));
}

/* What else is mounted at a path, below the mount that is reached there. */
static void test_hidden_mounts(void **state)
{
    static const char top[] = "27 1 254:0 / / rw - ext4 /dev/root rw\n";
    static const struct {
        const char *name, *others, *own, *path;
        bool covers;
    } rows[] = {
        {"alone", "", "40 27 8:2 / /srv/venue rw - ext4 /dev/sda2 rw\n", "/srv/venue", false},
        {"on the root file system", "", "27 1 254:0 / / rw - ext4 /dev/root rw\n", "/srv/venue",
         false},
        {"a tmpfs over a tmpfs", "39 27 0:50 / /srv/venue rw - tmpfs none rw\n",
         "40 39 0:51 / /srv/venue rw - tmpfs none rw\n", "/srv/venue", true},
        {"another folder of the same disk", "39 27 8:2 /a /srv/venue rw - ext4 /dev/sda2 rw\n",
         "40 39 8:2 /b /srv/venue rw - ext4 /dev/sda2 rw\n", "/srv/venue", true},
        {"the same folder again, as a sandbox mounts it",
         "39 27 8:2 / /srv rw - ext4 /dev/sda2 rw\n", "40 39 8:2 / /srv rw - ext4 /dev/sda2 rw\n",
         "/srv/venue", false},
        {"an automount that was answered", "39 27 0:50 / /srv/venue rw - autofs systemd-1 rw\n",
         "40 39 8:2 / /srv/venue rw - ext4 /dev/sda2 rw\n", "/srv/venue", false},
        {"a mount hidden by one above it", "39 27 8:2 / /srv/venue rw - ext4 /dev/sda2 rw\n",
         "40 27 8:3 / /srv rw - ext4 /dev/sda3 rw\n", "/srv/venue", true},
        {"a mount below the target's own", "41 40 8:3 / /srv/venue/in rw - ext4 /dev/sda3 rw\n",
         "40 27 8:2 / /srv/venue rw - ext4 /dev/sda2 rw\n", "/srv/venue", false},
        {"a mount above its own", "39 27 8:3 / /srv rw - ext4 /dev/sda3 rw\n",
         "40 39 8:2 / /srv/venue rw - ext4 /dev/sda2 rw\n", "/srv/venue", false},
        {"a mount of a longer name", "39 27 8:3 / /srv/venues rw - ext4 /dev/sda3 rw\n",
         "40 27 8:2 / /srv/venue rw - ext4 /dev/sda2 rw\n", "/srv/venue", false},
        {"the first root, which the real one is mounted over", "26 1 0:2 / / rw - rootfs none rw\n",
         "27 26 254:0 / / rw - ext4 /dev/root rw\n", "/srv/venue", false},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        const char *at = rows[i].own;
        struct place_mount own;
        char text[1024];

        snprintf(text, sizeof text, "%s%s%s", top, rows[i].others, rows[i].own);
        assert_true(place_next_mount(&at, &own));
        assert_int_equal(place_covers(text, &own, rows[i].path), rows[i].covers);
    }
    assert_false(place_covers(NULL, &(struct place_mount){.where = "/"}, "/srv"));
}

/* What is missing is gone only if nothing speaks against it. */
static void test_absence(void **state)
{
    static const struct {
        const char *name;
        enum plan_kind kind;
        bool covers, seen, other, unproved, alive;
        enum target_absence absence;
    } rows[] = {
        {"never seen", PLAN_FILE, false, false, false, false, false, ABSENCE_UNSEEN},
        {"seen there", PLAN_FILE, false, true, false, false, false, ABSENCE_GONE},
        {"seen on another disk", PLAN_FILE, false, true, true, false, false, ABSENCE_ELSEWHERE},
        {"another disk, and alive there", PLAN_FILE, false, true, true, false, true,
         ABSENCE_ELSEWHERE},
        {"moved, or open", PLAN_FILE, false, true, false, false, true, ABSENCE_ALIVE},
        {"removed by a wipe, unproved", PLAN_FILE, false, true, false, true, false,
         ABSENCE_UNPROVED},
        {"a mount is hidden", PLAN_FILE, true, true, false, false, false, ABSENCE_COVERED},
        {"a mount is hidden below a tmpfs", PLAN_TMPFS, true, true, false, false, false,
         ABSENCE_COVERED},
        {"a tmpfs that is empty", PLAN_TMPFS, false, false, false, false, false, ABSENCE_GONE},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct target_place p = {.missing = true, .covers = rows[i].covers, .at = ext4.at};
        struct remembered_target seen = {.at = ext4.at, .unproved = rows[i].unproved};

        if (rows[i].kind == PLAN_TMPFS)
            snprintf(p.at.type, sizeof p.at.type, "tmpfs");
        snprintf(p.at.fsid, sizeof p.at.fsid, "1");
        snprintf(seen.at.fsid, sizeof seen.at.fsid, "1");
        if (rows[i].other)
            snprintf(seen.at.within, sizeof seen.at.within, "/elsewhere");
        assert_int_equal(
            target_place_absence(&p, rows[i].kind, rows[i].seen ? &seen : NULL, rows[i].alive),
            rows[i].absence);
    }
}

/* A device's name may lead to another disk at the next start. */
static void test_swapped_devices(void **state)
{
    static const struct {
        const char *name, *seen, *now;
        int root;
        bool swapped;
    } rows[] = {
        {"the same", "0451", "0451", -1, false},  {"another", "0451", "0452", -1, true},
        {"no header now", "0451", "", -1, false}, {"no header then", "", "0451", -1, false},
        {"a file", "0451", "0452", 0, false},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        const struct plan_target t = {.kind = PLAN_LUKS, .root = rows[i].root};
        struct target_place p = {.counts = true};
        struct remembered_target seen = {.unproved = false};

        snprintf(p.handle, sizeof p.handle, "%s", rows[i].now);
        snprintf(seen.handle, sizeof seen.handle, "%s", rows[i].seen);
        assert_int_equal(target_place_swapped(&t, &p, &seen), rows[i].swapped);
        assert_false(target_place_swapped(&t, &p, NULL));
    }
}

static void test_devices_are_remembered_by_their_name(void **state)
{
    const struct plan_target t = {
        .name = "desk", .kind = PLAN_LUKS, .word = "/dev/sda2", .root = -1};
    const struct plan_target other = {
        .name = "desk", .kind = PLAN_LUKS, .word = "/dev/sdb2", .root = -1};
    struct remembered *m = calloc(1, sizeof *m);

    (void)state;
    assert_non_null(m);
    assert_non_null(remembered_make(m, &t));
    assert_non_null(remembered_find(m, &t));
    assert_null(remembered_find(m, &other));
    free(m);
}

static void test_spellings(void **state)
{
    static const struct {
        const char *written, *tidy;
    } rows[] = {
        {"/srv", "/srv"},
        {"/srv/", "/srv"},
        {"//srv//venue/", "/srv/venue"},
        {"/./srv/.", "/srv"},
        {"/", "/"},
        {"//", "/"},
        {"/srv/.x/", "/srv/.x"},
        {"/srv/...", "/srv/..."},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].written) {
        char path[64];
        snprintf(path, sizeof path, "%s", rows[i].written);
        place_tidy_path(path);
        assert_string_equal(path, rows[i].tidy);
    }
}

/* --- what is remembered ---------------------------------------------------------------------- */

static void test_memory_outlives_a_restart(void **state)
{
    const struct plan_target t = {.name = "list", .path = "/srv/venue/a \"list\"", .root = 0};
    const struct plan_target other = {.name = "list", .path = "/srv/venue/b", .root = 0};
    struct remembered *m = calloc(1, sizeof *m), *again = calloc(1, sizeof *again);
    struct plan *plan = calloc(1, sizeof *plan);
    struct remembered_target *one;
    char *text;

    (void)state;
    assert_true(m && again && plan);
    one = remembered_make(m, &t);
    assert_ptr_equal(one, remembered_make(m, &t));
    one->at = ext4.at;
    one->unproved = one->destroyed = true;
    snprintf(one->handle, sizeof one->handle, "0801");
    snprintf(one->inner[one->inner_count++], PLAN_PATH_MAX, "/srv/venue/in");
    text = remembered_print(m);
    assert_true(remembered_parse(text, again));
    assert_int_equal(again->count, 1);
    assert_memory_equal(&again->targets[0], one, sizeof *one);
    assert_null(remembered_find(again, &other));
    remembered_keep(again, plan);
    assert_int_equal(again->count, 0);
    free(text);
    free(plan);
    free(again);
    free(m);
}

static void test_an_id_that_is_a_device_number(void **state)
{
    static const struct {
        unsigned char id[8];
        unsigned major, minor;
        bool number;
    } rows[] = {
        {{0x01, 0x08, 0, 0, 0, 0, 0, 0}, 8, 1, true}, /* sda1 */
        {{0x02, 0x08, 0, 0, 0, 0, 0, 0}, 8, 1, false},
        {{0x05, 0x03, 0x01, 0x00, 0, 0, 0, 0}, 259, 5, true},
        {{0x05, 0x03, 0x01, 0x00, 0, 0, 0, 0}, 259, 261, false},
        {{0x05, 0x03, 0x10, 0x00, 0, 0, 0, 0}, 3, 261, true},
        {{0x05, 0x03, 0x10, 0x00, 0, 0, 0, 0}, 3, 5, false},
        {{0x01, 0x08, 0, 0, 1, 0, 0, 0}, 8, 1, false}, /* the beginning of a UUID */
    };
    (void)state;

    EACH_ROW (i, rows, NULL) {
        assert_int_equal(place_id_is_number(rows[i].id, rows[i].major, rows[i].minor),
                         rows[i].number);
    }
}

static void test_memory_of_older_versions(void **state)
{
    static const char text[] =
        "{\"version\":1,\"targets\":[{\"name\":\"x\",\"path\":\"/x\",\"type\":\"ext4\","
        "\"source\":\"/dev/x\",\"uuid\":\"\",\"fsid\":\"\",\"within\":\"/x\"}]}";
    const struct plan_target t = {.name = "x", .path = "/x", .root = 0};
    const struct plan_target device = {.name = "x", .path = "/x", .word = "/dev/x", .root = -1};
    struct remembered *m = calloc(1, sizeof *m);

    (void)state;
    assert_non_null(m);
    assert_true(remembered_parse(text, m));
    assert_non_null(remembered_find(m, &t));
    assert_null(remembered_find(m, &device));
    assert_string_equal(m->targets[0].handle, "");
    free(m);
}

/* The folder is the wipe's own; what is wrong with it is not taken for "nothing is remembered". */
static void test_memory_in_a_file(void **state)
{
    char dir[] = "/tmp/porchlight-places-XXXXXX", own[64], file[80];
    const struct plan_target t = {.name = "list", .path = "/srv/venue/list", .root = 0};
    struct remembered *m = calloc(1, sizeof *m);

    (void)state;
    assert_true(m && mkdtemp(dir));
    snprintf(own, sizeof own, "%s/own", dir);
    snprintf(file, sizeof file, "%s/places", own);
    assert_int_equal(remembered_load(own, "places", geteuid(), m), 0);
    assert_int_equal(m->count, 0);
    assert_non_null(remembered_make(m, &t));
    assert_int_equal(remembered_save(own, "places", geteuid(), m), 0);
    assert_int_equal(remembered_save(own, "places", geteuid(), m), 0);
    m->count = 0;
    assert_int_equal(remembered_load(own, "places", geteuid(), m), 0);
    assert_int_equal(m->count, 1);

    assert_int_equal(remembered_load(own, "places", geteuid() + 1, m), -1);
    assert_int_equal(m->count, 0);
    assert_int_equal(remembered_save(own, "places", geteuid() + 1, m), -1);
    assert_int_equal(truncate(file, 9), 0);
    assert_int_equal(remembered_load(own, "places", geteuid(), m), -1);
    assert_int_equal(errno, EBADMSG);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink("/etc/passwd", file), 0);
    assert_int_equal(remembered_load(own, "places", geteuid(), m), -1);
    assert_int_equal(m->count, 0);
    assert_int_equal(unlink(file) | rmdir(own) | rmdir(dir), 0);
    free(m);
}

static void test_damaged_memory_is_empty(void **state)
{
    static const char *const rows[] = {"",
                                       "{",
                                       "[]",
                                       "{}",
                                       "{\"version\":1}",
                                       "{\"version\":2,\"targets\":[]}",
                                       "{\"version\":1,\"targets\":[1]}",
                                       "{\"version\":1,\"targets\":[{\"name\":\"x\"}]}"};
    struct remembered *m = calloc(1, sizeof *m);

    (void)state;
    assert_non_null(m);
    EACH_ROW (i, rows, rows[i]) {
        m->count = 1;
        assert_false(remembered_parse(rows[i], m));
        assert_int_equal(m->count, 0);
    }
    assert_true(remembered_parse("{\"version\":1,\"targets\":[]}", m));
    free(m);
}

static void test_where_an_overlay_has_its_copy(void **state)
{
#define OVERLAY(lower, upper)                                                                      \
    "40 1 0:30 / /srv/over rw,relatime - overlay none rw,lowerdir=" lower upper ",workdir=/w\n"
    static const struct {
        const char *mounts, *path, *at; /* NULL: nowhere */
    } rows[] = {
        {OVERLAY("/srv/venue", ",upperdir=/up"), "/srv/venue/list.csv", "/up/list.csv"},
        {OVERLAY("/srv/venue", ",upperdir=/up"), "/srv/venue", "/up"},
        {OVERLAY("/", ",upperdir=/up"), "/srv/venue", "/up/srv/venue"},
        {OVERLAY("/other:/srv:/more", ",upperdir=/up"), "/srv/venue", "/up/venue"},
        {OVERLAY("/srv/venue", ",upperdir=/up"), "/srv/venues", NULL},
        {OVERLAY("/srv/a\\040b", ",upperdir=/u\\040p"), "/srv/a b/c", "/u p/c"},
        {OVERLAY("/srv/venue", ""), "/srv/venue/list.csv", NULL},
        {"40 1 8:1 / /srv rw - ext4 /dev/sda1 rw\n" OVERLAY("/srv", ",upperdir=/up"), "/srv/a",
         "/up/a"},
        {"40 1 8:1 / /srv rw - ext4 lowerdir=/srv,upperdir=/up rw\n", "/srv/a", NULL},
        {"", "/srv/a", NULL},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].mounts) {
        const char *text = rows[i].mounts;
        char at[PLACE_WITHIN_MAX] = "";
        bool found = place_next_upper(&text, rows[i].path, at);

        if (found != (rows[i].at != NULL) || (found && strcmp(at, rows[i].at) != 0))
            fail_msg("%s: %s", rows[i].path, at);
        assert_false(place_next_upper(&text, rows[i].path, at));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_system),
        cmocka_unit_test(test_what_is_below_and_around),
        cmocka_unit_test(test_every_file),
        cmocka_unit_test(test_what_the_kernel_swaps_to),
        cmocka_unit_test(test_the_same_place),
        cmocka_unit_test(test_mountinfo),
        cmocka_unit_test(test_hidden_mounts),
        cmocka_unit_test(test_where_an_overlay_has_its_copy),
        cmocka_unit_test(test_absence),
        cmocka_unit_test(test_swapped_devices),
        cmocka_unit_test(test_devices_are_remembered_by_their_name),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_memory_outlives_a_restart),
        cmocka_unit_test(test_an_id_that_is_a_device_number),
        cmocka_unit_test(test_memory_of_older_versions),
        cmocka_unit_test(test_memory_in_a_file),
        cmocka_unit_test(test_damaged_memory_is_empty),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
