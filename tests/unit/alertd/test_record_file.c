#include "kiosk/alertd/record_file.h"
#include "kiosk/alertd/recorder.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct record sample = {
    .epoch = 0x0102030405060708,
    .began = 1795375672,
    .standing = {.state = ALERT_LOCKDOWN,
                 .pressed = true,
                 .calm = true,
                 .wipe_pending = true,
                 .id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
};

static int folder_make(void **state)
{
    char *folder = strdup("/tmp/porchlight-record-XXXXXX");
    *state = folder;
    return folder != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_remove(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", (char *)*state);
    int rc = system(command);
    free(*state);
    return rc;
}

static void place_in(void *const *state, struct record_place *at)
{
    *at = (struct record_place){0};
    snprintf(at->path, sizeof at->path, "%s/record", (const char *)*state);
}

static void test_what_was_written_is_read(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    struct record r;
    struct stat st;
    place_in(state, &at);
    assert_int_equal(record_file_read(&at, &r), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(record_file_write(&at, &doubts, &sample), 0);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_memory_equal(&r, &sample, sizeof r);
    assert_int_equal(stat(at.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 2 * RECORD_SLOT);
}

/* A power cut may leave any part of the last write: the record before it counts then, and the next
 * one goes over the ruin. */
static void test_a_torn_write_leaves_what_stood(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    struct record r, next = sample;
    place_in(state, &at);
    for (uint64_t i = 0; i < 6; i++) {
        next.epoch = i;
        assert_int_equal(record_file_write(&at, &doubts, &next), 0);
        if (i == 0)
            continue;
        int fd = open(at.path, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, "?", 1, (off_t)(i % 2) * RECORD_SLOT + 20), 1);
        close(fd);
        assert_int_equal(record_file_read(&at, &r), 0);
        assert_int_equal(r.epoch, i - 1);
        assert_int_equal(record_file_write(&at, &doubts, &next), 0);
        assert_int_equal(record_file_read(&at, &r), 0);
        assert_int_equal(r.epoch, i);
    }
}

/* The newest record was never taken by the card, though it can be read. */
static void test_after_a_failed_write_the_other_slot_is_left_alone(void **state)
{
    struct record_place at;
    struct record r, next = sample;
    struct record_doubts doubts = {0};
    place_in(state, &at);
    assert_int_equal(record_file_write(&at, &doubts, &sample), 0);
    next.epoch = 8;
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    assert_int_equal(doubts.record, RECORD_UNDOUBTED);
    doubts.record = 2;
    next.epoch = 9;
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    assert_int_equal(doubts.record, RECORD_UNDOUBTED);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_int_equal(r.epoch, 9);
    int fd = open(at.path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "?", 1, RECORD_SLOT + 20), 1);
    close(fd);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_memory_equal(&r, &sample, sizeof r);
}

static void test_a_failed_write_leaves_what_stood(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    struct record r, other = sample;
    struct rlimit limit, none;
    place_in(state, &at);
    assert_int_equal(record_file_write(&at, &doubts, &sample), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = limit;
    none.rlim_cur = 0; /* no file may be written */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    other.epoch = 9;
    int rc = record_file_write(&at, &doubts, &other), error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(rc, -1);
    assert_int_equal(error, EFBIG);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_memory_equal(&r, &sample, sizeof r);
}

static void test_serials_go_round(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    struct record r, next = sample;
    uint8_t bytes[2 * RECORD_SLOT] = {0};
    place_in(state, &at);
    record_encode(&sample, UINT32_MAX, bytes);
    int fd = open(at.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    next.epoch = 5;
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_int_equal(r.epoch, 5);
}

static void cell_make(const struct record_place *at, size_t size, const char *holds)
{
    int fd = open(at->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(pwrite(fd, holds, strlen(holds), 0), strlen(holds));
    close(fd);
}

static void test_a_cell_is_as_large_as_it_is(void **state)
{
    static const struct {
        size_t size;
        int error;
    } rows[] = {{49, ENOSPC}, {50, 0}, {56, 0}, {64, 0}, {99, 0}, {100, 0}, {236, 0}, {8192, 0}};
    EACH_ROW (i, rows, NULL) {
        struct record_place at;
        struct record_doubts doubts = {0};
        struct record r, next = sample;
        struct stat st;
        place_in(state, &at);
        at.cell = true;
        cell_make(&at, rows[i].size, "\xff\xff\xff\xff\xff");
        errno = 0;
        assert_int_equal(record_file_write(&at, &doubts, &sample), rows[i].error == 0 ? 0 : -1);
        for (next.epoch = 1; rows[i].error == 0 && next.epoch < 5; next.epoch++) {
            assert_int_equal(record_file_write(&at, &doubts, &next), 0);
            assert_int_equal(record_file_read(&at, &r), 0);
            assert_memory_equal(&r, &next, sizeof r);
        }
        assert_int_equal(stat(at.path, &st), 0);
        assert_int_equal(st.st_size, rows[i].size);
        unlink(at.path);
    }
}

/* A cell has no room for what staff are sent: the card has it, and only it. */
static void test_the_box_of_a_cell_is_on_the_card(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    struct record r, next = sample;
    struct stat before, after;
    place_in(state, &at);
    at.cell = true;
    snprintf(at.box, sizeof at.box, "%.*s.box", (int)sizeof at.box - 8, at.path);
    cell_make(&at, 2 * RECORD_SIZE, "");
    next.boxed = true;
    memset(next.box, 7, sizeof next.box);
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_memory_equal(&r, &next, sizeof r);
    assert_int_equal(stat(at.box, &before), 0);
    struct record_place card = {0};
    memcpy(card.path, at.box, sizeof card.path);
    assert_int_equal(record_file_read(&card, &r), 0); /* nothing of the record itself */
    assert_true(r.boxed && r.standing.pressed && r.standing.state == ALERT_QUIET && r.epoch == 0 &&
                r.began == 0 && !r.standing.wipe_pending && !r.standing.calm);
    next.standing.calm = !next.standing.calm; /* nothing new for staff: the card is left alone */
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    assert_int_equal(stat(at.box, &after), 0);
    assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    next.standing.id.bytes[0]++;
    unlink(at.box); /* a card that lost it, or cannot be written */
    assert_int_equal(mkdir(at.box, 0700), 0);
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_true(r.standing.pressed && !r.boxed);
    rmdir(at.box);
}

static void test_a_torn_write_in_a_cell_of_two_slots_leaves_what_stood(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    struct record r, next = sample;
    place_in(state, &at);
    at.cell = true;
    cell_make(&at, 2 * RECORD_SIZE, "");
    assert_int_equal(record_file_write(&at, &doubts, &sample), 0);
    next.epoch = 3;
    assert_int_equal(record_file_write(&at, &doubts, &next), 0);
    int fd = open(at.path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "?", 1, RECORD_SIZE + 20), 1);
    close(fd);
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_memory_equal(&r, &sample, sizeof r);
}

static void test_a_vaults_key_is_not_written_over(void **state)
{
    struct record_place at;
    struct record_doubts doubts = {0};
    char held[8] = "";
    place_in(state, &at);
    at.cell = true;
    cell_make(&at, 236, "PLc1 key");
    assert_int_equal(record_file_write(&at, &doubts, &sample), -1);
    assert_int_equal(errno, EBUSY);
    int fd = open(at.path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, held, sizeof held), sizeof held);
    close(fd);
    assert_memory_equal(held, "PLc1 key", sizeof held);
}

static void test_the_recorder_is_durable_or_says_so(void **state)
{
    struct record_place at;
    struct record r;
    place_in(state, &at);
    struct recorder *rec = recorder_new(&at);
    assert_non_null(rec);
    assert_int_equal(recorder_write(rec, &sample, INT64_C(5000000000)), RECORDER_DURABLE);
    assert_int_equal(record_file_read(&at, &r), 0);
    recorder_free(rec);

    strcpy(at.path, "/nonexistent-folder/record");
    rec = recorder_new(&at);
    assert_int_equal(recorder_write(rec, &sample, INT64_C(5000000000)), RECORDER_FAILED);
    assert_int_equal(errno, ENOENT);
    recorder_free(rec);
}

static void test_what_failed_is_tried_again(void **state)
{
    struct record_place at, where;
    struct record r;
    place_in(state, &where);
    at = where;
    strcat(at.path, ".d/record");
    struct recorder *rec = recorder_new(&at);
    assert_int_equal(recorder_write(rec, &sample, INT64_C(5000000000)), RECORDER_FAILED);
    strcat(where.path, ".d");
    assert_int_equal(mkdir(where.path, 0700), 0);
    struct pollfd p = {.fd = recorder_fd(rec), .events = POLLIN};
    while (recorder_look(rec) != RECORDER_DURABLE) {
        assert_int_equal(poll(&p, 1, 30000), 1);
        recorder_drain(rec);
    }
    assert_int_equal(record_file_read(&at, &r), 0);
    assert_memory_equal(&r, &sample, sizeof r);
    recorder_free(rec);
}

static void test_a_slow_disk_is_not_waited_for(void **state)
{
    /* whoever opens a leased file waits until the lease is given back: the slowest disk there is */
    struct record_place at;
    place_in(state, &at);
    signal(SIGIO, SIG_IGN);
    int fd = open(at.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
    struct recorder *rec = recorder_new(&at);
    recorder_ask(rec, &sample);
    assert_int_equal(recorder_look(rec), RECORDER_PENDING);
    assert_int_equal(recorder_write(rec, &sample, INT64_C(20000000)), RECORDER_PENDING);
    assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
    recorder_free(rec);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_written_is_read, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_a_torn_write_leaves_what_stood, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_serials_go_round, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_after_a_failed_write_the_other_slot_is_left_alone,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_a_failed_write_leaves_what_stood, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_the_recorder_is_durable_or_says_so, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_a_cell_is_as_large_as_it_is, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_the_box_of_a_cell_is_on_the_card, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_a_torn_write_in_a_cell_of_two_slots_leaves_what_stood,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_a_vaults_key_is_not_written_over, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_what_failed_is_tried_again, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_a_slow_disk_is_not_waited_for, folder_make,
                                        folder_remove),
    };
    return cmocka_run_group_tests_name("record_file", tests, NULL, NULL);
}
