#include "kiosk/common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

struct place {
    char dir[32], file[48], fresh[48], link[48];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    strcpy(p->dir, "/tmp/test_file.XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->file, sizeof p->file, "%s/file", p->dir);
    snprintf(p->fresh, sizeof p->fresh, "%s/file.new", p->dir);
    snprintf(p->link, sizeof p->link, "%s/link", p->dir);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", ((struct place *)*state)->dir);
    free(*state);
    return system(command);
}

static void assert_holds(const char *path, const char *expected)
{
    size_t len = 0;
    char *text = file_read(path, 64, &len);

    assert_non_null(text);
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
    free(text);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode;
}

/* --- reading --------------------------------------------------------------------------------- */

static void test_reads_up_to_its_bound(void **state)
{
    const struct place *p = *state;
    size_t len = 0;

    assert_int_equal(file_write(p->file, "12345678", 8, 0600), 0);
    char *text = file_read(p->file, 8, &len);
    assert_int_equal(len, 8);
    assert_string_equal(text, "12345678");
    free(text);
    assert_null(file_read(p->file, 7, &len));
    assert_int_equal(errno, EFBIG);
    assert_int_equal(file_write(p->file, "", 0, 0600), 0);
    assert_holds(p->file, "");
}

static void test_reads_no_link_and_no_folder(void **state)
{
    const struct place *p = *state;
    size_t len = 0;

    assert_null(file_read(p->file, 8, &len));
    assert_int_equal(errno, ENOENT);
    assert_null(file_read(p->dir, 8, &len));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(file_write(p->file, "1", 1, 0600), 0);
    assert_int_equal(symlink(p->file, p->link), 0);
    assert_null(file_read(p->link, 8, &len));
    assert_int_equal(errno, ELOOP);
}

static void test_a_pipe_arrives_in_pieces(void **state)
{
    char got[16] = "";
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(file_write_all(ends[1], "one", 3), 0);
    assert_int_equal(file_write_all(ends[1], "two", 3), 0);
    assert_int_equal(file_read_all(ends[0], got, 4), 4);
    close(ends[1]);
    assert_int_equal(file_read_all(ends[0], got + 4, 8), 2);
    assert_string_equal(got, "onetwo");
    close(ends[0]);
}

/* --- writing --------------------------------------------------------------------------------- */

static void test_replaces_with_the_mode_asked_for(void **state)
{
    const struct place *p = *state;
    mode_t before = umask(0077);

    assert_int_equal(file_replace(p->file, "old", 3, 0600), 0);
    assert_int_equal(mode_of(p->file), S_IFREG | 0600);
    assert_int_equal(file_replace(p->file, "new", 3, 0644), 0);
    assert_int_equal(mode_of(p->file), S_IFREG | 0644);
    assert_holds(p->file, "new");
    assert_int_equal(access(p->fresh, F_OK), -1);
    umask(before);
}

static void test_replaces_what_an_interruption_left(void **state)
{
    const struct place *p = *state;

    assert_int_equal(file_write(p->fresh, "half of a lon", 13, 0400), 0);
    assert_int_equal(file_replace(p->file, "whole", 5, 0600), 0);
    assert_holds(p->file, "whole");
    assert_int_equal(access(p->fresh, F_OK), -1);
}

static void test_replaces_a_link_and_not_what_it_names(void **state)
{
    const struct place *p = *state;

    assert_int_equal(file_write(p->file, "old", 3, 0600), 0);
    assert_int_equal(symlink(p->file, p->link), 0);
    assert_int_equal(file_replace(p->link, "new", 3, 0600), 0);
    assert_holds(p->file, "old");
    assert_holds(p->link, "new");
}

static void test_writes_through_no_hard_link(void **state)
{
    const struct place *p = *state;

    assert_int_equal(file_write(p->file, "old", 3, 0600), 0);
    assert_int_equal(link(p->file, p->link), 0);
    assert_int_equal(file_write(p->file, "new", 3, 0600), 0);
    assert_holds(p->link, "old");
    assert_holds(p->file, "new");
}

/* A folder has the name: the file cannot get it, and nothing stays beside it. */
static void test_an_error_leaves_nothing_beside(void **state)
{
    const struct place *p = *state;

    assert_int_equal(mkdir(p->file, 0700), 0);
    assert_int_equal(file_replace(p->file, "new", 3, 0600), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(mode_of(p->file), S_IFDIR | 0700);
    assert_int_equal(access(p->fresh, F_OK), -1);
}

/* What does not fit the disk leaves the old one: /dev/full takes the place of a full disk. */
static void test_a_write_that_fails_says_why(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, "1", 1), -1);
    assert_int_equal(errno, ENOSPC);
    file_close(fd);
    assert_int_equal(errno, ENOSPC);
}

static void test_names_below_an_open_folder(void **state)
{
    const struct place *p = *state;
    char name[256];
    int folder = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(file_replace_at(folder, "file", "at", 2, 0600), 0);
    assert_holds(p->file, "at");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(file_replace_at(folder, name, "at", 2, 0600), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    file_close(folder);
}

static void test_a_path_without_a_folder_is_here(void **state)
{
    const struct place *p = *state;

    assert_int_equal(chdir(p->dir), 0);
    assert_int_equal(file_replace("file", "here", 4, 0600), 0);
    assert_int_equal(file_sync_folder_of("file"), 0);
    assert_holds(p->file, "here");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(file_replace("/no-such-folder/file", "x", 1, 0600), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file_sync_folder(p->file), -1);
    assert_int_equal(errno, ENOTDIR);
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_place(test_reads_up_to_its_bound),
        in_place(test_reads_no_link_and_no_folder),
        cmocka_unit_test(test_a_pipe_arrives_in_pieces),
        in_place(test_replaces_with_the_mode_asked_for),
        in_place(test_replaces_what_an_interruption_left),
        in_place(test_replaces_a_link_and_not_what_it_names),
        in_place(test_writes_through_no_hard_link),
        in_place(test_an_error_leaves_nothing_beside),
        cmocka_unit_test(test_a_write_that_fails_says_why),
        in_place(test_names_below_an_open_folder),
        in_place(test_a_path_without_a_folder_is_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
