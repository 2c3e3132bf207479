#include "hw/cell.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

/* A prefix with a clock's SRAM of 56 bytes, and a folder for a file: cell. */
struct place {
    char prefix[32], nvmem[128];
};

static int make_place(void **state)
{
    static const char *const folders[] = {"sys", "sys/bus", "sys/bus/nvmem",
                                          "sys/bus/nvmem/devices", "sys/bus/nvmem/devices/rtc0"};
    struct place *p = calloc(1, sizeof *p);
    unsigned char ones[56];
    char path[96];
    int fd;

    snprintf(p->prefix, sizeof p->prefix, "/tmp/test_cell.XXXXXX");
    if (!mkdtemp(p->prefix))
        return -1;
    EACH_ROW (i, folders, folders[i]) {
        snprintf(path, sizeof path, "%s/%s", p->prefix, folders[i]);
        if (mkdir(path, 0700) < 0)
            return -1;
    }
    snprintf(p->nvmem, sizeof p->nvmem, "%s/nvmem", path);
    memset(ones, 0xff, sizeof ones);
    fd = open(p->nvmem, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, ones, sizeof ones) != sizeof ones)
        return -1;
    close(fd);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", p->prefix);
    free(*state);
    return system(command);
}

static void read_raw(const struct place *p, unsigned char out[56])
{
    int fd = open(p->nvmem, O_RDONLY | O_CLOEXEC);

    assert_int_equal(read(fd, out, 56), 56);
    close(fd);
}

static void test_written_read_and_killed(void **state)
{
    static const char *const words[] = {"nvmem:rtc0", "file:/cell"};
    const struct place *p = *state;
    struct cell_error e;
    uint8_t key[CELL_KEY], got[CELL_KEY];
    int held, fd;

    EACH_ROW (i, words, words[i]) {
        randombytes_buf(key, sizeof key);
        assert_int_equal(cell_write(p->prefix, words[i], key, &e), 0);
        assert_int_equal(cell_read(p->prefix, words[i], got, &e), 0);
        assert_memory_equal(got, key, sizeof key);
        fd = cell_open(p->prefix, words[i]);
        assert_int_equal(cell_kill_fd(fd, &held), 0);
        assert_int_equal(held, 1);
        assert_int_equal(cell_read_fd(fd, got), -1);
        assert_int_equal(errno, ENOKEY);
        assert_int_equal(cell_kill_fd(fd, &held), 0);
        assert_int_equal(held, 0);
        close(fd);
        assert_int_equal(cell_read(p->prefix, words[i], got, &e), -1);
        assert_int_equal(errno, ENOKEY);
    }
}

/* Its forty bytes are zeros, and nobody else's are touched. */
static void test_killed_bytes(void **state)
{
    const struct place *p = *state;
    unsigned char raw[56], want[56];
    struct cell_error e;
    uint8_t key[CELL_KEY];
    int held, fd;

    randombytes_buf(key, sizeof key);
    assert_int_equal(cell_write(p->prefix, "nvmem:rtc0", key, &e), 0);
    read_raw(p, raw);
    assert_memory_equal(raw, "PLc1", 4);
    assert_memory_equal(raw + 4, key, CELL_KEY);
    fd = cell_open(p->prefix, "nvmem:rtc0");
    assert_int_equal(cell_kill_fd(fd, &held), 0);
    close(fd);
    read_raw(p, raw);
    memset(want, 0, CELL_BYTES);
    memset(want + CELL_BYTES, 0xff, sizeof want - CELL_BYTES);
    assert_memory_equal(raw, want, sizeof want);
}

/* One bit off, anywhere, is no key. */
static void test_spoiled(void **state)
{
    const struct place *p = *state;
    unsigned char raw[56];
    struct cell_error e;
    uint8_t key[CELL_KEY];

    for (size_t i = 0; i < CELL_BYTES; i++) {
        int fd;
        randombytes_buf(key, sizeof key);
        assert_int_equal(cell_write(p->prefix, "nvmem:rtc0", key, &e), 0);
        read_raw(p, raw);
        raw[i] ^= 0x10;
        fd = open(p->nvmem, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, raw, sizeof raw), sizeof raw);
        close(fd);
        assert_int_equal(cell_read(p->prefix, "nvmem:rtc0", key, &e), -1);
        assert_int_equal(errno, ENOKEY);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *word;
        int error;
        const char *says;
    } rows[] = {
        {"nvmem:other", ENOENT, "No such file"},    {"nvmem:", EINVAL, "is not a cell"},
        {"nvmem:../rtc0", EINVAL, "is not a cell"}, {"nvmem:..", EINVAL, "is not a cell"},
        {"file:relative", EINVAL, "is not a cell"}, {"disk:/x", EINVAL, "is not a cell"},
        {"tpm:1800001", ENOENT, "dev/tpmrm0"},      {"tpm:17fffff", EINVAL, "index of the owner's"},
        {"tpm:1c00000", EINVAL, "of the owner's"},  {"tpm:0x", EINVAL, "of the owner's"},
        {"tpm:", EINVAL, "of the owner's"},         {"file:/nowhere/x", ENOENT, "No such file"},
    };
    const struct place *p = *state;
    struct cell_error e;
    uint8_t key[CELL_KEY] = {0};

    EACH_ROW (i, rows, rows[i].word) {
        memset(&e, 0, sizeof e);
        errno = 0;
        if (cell_write(p->prefix, rows[i].word, key, &e) == 0 || errno != rows[i].error ||
            !strstr(e.text, rows[i].says))
            fail_msg("%s: %s: %s", rows[i].word, strerror(errno), e.text);
    }
}

static void test_unfit(void **state)
{
    const struct place *p = *state;
    struct cell_error e;

    assert_int_equal(chmod(p->nvmem, 0644), 0);
    assert_int_equal(cell_check(p->prefix, "nvmem:rtc0", &e), -1);
    assert_int_equal(errno, EACCES);
    assert_int_equal(chmod(p->nvmem, 0600), 0);
    assert_int_equal(cell_check(p->prefix, "nvmem:rtc0", &e), 0);
    assert_int_equal(truncate(p->nvmem, CELL_BYTES - 1), 0);
    assert_int_equal(cell_check(p->prefix, "nvmem:rtc0", &e), -1);
    assert_int_equal(errno, ENOSPC);
}

/* A chip that takes writes and keeps none of them: here /dev/full, which refuses, and /dev/null. */
static void test_a_write_that_does_not_stay(void **state)
{
    static const struct {
        const char *path;
        int error;
    } rows[] = {{"/dev/full", ENOSPC}, {"/dev/null", EIO}, {"/dev/zero", 0}};
    uint8_t key[CELL_KEY];
    int held;

    (void)state;
    randombytes_buf(key, sizeof key);
    EACH_ROW (i, rows, rows[i].path) {
        int fd = open(rows[i].path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        errno = 0;
        assert_int_equal(cell_write_fd(fd, key), -1);
        if (rows[i].error) {
            assert_int_equal(errno, rows[i].error);
            assert_int_equal(cell_kill_fd(fd, &held), -1);
        }
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_read_and_killed, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_killed_bytes, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_spoiled, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_unfit, make_place, remove_place),
        cmocka_unit_test(test_a_write_that_does_not_stay),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
