#include "kiosk/relay/ring_kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/rows.h"

enum { LATE = 1790000000 };

static const char *const kiosks[] = {"00112233445566aa", "00112233445566bb"};

struct place {
    char prefix[64], file[128];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char command[128];
    strcpy(p->prefix, "/tmp/porchlight-rings-XXXXXX");
    if (!mkdtemp(p->prefix))
        return -1;
    snprintf(p->file, sizeof p->file, "%s/var/lib/porchlight-relay/ring-%s", p->prefix, kiosks[1]);
    snprintf(command, sizeof command, "mkdir -p %s/var/lib/porchlight-relay", p->prefix);
    *state = p;
    return system(command);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", p->prefix);
    int result = system(command);
    free(p);
    return result;
}

/* In the place of the signature: the first byte. */
static bool judge(void *context, size_t i, const uint8_t wire[ENVELOPE_SIZE], struct message *ring)
{
    (void)context;
    *ring = (struct message){.kind = MSG_RING, .epoch = wire[1], .seq = wire[2], .on = wire[3]};
    return i == 1 && wire[0] == 7;
}

static void newest(struct ring_kept *k, uint8_t epoch, uint8_t seq, bool on)
{
    const uint8_t wire[ENVELOPE_SIZE] = {7, epoch, seq, on};
    struct message ring;
    assert_true(judge(NULL, 1, wire, &ring));
    ring_kept_newest(k, 1, &ring, wire);
}

static struct ring_kept *opened(const struct place *p)
{
    struct ring_kept *k = ring_kept_new(p->prefix, kiosks, 2);
    assert_non_null(k);
    return k;
}

/* What the next run reads of the second kiosk; seq 0: nothing. */
static struct message kept(const struct place *p, int64_t *late_s)
{
    struct message none = {.seq = 0}, ring;
    struct ring_kept *k = opened(p);
    assert_false(ring_kept_read(k, 0, judge, NULL, &ring, late_s));
    bool there = ring_kept_read(k, 1, judge, NULL, &ring, late_s);
    ring_kept_free(k);
    return there ? ring : none;
}

static void test_the_next_run_knows_the_newest_and_when_an_old_one_rang(void **state)
{
    struct place *p = *state;
    struct stat st;
    int64_t late_s = -1;
    assert_int_equal(kept(p, &late_s).seq, 0);
    struct ring_kept *k = opened(p);
    newest(k, 1, 2, true);
    newest(k, 1, 3, false);
    ring_kept_free(k);
    assert_int_equal(kept(p, &late_s).seq, 3);
    assert_int_equal(late_s, 0);
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct message ring;
    k = opened(p);
    assert_true(ring_kept_read(k, 1, judge, NULL, &ring, &late_s));
    ring_kept_late(k, 1, LATE);
    ring_kept_free(k);
    assert_int_equal(kept(p, &late_s).seq, 3);
    assert_int_equal(late_s, LATE);
}

static void test_what_asks_for_nothing_else_is_not_written(void **state)
{
    struct place *p = *state;
    int64_t late_s;
    struct ring_kept *k = opened(p);
    newest(k, 1, 2, false);
    ring_kept_free(k);
    struct message ring;
    k = opened(p);
    assert_true(ring_kept_read(k, 1, judge, NULL, &ring, &late_s));
    newest(k, 1, 9, false);
    ring_kept_free(k);
    assert_int_equal(kept(p, &late_s).seq, 2);
    k = opened(p);
    assert_true(ring_kept_read(k, 1, judge, NULL, &ring, &late_s));
    newest(k, 2, 1, false);
    ring_kept_free(k);
    assert_int_equal(kept(p, &late_s).epoch, 2);
}

static void test_a_broken_file_says_nothing_and_is_replaced(void **state)
{
    static const struct {
        const char *name;
        uint8_t first;
        size_t len;
    } rows[] = {{"empty", 0, 0},
                {"cut", 7, ENVELOPE_SIZE},
                {"not signed", 8, ENVELOPE_SIZE + 8},
                {"longer", 7, ENVELOPE_SIZE + 9}};
    struct place *p = *state;
    int64_t late_s;
    EACH_ROW (i, rows, rows[i].name) {
        uint8_t bytes[ENVELOPE_SIZE + 9] = {rows[i].first, 1, 9, 1};
        FILE *f = fopen(p->file, "we");
        assert_int_equal(fwrite(bytes, 1, rows[i].len, f), rows[i].len);
        fclose(f);
        assert_int_equal(kept(p, &late_s).seq, 0);
        struct ring_kept *k = opened(p);
        newest(k, 1, 2, true);
        ring_kept_free(k);
        assert_int_equal(kept(p, &late_s).seq, 2);
    }
}

static void test_without_a_folder_it_goes_on_and_ends(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s/var", p->prefix);
    assert_int_equal(system(command), 0);
    struct ring_kept *k = opened(p);
    newest(k, 1, 2, true);
    ring_kept_free(k);
    snprintf(command, sizeof command, "mkdir -p %s/var/lib/porchlight-relay", p->prefix);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_the_next_run_knows_the_newest_and_when_an_old_one_rang),
        TEST(test_what_asks_for_nothing_else_is_not_written),
        TEST(test_a_broken_file_says_nothing_and_is_replaced),
        TEST(test_without_a_folder_it_goes_on_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
