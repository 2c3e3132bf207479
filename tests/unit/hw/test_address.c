#include "hw/line_address.h"
#include "hw/line_edges.h"
#include "hw/line_find.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

/* --- addresses --- */

struct row {
    const char *text;
    int kind; /* -1: refused */
    const char *word;
    unsigned number; /* offset, or active */
};

static const struct row rows[] = {
    {"gpiochip0:17", LINE_BY_OFFSET, "gpiochip0", 17},
    {"pinctrl-bcm2711:4", LINE_BY_OFFSET, "pinctrl-bcm2711", 4},
    {"9030000.pl061:7", LINE_BY_OFFSET, "9030000.pl061", 7},
    {"a:b:0", LINE_BY_OFFSET, "a:b", 0},
    {"gpiochip0:65535", LINE_BY_OFFSET, "gpiochip0", 65535},
    {"GPIO17", LINE_BY_NAME, "GPIO17", 0},
    {"[SPI:CS]", LINE_BY_NAME, "[SPI:CS]", 0},
    {"sim:front", LINE_SIMULATED, "front", 0},
    {"sim:front-nc=1", LINE_SIMULATED, "front-nc", 1},
    {"sim:a_B-9", LINE_SIMULATED, "a_B-9", 0},
    {"sim:1234567890123456789012345678901", LINE_SIMULATED, "1234567890123456789012345678901", 0},
    {"sim:12345678901234567890123456789012", -1, "", 0},
    {"sim:", -1, "", 0},
    {"sim:front=0", -1, "", 0},
    {"sim:front=11", -1, "", 0},
    {"sim:fr ont", -1, "", 0},
    {"key:AB Shutter3:KEY_VOLUMEUP", LINE_BUTTON, "AB Shutter3", 0},
    {"key:a: b:BTN_0+KEY_F5", LINE_BUTTON, "a: b", 0},
    {"key:20:73:5c:aa:00:01:KEY_A", LINE_BUTTON, "20:73:5c:aa:00:01", 0},
    {"key:Remote", -1, "", 0},
    {"key:Remote:", -1, "", 0},
    {"key::KEY_A", -1, "", 0},
    {"key:Remote:+KEY_A", -1, "", 0},
    {"", -1, "", 0},
    {"17", -1, "", 0},
    {":17", -1, "", 0},
    {"gpiochip0", LINE_BY_NAME, "gpiochip0", 0},
    {"gpiochip0:", -1, "", 0},
    {"gpiochip0:x", -1, "", 0},
    {"gpiochip0:-1", -1, "", 0},
    {"gpiochip0:0x11", -1, "", 0},
    {"gpiochip0:65536", -1, "", 0},
    {"gpiochip0:100000000000000000017", -1, "", 0},
    {"GPIO 17", -1, "", 0},
    {"GPIO17\n", -1, "", 0},
    {"0123456789012345678901234567890123456789012345678901234567890123", -1, "", 0},
};

static void addresses_are_read_or_refused(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].text) {
        struct line_address a;
        errno = 0;
        int got = line_address_parse(rows[i].text, &a);
        if (rows[i].kind < 0) {
            if (got != -1 || errno != EINVAL)
                fail_msg("\"%s\" was not refused", rows[i].text);
            continue;
        }
        const char *word = a.kind == LINE_BY_OFFSET ? a.chip : a.name;
        unsigned number = a.kind == LINE_BY_OFFSET ? a.offset : a.active;
        if (got != 0 || (int)a.kind != rows[i].kind || strcmp(word, rows[i].word) != 0 ||
            number != rows[i].number)
            fail_msg("\"%s\" was read as %d %s %u", rows[i].text, (int)a.kind, word, number);
    }
}

/* --- which chip and offset --- */

struct report {
    const char *path, *name, *label;
    unsigned lines;    /* of a chip that would not open: the errno */
    const char *line3; /* the name of its line 3 */
};

static const struct report a_pi[] = {
    {"/dev/gpiochip0", "gpiochip0", "pinctrl-bcm2711", 58, "GPIO3"},
    {"/dev/gpiochip1", "gpiochip1", "raspberrypi-exp-gpio", 8, "BT_ON"},
    {"/dev/gpiochip2", "gpiochip2", "mcp23017", 16, "SPARE"},
    {"/dev/gpiochip3", "gpiochip3", "mcp23017", 16, "SPARE"},
    {NULL, NULL, NULL, 0, NULL},
};
static const struct report nothing[] = {{NULL, NULL, NULL, 0, NULL}};
static const struct report closed[] = {
    {"/dev/gpiochip0", NULL, NULL, 0, NULL},
    {"/dev/gpiochip1", "gpiochip1", "raspberrypi-exp-gpio", 8, "BT_ON"},
    {NULL, NULL, NULL, 0, NULL},
};
static const struct report broken[] = {
    {"/dev/gpiochip0", NULL, NULL, EIO, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

struct verdict {
    const char *address;
    const struct report *machine;
    enum line_trouble trouble;
    const char *detail; /* or the path, where the line is found */
    unsigned offset;
};

static const struct verdict verdicts[] = {
    {"gpiochip0:17", a_pi, LINE_FINE, "/dev/gpiochip0", 17},
    {"pinctrl-bcm2711:57", a_pi, LINE_FINE, "/dev/gpiochip0", 57},
    {"gpiochip3:0", a_pi, LINE_FINE, "/dev/gpiochip3", 0},
    {"GPIO3", a_pi, LINE_FINE, "/dev/gpiochip0", 3},
    {"pinctrl-bcm2711:58", a_pi, LINE_NO_OFFSET, "57", 0},
    {"gpiochip9:1", a_pi, LINE_NO_CHIP,
     "gpiochip0 (pinctrl-bcm2711), gpiochip1 (raspberrypi-exp-gpio), gpiochip2 (mcp23017), "
     "gpiochip3 (mcp23017)",
     0},
    {"gpio:1", a_pi, LINE_NO_CHIP, NULL, 0},
    {"mcp23017:1", a_pi, LINE_MANY_CHIPS, "gpiochip2, gpiochip3", 0},
    {"SPARE", a_pi, LINE_MANY_NAMES, "gpiochip2:3, gpiochip3:3", 0},
    {"GPIO99", a_pi, LINE_NO_NAME, NULL, 0},
    {"GPIO3", nothing, LINE_NO_GPIO, "", 0},
    {"gpiochip0:17", nothing, LINE_NO_GPIO, "", 0},
    {"gpiochip0:17", closed, LINE_DENIED, "/dev/gpiochip0", 0},
    {"GPIO3", closed, LINE_DENIED, "/dev/gpiochip0", 0},
    {"GPIO3", broken, LINE_OTHER, "/dev/gpiochip0", 0},
    {"BT_ON", closed, LINE_FINE, "/dev/gpiochip1", 3},
};

static void pass_on(struct line_find *f, const struct report *t)
{
    if (!t->name) {
        line_find_closed(f, t->path, t->lines ? (int)t->lines : EACCES);
        return;
    }
    line_find_chip(f, t->path, t->name, t->label, t->lines);
    if (f->want->kind != LINE_BY_NAME)
        return;
    line_find_line(f, t->path, 0, NULL);
    line_find_line(f, t->path, 1, "");
    line_find_line(f, t->path, 3, t->line3);
}

static void each_machine_gets_its_verdict(void **state)
{
    (void)state;
    EACH_ROW (i, verdicts, verdicts[i].address) {
        const struct verdict *v = &verdicts[i];
        struct line_address a;
        struct line_find f;
        char detail[LINE_SEEN_MAX];
        assert_int_equal(line_address_parse(v->address, &a), 0);
        line_find_init(&f, &a);
        for (const struct report *t = v->machine; t->path; t++)
            pass_on(&f, t);
        enum line_trouble trouble = line_find_verdict(&f, detail);
        const char *word = trouble == LINE_FINE ? f.path : detail;
        if (trouble != v->trouble || (v->detail && strcmp(word, v->detail) != 0))
            fail_msg("%s: trouble %d, \"%s\"", v->address, (int)trouble, word);
        if (trouble == LINE_FINE)
            assert_int_equal(f.offset, v->offset);
    }
}

static void a_long_list_of_chips_is_cut_not_torn(void **state)
{
    (void)state;
    struct line_address a;
    struct line_find f;
    char detail[LINE_SEEN_MAX], name[16], path[LINE_PATH_MAX];
    line_address_parse("nosuch:1", &a);
    line_find_init(&f, &a);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "gpiochip%u", i);
        snprintf(path, sizeof path, "/dev/gpiochip%u", i);
        line_find_chip(&f, path, name, "an-expander", 8);
    }
    assert_int_equal(line_find_verdict(&f, detail), LINE_NO_CHIP);
    assert_true(strlen(detail) > 90);
    assert_string_equal(detail + strlen(detail) - 5, ", ...");
    assert_null(strstr(detail, "......"));
}

/* --- the files of a machine --- */

static void chips_are_listed_by_number_without_second_names(void **state)
{
    (void)state;
    char dev[] = "/tmp/porchlight-dev-XXXXXX", path[64];
    char paths[LINE_CHIPS_MAX][LINE_PATH_MAX];
    assert_non_null(mkdtemp(dev));
    snprintf(path, sizeof path, "%s/gpiochip4", dev);
    assert_int_equal(symlink("gpiochip0", path), 0);
    snprintf(path, sizeof path, "%s/gpiochip7", dev);
    assert_int_equal(symlink("/nowhere/mem", path), 0);

    struct line_address a;
    line_address_parse("gpiochip4:17", &a);
    line_find_follow(dev, &a);
    assert_string_equal(a.chip, "gpiochip0");
    line_address_parse("gpiochip7:17", &a);
    line_find_follow(dev, &a);
    assert_string_equal(a.chip, "gpiochip7");
    line_address_parse("gpiochip1:17", &a);
    line_find_follow(dev, &a);
    assert_string_equal(a.chip, "gpiochip1");

    assert_int_equal(line_find_paths(dev, paths), 0);
    assert_int_equal(line_find_paths("/nowhere/at/all", paths), 0);

    snprintf(path, sizeof path, "rm -r %s", dev);
    assert_int_equal(system(path), 0);
}

/* --- sentences --- */

static void every_trouble_says_which_line_and_how_to_fix_it(void **state)
{
    (void)state;
    static const struct {
        enum line_trouble trouble;
        const char *detail;
        int error;
        const char *says;
    } table[] = {
        {LINE_BAD_ADDRESS, NULL, EINVAL, "Expected gpiochip0:17"},
        {LINE_NO_GPIO, NULL, ENOENT, "no GPIO chip"},
        {LINE_NO_CHIP, "gpiochip0 (pl061)", ENOENT, "This machine has: gpiochip0 (pl061)"},
        {LINE_NO_OFFSET, "7", ENOENT, "lines 0 to 7"},
        {LINE_NO_NAME, NULL, ENOENT, "gpioinfo"},
        {LINE_MANY_CHIPS, "gpiochip2, gpiochip3", EINVAL, "gpiochip2, gpiochip3 share"},
        {LINE_MANY_NAMES, "gpiochip2:3, gpiochip3:3", EINVAL, "gpiochip2:3, gpiochip3:3 share"},
        {LINE_BUSY, "gpio-keys", EBUSY, "in use by gpio-keys"},
        {LINE_BUSY, NULL, EBUSY, "in use by an unnamed program"},
        {LINE_DENIED, "/dev/gpiochip0", EACCES, "usermod -aG gpio"},
        {LINE_NO_BIAS, NULL, ENOTSUP, "bias = as-is"},
        {LINE_NO_SIMULATOR, NULL, EINVAL, "all of them sim:NAME"},
        {LINE_OTHER, "/dev/gpiochip0", EIO, "/dev/gpiochip0: Input/output error"},
    };
    EACH_ROW (i, table, table[i].detail) {
        struct line_error e = {""};
        errno = EIO;
        assert_null(
            line_refuse(&e, "switch front", "gpiochip0:17", table[i].trouble, table[i].detail));
        assert_int_equal(errno, table[i].error);
        assert_non_null(strstr(e.text, "switch front: line gpiochip0:17 "));
        if (!strstr(e.text, table[i].says))
            fail_msg("\"%s\" does not say \"%s\"", e.text, table[i].says);
        assert_null(strchr(e.text, '%'));
    }
}

/* --- what a queue has dropped --- */

static void a_gap_in_the_sequence_is_lost_edges(void **state)
{
    (void)state;
    static const struct {
        uint32_t last, seq;
        bool gap;
    } table[] = {
        {0, 1, false}, {0, 2, true},           {1, 2, false}, {7, 9, true},
        {7, 7, true},  {UINT32_MAX, 0, false}, {9, 8, true},
    };
    EACH_ROW (i, table, NULL) {
        uint32_t last = table[i].last;
        assert_int_equal(line_seq_gap(&last, table[i].seq), table[i].gap);
        assert_int_equal(last, table[i].seq);
    }
}

static void two_edges_the_same_way_hide_one_between(void **state)
{
    (void)state;
    struct line_v1 v = {.active = false};
    struct line_edge e = line_v1_edge(&v, true, 100, 200);
    assert_true(e.active && !e.lost && e.at == 100 && e.seq == 1);
    e = line_v1_edge(&v, false, 110, 200);
    assert_true(!e.active && !e.lost && e.seq == 2);
    e = line_v1_edge(&v, false, 120, 200);
    assert_true(!e.active && e.lost && e.seq == 3);
    e = line_v1_edge(&v, true, 1700000000000, 200);
    assert_int_equal(e.at, 200);
    assert_false(line_v1_drained(&v));
}

static void a_full_queue_is_followed_by_a_reread(void **state)
{
    (void)state;
    struct line_v1 v = {.active = false};
    for (int i = 0; i < LINE_V1_QUEUE - 1; i++)
        line_v1_edge(&v, i % 2 == 0, i, 1000);
    assert_false(line_v1_drained(&v));
    for (int i = 0; i < LINE_V1_QUEUE; i++)
        assert_false(line_v1_edge(&v, i % 2 != 0, i, 1000).lost);
    assert_true(line_v1_drained(&v));
    struct line_edge e = line_v1_reread(&v, false, 1000);
    assert_true(e.lost && !e.active && e.at == 1000 && e.seq == 32);
    assert_false(line_v1_drained(&v));
    assert_false(line_v1_edge(&v, true, 1001, 1002).lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_or_refused),
        cmocka_unit_test(each_machine_gets_its_verdict),
        cmocka_unit_test(a_long_list_of_chips_is_cut_not_torn),
        cmocka_unit_test(chips_are_listed_by_number_without_second_names),
        cmocka_unit_test(every_trouble_says_which_line_and_how_to_fix_it),
        cmocka_unit_test(a_gap_in_the_sequence_is_lost_edges),
        cmocka_unit_test(two_edges_the_same_way_hide_one_between),
        cmocka_unit_test(a_full_queue_is_followed_by_a_reread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
