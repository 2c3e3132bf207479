#include "kiosk/core/ns.h"
#include "kiosk/screen/dimming.h"
#include "kiosk/screen/items.h"
#include "kiosk/screen/panel.h"
#include "kiosk/screen/qr.h"
#include "tests/unit/rows.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_light(void **state)
{
    (void)state;
    static const struct {
        double altitude;
        int minute, from, to;
        double low, high;
    } rows[] = {
        {30, 600, -1, -1, 1, 1},        {-3, 600, -1, -1, 1, 1},   {-8, 600, -1, -1, 0.78, 0.82},
        {-30, 600, -1, -1, 0.59, 0.61}, {30, 180, 120, 540, 0, 0}, {30, 540, 120, 540, 1, 1},
        {30, 1430, 1380, 420, 0, 0},    {30, 60, 1380, 420, 0, 0}, {30, 700, 1380, 420, 1, 1},
        {30, -1, 1380, 420, 1, 1},
    };
    EACH_ROW (k, rows, NULL) {
        float l = dimming_light(rows[k].altitude, 60, rows[k].minute, rows[k].from, rows[k].to);
        assert_true((double)l >= rows[k].low && (double)l <= rows[k].high);
    }
    assert_int_equal(dimming_drawn_percent(100), 100);
    assert_int_equal(dimming_drawn_percent(60), 87);
    assert_true(dimming_ease(1, 0, NS_PER_S) > 0.95f);
    assert_true(dimming_ease(0.02f, 0, NS_PER_S) <= 0);
    assert_true(dimming_ease(0.5f, 0.52f, NS_PER_S) >= 0.52f);
}

/* Over a day every place is visited, one pixel at a time, one way at a time. */
static void test_shift(void **state)
{
    (void)state;
    int x, y, was_x, was_y, seen_x = 0, seen_y = 0;
    dimming_shift(0, 4, &was_x, &was_y);
    for (int64_t minute = 0; minute < 24 * 60; minute++) {
        dimming_shift(minute * 60 * NS_PER_S, 4, &x, &y);
        assert_true(abs(x) <= 4 && abs(y) <= 4);
        assert_true(abs(x - was_x) + abs(y - was_y) <= 1);
        seen_x |= 1 << (x + 4);
        seen_y |= 1 << (y + 4);
        was_x = x;
        was_y = y;
    }
    assert_int_equal(seen_x, 0x1ff);
    assert_int_equal(seen_y, 0x1ff);
}

static void put(const char *root, const char *folder, const char *file, const char *text)
{
    char path[512], made[600];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    for (char *p = path + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0777);
            *p = '/';
        }
    }
    mkdir(path, 0777);
    snprintf(made, sizeof made, "%s/%s", path, file);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void read_back(const char *root, const char *file, char out[32])
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, file);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, out, 31);
    close(fd);
    out[n < 0 ? 0 : n] = '\0';
}

static void remove_tree(const char *root)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
}

/* A Pi 5 may number its cards differently at each boot: the one with a monitor counts. A monitor
 * that was replaced by another is noticed, although one is connected before and after. */
static void test_cards(void **state)
{
    (void)state;
    char root[] = "build/sys.XXXXXX";
    struct panel_state was, now;
    assert_non_null(mkdtemp(root));
    panel_look(root, &now);
    assert_false(now.connected || now.connectors);
    put(root, "class/drm/card0-HDMI-A-1", "status", "disconnected\n");
    put(root, "class/drm/card1-HDMI-A-1", "status", "disconnected\n");
    put(root, "class/drm/card1-Writeback-1", "status", "connected\n");
    put(root, "class/drm/renderD128", "status", "connected\n");
    panel_look(root, &was);
    assert_false(was.connected);
    assert_true(was.connectors);
    put(root, "class/drm/card1-HDMI-A-2", "status", "connected\n");
    panel_look(root, &now);
    assert_true(now.connected);
    assert_string_equal(now.card, "1");
    assert_false(panel_same(&was, &now));
    panel_look(root, &was);
    assert_true(panel_same(&was, &now));
    put(root, "class/drm/card1-HDMI-A-2", "edid", "another monitor");
    panel_look(root, &now);
    assert_false(panel_same(&was, &now));
    put(root, "class/drm/card0-HDMI-A-1", "status", "connected\n");
    panel_look(root, &now);
    assert_string_equal(now.card, "0");
    put(root, "class/drm/card0-HDMI-A-1", "status", "disconnected\n");
    put(root, "class/drm/card1-HDMI-A-2", "status", "disconnected\n");
    panel_look(root, &now);
    assert_true(now.connectors && !now.connected);
    remove_tree(root);
}

/* A panel's size by its EDID: in mm, else in cm, else not at all. */
static void test_inches(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        unsigned char cm[2], timing, mm[3];
        float inches;
    } rows[] = {{"7 inches, in mm", {15, 9}, 1, {154, 86, 0}, 6.94f},
                {"24 inches, in mm", {53, 30}, 1, {531 - 512, 299 - 256, 0x21}, 23.99f},
                {"no timing", {53, 30}, 0, {0, 0, 0}, 23.98f},
                {"a ratio and no size", {79, 0}, 0, {0, 0, 0}, 0},
                {"a television that says 16 by 9", {0, 0}, 1, {16, 9, 0}, 0}};
    EACH_ROW (k, rows, rows[k].what) {
        char root[] = "build/sys.XXXXXX", path[128];
        unsigned char edid[128] = {0};
        struct panel_state state_now;
        assert_non_null(mkdtemp(root));
        memcpy(edid + 21, rows[k].cm, 2);
        edid[54] = rows[k].timing;
        memcpy(edid + 66, rows[k].mm, 3);
        put(root, "class/drm/card1-HDMI-A-1", "status", "connected\n");
        snprintf(path, sizeof path, "%s/class/drm/card1-HDMI-A-1/edid", root);
        FILE *f = fopen(path, "w");
        assert_int_equal(fwrite(edid, 1, sizeof edid, f), sizeof edid);
        fclose(f);
        panel_look(root, &state_now);
        assert_true(fabsf(state_now.inches - rows[k].inches) < 0.05f);
        remove_tree(root);
    }
}

static void test_lamp(void **state)
{
    (void)state;
    char root[] = "build/sys.XXXXXX", text[32];
    assert_non_null(mkdtemp(root));
    assert_null(panel_lamp_open(root));
    put(root, "class/backlight/10-0045", "max_brightness", "200\n");
    put(root, "class/backlight/10-0045", "brightness", "200\n");
    put(root, "class/backlight/10-0045", "bl_power", "0\n");
    struct panel_lamp *l = panel_lamp_open(root);
    assert_non_null(l);
    assert_int_equal(panel_lamp_set(l, 0.6f), 0);
    read_back(root, "class/backlight/10-0045/brightness", text);
    assert_int_equal(atoi(text), 120);
    assert_int_equal(panel_lamp_set(l, 0), 0);
    read_back(root, "class/backlight/10-0045/bl_power", text);
    assert_int_equal(atoi(text), 4);
    panel_lamp_free(l);
    remove_tree(root);
}

static void test_qr(void **state)
{
    (void)state;
    struct mask m;
    struct items *l = calloc(1, sizeof *l);
    char big[3000];
    assert_int_equal(qr_make("https://example.org/#abc", 480, 400, 7, &m), 0);
    assert_true(m.w == m.h && m.w + 2 * m.left <= 400);
    int scale = m.left / 4;
    /* The three finders: dark corners, and no fourth. */
    assert_int_equal(m.alpha[0], 255);
    assert_int_equal(m.alpha[m.w - 1], 255);
    assert_int_equal(m.alpha[(m.h - 1) * m.w], 255);
    assert_int_equal(m.alpha[scale * m.w + scale], 0);
    assert_int_equal(m.alpha[2 * scale * m.w + 2 * scale], 255);
    items_clear(l, 480, 480);
    qr_draw(l, &m, 1);
    assert_int_equal(l->count, 2);
    qr_free(&m);
    assert_int_equal(qr_make("x", 30, 30, 8, &m), -1);
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(qr_make(big, 1000, 1000, 9, &m), -1);
    free(l);
}

/* An invitation is 300 bytes; on every panel its card leaves the clock's side of the picture free.
 */
static void test_qr_beside_the_clock(void **state)
{
    static const int sizes[][2] = {{480, 800}, {640, 480}, {800, 480}, {1024, 600}, {1920, 1080}};
    char text[301];
    (void)state;
    memset(text, 'k', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    EACH_ROW (k, sizes, NULL) {
        struct mask m;
        struct items *l = calloc(1, sizeof *l);
        int w = sizes[k][0], h = sizes[k][1];
        assert_int_equal(qr_make(text, w, h, 1, &m), 0);
        items_clear(l, w, h);
        qr_draw(l, &m, 1);
        struct box card = l->item[0].box;
        assert_true(card.x0 >= 0 && card.y0 >= 0 && card.x1 <= w && card.y1 <= h);
        assert_true(h > w ? card.y0 > h * 2 / 5 : card.x0 > w * 2 / 5);
        qr_free(&m);
        free(l);
    }
}

/* The parts reported as changed cover every item that changed. */
static void test_changed(void **state)
{
    (void)state;
    struct items *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    struct ink ink = {10, 20, 30, 1};
    struct box part[ITEMS_DIRTY];
    for (int round = 0; round < 200; round++) {
        items_clear(a, 1000, 1000);
        items_clear(b, 1000, 1000);
        struct box want[40];
        int wants = 0;
        for (int k = 0; k < 40; k++) {
            float x = (float)(rand() % 900), y = (float)(rand() % 900);
            float moved = rand() % 3 == 0 ? (float)(rand() % 60 + 1) : 0;
            struct item *one = items_disc(a, x, y, 12, ink);
            struct box from = one->box;
            struct item *two = items_disc(b, x + moved, y, 12, ink);
            if (moved > 0)
                want[wants++] = box_join(from, two->box);
        }
        size_t n = items_changed(a, b, part);
        assert_true(n <= ITEMS_DIRTY);
        assert_int_equal(n == 0, wants == 0);
        for (int k = 0; k < wants; k++) {
            /* Its left and right ends are in some part. */
            bool left = false, right = false;
            for (size_t i = 0; i < n; i++) {
                struct box l = {want[k].x0, want[k].y0, want[k].x0 + 1, want[k].y1};
                struct box r = {want[k].x1 - 1, want[k].y0, want[k].x1, want[k].y1};
                left |= box_meet(part[i], l).y1 - box_meet(part[i], l).y0 == l.y1 - l.y0 &&
                        !box_empty(box_meet(part[i], l));
                right |= box_meet(part[i], r).y1 - box_meet(part[i], r).y0 == r.y1 - r.y0 &&
                         !box_empty(box_meet(part[i], r));
            }
            assert_true(left && right);
        }
    }
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light),  cmocka_unit_test(test_shift),
        cmocka_unit_test(test_cards),  cmocka_unit_test(test_lamp),
        cmocka_unit_test(test_qr),     cmocka_unit_test(test_qr_beside_the_clock),
        cmocka_unit_test(test_inches), cmocka_unit_test(test_changed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
