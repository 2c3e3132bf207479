#include "kiosk/wipe/belongings.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static void test_names(void **state)
{
    static const struct {
        const char *name, *leaf;
        bool belongs;
    } rows[] = {
        {"guests.db-wal", "guests.db", true},
        {"guests.db-shm", "guests.db", true},
        {"guests.db-journal", "guests.db", true},
        {"guests.db-mj12AB34CD", "guests.db", true},
        {"list.csv~", "list.csv", true},
        {"list.csv.~12~", "list.csv", true},
        {"#list.csv#", "list.csv", true},
        {".#list.csv", "list.csv", true},
        {".list.csv.swp", "list.csv", true},
        {".list.csv.swo", "list.csv", true},
        {".list.csv.un~", "list.csv", true},
        {".list.csv.kate-swp", "list.csv", true},
        {".~lock.list.csv#", "list.csv", true},
        {"~$list.csv", "list.csv", true},
        {"~$ests.docx", "guests.docx", true},
        {".sync-list.csv.tmp", "list.csv", true},
        {".syncthing.list.csv.tmp", "list.csv", true},
        {"list.sync-conflict-20261128-180000-ABCDEFG.csv", "list.csv", true},
        {".list.csv.x7Qa2B", "list.csv", true},
        {"list.csv.bak", "list.csv", true},
        {"list.csv.BAK", "list.csv", true},
        {"list.csv.bak~", "list.csv", true},
        {"list.csv.1", "list.csv", true},
        {"list.csv.1.gz", "list.csv", true},
        {"list.csv-20261128", "list.csv", true},
        {"list.csv.save.1", "list.csv", true},
        {"list.bak", "list.csv", true},
        {"list (copy).csv", "list.csv", true},
        {"list (copy 2).csv", "list.csv", true},
        {"list (2).csv", "list.csv", true},
        {"list - Copy (2).csv", "list.csv", true},
        {"list (conflicted copy 2026-01-31 180000).csv", "list.csv", true},
        {"list (Anna's conflicted copy 2026-01-31).csv", "list.csv", true},
        {"list~20260131-180000.csv", "list.csv", true},
        {"sheets.tar.gz", "sheets", true},
        {"sheets.zip", "sheets", true},
        {"sheets (copy)", "sheets", true},
        {"Copy of list.csv", "list.csv", true},
        {"._list.csv", "list.csv", true},
        {"door~", "door", true},
        /* and what does not */
        {"list.csv", "list.csv", false},
        {".list.csv", "list.csv", false},
        {"guestlist.csv", "list.csv", false},
        {"old-list.csv", "list.csv", false},
        {"list.csvx", "list.csv", false},
        {"list.csv2", "list.csv", false},
        {"list.txt", "list.csv", false},
        {"list", "list.csv", false},
        {"lists.csv", "list.csv", false},
        {"list-monday.csv", "list.csv", false},
        {"list.csv.d", "list.csv", false},
        {"list (Anna).csv", "list.csv", false},
        {"list (conflicted copy", "list.csv", false},
        {"list) conflicted copy (.csv", "list.csv", false},
        {"list~20260131.csv", "list.csv", false},
        {"list.csv.txt", "list.csv", false},
        {"door.key", "key", false},
        {"key-ring", "key", false},
        {"key.pub", "key", false},
        {".key", "key", false},
        {"a", "ab", false},
        {"", "list.csv", false},
        {"~$", "list.csv", false},
    };

    (void)state;
    EACH_ROW (i, rows, rows[i].name)
        if (belongings_of_name(rows[i].name, rows[i].leaf) != rows[i].belongs)
            fail_msg("%s of %s", rows[i].name, rows[i].leaf);
}

static void test_thumbnails(void **state)
{
    char name[BELONGINGS_THUMBNAIL], uri[BELONGINGS_URI_MAX];

    (void)state;
    /* The example of freedesktop.org's specification. */
    assert_true(belongings_thumbnail("/home/jens/photos/me.png", name));
    assert_string_equal(name, "c6ee772d9e49320e97ec29a7eb5b1697.png");
    belongings_uri("/srv/a b/\xc3\xa9%", uri);
    assert_string_equal(uri, "file:///srv/a%20b/%C3%A9%25");
}

#define PNG "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"

static void test_pictures(void **state)
{
    static const char png[] = PNG "\0\0\0\x26tEXtThumb::URI\0file:///srv/venue/a%20b/one";
    static const char cut[] = PNG "\0\0\0\x26tEXtThumb::URI\0file:///srv";
    static const char huge[] = PNG "\xff\xff\xff\xfftEXtThumb::URI\0file:///srv/venue/x";

    (void)state;
    assert_true(belongings_pictured(png, sizeof png - 1, "/srv/venue/a b/one", false));
    assert_true(belongings_pictured(png, sizeof png - 1, "/srv/venue/a b", true));
    assert_false(belongings_pictured(png, sizeof png - 1, "/srv/venue/a b", false));
    assert_false(belongings_pictured(png, sizeof png - 1, "/srv/venue/a", true));
    assert_false(belongings_pictured(cut, sizeof cut - 1, "/srv", true));
    assert_false(belongings_pictured(huge, sizeof huge - 1, "/srv/venue", true));
    assert_false(belongings_pictured("Thumb::URI\0x", 12, "/srv", true));
    assert_false(belongings_pictured("", 0, "/srv", true));
}

static void test_trash(void **state)
{
    static const struct {
        const char *name, *info, *path; /* NULL: it does not say */
    } rows[] = {
        {"absolute", "[Trash Info]\nPath=/srv/venue/list.csv\nDeletionDate=x\n",
         "/srv/venue/list.csv"},
        {"below its file system", "[Trash Info]\nPath=venue/list.csv\n", "/srv/venue/list.csv"},
        {"escaped", "[Trash Info]\r\nPath=/srv/venue/a%20b%C3%A9\r\n", "/srv/venue/a b\xc3\xa9"},
        {"no newline at its end", "Path=/srv/venue/x", "/srv/venue/x"},
        {"half an escape", "Path=/srv/venue/%\n", "/srv/venue/%"},
        {"empty", "", NULL},
        {"no path", "[Trash Info]\nPath=\n", NULL},
        {"an empty path", "Path=\r\n", NULL},
    };
    char path[BELONGINGS_PATH_MAX];

    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        bool said = belongings_trashed(rows[i].info, strlen(rows[i].info), "/srv", path);
        if (said != (!!rows[i].path) || (said && strcmp(path, rows[i].path) != 0))
            fail_msg("%s: %s", rows[i].name, said ? path : "nothing");
    }
    assert_true(belongings_is_in("/srv/a", "/srv/a", false));
    assert_true(belongings_is_in("/srv/a/b", "/srv/a", true));
    assert_false(belongings_is_in("/srv/a/b", "/srv/a", false));
    assert_false(belongings_is_in("/srv/ab", "/srv/a", true));
    assert_false(belongings_is_in("/srv", "/srv/a", true));
    assert_false(belongings_is_in("/srv", "", true));
}

static void test_folders_of_editors(void **state)
{
    (void)state;
    assert_true(belongings_of_path("%srv%venue%list.csv.swp", "/srv/venue/list.csv"));
    assert_true(belongings_of_path("%srv%venue%list.csv", "/srv/venue/list.csv"));
    assert_true(belongings_of_path("!srv!venue!list.csv~", "/srv/venue/list.csv"));
    assert_true(belongings_of_path("!srv!venue!list.csv.~2~", "/srv/venue/list.csv"));
    assert_true(belongings_of_path("#!srv!venue!list.csv#", "/srv/venue/list.csv"));
    assert_false(belongings_of_path("%srv%venue%list.csv2", "/srv/venue/list.csv"));
    assert_false(belongings_of_path("list.csv.swp", "/srv/venue/list.csv"));
    assert_false(belongings_of_path("%srv%venue%other.swp", "/srv/venue/list.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_thumbnails),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_trash),
        cmocka_unit_test(test_folders_of_editors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
