#include "kiosk/wipe/overwrite.h"
#include "kiosk/wipe/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* Others who are at the same files, in the middle of the work: these stand in for libc's. */
static int grows = -1;     /* a file that gets longer while it is synced */
static int filled_up = -1; /* a file whose gap behind its data the file system fills with zeros */
static int refilled = -1;  /* a folder in which a name appears for each that goes */
static int moved = -1;     /* a file whose file system writes to new blocks */

enum { BLOCK = 4096, SIZE = 1 << 20 };
static const char nothing[BLOCK];

int fdatasync(int fd)
{
    if (grows >= 0)
        assert_int_equal(write(grows, "more", 4), 4);
    if (moved == fd)
        moved = SIZE; /* no file */
    if (filled_up >= 0)
        assert_int_equal(pwrite(filled_up, nothing, sizeof nothing, SIZE), sizeof nothing);
    return (int)syscall(SYS_fdatasync, fd);
}

/* One extent, which is elsewhere once it was synced. */
int ioctl(int fd, unsigned long request, ...)
{
    struct fiemap *map;
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (moved < 0 || request != FS_IOC_FIEMAP)
        return (int)syscall(SYS_ioctl, fd, request, arg);
    map = arg;
    map->fm_mapped_extents = 1;
    map->fm_extents[0] = (struct fiemap_extent){.fe_logical = 0,
                                                .fe_physical = moved == fd ? SIZE : 2 * SIZE,
                                                .fe_length = SIZE,
                                                .fe_flags = FIEMAP_EXTENT_LAST};
    return 0;
}

int unlinkat(int folder, const char *name, int flags)
{
    if (refilled >= 0)
        close(openat(refilled, "again", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return (int)syscall(SYS_unlinkat, folder, name, flags);
}

static int make_folder(void **state)
{
    char *folder = strdup("/tmp/test_overwrite.XXXXXX");

    *state = folder;
    return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];

    grows = filled_up = refilled = moved = -1;
    snprintf(command, sizeof command, "rm -r %s", (char *)*state);
    free(*state);
    return system(command);
}

/* Full of one byte; without a name from then on. */
static int make_file(void *const *state, size_t size)
{
    char path[64], bytes[BLOCK];
    int fd;

    snprintf(path, sizeof path, "%s/file", (char *)*state);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    memset(bytes, 'c', sizeof bytes);
    for (size_t at = 0; at < size; at += sizeof bytes)
        assert_int_equal(pwrite(fd, bytes, sizeof bytes, (off_t)at), sizeof bytes);
    return fd;
}

static int count_in(int fd, off_t from, off_t to)
{
    int count = 0;

    for (; from < to; from++) {
        char byte;
        assert_int_equal(pread(fd, &byte, 1, from), 1);
        count += byte == 'c';
    }
    return count;
}

static void test_nothing_of_it_is_left(void **state)
{
    int fd = make_file(state, SIZE);
    struct stat before, after;

    assert_int_equal(ftruncate(fd, 2 * SIZE), 0); /* and a hole */
    assert_int_equal(fstat(fd, &before), 0);
    assert_int_equal(overwrite_file(fd), OVERWRITE_VERIFIED);
    assert_true(count_in(fd, 0, SIZE) < SIZE / 64); /* chance leaves one byte in 256 */
    assert_int_equal(fstat(fd, &after), 0);
    assert_int_equal(after.st_blocks, before.st_blocks);
    assert_int_equal(after.st_size, before.st_size);
    close(fd);
}

/* What cannot be written saves nothing that comes after it. */
static void test_a_bad_block_does_not_save_the_rest(void **state)
{
    const struct overwrite_range ranges[] = {
        {SIZE - BLOCK, SIZE}, {0, BLOCK}, {SIZE - 2 * BLOCK, SIZE - BLOCK}, {BLOCK, 2 * BLOCK}};
    int fd = make_file(state, SIZE), error;
    struct rlimit old, low;
    enum overwrite_result result;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = old;
    low.rlim_cur = SIZE / 2; /* behind it nothing can be written */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    result = overwrite_ranges(fd, ranges, 4);
    error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(result, OVERWRITE_FAILED);
    assert_int_equal(error, EFBIG);
    assert_true(count_in(fd, 0, 2 * BLOCK) < 2 * BLOCK / 64);
    assert_int_equal(count_in(fd, SIZE - 2 * BLOCK, SIZE), 2 * BLOCK);
    close(fd);
}

static void test_a_file_that_grows_is_not_verified(void **state)
{
    int fd = make_file(state, SIZE);

    grows = dup(fd);
    assert_int_equal(lseek(grows, 0, SEEK_END), SIZE);
    assert_int_equal(overwrite_file(fd), OVERWRITE_UNVERIFIED);
    assert_int_equal(errno, EBUSY);
    close(grows);
    grows = -1;
    assert_int_equal(overwrite_file(fd), OVERWRITE_VERIFIED);
    close(fd);
}

/* ext4 does so to a small gap that was allocated beforehand, as journald's files are. */
static void test_a_gap_that_is_filled_up_is_no_fault(void **state)
{
    int fd = make_file(state, SIZE);

    assert_int_equal(ftruncate(fd, 2 * SIZE), 0);
    filled_up = fd;
    assert_int_equal(overwrite_file(fd), OVERWRITE_VERIFIED);
    filled_up = -1;
    assert_true(count_in(fd, 0, SIZE) < SIZE / 64);
    close(fd);
}

/* Whatever the reason: copy-on-write that shows nowhere, a file that is moved while it is written.
 */
static void test_what_is_written_to_other_blocks_is_not_verified(void **state)
{
    const struct overwrite_range ranges[] = {{SIZE / 2, SIZE}, {0, BLOCK}};
    int fd = make_file(state, SIZE);

    moved = fd;
    assert_int_equal(overwrite_file(fd), OVERWRITE_MOVED);
    moved = fd;
    assert_int_equal(overwrite_ranges(fd, ranges, 2), OVERWRITE_MOVED);
    assert_int_equal(overwrite_file(fd), OVERWRITE_VERIFIED); /* it stays where it is now */
    close(fd);
}

static void test_a_folder_that_somebody_fills_is_given_up(void **state)
{
    struct target_report r = {.outcome = WIPE_DESTROYED};
    int folder = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(folder >= 0);
    close(openat(folder, "one", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    refilled = folder;
    target_tree_empty(folder, 0, true, &r);
    refilled = -1;
    assert_int_equal(r.outcome, WIPE_FAILED);
    assert_int_equal(r.error, EBUSY);
    r = (struct target_report){.outcome = WIPE_DESTROYED};
    target_tree_empty(folder, 0, true, &r);
    assert_int_equal(r.outcome, WIPE_DESTROYED);
    assert_int_equal(faccessat(folder, "again", F_OK, 0), -1);
    close(folder);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        CASE(test_nothing_of_it_is_left),
        CASE(test_a_bad_block_does_not_save_the_rest),
        CASE(test_a_file_that_grows_is_not_verified),
        CASE(test_a_gap_that_is_filled_up_is_no_fault),
        CASE(test_what_is_written_to_other_blocks_is_not_verified),
        CASE(test_a_folder_that_somebody_fills_is_given_up),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("overwrite", tests, NULL, NULL);
}
