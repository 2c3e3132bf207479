#include "kiosk/alertd/members/roster.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static char folder[] = "/tmp/phones.XXXXXX", path[64];

static int begin(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/phones", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    chmod(folder, 0700);
    unlink(path);
    return rmdir(folder);
}

static struct roster *opened(void)
{
    size_t line;
    struct roster *p = roster_open(path, &line);
    assert_non_null(p);
    return p;
}

static struct phone phone(const char *account, bool staff, enum phone_standing standing)
{
    struct phone one = {.staff = staff, .standing = standing};
    snprintf(one.account, sizeof one.account, "%s", account);
    memset(one.public, account[0], sizeof one.public);
    return one;
}

#define A "00000000000000aa"
#define B "1111111111111111"
#define C "ffffffffffffffff"

static void put(struct roster *p, const char *account, bool staff, enum phone_standing standing)
{
    struct phone one = phone(account, staff, standing);
    assert_int_equal(roster_put(p, &one), 0);
}

/* Whatever order they came in, they are kept by account. */
static void it_is_kept_over_a_restart(void **state)
{
    (void)state;
    struct roster *p = opened();
    assert_null(roster_after(p, ""));
    put(p, C, true, PHONE_IN);
    put(p, A, false, PHONE_INVITED);
    put(p, B, false, PHONE_IN);
    put(p, A, false, PHONE_IN);
    roster_free(p);
    p = opened();
    assert_int_equal(roster_count(p, PHONE_IN, false), 2);
    assert_int_equal(roster_count(p, PHONE_IN, true), 1);
    assert_int_equal(roster_count(p, PHONE_INVITED, false), 0);
    assert_string_equal(roster_after(p, "")->account, A);
    assert_string_equal(roster_after(p, A)->account, B);
    assert_string_equal(roster_after(p, B)->account, C);
    assert_null(roster_after(p, C));
    assert_int_equal(roster_find(p, B)->public[31], '1');
    assert_true(roster_find(p, C)->staff);
    assert_int_equal(roster_remove(p, B), 0);
    assert_int_equal(roster_remove(p, B), 0);
    assert_null(roster_find(p, B));
    assert_false(roster_rotated(p));
    assert_int_equal(roster_set_rotated(p), 0);
    roster_free(p);
    p = opened();
    assert_true(roster_rotated(p));
    assert_null(roster_find(p, B));
    roster_free(p);
}

/* Relays are on the list of phones, and are not counted among them. */
static void a_relay_is_no_phone(void **state)
{
    (void)state;
    struct roster *p = opened();
    struct phone one = phone(A, false, PHONE_IN);
    one.relay = true;
    assert_int_equal(roster_put(p, &one), 0);
    put(p, B, false, PHONE_IN);
    roster_free(p);
    p = opened();
    assert_true(roster_find(p, A)->relay);
    assert_false(roster_find(p, B)->relay);
    assert_int_equal(roster_relays(p), 1);
    assert_int_equal(roster_count(p, PHONE_IN, false), 1);
    roster_free(p);
}

/* Once for each broker and opening of the list. */
static void a_phone_is_readmitted_once_at_each_broker(void **state)
{
    (void)state;
    struct roster *p = opened();
    put(p, A, false, PHONE_IN);
    assert_true(roster_readmit(p, A, 1));
    assert_false(roster_readmit(p, A, 1));
    assert_true(roster_readmit(p, A, 0));
    assert_false(roster_readmit(p, B, 0));
    roster_free(p);
    p = opened();
    assert_true(roster_readmit(p, A, 1));
    roster_free(p);
}

static void only_its_owner_can_read_it(void **state)
{
    (void)state;
    struct stat st;
    struct roster *p = opened();
    put(p, A, false, PHONE_IN);
    roster_free(p);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* What cannot be written leaves the list as it was. */
static void a_change_that_fails_changes_nothing(void **state)
{
    (void)state;
    char blocked[80];
    struct roster *p = opened();
    put(p, A, false, PHONE_IN);
    snprintf(blocked, sizeof blocked, "%s.new", path);
    assert_int_equal(mkdir(blocked, 0700), 0); /* root is stopped by no mode */
    struct phone one = phone(B, false, PHONE_IN), changed = phone(A, true, PHONE_GONE);
    assert_int_equal(roster_put(p, &one), -1);
    assert_null(roster_find(p, B));
    assert_int_equal(roster_put(p, &changed), -1);
    assert_int_equal(roster_find(p, A)->standing, PHONE_IN);
    assert_int_equal(roster_remove(p, A), -1);
    assert_non_null(roster_find(p, A));
    assert_int_equal(roster_set_rotated(p), -1);
    assert_false(roster_rotated(p));
    rmdir(blocked);
    roster_free(p);
}

#define KEY  "0000000000000000000000000000000000000000000000000000000000000000"
#define GOOD A " member in " KEY "\n"

static const struct {
    const char *text;
    size_t line;
} damaged[] = {
    {"", 1},
    {"porchlight phones 2\n", 1},
    {"porchlight phones 1\n" GOOD "Ayla\n", 3},
    {"porchlight phones 1\n" GOOD GOOD, 3},
    {"porchlight phones 1\n" A " guest in " KEY "\n", 2},
    {"porchlight phones 1\n" A " staff out " KEY "\n", 2},
    {"porchlight phones 1\n" A " staff in 00\n", 2},
    {"porchlight phones 1\n" A " staff in " KEY "0\n", 2},
    {"porchlight phones 1\n" A " staff in " KEY, 2},
    {"porchlight phones 1\n" A "a staff in " KEY "\n", 2},
    {"porchlight phones 1\n\n", 2},
};

static void damage_names_its_line(void **state)
{
    (void)state;
    EACH_ROW (i, damaged, damaged[i].text) {
        size_t line;
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        fputs(damaged[i].text, f);
        fclose(f);
        assert_null(roster_open(path, &line));
        assert_int_equal(errno, EBADMSG);
        assert_int_equal(line, damaged[i].line);
    }
}

static void two_hundred_keep_their_order(void **state)
{
    (void)state;
    struct roster *p = opened();
    char account[TOPIC_ID_LEN + 1] = "";
    for (unsigned i = 0; i < 200; i++) {
        snprintf(account, sizeof account, "%016x", i * 2654435761u);
        put(p, account, i % 7 == 0, PHONE_IN);
    }
    size_t n = 0;
    account[0] = '\0';
    for (const struct phone *one; (one = roster_after(p, account)) != NULL; n++) {
        assert_true(strcmp(account, one->account) < 0);
        strcpy(account, one->account);
    }
    assert_int_equal(n, 200);
    roster_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_kept_over_a_restart, begin, end),
        cmocka_unit_test_setup_teardown(a_relay_is_no_phone, begin, end),
        cmocka_unit_test_setup_teardown(a_phone_is_readmitted_once_at_each_broker, begin, end),
        cmocka_unit_test_setup_teardown(only_its_owner_can_read_it, begin, end),
        cmocka_unit_test_setup_teardown(a_change_that_fails_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(damage_names_its_line, begin, end),
        cmocka_unit_test_setup_teardown(two_hundred_keep_their_order, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
