#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"
#include "kiosk/registrar/ledger.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VENUE "1111111111111111"
#define KIOSK "2222222222222222"

static char prefix[] = "/tmp/ledger-XXXXXX";
static char path[256];

static int set_up(void **state)
{
    char folder[128];
    (void)state;
    if (sodium_init() < 0 || !mkdtemp(prefix))
        return -1;
    snprintf(folder, sizeof folder, "%s/var", prefix);
    mkdir(folder, 0700);
    snprintf(folder, sizeof folder, "%s/var/lib", prefix);
    mkdir(folder, 0700);
    snprintf(folder, sizeof folder, "%s" PATH_REGISTRAR_DIR, prefix);
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/" VENUE "-" KIOSK, folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", prefix);
    return system(command);
}

static void an_unknown_asker_has_an_empty_entry(void **state)
{
    struct ledger_entry e;
    (void)state;
    assert_int_equal(ledger_read(prefix, VENUE, "3333333333333333", &e), 0);
    assert_true(e.slot.last == 0 && !e.slot.disowned && e.suspended_count == 0);
}

static void an_entry_comes_back_as_it_was(void **state)
{
    struct ledger_entry e = {.slot = {.last = UINT64_C(9007199254740991),
                                      .digest = {0xab, 0xcd},
                                      .pending = true,
                                      .disowned = true,
                                      .outcome = REGISTRATION_LATER,
                                      .hour = 480000,
                                      .day = 20000,
                                      .created_hour = 40,
                                      .created_day = 200,
                                      .suspended_day = 5}},
                        back;
    char account[REGISTRATION_ACCOUNT + 1];
    (void)state;
    for (int i = 0; i < 700; i++) {
        snprintf(account, sizeof account, "%016x", i);
        assert_int_equal(ledger_suspended_add(&e, account), 0);
    }
    assert_int_equal(ledger_suspended_add(&e, "0000000000000005"), 0);
    assert_int_equal(e.suspended_count, 700);
    assert_int_equal(ledger_write(prefix, VENUE, KIOSK, &e), 0);
    assert_int_equal(ledger_read(prefix, VENUE, KIOSK, &back), 0);
    assert_memory_equal(&back.slot, &e.slot, sizeof e.slot);
    assert_int_equal(back.suspended_count, 700);
    assert_memory_equal(back.suspended, e.suspended, 700 * sizeof *e.suspended);
    ledger_entry_free(&e);
    ledger_entry_free(&back);
}

static void a_full_list_is_said(void **state)
{
    struct ledger_entry e = {.suspended = NULL};
    char account[REGISTRATION_ACCOUNT + 1];
    (void)state;
    for (int i = 0; i < LEDGER_SUSPENDED_MAX; i++) {
        snprintf(account, sizeof account, "%016x", i);
        assert_int_equal(ledger_suspended_add(&e, account), 0);
    }
    assert_int_equal(ledger_suspended_add(&e, "ffffffffffffffff"), -1);
    assert_int_equal(errno, ENOBUFS);
    assert_int_equal(ledger_write(prefix, VENUE, KIOSK, &e), 0);
    ledger_entry_free(&e);
}

static const char *const broken[] = {
    "",
    "2 17\n",
    "1 17 abcd0000000000000000000000000000 0 0 0 1 1 0 0 0\n",
    "2 17 abcd 0 0 0 1 1 0 0 0\n",
    "2 17 abcd0000000000000000000000000000 0 0 9 1 1 0 0 0\n",
    "2 17 abcd0000000000000000000000000000 0 0 0 1 1 0 0 0\n12345\n",
    "2 17 abcd0000000000000000000000000000 0 0 0 1 1 0 0 0\n0000000000000005",
};

/* Nothing is forgotten silently: with a broken file that kiosk is not served. */
static void a_broken_file_is_refused(void **state)
{
    struct ledger_entry e;
    (void)state;
    EACH_ROW (i, broken, broken[i]) {
        assert_int_equal(file_replace(path, broken[i], strlen(broken[i]), 0600), 0);
        assert_int_equal(ledger_read(prefix, VENUE, KIOSK, &e), -1);
        assert_int_equal(errno, EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_asker_has_an_empty_entry),
        cmocka_unit_test(an_entry_comes_back_as_it_was),
        cmocka_unit_test(a_full_list_is_said),
        cmocka_unit_test(a_broken_file_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
