#include "kiosk/wipe/overwrite.h"
#include "kiosk/wipe/scope.h"
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

/* PREFIX/srv/venue is the root; beside it PREFIX/srv/outside. */
struct made {
    char prefix[32];
    int at;
    struct plan plan;
    struct scope scope;
};

static void make_file(int folder, const char *name, const char *text)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int make_place(void **state)
{
    static const char *const folders[] = {"etc", "srv", "srv/venue", "srv/venue/in", "srv/outside"};
    struct made *p = calloc(1, sizeof *p);

    snprintf(p->prefix, sizeof p->prefix, "/tmp/test_scope.XXXXXX");
    if (!mkdtemp(p->prefix) || (p->at = open(p->prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -1;
    EACH_ROW (i, folders, folders[i]) {
        if (mkdirat(p->at, folders[i], 0700) < 0)
            return -1;
    }
    make_file(p->at, "srv/venue/in/file", "text");
    make_file(p->at, "srv/outside/file", "text");
    if (symlinkat("../outside", p->at, "srv/venue/way") < 0 ||
        symlinkat("in", p->at, "srv/venue/inner") < 0)
        return -1;
    p->plan.roots_count = 1;
    snprintf(p->plan.roots[0].path, PLAN_PATH_MAX, "/srv/venue");
    *state = p;
    return scope_init(&p->scope, p->prefix, &p->plan);
}

static int remove_place(void **state)
{
    struct made *p = *state;
    char command[64];

    scope_finish(&p->scope);
    close(p->at);
    snprintf(command, sizeof command, "rm -r %s", p->prefix);
    free(p);
    return system(command);
}

static struct plan_target target(const char *below)
{
    struct plan_target t = {.kind = PLAN_FILE};

    snprintf(t.below, sizeof t.below, "%s", below);
    snprintf(t.path, sizeof t.path, "/srv/venue/%.150s", below);
    snprintf(t.name, sizeof t.name, "x");
    return t;
}

static void test_what_is_reached(void **state)
{
    static const struct {
        const char *below;
        int parent, leaf; /* 0: opened; else the errno */
    } rows[] = {
        {"in/file", 0, 0},
        {"in", 0, 0},
        {"in/none", 0, ENOENT},
        {"none/file", ENOENT, 0},
        {"way/file", ELOOP, 0},
        {"way", 0, ELOOP},
        {"inner/file", ELOOP, 0},
        {"../outside/file", EXDEV, 0},
        {"in/../../outside/file", EXDEV, 0},
        {"in/file/x", ENOTDIR, 0},
    };
    const struct made *p = *state;

    EACH_ROW (i, rows, rows[i].below) {
        const struct plan_target t = target(rows[i].below);
        char leaf[PLAN_PATH_MAX];
        int folder, fd;

        errno = 0;
        folder = scope_parent(&p->scope, &t, leaf);
        if ((folder < 0 ? errno : 0) != rows[i].parent)
            fail_msg("%s: its folder: %s", rows[i].below, strerror(errno));
        if (folder < 0)
            continue;
        errno = 0;
        fd = scope_open(folder, leaf, O_RDONLY);
        if ((fd < 0 ? errno : 0) != rows[i].leaf)
            fail_msg("%s: %s", rows[i].below, strerror(errno));
        if (fd >= 0)
            close(fd);
        close(folder);
    }
}

/* A file system that is in fstab and is not mounted makes its root unreachable, not empty. */
static void test_a_root_that_awaits_its_mount(void **state)
{
    static const struct {
        const char *fstab;
        int error;
    } rows[] = {
        {"/dev/sda2 /srv ext4 defaults 0 2\n", ENODEV},
        {"/dev/sda2 /srv/venue ext4 defaults 0 2\n", ENODEV},
        {"/dev/sda2 /srv/venue-2 ext4 defaults 0 2\n", 0},
        {"/dev/sda2 /srv/ven ext4 defaults 0 2\n", 0},
        {"/dev/sda1 / ext4 defaults 0 1\n# /dev/sda2 /srv ext4 defaults 0 2\n", 0},
        {"/dev/sda3 none swap sw 0 0\n", 0},
    };
    struct made *p = *state;

    EACH_ROW (i, rows, rows[i].fstab) {
        struct scope s;
        make_file(p->at, "etc/fstab", rows[i].fstab);
        assert_int_equal(scope_init(&s, p->prefix, &p->plan), 0);
        if (s.errors[0] != rows[i].error || (s.roots[0] < 0) != (rows[i].error != 0))
            fail_msg("%s: %s", rows[i].fstab, strerror(s.errors[0]));
        scope_finish(&s);
        unlinkat(p->at, "etc/fstab", 0);
    }
}

static void test_absence(void **state)
{
    struct made *p = *state;
    struct plan_target t = target("none/deep/file");

    assert_int_equal(scope_sync_absence(&p->scope, &t), 0);
    t = target("way/file");
    assert_int_equal(scope_sync_absence(&p->scope, &t), -1);
    assert_int_equal(errno, ELOOP);
}

/* The same for a target on every run, another for each target. */
static void test_stubs(void **state)
{
    struct plan_target a = target("a"), b = target("b");
    char first[SCOPE_STUB_MAX], again[SCOPE_STUB_MAX], other[SCOPE_STUB_MAX];

    (void)state;
    snprintf(b.name, sizeof b.name, "y");
    scope_stub(&a, first);
    scope_stub(&a, again);
    scope_stub(&b, other);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_null(strchr(first, '/'));
}

/* All data is new, holes stay holes, and what lay behind the end in the last block is no more. */
static void test_overwritten(void **state)
{
    static const off_t sizes[] = {0, 1, 31, 4095, 4096, 4097, 300000};
    const struct made *p = *state;
    static unsigned char before[300000], after[300000];
    struct stat st;

    EACH_ROW (i, sizes, NULL) {
        size_t size = (size_t)sizes[i];
        int fd = openat(p->at, "srv/venue/data", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        randombytes_buf(before, sizeof before);
        assert_int_equal(write(fd, before, size), sizes[i]);
        assert_int_equal(overwrite_file(fd), OVERWRITE_VERIFIED);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, sizes[i]);
        assert_int_equal(pread(fd, after, size, 0), sizes[i]);
        for (size_t at = 0; at + 8 <= size; at += 8) {
            if (memcmp(before + at, after + at, 8) == 0)
                fail_msg("size %zu: byte %zu is as it was", size, at);
        }
        close(fd);
        unlinkat(p->at, "srv/venue/data", 0);
    }
}

static void test_holes_stay(void **state)
{
    const struct made *p = *state;
    int fd = openat(p->at, "srv/venue/sparse", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    unsigned char got[11];
    struct stat st;

    assert_int_equal(ftruncate(fd, (off_t)1 << 34), 0);
    assert_int_equal(pwrite(fd, "deep inside", 11, (off_t)1 << 33), 11);
    assert_int_equal(overwrite_file(fd), OVERWRITE_VERIFIED);
    assert_int_equal(pread(fd, got, sizeof got, (off_t)1 << 33), 11);
    assert_memory_not_equal(got, "deep inside", 11);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_blocks < 1024);
    close(fd);
}

/* What refuses, and what takes writes and forgets them, is not called overwritten. */
static void test_not_overwritten(void **state)
{
    const struct overwrite_range range = {0, 4096};
    int full = open("/dev/full", O_RDWR | O_CLOEXEC), null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)state;
    assert_int_equal(overwrite_ranges(full, &range, 1), OVERWRITE_FAILED);
    assert_int_not_equal(overwrite_ranges(null, &range, 1), OVERWRITE_VERIFIED);
    close(full);
    close(null);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_reached),
        CASE(test_a_root_that_awaits_its_mount),
        CASE(test_absence),
        CASE(test_overwritten),
        CASE(test_holes_stay),
        cmocka_unit_test(test_stubs),
        cmocka_unit_test(test_not_overwritten),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
