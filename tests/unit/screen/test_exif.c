#include "kiosk/screen/draw_image.h"
#include "kiosk/screen/draw_photo.h"
#include "kiosk/screen/exif.h"
#include "tests/unit/rows.h"

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

/* A JPEG's beginning: EXIF with an orientation, then a frame of w x h. */
static size_t make_head(uint8_t *out, bool big, int orientation, unsigned w, unsigned h)
{
    static const uint8_t tiff_big[] = {'M', 'M', 0, '*', 0, 0,   0, 8, 0, 2,    0x01, 0x0F, 0,
                                       2,   0,   0, 0,   1, 'x', 0, 0, 0, 0x01, 0x12, 0,    3,
                                       0,   0,   0, 1,   0, 0,   0, 0, 0, 0,    0,    0};
    static const uint8_t tiff_small[] = {'I', 'I', '*', 0, 8, 0,   0, 0, 2, 0,    0x0F, 0x01, 2,
                                         0,   1,   0,   0, 0, 'x', 0, 0, 0, 0x12, 0x01, 3,    0,
                                         1,   0,   0,   0, 0, 0,   0, 0, 0, 0,    0,    0};
    size_t at = 0, tiff = sizeof tiff_big, len = 2 + 6 + tiff;
    const uint8_t soi[] = {0xFF, 0xD8, 0xFF, 0xE1, (uint8_t)(len >> 8), (uint8_t)len, 'E', 'x',
                           'i',  'f',  0,    0};
    memcpy(out, soi, sizeof soi);
    at = sizeof soi;
    memcpy(out + at, big ? tiff_big : tiff_small, tiff);
    out[at + (big ? 31 : 30)] = (uint8_t)orientation;
    at += tiff;
    const uint8_t frame[] = {
        0xFF,       0xC0, 0, 11,   8, (uint8_t)(h >> 8), (uint8_t)h, (uint8_t)(w >> 8),
        (uint8_t)w, 1,    1, 0x11, 0};
    memcpy(out + at, frame, sizeof frame);
    return at + sizeof frame;
}

static void test_orientations(void **state)
{
    (void)state;
    uint8_t bytes[256];
    for (int big = 0; big <= 1; big++) {
        for (int o = 0; o <= 9; o++) {
            size_t len = make_head(bytes, big, o, 4000, 3000);
            struct photo_head h = photo_head_read(bytes, len);
            assert_int_equal(h.type, PHOTO_JPEG);
            assert_int_equal(h.w, 4000);
            assert_int_equal(h.h, 3000);
            assert_int_equal(h.orientation, o >= 1 && o <= 8 ? o : 1);
        }
    }
}

/* Cut off anywhere and with any one byte changed: an answer, and no byte beyond the end read (the
 * sanitizers watch; the bytes are in an allocation of exactly their size). */
static void test_broken_heads(void **state)
{
    (void)state;
    uint8_t whole[256];
    size_t len = make_head(whole, true, 6, 640, 480);
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *bytes = malloc(cut ? cut : 1);
        memcpy(bytes, whole, cut);
        struct photo_head h = photo_head_read(bytes, cut);
        assert_true(h.orientation >= 1 && h.orientation <= 8);
        for (size_t k = 0; k < cut; k++) {
            static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
            for (size_t v = 0; v < sizeof values; v++) {
                bytes[k] = values[v];
                h = photo_head_read(bytes, cut);
                assert_true(h.orientation >= 1 && h.orientation <= 8);
            }
            bytes[k] = whole[k];
        }
        free(bytes);
    }
}

/* Each of the eight ways to store it gives the same upright picture. What is stored for an
 * orientation is written down from the EXIF standard's own words (row 0 is, column 0 is). */
static void test_turns(void **state)
{
    (void)state;
    static const char *const stored[9] = {
        NULL,
        "abc"
        "def", /* 1: top, left */
        "cba"
        "fed", /* 2: top, right */
        "fed"
        "cba", /* 3: bottom, right */
        "def"
        "abc", /* 4: bottom, left */
        "ad"
        "be"
        "cf", /* 5: left, top */
        "cf"
        "be"
        "ad", /* 6: right, top */
        "fc"
        "eb"
        "da", /* 7: right, bottom */
        "da"
        "eb"
        "fc", /* 8: left, bottom */
    };
    for (int o = 1; o <= 8; o++) {
        uint32_t w = o >= 5 ? 2 : 3, h = o >= 5 ? 3 : 2;
        char upright[7] = "";
        for (uint32_t y = 0; y < 2; y++) {
            for (uint32_t x = 0; x < 3; x++) {
                uint32_t sx, sy;
                photo_turn(o, w, h, x, y, &sx, &sy);
                assert_true(sx < w && sy < h);
                upright[y * 3 + x] = stored[o][sy * w + sx];
            }
        }
        if (strcmp(upright, "abcdef") != 0)
            fail_msg("orientation %d comes out as %s", o, upright);
    }
}

static void put_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void test_album(void **state)
{
    (void)state;
    char folder[] = "build/album.XXXXXX", path[256];
    uint8_t head[256];
    uint32_t *pixels = calloc(300 * 200, sizeof *pixels);
    for (int k = 0; k < 300 * 200; k++)
        pixels[k] = k % 300 < 150 ? 0xffff0000u : 0xff0000ffu;
    assert_non_null(mkdtemp(folder));
    struct album *a = album_new(folder);
    assert_null(album_next(a, 100, 100));                                   /* empty */
    put_file(folder, "1.jpg", head, make_head(head, true, 6, 12000, 9000)); /* 108 megapixels */
    put_file(folder, "2.jpg", head, make_head(head, true, 6, 640, 480));    /* no picture in it */
    put_file(folder, "3.png", "not a picture", 13);
    put_file(folder, "4.jpeg", "", 0);
    put_file(folder, "notes.txt", "x", 1);
    assert_null(album_next(a, 100, 100));
    snprintf(path, sizeof path, "%s/5.png", folder);
    assert_int_equal(image_save(path, pixels, 300, 200), 0);
    struct photo *p = album_next(a, 150, 150);
    assert_non_null(p);
    assert_int_equal(p->w, 150); /* it fills its room, and loses its sides */
    assert_int_equal(p->h, 150);
    assert_int_equal(p->pixels[10], 0xffff0000u);
    assert_int_equal(p->pixels[140], 0xff0000ffu);
    album_photo_free(p);
    p = album_next(a, 300, 60); /* too little of it would be left */
    assert_non_null(p);
    assert_int_equal(p->w, 90);
    assert_int_equal(p->h, 60);
    album_photo_free(p);
    p = album_next(a, 1000, 1000); /* round again to the only one, and never scaled up */
    assert_non_null(p);
    assert_int_equal(p->w, 300);
    album_photo_free(p);
    album_free(a);
    static const char *const names[] = {"1.jpg", "2.jpg", "3.png", "4.jpeg", "5.png", "notes.txt"};
    EACH_ROW (k, names, names[k]) {
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
    free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_orientations),
                                       cmocka_unit_test(test_broken_heads),
                                       cmocka_unit_test(test_turns), cmocka_unit_test(test_album)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
