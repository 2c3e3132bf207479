#include "kiosk/wipe/progress.h"

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

struct made {
    char dir[32], file[48];
};

static int make_place(void **state)
{
    struct made *p = calloc(1, sizeof *p);

    snprintf(p->dir, sizeof p->dir, "/tmp/test_progress.XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->file, sizeof p->file, "%s/progress", p->dir);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", ((struct made *)*state)->dir);
    free(*state);
    return system(command);
}

static void open_it(const struct made *p, struct progress *out)
{
    assert_int_equal(progress_open(out, p->dir, "progress", geteuid(), false), 0);
}

static struct progress_slot result(uint32_t outcome)
{
    struct progress_slot s = {.outcome = outcome};

    snprintf(s.name, sizeof s.name, "door");
    return s;
}

/* As the file is, not as it was kept in memory. */
static enum progress_state state_on_disk(const struct made *p)
{
    struct progress again;
    enum progress_state state;

    assert_int_equal(progress_open(&again, p->dir, "progress", geteuid(), true), 0);
    state = again.head.state;
    progress_close(&again);
    return state;
}

static void test_what_is_kept(void **state)
{
    const struct plan plan = {.targets_count = 3};
    struct progress_slot slot, got;
    struct progress p;

    open_it(*state, &p);
    assert_int_equal(p.head.state, PROGRESS_NONE);
    assert_false(progress_get(&p, 0, &got));
    assert_int_equal(progress_intend(&p, &plan, false), 0);
    assert_int_equal(state_on_disk(*state), PROGRESS_INTENT);
    slot = result(WIPE_DESTROYED);
    assert_int_equal(progress_put(&p, 1, &slot), 0);
    assert_int_equal(progress_sync(&p), 0);
    progress_close(&p);
    open_it(*state, &p);
    assert_int_equal(p.head.count, 3);
    assert_int_equal(p.head.runs, 1);
    assert_false(progress_get(&p, 0, &got));
    assert_true(progress_get(&p, 1, &got));
    assert_int_equal(got.outcome, WIPE_DESTROYED);
    assert_string_equal(got.name, "door");
    assert_false(progress_get(&p, PLAN_TARGETS_MAX, &got));
    progress_close(&p);
}

/* A new run does not take an older one's results for its own; a resumed one does. */
static void test_runs(void **state)
{
    const struct plan plan = {.targets_count = 1};
    struct progress_slot slot = result(WIPE_DESTROYED), got;
    struct progress p;

    open_it(*state, &p);
    assert_int_equal(progress_intend(&p, &plan, false), 0);
    assert_int_equal(progress_put(&p, 0, &slot), 0);
    assert_int_equal(progress_resume(&p, &plan, PROGRESS_FINISHING), 0);
    assert_int_equal(p.head.runs, 2);
    assert_int_equal(state_on_disk(*state), PROGRESS_FINISHING);
    assert_true(progress_get(&p, 0, &got));
    assert_int_equal(progress_intend(&p, &plan, true), 0);
    assert_false(progress_get(&p, 0, &got));
    assert_int_equal(p.head.drill, 1);
    progress_close(&p);
}

static void spoil(const struct made *p, off_t at)
{
    int fd = open(p->file, O_RDWR | O_CLOEXEC);
    char byte;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)(byte ^ 1);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Whatever byte of the newer head is torn, the older one counts; of a slot, its target is not done.
 */
static void test_torn_pages(void **state)
{
    const struct plan plan = {.targets_count = 1};

    for (off_t at = 0; at < (off_t)sizeof(struct progress_head); at++) {
        struct progress p;
        open_it(*state, &p);
        assert_int_equal(progress_intend(&p, &plan, false), 0);
        assert_int_equal(progress_set_state(&p, PROGRESS_THROUGH), 0);
        spoil(*state, (off_t)(p.head.turn % 2) * PROGRESS_PAGE + at);
        progress_close(&p);
        if (state_on_disk(*state) != PROGRESS_INTENT)
            fail_msg("torn at byte %ld: state %d", (long)at, (int)state_on_disk(*state));
    }
    for (off_t at = 0; at < (off_t)sizeof(struct progress_slot); at++) {
        struct progress_slot slot = result(WIPE_DESTROYED), got;
        struct progress p;
        open_it(*state, &p);
        assert_int_equal(progress_intend(&p, &plan, false), 0);
        assert_int_equal(progress_put(&p, 0, &slot), 0);
        spoil(*state, 2 * PROGRESS_PAGE + at);
        if (progress_get(&p, 0, &got))
            fail_msg("torn at byte %ld: taken all the same", (long)at);
        progress_close(&p);
    }
}

/* Both heads torn is not the same as none written. */
static void test_a_record_that_says_nothing(void **state)
{
    const struct plan plan = {.targets_count = 1};
    struct progress p;

    open_it(*state, &p);
    assert_false(p.unreadable);
    assert_int_equal(progress_intend(&p, &plan, false), 0);
    assert_int_equal(progress_set_state(&p, PROGRESS_THROUGH), 0);
    for (off_t page = 0; page < 2; page++)
        spoil(*state, page * PROGRESS_PAGE);
    progress_close(&p);
    open_it(*state, &p);
    assert_true(p.unreadable);
    assert_int_equal(p.head.state, PROGRESS_NONE);
    assert_int_equal(progress_intend(&p, &plan, false), 0);
    progress_close(&p);
    open_it(*state, &p);
    assert_false(p.unreadable);
    progress_close(&p);
}

/* Whoever waited sees what the one before has left. */
static void test_one_at_a_time(void **state)
{
    const struct plan plan = {.targets_count = 1};
    struct progress first, second;

    open_it(*state, &first);
    open_it(*state, &second);
    assert_int_equal(progress_lock(&first), 1);
    assert_int_equal(progress_lock(&second), 0);
    assert_int_equal(progress_intend(&first, &plan, false), 0);
    progress_close(&first);
    assert_int_equal(second.head.turn, 0);
    assert_int_equal(progress_lock(&second), 1);
    assert_int_equal(second.head.turn, 1);
    assert_int_equal(second.head.state, PROGRESS_INTENT);
    progress_close(&second);
}

/* Full size from the first moment: a wipe never needs space that is not there. */
static void test_the_file(void **state)
{
    const struct made *at = *state;
    struct progress p;
    struct stat st;

    assert_int_equal(progress_open(&p, at->dir, "progress", geteuid(), true), -1);
    assert_int_equal(errno, ENOENT);
    open_it(at, &p);
    assert_int_equal(fstat(p.fd, &st), 0);
    assert_int_equal(st.st_size, PROGRESS_SIZE);
    assert_true(st.st_blocks * 512 >= PROGRESS_SIZE);
    assert_int_equal(st.st_mode & 07777, 0600);
    progress_close(&p);
    assert_int_equal(truncate(at->file, 100), 0);
    open_it(at, &p);
    assert_int_equal(fstat(p.fd, &st), 0);
    assert_int_equal(st.st_size, PROGRESS_SIZE);
    progress_close(&p);
}

static void test_what_is_not_trusted(void **state)
{
    const struct made *at = *state;
    char elsewhere[64];
    struct progress p;

    assert_int_equal(progress_open(&p, at->dir, "progress", geteuid() + 1, false), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(chmod(at->dir, 0770), 0);
    assert_int_equal(progress_open(&p, at->dir, "progress", geteuid(), false), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(chmod(at->dir, 0700), 0);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", at->dir);
    assert_int_equal(symlink(elsewhere, at->file), 0);
    assert_int_equal(progress_open(&p, at->dir, "progress", geteuid(), false), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(access(elsewhere, F_OK), -1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_kept),        CASE(test_runs),
        CASE(test_torn_pages),          CASE(test_the_file),
        CASE(test_what_is_not_trusted), CASE(test_a_record_that_says_nothing),
        CASE(test_one_at_a_time),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
