#include "kiosk/wipe/plan.h"
#include "kiosk/wipe/plan_read.h"
#include "kiosk/wipe/wipe_drill.h"
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

static void keep_first(void *context, const char *sentence)
{
    char *text = context;

    if (!text[0])
        snprintf(text, 1024, "%s", sentence);
}

static int parse(const char *text, struct plan *p, char said[1024])
{
    said[0] = '\0';
    return plan_parse("wipe.plan", text, strlen(text), p, keep_first, said);
}

#define ROOT "[root venue]\npath = /srv/venue\n"

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        const char *wrong; /* part of the reason; NULL: it may stand */
    } rows[] = {
        {"/srv/venue/sheets", NULL},
        {"/srv/venue/..sheets", NULL},
        {"/srv/venue/.sheets", NULL},
        {"/srv/venue/sheets..", NULL},
        {"/", "it is /"},
        {"", "not absolute"},
        {"srv/venue", "not absolute"},
        {"/srv/venue/", "ends in /"},
        {"/srv//venue", "//"},
        {"//srv/venue", "//"},
        {"/srv/../etc", ".."},
        {"/srv/..", ".."},
        {"/../etc/passwd", ".."},
        {"/srv/./venue", "."},
        {"/srv/.", "."},
        {"/srv/*", "glob"},
        {"/srv/a?", "glob"},
        {"/srv/[a]", "glob"},
        {"/srv/a\tb", "control"},
    };
    char longest[PLAN_PATH_MAX + 1];

    (void)state;
    EACH_ROW (i, rows, rows[i].path) {
        const char *wrong = plan_path_wrong(rows[i].path);
        if (!rows[i].wrong && wrong)
            fail_msg("%s: %s", rows[i].path, wrong);
        if (rows[i].wrong && (!wrong || !strstr(wrong, rows[i].wrong)))
            fail_msg("%s: %s, not %s", rows[i].path, wrong ? wrong : "allowed", rows[i].wrong);
    }
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[PLAN_PATH_MAX - 1] = '\0';
    assert_null(plan_path_wrong(longest));
    longest[PLAN_PATH_MAX - 1] = 'a';
    longest[PLAN_PATH_MAX] = '\0';
    assert_non_null(plan_path_wrong(longest));
}

static void test_roots(void **state)
{
    static const char *const good[] = {"/srv/venue",
                                       "/home/host/venue",
                                       "/var/lib/venue",
                                       "/mnt/stick",
                                       "/etc/porchlight/credentials",
                                       "/tmp/x"};
    static const char *const bad[] = {"/",
                                      "/srv",
                                      "/etc",
                                      "/etc/porchlight",
                                      "/var",
                                      "/var/lib",
                                      "/var/lib/porchlight",
                                      "/var/lib/porchlight/record",
                                      "/var/lib/porchlight-wipe",
                                      "/usr/share/x",
                                      "/boot/firmware",
                                      "/dev/mmcblk0",
                                      "/proc/1",
                                      "/sys/bus",
                                      "/root/x",
                                      "/run/systemd/x",
                                      "/srvvenue/x",
                                      "/srv/../etc"};

    (void)state;
    EACH_ROW (i, good, good[i]) {
        if (plan_root_wrong(good[i]))
            fail_msg("%s: %s", good[i], plan_root_wrong(good[i]));
    }
    EACH_ROW (i, bad, bad[i]) {
        if (!plan_root_wrong(bad[i]))
            fail_msg("%s was allowed as a root", bad[i]);
    }
}

static void test_order(void **state)
{
    static const char text[] = ROOT "[credential c]\npath = /srv/venue/c\n"
                                    "[tree t]\npath = /srv/venue/t\n"
                                    "[key k]\npath = /srv/venue/k ; the door's\n"
                                    "[file f]\npath=/srv/venue/f\n"
                                    "# a comment\n"
                                    "[unit u]\nunit = venue-book.service\n"
                                    "[luks l]\npath = /srv/venue/l\nmapping = venue\n";
    static const char *const order[] = {"u", "k", "l", "t", "f", "c"};
    char said[1024];
    struct plan p;

    (void)state;
    if (parse(text, &p, said) < 0)
        fail_msg("%s", said);
    assert_int_equal(p.targets_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(p.targets[i].name, order[i]);
    assert_string_equal(p.targets[1].below, "k");
    assert_string_equal(p.targets[2].mapping, "venue");
    assert_int_equal(p.targets[0].root, -1);
}

static void test_longest_root(void **state)
{
    static const char text[] = ROOT "[root inner]\npath = /srv/venue/inner\n"
                                    "[file a]\npath = /srv/venue/inner/a\n"
                                    "[file b]\npath = /srv/venue/innermost\n"
                                    "[tree whole]\npath = /srv/venue/inner\n";
    char said[1024];
    struct plan p;

    (void)state;
    if (parse(text, &p, said) < 0)
        fail_msg("%s", said);
    assert_int_equal(p.targets[0].root, 1);
    assert_string_equal(p.targets[0].below, "a");
    assert_int_equal(p.targets[1].root, 0);
    assert_string_equal(p.targets[1].below, "innermost");
    assert_string_equal(p.targets[2].below, "");
}

/* What is indented means the same: no line goes on in the next one. */
static void test_indented(void **state)
{
    char said[1024];
    struct plan p;

    (void)state;
    assert_int_equal(
        parse("  [root venue]\n  path = /srv/venue\n[tree t]\n\tpath = /srv/venue/t\n", &p, said),
        0);
    assert_string_equal(p.targets[0].path, "/srv/venue/t");
}

/* As editors of other systems write it. */
static void test_marks_and_line_ends(void **state)
{
    static const char text[] = "\xef\xbb\xbf[root venue]\r\npath = /srv/venue\r\n"
                               "[cell c]\r\ncell = tpm:1800001\r\n"
                               "[file a]\r\npath = /srv/venue/a\r\n";
    char said[1024];
    struct plan p;

    (void)state;
    if (parse(text, &p, said) < 0)
        fail_msg("%s", said);
    assert_int_equal(p.targets_count, 2);
    assert_string_equal(p.targets[1].path, "/srv/venue/a");
    assert_int_equal(p.targets[1].line, 5);
    assert_int_equal(parse("\xef\xbb\xbf", &p, said), -1);
}

/* What is refused, at which line, and a word of the reason. */
static void test_refused(void **state)
{
    static const struct {
        const char *text, *at, *word;
    } rows[] = {
        {"", "wipe.plan: ", "names no target"},
        {ROOT, "wipe.plan: ", "names no target"},
        {ROOT "[tree t]\n", "wipe.plan:3: ", "path: is missing"},
        {ROOT "[unit u]\n", "wipe.plan:3: ", "unit: is missing"},
        {ROOT "[cell u]\n", "wipe.plan:3: ", "cell: is missing"},
        {"[root venue]\n[tree t]\npath = /srv/x/y\n", "wipe.plan:1: ", "path: is missing"},
        {ROOT "[tree t]\npath = /srv/other/t\n", "wipe.plan:3: ", "no registered root"},
        {ROOT "[tree t]\npath = /srv/venue2\n", "wipe.plan:3: ", "no registered root"},
        {ROOT "[tree t]\npath = /srv/venue/../x\n", "wipe.plan:4: ", ".."},
        {ROOT "[tree t]\npath = /\n", "wipe.plan:4: ", "it is /"},
        {ROOT "[file f]\npath = /srv/venue\n", "wipe.plan:3: ", "root itself"},
        {ROOT "[tree t]\nPath = /srv/venue/t\n", "wipe.plan:4: ", "unknown key"},
        {ROOT "[tree t]\nunit = a.service\n", "wipe.plan:4: ", "unknown key"},
        {ROOT "[tree t]\npath =\n", "wipe.plan:4: ", "nothing after the ="},
        {ROOT "[tree t]\npath = /srv/venue/a\npath = /srv/venue/b\n",
         "wipe.plan:5: ", "already at line 4"},
        {ROOT "[tree t]\npath = /srv/venue/a\n[file t]\npath = /srv/venue/b\n",
         "wipe.plan:5: ", "[tree t] at line 3 has this name too"},
        {ROOT "[root more]\npath = /srv/m\npath = /srv/n\n", "wipe.plan:5: ", "already at line 4"},
        {ROOT "[trees t]\npath = /srv/venue/t\n",
         "wipe.plan:3: ", "unknown section [trees t]; expected one of [unit NAME]"},
        {ROOT "[tree]\npath = /srv/venue/t\n", "wipe.plan:3: ", "a name of 1 to 63"},
        {ROOT "[tree t\npath = /srv/venue/t\n", "wipe.plan:3: ", "section header"},
        {ROOT "[tree a b]\npath = /srv/venue/t\n", "wipe.plan:3: ", "a name of 1 to 63"},
        {ROOT "[tree t] x\npath = /srv/venue/t\n", "wipe.plan:3: ", "section header"},
        {ROOT "[tree t]\npath = /srv/venue/a\n\t/srv/venue/b\n", "wipe.plan:5: ", "key = value"},
        {ROOT "[tree t]\npath = /srv/venue/t\nnonsense\n", "wipe.plan:5: ", "key = value"},
        {"path = /srv/venue/t\n", "wipe.plan:1: ", "before any section"},
        {"[root all]\npath = /\n[tree t]\npath = /srv/venue/t\n", "wipe.plan:2: ", "it is /"},
        {"[root etc]\npath = /etc\n[tree t]\npath = /etc/x\n", "wipe.plan:2: ", "of its own"},
        {ROOT "[unit u]\nunit = porchlightd.service\n", "wipe.plan:4: ", "Porchlight's own"},
        {ROOT "[unit u]\nunit = system.slice\n", "wipe.plan:4: ", "the alert needs it"},
        {ROOT "[unit u]\nunit = -.mount\n", "wipe.plan:4: ", "the alert needs it"},
        {ROOT "[unit u]\nunit = var.mount\n", "wipe.plan:4: ", "the alert needs it"},
        {ROOT "[unit u]\nunit = NetworkManager.service\n", "wipe.plan:4: ", "the alert needs it"},
        {ROOT "[unit u]\nunit = systemd-networkd.service\n", "wipe.plan:4: ", "the alert needs"},
        {ROOT "[unit u]\nunit = ../x.service\n", "wipe.plan:4: ", "letters"},
        {ROOT "[unit u]\nunit = sshd\n", "wipe.plan:4: ", "full name"},
        {ROOT "[cell c]\ncell = nvmem:../x\n", "wipe.plan:4: ", "nvmem:"},
        {ROOT "[cell c]\ncell = file:/etc/shadow\n", "wipe.plan:3: ", "no registered root"},
        {ROOT "[cell c]\ncell = ram:1\n", "wipe.plan:4: ", "a cell is"},
        {ROOT "[luks l]\npath = /srv/venue/l\nmapping = ../x\n", "wipe.plan:5: ", "mapping"},
        {ROOT "[cell c]\ncell = tpm:\n", "wipe.plan:4: ", "index"},
        {ROOT "[cell c]\ncell = tpm:../1\n", "wipe.plan:4: ", "index"},
        {ROOT "[cell c]\ncell = tpm:zz\n", "wipe.plan:4: ", "index"},
        {ROOT "[cell c]\ncell = tpm:1700000\n", "wipe.plan:4: ", "index"},
        {ROOT "[cell c]\ncell = tpm:1c00000\n", "wipe.plan:4: ", "index"},
        {ROOT "[file f]\npath = /srv/venue/f # a remark\n", "wipe.plan:4: ", "line of its own"},
        {ROOT "[file f]\npath = \"/srv/venue/f\n", "wipe.plan:4: ", "quotes"},
        {ROOT "[luks l]\nmapping = x\n", "wipe.plan:3: ", "no device ="},
        {ROOT "[luks l]\nheader = /srv/venue/h\n", "wipe.plan:3: ", "no device ="},
        {ROOT "[luks l]\npath = /srv/venue/l\nheader = /srv/h\n", "wipe.plan:3: ", "no registered"},
        {ROOT "[luks l]\npath = /srv/venue/l\nheader = /srv/venue/../h\n", "wipe.plan:5: ", ".."},
        {ROOT "[luks l]\npath = /srv/venue/l\nheader = /srv/venue\n",
         "wipe.plan:3: ", "root itself"},
        {ROOT "[luks l]\npath = /srv/venue/l\nheader = /srv/venue/l\n",
         "wipe.plan:3: ", "the same file"},
        {ROOT "[tree l]\npath = /srv/venue/l\nheader = /srv/venue/h\n", "wipe.plan:5: ", "header"},
        {ROOT "[luks l]\npath = /srv/venue/l\ndevice = /dev/sda1\n", "wipe.plan:3: ", "both"},
        {ROOT "[key k]\ndevice = /dev/sda1\n", "wipe.plan:4: ", "unknown key"},
        {ROOT "[luks l]\ndevice = /dev/../srv/x\n", "wipe.plan:4: ", "/dev/NAME"},
        {ROOT "[luks l]\ndevice = /dev/disk/by-uuid/x\n", "wipe.plan:4: ", "/dev/NAME"},
        {ROOT "[luks l]\ndevice = /dev/mapper/x\n", "wipe.plan:4: ", "/dev/NAME"},
        {ROOT "[luks l]\ndevice = /srv/x\n", "wipe.plan:4: ", "/dev/NAME"},
        {ROOT "[luks l]\ndevice = /dev/disk/by-id/..\n", "wipe.plan:4: ", "/dev/NAME"},
    };
    char said[1024];
    struct plan p;

    (void)state;
    EACH_ROW (i, rows, rows[i].text) {
        if (parse(rows[i].text, &p, said) == 0)
            fail_msg("row %zu was taken:\n%s", i, rows[i].text);
        if (strncmp(said, rows[i].at, strlen(rows[i].at)) != 0 || !strstr(said, rows[i].word))
            fail_msg("row %zu: said \"%s\", expected %s... %s", i, said, rows[i].at, rows[i].word);
    }
}

static void test_long_line_and_zero(void **state)
{
    char text[6000] = ROOT "[tree t]\n# ";
    char said[1024] = "";
    struct plan p;
    size_t len = strlen(text);

    (void)state;
    memset(text + len, 'x', 5000);
    strcpy(text + len + 5000, "\npath = /srv/venue/t\n");
    assert_int_equal(parse(text, &p, said), -1);
    assert_non_null(strstr(said, "wipe.plan:4: the line is longer"));
    said[0] = '\0';
    assert_int_equal(
        plan_parse("wipe.plan", "[root a]\npath = /srv/\0a\n", 25, &p, keep_first, said), -1);
    assert_non_null(strstr(said, "wipe.plan:2: found a control character"));
}

static void test_too_many(void **state)
{
    char *text = malloc(65536), said[1024];
    size_t at = (size_t)sprintf(text, "%s", ROOT);
    struct plan p;

    (void)state;
    for (int i = 0; i < PLAN_TARGETS_MAX; i++)
        at += (size_t)sprintf(text + at, "[file f%d]\npath = /srv/venue/%d\n", i, i);
    assert_int_equal(parse(text, &p, said), 0);
    sprintf(text + at, "[file last]\npath = /srv/venue/last\n");
    assert_int_equal(parse(text, &p, said), -1);
    assert_non_null(strstr(said, "expected at most 64"));
    free(text);
}

static void test_hash(void **state)
{
    struct plan a, b;
    char said[1024];

    (void)state;
    assert_int_equal(parse(ROOT "[file f]\npath = /srv/venue/f\n", &a, said), 0);
    assert_int_equal(parse(ROOT "[file f]\npath = /srv/venue/g\n", &b, said), 0);
    assert_memory_not_equal(a.hash, b.hash, PLAN_HASH);
}

/* A drill's plan is the same but for the places. */
static void test_drill_plan(void **state)
{
    struct plan p, d;
    char said[1024];

    (void)state;
    assert_int_equal(parse(ROOT "[tree t]\npath = /srv/venue\n[key k]\npath = /srv/venue/a/k\n"
                                "[unit u]\nunit = a.service\n[cell c]\ncell = nvmem:rtc0\n"
                                "[luks d]\ndevice = /dev/mmcblk0p3\nmapping = venue\n"
                                "[luks f]\npath = /srv/venue/f\nmapping = other\n",
                           &p, said),
                     0);
    wipe_drill_plan(&p, &d);
    assert_int_equal(d.targets_count, p.targets_count);
    for (size_t i = 0; i < p.targets_count; i++) {
        assert_int_equal(d.targets[i].kind, p.targets[i].kind);
        /* What is rehearsed on files: all but the unit, which has a name that nothing bears. */
        assert_int_equal(d.targets[i].root, d.targets[i].kind == PLAN_UNIT ? -1 : 0);
        if (d.targets[i].root >= 0)
            assert_int_equal(strncmp(d.targets[i].below, DRILL_FOLDER "/", sizeof DRILL_FOLDER), 0);
        else
            assert_string_equal(d.targets[i].word, "porchlight-drill-u.service");
        if (d.targets[i].kind == PLAN_LUKS)
            assert_string_not_equal(d.targets[i].mapping, p.targets[i].mapping);
    }
}

/* The opened file's owner, mode and kind decide. */
static void test_file_trust(void **state)
{
    static const char text[] = ROOT "[file f]\npath = /srv/venue/f\n";
    char dir[] = "/tmp/test_plan.XXXXXX", path[64], link_path[64], said[1024] = "";
    struct plan p;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/wipe.plan", dir);
    snprintf(link_path, sizeof link_path, "%s/link", dir);
    assert_int_equal(plan_read(path, geteuid(), &p, keep_first, said), -1);
    assert_int_equal(errno, ENOENT);
    assert_string_equal(said, "");
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(plan_read(path, geteuid(), &p, keep_first, said), 0);
    assert_int_equal(plan_read(path, geteuid() + 1, &p, keep_first, said), -1);
    assert_non_null(strstr(said, "belongs to user"));
    said[0] = '\0';
    fchmod(fd, 0620);
    assert_int_equal(plan_read(path, geteuid(), &p, keep_first, said), -1);
    assert_non_null(strstr(said, "mode is 0620"));
    said[0] = '\0';
    fchmod(fd, 0644);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(plan_read(link_path, geteuid(), &p, keep_first, said), -1);
    assert_non_null(strstr(said, "no symbolic link"));
    said[0] = '\0';
    assert_int_equal(plan_read(dir, geteuid(), &p, keep_first, said), -1);
    assert_non_null(strstr(said, "regular file"));
    said[0] = '\0';
    assert_int_equal(ftruncate(fd, PLAN_FILE_MAX + 1), 0);
    assert_int_equal(plan_read(path, geteuid(), &p, keep_first, said), -1);
    assert_non_null(strstr(said, "at most"));
    close(fd);
    unlink(path);
    unlink(link_path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_roots),
        cmocka_unit_test(test_order),      cmocka_unit_test(test_longest_root),
        cmocka_unit_test(test_indented),   cmocka_unit_test(test_marks_and_line_ends),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_long_line_and_zero),
        cmocka_unit_test(test_too_many),   cmocka_unit_test(test_hash),
        cmocka_unit_test(test_drill_plan), cmocka_unit_test(test_file_trust),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
