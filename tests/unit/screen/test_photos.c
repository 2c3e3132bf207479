/* Photos of every format, depth and orientation, whole and broken at any byte: shown right, or
 * named in the journal. */

#include "kiosk/common/log.h"
#include "kiosk/screen/draw_jpeg.h"
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
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

enum { W = 24, H = 16, FILE_MOST = 400000 };

struct file {
    uint8_t *bytes;
    size_t len;
};

static char folder[] = "build/photos.XXXXXX";
static char said[32768];

static void keep_sentence(const char *program, enum log_level level, const char *sentence)
{
    (void)program;
    (void)level;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", sentence);
}

/* What an upright photo shows at a place: four fields, each of another brightness. */
static const uint8_t fields[4][3] = {{255, 0, 0}, {0, 170, 0}, {0, 0, 255}, {255, 255, 255}};

static int field(uint32_t x, uint32_t y)
{
    return (x >= W / 2) + 2 * (y >= H / 2);
}

/* The photo as it is stored for an orientation: of each pixel, its field. */
static void store(int orientation, uint8_t out[W * H], uint32_t *w, uint32_t *h)
{
    *w = orientation >= 5 ? H : W;
    *h = orientation >= 5 ? W : H;
    for (uint32_t y = 0; y < H; y++) {
        for (uint32_t x = 0; x < W; x++) {
            uint32_t sx, sy;
            photo_turn(orientation, *w, *h, x, y, &sx, &sy);
            out[sy * *w + sx] = (uint8_t)field(x, y);
        }
    }
}

static void tiff(uint8_t out[26], int orientation)
{
    static const uint8_t bytes[26] = {'M', 'M', 0,    '*', 0, 0, 0, 8, 0,
                                      1,   1,   0x12, 0,   3, 0, 0, 0, 1};
    memcpy(out, bytes, sizeof bytes);
    out[19] = (uint8_t)orientation;
}

static uint8_t grey(const uint8_t rgb[3])
{
    return (uint8_t)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000);
}

struct jpeg_kind {
    const char *name;
    J_COLOR_SPACE in, out;
    bool progressive;
    int restart; /* lines between restart markers */
    int xmp;     /* blocks of 64 kB before the EXIF */
};

static const struct jpeg_kind jpegs[] = {
    {"colour", JCS_RGB, JCS_YCbCr, false, 0, 0},
    {"colour, progressive", JCS_RGB, JCS_YCbCr, true, 0, 0},
    {"colour, restarts", JCS_RGB, JCS_YCbCr, false, 1, 0},
    {"RGB", JCS_RGB, JCS_RGB, false, 0, 0},
    {"grey", JCS_GRAYSCALE, JCS_GRAYSCALE, false, 0, 0},
    {"CMYK", JCS_CMYK, JCS_CMYK, false, 0, 0},
    {"YCCK, progressive", JCS_CMYK, JCS_YCCK, true, 0, 0},
    {"colour, long XMP", JCS_RGB, JCS_YCbCr, false, 0, 5},
};

static struct file make_jpeg(const struct jpeg_kind *kind, int orientation)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr error;
    uint8_t stored[W * H], exif[32] = "Exif\0", *out = NULL;
    unsigned long len = 0;
    uint32_t w, h;
    store(orientation, stored, &w, &h);
    tiff(exif + 6, orientation);
    jpeg.err = jpeg_std_error(&error);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, &len);
    jpeg.image_width = w;
    jpeg.image_height = h;
    jpeg.in_color_space = kind->in;
    jpeg.input_components = kind->in == JCS_GRAYSCALE ? 1 : kind->in == JCS_RGB ? 3 : 4;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->out);
    jpeg_set_quality(&jpeg, 95, TRUE);
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
    jpeg.restart_in_rows = kind->restart;
    if (kind->progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    uint8_t *xmp = calloc(1, 65000);
    strcpy((char *)xmp, "http://ns.adobe.com/xap/1.0/");
    for (int k = 0; k < kind->xmp; k++)
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, xmp, 65000);
    free(xmp);
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof exif);
    for (uint32_t y = 0; y < h; y++) {
        uint8_t line[4 * W], *row = line, *to = line;
        for (uint32_t x = 0; x < w; x++) {
            const uint8_t *rgb = fields[stored[y * w + x]];
            if (kind->in == JCS_GRAYSCALE)
                *to++ = grey(rgb);
            for (int c = 0; c < 3 && kind->in != JCS_GRAYSCALE; c++)
                *to++ = rgb[c]; /* as an ink: 255 is none of it, as Adobe stores it */
            if (kind->in == JCS_CMYK)
                *to++ = 255;
        }
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (struct file){out, len};
}

struct png_kind {
    const char *name;
    int type, depth, interlace;
    bool clear; /* the last field is transparent: white all the same */
    int text;   /* EXIF as ImageMagick writes it: 1 as a text, 2 as a packed one; 0: as eXIf */
};

static const struct png_kind pngs[] = {
    {"grey 1", PNG_COLOR_TYPE_GRAY, 1, 0, false, 0},
    {"grey 2", PNG_COLOR_TYPE_GRAY, 2, 0, false, 0},
    {"grey 4", PNG_COLOR_TYPE_GRAY, 4, 1, false, 0},
    {"grey 8", PNG_COLOR_TYPE_GRAY, 8, 0, false, 0},
    {"grey 16", PNG_COLOR_TYPE_GRAY, 16, 0, false, 0},
    {"grey and alpha 8", PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, true, 0},
    {"grey and alpha 16", PNG_COLOR_TYPE_GRAY_ALPHA, 16, 1, true, 0},
    {"colour 8", PNG_COLOR_TYPE_RGB, 8, 0, false, 0},
    {"colour 8, interlaced", PNG_COLOR_TYPE_RGB, 8, 1, false, 0},
    {"colour 16", PNG_COLOR_TYPE_RGB, 16, 0, false, 0},
    {"colour and alpha 8", PNG_COLOR_TYPE_RGB_ALPHA, 8, 0, true, 0},
    {"colour and alpha 16", PNG_COLOR_TYPE_RGB_ALPHA, 16, 0, true, 0},
    {"palette 2", PNG_COLOR_TYPE_PALETTE, 2, 0, false, 0},
    {"palette 4", PNG_COLOR_TYPE_PALETTE, 4, 1, false, 0},
    {"palette 8", PNG_COLOR_TYPE_PALETTE, 8, 0, false, 0},
    {"palette 8, one clear", PNG_COLOR_TYPE_PALETTE, 8, 0, true, 0},
    {"EXIF as a text", PNG_COLOR_TYPE_RGB, 8, 0, false, 1},
    {"EXIF as a packed text", PNG_COLOR_TYPE_RGB, 8, 0, false, 2},
};

static void grow(png_structp png, png_bytep bytes, size_t len)
{
    struct file *f = png_get_io_ptr(png);
    memcpy(f->bytes + f->len, bytes, len);
    f->len += len;
}

/* One sample, `depth` bits, behind those that are in the line. */
static void put_sample(uint8_t *line, size_t *bit, int depth, unsigned value)
{
    if (depth == 16) {
        line[*bit / 8] = line[*bit / 8 + 1] = (uint8_t)value;
    } else {
        line[*bit / 8] |= (uint8_t)(value >> (8 - depth) << (8 - depth) >> (*bit % 8));
    }
    *bit += (size_t)depth;
}

static void fill_line(const struct png_kind *kind, const uint8_t *stored, uint32_t w, uint8_t *line)
{
    size_t bit = 0;
    memset(line, 0, 8 * W);
    for (uint32_t x = 0; x < w; x++) {
        const uint8_t *rgb = fields[stored[x]];
        bool clear = kind->clear && stored[x] == 3;
        if (kind->type == PNG_COLOR_TYPE_PALETTE)
            put_sample(line, &bit, kind->depth, (unsigned)stored[x] << (8 - kind->depth));
        else if (!(kind->type & PNG_COLOR_MASK_COLOR))
            put_sample(line, &bit, kind->depth, clear ? 0 : grey(rgb));
        else
            for (int c = 0; c < 3; c++)
                put_sample(line, &bit, kind->depth, clear ? 0 : rgb[c]);
        if (kind->type & PNG_COLOR_MASK_ALPHA)
            put_sample(line, &bit, kind->depth, clear ? 0 : 255);
    }
}

static void put_exif(png_structp png, png_infop info, const struct png_kind *kind, uint8_t exif[26])
{
    char key[] = "Raw profile type exif", text[128] = "\nexif\n      32\n457869660000";
    png_text t = {.compression =
                      kind->text == 1 ? PNG_TEXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_zTXt,
                  .key = key,
                  .text = text};
    for (int k = 0; k < 26; k++)
        snprintf(text + strlen(text), 4, "%02x%s", exif[k], k == 20 ? "\n" : "");
    if (kind->text)
        png_set_text(png, info, &t, 1);
    else
        png_set_eXIf_1(png, info, 26, exif);
}

static struct file make_png(const struct png_kind *kind, int orientation)
{
    struct file f = {malloc(FILE_MOST), 0};
    uint8_t stored[W * H], line[8 * W], exif[26], *rows[W];
    png_color colours[4];
    png_byte alpha[4] = {255, 255, 255, 0};
    uint32_t w, h;
    store(orientation, stored, &w, &h);
    tiff(exif, orientation);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &f, grow, NULL);
    png_set_IHDR(png, info, w, h, kind->depth, kind->type, kind->interlace, 0, 0);
    for (int k = 0; k < 4; k++)
        colours[k] = (png_color){fields[k][0], fields[k][1], fields[k][2]};
    if (kind->type == PNG_COLOR_TYPE_PALETTE) {
        if (kind->clear)
            colours[3] = (png_color){9, 9, 9};
        png_set_PLTE(png, info, colours, 4);
        if (kind->clear)
            png_set_tRNS(png, info, alpha, 4, NULL);
    }
    put_exif(png, info, kind, exif);
    png_write_info(png, info);
    for (uint32_t y = 0; y < h; y++) {
        fill_line(kind, stored + y * w, w, line);
        rows[y] = malloc(sizeof line);
        memcpy(rows[y], line, sizeof line);
    }
    png_write_image(png, rows);
    png_write_end(png, info);
    for (uint32_t y = 0; y < h; y++)
        free(rows[y]);
    png_destroy_write_struct(&png, &info);
    return f;
}

/* Shows a file as the screen does. NULL where it is not shown; `said` is what the journal says. */
static struct photo *show(const uint8_t *bytes, size_t len)
{
    char path[64];
    snprintf(path, sizeof path, "%s/photo.jpg", folder);
    FILE *f = fopen(path, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    said[0] = '\0';
    struct album *a = album_new(folder);
    struct photo *p = album_next(a, 1000, 1000);
    album_free(a);
    unlink(path);
    return p;
}

static bool named(void)
{
    return strstr(said, "photo.jpg ") != NULL;
}

/* `depth`: how many bits a grey has left; 0: colour. */
static void check_whole(const char *name, int orientation, const struct file *f, int depth, int off)
{
    struct photo *p = show(f->bytes, f->len);
    if (!p || named())
        fail_msg("%s, orientation %d: %s", name, orientation, said);
    assert_int_equal(p->w, W);
    assert_int_equal(p->h, H);
    for (uint32_t y = 2; y < H; y += 4) {
        for (uint32_t x = 2; x < W; x += 4) {
            const uint8_t *rgb = fields[field(x, y)];
            for (int c = 0; c < 3; c++) {
                int is = (int)(p->pixels[y * W + x] >> (16 - 8 * c) & 255), want = rgb[c];
                if (depth > 0)
                    want = (grey(rgb) >> (8 - depth)) * 255 / ((1 << depth) - 1);
                if (abs(is - want) > off)
                    fail_msg("%s, orientation %d, at %u,%u colour %d: %d, not %d", name,
                             orientation, x, y, c, is, want);
            }
        }
    }
    album_photo_free(p);
}

static bool is_grey(const struct png_kind *kind)
{
    return !(kind->type & PNG_COLOR_MASK_COLOR);
}

static void test_every_format_and_orientation(void **state)
{
    (void)state;
    for (int o = 1; o <= 8; o++) {
        EACH_ROW (k, jpegs, jpegs[k].name) {
            struct file f = make_jpeg(&jpegs[k], o);
            check_whole(jpegs[k].name, o, &f, jpegs[k].in == JCS_GRAYSCALE ? 8 : 0, 12);
            free(f.bytes);
        }
        EACH_ROW (k, pngs, pngs[k].name) {
            struct file f = make_png(&pngs[k], o);
            int depth = pngs[k].depth < 8 ? pngs[k].depth : 8;
            check_whole(pngs[k].name, o, &f, is_grey(&pngs[k]) ? depth : 0, 1);
            free(f.bytes);
        }
    }
}

static bool same(const struct photo *a, const struct photo *b)
{
    return a->w == b->w && a->h == b->h &&
           memcmp(a->pixels, b->pixels, sizeof *a->pixels * (size_t)a->w * (size_t)a->h) == 0;
}

/* Shows what became of a photo: it must be the same, or named. `exact`: the format has checksums,
 * so that no change goes unseen. */
static void check_broken(const char *name, const char *how, size_t at, const uint8_t *bytes,
                         size_t len, const struct photo *whole, bool exact)
{
    struct photo *p = show(bytes, len);
    if (!p && !named())
        fail_msg("%s, %s %zu: neither shown nor named", name, how, at);
    if (p && exact && !named() && !same(p, whole))
        fail_msg("%s, %s %zu: shown wrong, and not named", name, how, at);
    album_photo_free(p);
}

static void break_it(const char *name, struct file *f, bool checksums)
{
    struct photo *whole = show(f->bytes, f->len);
    size_t step = f->len > 5000 ? 997 : 1; /* a long XMP is the same all along */
    assert_non_null(whole);
    for (size_t cut = 0; cut < f->len; cut += step)
        check_broken(name, "cut at", cut, f->bytes, cut, whole, true);
    for (size_t at = 0; at < f->len; at += step) {
        static const uint8_t changes[] = {0x01, 0x80, 0xFF};
        uint8_t was = f->bytes[at];
        f->bytes[at] ^= changes[at % 3];
        check_broken(name, "changed at", at, f->bytes, f->len, whole, checksums);
        f->bytes[at] = was;
    }
    album_photo_free(whole);
    free(f->bytes);
}

static void test_broken_at_any_byte(void **state)
{
    (void)state;
    EACH_ROW (k, jpegs, jpegs[k].name) {
        struct file f = make_jpeg(&jpegs[k], 6);
        break_it(jpegs[k].name, &f, false);
    }
    EACH_ROW (k, pngs, pngs[k].name) {
        struct file f = make_png(&pngs[k], 6);
        break_it(pngs[k].name, &f, true);
    }
}

/* What would take the memory of a small Pi is not even decoded, or at half its size. */
static void test_large_ones(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x89, 'P',  'N', 'G', '\r', '\n', 0x1A, '\n', 0,    0, 0,
                                   13,   'I',  'H', 'D', 'R',  0,    0,    0x13, 0x88, 0, 0,
                                   0x0F, 0xA0, 8,   2,   0,    0,    0,    0xF9, 0,    0, 0};
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    struct file f = {malloc(FILE_MOST), sizeof head};
    memcpy(f.bytes, head, sizeof head); /* 5000 x 4000 */
    png_save_uint_32(f.bytes + 29, (uint32_t)crc32(0, head + 12, 17));
    memcpy(f.bytes + f.len, end, sizeof end);
    assert_null(show(f.bytes, f.len + sizeof end));
    assert_non_null(strstr(said, "5000x4000 are 20 megapixels, at most 12 fit of a PNG."));
    free(f.bytes);
    EACH_ROW (k, jpegs, jpegs[k].name) {
        char why[256];
        uint32_t w = W, h = H;
        f = make_jpeg(&jpegs[k], 1);
        uint8_t *pixels = draw_jpeg(f.bytes, f.len, W * H - 1, &w, &h, why);
        assert_non_null(pixels);
        assert_int_equal(w, W / 2);
        assert_int_equal(h, H / 2);
        assert_true(pixels[(size_t)(h - 1) * w * 3 + w * 3 - 1] > 240); /* the white field */
        free(pixels);
        free(f.bytes);
    }
}

static void test_other_formats_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *says;
    } rows[] = {
        {"....ftypheic....", "HEIC, which the screen cannot read. Save it as JPEG"},
        {"....ftypmif1....", "HEIC"},
        {"....ftypavif....", "AVIF"},
        {"RIFF....WEBPVP8 ", "WebP"},
        {"GIF89a..........", "GIF"},
        {"II*.............", "TIFF"},
        {"BM..............", "BMP"},
        {"%PDF-1.7........", "PDF"},
        {"<svg xmlns=.....", "SVG"},
        {"....JXL ........", "JPEG XL"},
        {"....ftypisom....", "a video"},
        {"....ftypqt  ....", "a video"},
        {"................", "an unknown format"},
    };
    EACH_ROW (k, rows, rows[k].bytes) {
        assert_null(show((const uint8_t *)rows[k].bytes, 16));
        if (!named() || !strstr(said, rows[k].says))
            fail_msg("row %zu says \"%s\", not \"%s\"", k, said, rows[k].says);
    }
}

static void put(const char *name, const uint8_t *bytes, size_t len)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void take(const char *name)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static int lines_said(void)
{
    int lines = 0;
    for (const char *p = said; *p; p++)
        lines += *p == '\n';
    return lines;
}

/* Whatever hosts put into the folder is shown or named, whatever its name ends in; but for hidden
 * files, and what systems leave there. */
static void test_nothing_is_passed_over_without_a_line(void **state)
{
    (void)state;
    static const char *const others[] = {"a.svg", "b", "c.dng", "d.jpg~", "e.mov"},
                             *const quiet[] = {".hidden", "Thumbs.db"};
    struct file f = make_png(&pngs[7], 1);
    char sub[64];
    snprintf(sub, sizeof sub, "%s/2024", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    put("no ending", f.bytes, f.len);
    EACH_ROW (k, others, others[k]) {
        put(others[k], (const uint8_t *)"something else", 14);
    }
    EACH_ROW (k, quiet, quiet[k]) {
        put(quiet[k], (const uint8_t *)"something else", 14);
    }
    said[0] = '\0';
    struct album *a = album_new(folder);
    struct photo *p = album_next(a, 1000, 1000);
    assert_non_null(p);
    album_photo_free(p);
    EACH_ROW (k, others, others[k]) {
        assert_non_null(strstr(said, others[k]));
    }
    assert_non_null(strstr(said, "2024 not shown: a folder."));
    assert_int_equal(lines_said(), 6);
    /* Once each, and again when it has changed. */
    album_photo_free(album_next(a, 1000, 1000));
    assert_int_equal(lines_said(), 6);
    put("b", f.bytes, f.len / 2);
    album_photo_free(album_next(a, 1000, 1000));
    assert_int_equal(lines_said(), 7);
    assert_non_null(strstr(said, "/b not shown: cut off"));
    album_free(a);
    EACH_ROW (k, others, others[k]) {
        take(others[k]);
    }
    EACH_ROW (k, quiet, quiet[k]) {
        take(quiet[k]);
    }
    take("no ending");
    take("2024");
    free(f.bytes);
}

/* A folder full of what cannot be shown does not fill the journal, round after round. */
static void test_many_are_counted_not_named(void **state)
{
    (void)state;
    char name[24];
    said[0] = '\0';
    for (int k = 0; k < 70; k++) {
        snprintf(name, sizeof name, "%02d.heic", k);
        put(name, (const uint8_t *)"....ftypheic....", 16);
    }
    struct album *a = album_new(folder);
    assert_null(album_next(a, 1000, 1000));
    assert_int_equal(lines_said(), 64 + 2); /* the others, and that there is no photo */
    assert_non_null(strstr(said, "more than 64 cannot be shown"));
    assert_null(album_next(a, 1000, 1000));
    assert_int_equal(lines_said(), 64 + 2);
    album_free(a);
    for (int k = 0; k < 70; k++) {
        snprintf(name, sizeof name, "%02d.heic", k);
        take(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_format_and_orientation),
                                       cmocka_unit_test(test_broken_at_any_byte),
                                       cmocka_unit_test(test_large_ones),
                                       cmocka_unit_test(test_other_formats_are_named),
                                       cmocka_unit_test(test_nothing_is_passed_over_without_a_line),
                                       cmocka_unit_test(test_many_are_counted_not_named)};
    if (!mkdtemp(folder))
        return 1;
    log_init("test", LOG_LEVEL_WARNING);
    log_write_by(keep_sentence);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
